"""The lines of a file, counted without reading its cells: for manifests, for files that stopped, for those nobody needs."""

import codecs
import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dropout.errors import ExtractError
from dropout.extracts.header import LOOKED_AT, find_header
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import FORMATS, UNNEEDED, SourceFile, many

CHUNK = 1 << 20
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def data_lines(path: Path, kind: SourceFile | None) -> tuple[int, int] | None:
    """Lines below the header of a file of lines: as they stand, and those that end outside quotes; blank ones are not counted.

    Titles above the header are no data, where `kind` tells which line is the header. None for workbooks and Parquet.
    """
    form = (kind.format if kind else None) or FORMATS.get(path.suffix.lower(), "text")
    if form not in ("text", "jsonl"):
        return None
    header = 0 if form == "jsonl" else kind.header_rows + _titles(path, kind) if kind else 1
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
    return max(0, physical - header), max(0, logical - header)


def uncut(path: Path) -> Sheet:
    """A sheet of a file that nobody needs: as many lines as it has, and nothing of what they say."""
    counts = data_lines(path, None)
    count = counts[0] if counts else 0
    return Sheet(
        relation=f"select null::varchar as c0 from range({count})", header=[UNNEEDED], line_count=count, rejects=[],
        has_line=False, first_line=2, left_out=[], above=[], encoding="", is_typed=False,
    )  # fmt: skip


def _titles(path: Path, kind: SourceFile) -> int:
    """How many lines with something in them stand above the header; 0 where no line is the header of `kind`."""
    lines = (line for block in _blocks(path) for line in block.split(b"\n") if line.strip())
    head = list(islice(lines, LOOKED_AT))
    encodings: list[str] = many(kind.encoding or "utf-8")  # type: ignore[arg-type]
    for encoding in encodings:
        for delimiter in many(kind.delimiter or ","):
            try:
                text = [line.decode("utf-8" if encoding == "utf-16" else encoding).strip("\r") for line in head]
                index, _ = find_header([next(csv.reader([t], delimiter=delimiter), []) for t in text], kind, path.name)
            except (UnicodeDecodeError, csv.Error, ExtractError):
                continue
            return index
    return 0


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
