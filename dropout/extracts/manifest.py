"""A manifest says what a delivery holds; what of that is not there makes the delivery incomplete.

Either a table with the columns file, rows and sha256 (the last two optional; cut by comma, semicolon or tab), or, in
a file named *.sha256, lines as sha256sum writes them.
"""

import csv
import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dropout.errors import ExtractError
from dropout.extracts.counted import MARKS, data_lines
from dropout.extracts.inbox import SUMS
from dropout.extracts.names import alike, readable, safe_part
from dropout.extracts.source import SourceFile, folded
from dropout.extracts.unpack import GZIP, Opened

BYTES_AT_MOST = 16 << 20
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
    if promise.rows is not None:
        counts = [c for n in plain if (c := data_lines(opened.folder / n, kind_for(n)))]
        if counts and not any(promise.rows in c for c in counts):
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
