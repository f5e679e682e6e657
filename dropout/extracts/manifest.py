"""A manifest says what a delivery holds; what of that is not there makes the delivery incomplete.

Either a table with the columns file, rows and sha256 (the last two optional; cut by comma, semicolon or tab), or, in
a file named *.sha256, lines as sha256sum writes them.
"""

import codecs
import csv
import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dropout.errors import ExtractError
from dropout.extracts.inbox import SUMS
from dropout.extracts.names import alike, readable, safe_part
from dropout.extracts.source import FORMATS, SourceFile, folded
from dropout.extracts.unpack import GZIP, Opened

CHUNK = 1 << 20
BYTES_AT_MOST = 16 << 20
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
HEX = re.compile("[0-9a-f]{64}")
SUM_LINE = re.compile(r"\\?(?P<sum>[0-9a-fA-F]{64})(?:[ \t]+\*?(?P<file>.*))?")
BSD_LINE = re.compile(r"SHA256 ?\((?P<file>.*)\) ?= ?(?P<sum>[0-9a-fA-F]{64})")
KindFor = Callable[[str], SourceFile | None]


@dataclass(frozen=True)
class Promise:
    """One file that a delivery should hold, with its data rows and its sha256 where the manifest says them."""

    file: str
    rows: int | None = None
    sha256: str = ""


def is_manifest(name: str, pattern: str) -> bool:
    """Whether the file at `name` is the manifest that a source calls `pattern`."""
    return bool(pattern) and fnmatch.fnmatchcase(alike(PurePosixPath(name).name), alike(pattern))


def read_manifest(path: Path, name: str) -> list[Promise]:
    """The promises of manifest `name` that lies at `path`; raises ExtractError for one that cannot be understood."""
    with path.open("rb") as file:
        raw = file.read(BYTES_AT_MOST + 1)
    if len(raw) > BYTES_AT_MOST:
        raise _not_understood(name, f"It is larger than {BYTES_AT_MOST >> 20} MiB.")
    encoding = next((e for mark, e in MARKS.items() if raw.startswith(mark)), "")
    lines = (raw.decode(encoding, errors="replace") if encoding else readable(raw)).splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    try:
        promises = _sums(lines, name) if name.lower().endswith(SUMS) else _table(lines, name)
    except csv.Error:
        raise _not_understood(name, "It is no table.") from None
    if not promises:
        raise _not_understood(name, "It lists no file.")
    return promises


def unkept(promises: list[Promise], opened: Opened, kind_for: KindFor) -> list[str]:
    """What of the promises an opened delivery does not keep, one sentence each; `kind_for` knows a file by its name."""
    return [said for p in promises if (said := _unkept(p, opened, kind_for))]


def _unkept(promise: Promise, opened: Opened, kind_for: KindFor) -> str:
    there = {n: s for n, s in (opened.files | opened.packed).items() if _is_meant(promise.file, n)}
    if not there:
        return f"{promise.file} is not there"
    unpacked = {n[: -len(GZIP)] if n.lower().endswith(GZIP) else n for n in there}
    plain = [n for n in sorted(unpacked) if n in opened.files and n not in opened.packed]
    if promise.sha256 and promise.sha256 not in {*there.values(), *(opened.files[n] for n in plain)}:
        return f"{promise.file} has another sha256"
    counts = [c for n in plain if (c := _row_counts(opened.folder / n, kind_for(n)))]
    if promise.rows is not None and counts and not any(promise.rows in c for c in counts):
        return f"{promise.file} has {min(counts[0])} rows instead of {promise.rows}"
    return ""


def _is_meant(written: str, name: str) -> bool:
    """Whether a manifest's word for a file, with more or fewer folders before it, means the one at `name`."""
    parts = [alike(safe_part(p)) for p in written.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    theirs = [alike(p) for p in name.split("/")]
    length = min(len(parts), len(theirs))
    return length > 0 and parts[-length:] == theirs[-length:]


def _table(lines: list[str], name: str) -> list[Promise]:
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    reader = csv.DictReader(lines, delimiter=delimiter)
    known = {folded(h): h for h in reader.fieldnames or [] if h}
    if "file" not in known:
        raise _not_understood(name, "It has no column named file.")
    promises = []
    for row in reader:
        cell = {k: (row.get(h) or "").strip() for k, h in known.items()}
        count, digest = cell.get("rows", ""), cell.get("sha256", "").lower()
        if (count and not count.isdecimal()) or (digest and not HEX.fullmatch(digest)):
            raise _not_understood(name, "A cell of rows is no number, or one of sha256 has not 64 hexadecimal digits.")
        if cell["file"]:
            promises.append(Promise(cell["file"], int(count) if count else None, digest))
    return promises


def _sums(lines: list[str], name: str) -> list[Promise]:
    promises = []
    for line in lines:
        found = SUM_LINE.fullmatch(line.strip()) or BSD_LINE.fullmatch(line.strip())
        if not found:
            raise _not_understood(name, "A line is not as sha256sum writes it.")
        file = (found["file"] or PurePosixPath(name).name[: -len(SUMS)]).strip()  # a bare sum is of the file it is named after
        promises.append(Promise(file, None, found["sum"].lower()))
    return promises


def _not_understood(name: str, cause: str) -> ExtractError:
    remedy = "Columns file, rows, sha256; or, in a file named *.sha256, lines as sha256sum writes them."
    return ExtractError("the manifest cannot be understood", where=name, cause=cause, remedy=remedy)


def _row_counts(path: Path, kind: SourceFile | None) -> set[int]:
    """How many data rows a text file may be said to have: lines, and lines that end outside quotes.

    Empty where that cannot be told from the lines: workbooks, Parquet, and files with lines above their header.
    """
    form = (kind.format if kind else None) or FORMATS.get(path.suffix.lower(), "text")
    if form not in ("text", "jsonl") or (kind and kind.cells):
        return set()
    header = 0 if form == "jsonl" else kind.header_rows if kind else 1
    physical = logical = 0
    is_open = False
    for block in _blocks(path):
        if b'"' not in block and not is_open and b"\n\n" not in block and b"\n\r\n" not in block and block[:1] not in b"\r\n":
            physical, logical = physical + block.count(b"\n"), logical + block.count(b"\n")
            continue
        for line in block.split(b"\n")[:-1]:
            if line and not line.isspace():
                is_open ^= bool(line.count(b'"') % 2)
                physical, logical = physical + 1, logical + (not is_open)
    return {max(0, physical - header), max(0, logical - header)}


def _blocks(path: Path) -> Iterator[bytes]:
    """The text of a file in UTF-8 (or what it is in, where that agrees on line ends), cut after a line end."""
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        utf_16 = codecs.getincrementaldecoder("utf-16")(errors="replace") if MARKS.get(head[:2]) == "utf-16" else None
        rest, is_cr_ended = b"", None
        while chunk := file.read(CHUNK):
            if utf_16:
                chunk = utf_16.decode(chunk).encode("utf-8", errors="replace")
            if is_cr_ended is None:
                is_cr_ended = b"\r" in chunk and b"\n" not in chunk
            whole, end, rest = (rest + (chunk.replace(b"\r", b"\n") if is_cr_ended else chunk)).rpartition(b"\n")
            rest = rest if len(rest) < CHUNK else b"x"  # a line of more than a MiB is counted, not kept
            if end:
                yield whole + end
        if rest:
            yield rest + b"\n"
