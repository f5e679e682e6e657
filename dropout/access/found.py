"""found: in which files as they lie on disk a student number stands, by name and line; what else a line says is not copied.

Looked into are deliveries as they were received, those that wait, and schools' lists. Text is searched as bytes in
UTF-8 and UTF-16, gzips and the parts of workbooks and zips opened; a Parquet file column by column.
"""

import gzip
import mmap
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from dropout.settings import Deployment

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"PAR1")
SLICE = 16 << 20  # bytes of which line ends are counted at once


@dataclass(frozen=True)
class Found:
    """A file that has the number: its path below the deployment, and the lines; none where a file has no lines."""

    path: str
    lines: tuple[int, ...] = ()


def find(deployment: Deployment, student_id: str) -> list[Found]:
    """Every file of raw/, inbox/ and the published lists that has `student_id` as a word of its own, in order of path."""
    folders = (deployment.raw, deployment.inbox, *sorted((deployment.published / "generations").glob("[!.]*/lists")))
    paths = sorted(p for folder in folders if folder.is_dir() for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    found = []
    for path in paths:
        lines = _lines(path, student_id)
        if lines is not None:
            found.append(Found(path.relative_to(deployment.root).as_posix(), tuple(lines)))
    return found


def _lines(path: Path, word: str) -> list[int] | None:
    """Lines of `path` with the word; no line where it has none, None where the word is not in it."""
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        return None
    if not start.startswith(PACKED):
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _lines_of(content, word) or None
    if start.startswith(b"PAR1"):
        return [] if in_parquet(path, word) else None
    if start.startswith(b"\x1f\x8b"):
        return _lines_of(gzip.decompress(path.read_bytes()), word) or None
    return [] if any(_lines_of(part, word) for part in parts(path)) else None


def parts(path: Path) -> Iterator[bytes]:
    """The members of a zip, unpacked; of a workbook, its parts."""
    with zipfile.ZipFile(path) as packed:
        for member in packed.infolist():
            if not member.flag_bits & 1:  # an encrypted part was never read, and cannot be
                yield packed.read(member)


def in_parquet(path: Path, word: str) -> bool:
    """Whether a cell of a Parquet file is `word`."""
    columns = (pc.cast(c, "string") for c in pq.read_table(path).columns if not _is_nested(c.type))
    return any(pc.any(pc.equal(column, word)).as_py() for column in columns)


def _is_nested(kind: object) -> bool:
    return bool(getattr(kind, "num_fields", 0))


def _lines_of(content: bytes | mmap.mmap, word: str) -> list[int]:
    """Numbers of the lines with `word`, each once; between words stand no letters and no digits.

    The bytes of UTF-16 in one order read like the other order one byte further on. So a hit off a character's
    boundary counts only where there is none on one, as within an old workbook.
    """
    found: set[int] = set()
    astray: set[int] = set()
    for encoding in ENCODINGS:
        end, place, line = "\n".encode(encoding), 0, 1
        for hit in re.finditer(re.escape(word.encode(encoding)), content):
            if _is_apart(content, hit.start(), hit.end(), len(end)):
                line += _count(content, end, place, hit.start())
                place = hit.start()
                (astray if place % len(end) else found).add(line)
    return sorted(found or astray)


def _is_apart(content: bytes | mmap.mmap, start: int, end: int, width: int) -> bool:
    """Whether neither neighbour is an ASCII letter or digit; `width` is the bytes of one."""
    around = bytes(content[max(start - width, 0) : start]), bytes(content[end : end + width])
    return not any(re.search(rb"[0-9A-Za-z]", side) for side in around)


def _count(content: bytes | mmap.mmap, end: bytes, start: int, stop: int) -> int:
    """Line ends between two places; slices begin anew, so that a large file is never copied whole."""
    return sum(bytes(content[i : min(i + SLICE, stop)]).count(end) for i in range(start, stop, SLICE))
