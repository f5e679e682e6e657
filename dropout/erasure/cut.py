"""Received files without some lines: the lines become blanks of the same length, so that every other keeps its number.

A file of text keeps all else. Of a workbook or a Parquet file nobody can say in how many of its parts a row stands
(shared texts, statistics, dictionaries, pictures of itself), so it is removed whole: its rows are in the warehouse.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Literal

import numpy as np

from dropout.access.found import in_parquet, parts
from dropout.durable import sync
from dropout.erasure.spellings import Spelling, places, spellings
from dropout.extracts.land import LANDING

Outcome = Literal["clean", "cut", "removed", "left"]
BINARY = (b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"\xd0\xcf\x11\xe0")
CHUNK = 16 << 20
RUNS_AT_MOST = 50  # lines over which a quoted cell may run, as the reader has it


def cut(
    raw: Path, path: Path, numbers: Iterable[str], lines: Iterable[int] = (), *, is_loaded: bool = True, is_blunt: bool = False
) -> Outcome:
    """Takes the lines with one of `numbers`, and `lines` (from 1), out of the file `path` of the folder `raw`.

    The file is whole before and after, never between. One that cannot be cut is removed; unless its rows are not loaded
    yet, then it is left as it is. With `is_blunt` a file of text is removed too: for a number so short that other
    pupils' lines have it.
    """
    numbers, lines = sorted(set(numbers)), sorted(set(lines))
    if path.stat().st_size == 0:
        return "clean"
    with path.open("rb") as file:
        start = file.read(4)
    wanted = [s for number in numbers for s in spellings(number)]
    if start.startswith(BINARY):
        if not lines and not _is_in_binary(path, start, numbers, wanted):
            return "clean"
    else:
        spans = _spans(path, wanted, lines)
        if not spans:
            return "clean"
        if not is_blunt:
            _blank(path, spans, raw)
            return "cut"
    if not is_loaded:
        return "left"
    path.unlink()
    sync(path.parent)
    return "removed"


def lines_of(path: Path, lines: Iterable[int]) -> list[str]:
    """The text of `lines` (from 1) of a file of text, every reading of its bytes that could hold a number; none of another."""
    with path.open("rb") as file:
        if not (start := file.read(4)) or start.startswith(BINARY):
            return []
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            found = [bytes(content[a:b]) for a, b, _ in _numbered(content, sorted(set(lines)))]
    kinds = (
        ("utf-16-be",)
        if start.startswith(b"\xfe\xff")
        else ("utf-16-le",)
        if start.startswith(b"\xff\xfe")
        else ("utf-8", "cp1256")
    )
    return [line.decode(kind, errors="replace") for line in found for kind in kinds]


def _is_in_binary(path: Path, start: bytes, numbers: list[str], wanted: list[Spelling]) -> bool:
    if start.startswith(b"PAR1"):
        return any(in_parquet(path, number) for number in numbers)
    contents = parts(path) if not start.startswith(b"\xd0\xcf") else [path.read_bytes()]
    return any(next(places(content, wanted), None) is not None for content in contents)


Span = tuple[int, int, bytes]  # first byte, byte after the last, and a blank in the file's encoding
BLANKS = {"utf-16-le": b" \0", "utf-16-be": b"\0 "}


def _spans(path: Path, wanted: list[Spelling], lines: list[int]) -> list[Span]:
    """The lines to be taken out, without their ends."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        found = set(_numbered(content, lines))
        hits = list(places(content, wanted))
        # in UTF-16 the bytes of one order read like the other order one byte further on: a character begins on an even one
        on_edge = [(at, spelling) for at, spelling in hits if at % spelling.width == 0]
        for at, spelling in on_edge or hits:
            found.add(_line_around(content, at, spelling))
        return sorted({more for span in found for more in _record(content, span)})


def _end_of(content: mmap) -> tuple[bytes, bytes]:
    """The end of a line of this file, and a blank."""
    for mark, kind in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content[:2] == mark:
            return "\n".encode(kind), BLANKS[kind]
    return (b"\n" if content.find(b"\n") >= 0 else b"\r"), b" "


def _line_around(content: mmap, at: int, spelling: Spelling) -> Span:
    width, end, blank = spelling.width, *_end_of(content)
    if width == 2:
        end, blank = (b"\0\n", b"\0 ") if spelling.is_big_endian else (b"\n\0", b" \0")
    start = content.rfind(end, 0, at)
    while start >= 0 and (at - start) % width:
        start = content.rfind(end, 0, start + width - 1)
    stop = content.find(end, at)
    while stop >= 0 and (stop - at) % width:
        stop = content.find(end, stop + 1)
    first = start + width if start >= 0 else _mark(content)
    return first, _without_cr(content, first, stop if stop >= 0 else len(content), width), blank


def _mark(content: mmap) -> int:
    return 2 if content[:2] in (b"\xff\xfe", b"\xfe\xff") else 3 if content[:3] == b"\xef\xbb\xbf" else 0


def _without_cr(content: mmap, start: int, stop: int, width: int) -> int:
    last = bytes(content[stop - width : stop])
    return stop - width if stop > start and last in (b"\r", b"\r\0", b"\0\r") and len(last) == width else stop


def _numbered(content: mmap, lines: list[int]) -> Iterator[Span]:
    """The spans of lines by their numbers, ascending."""
    if not lines:
        return
    end, blank = _end_of(content)
    width = len(blank)
    unit = np.dtype(np.uint8 if width == 1 else "<u2" if end[0] else ">u2")
    wanted, number, begun = set(lines), 1, _mark(content)
    for chunk_at in range(0, len(content), CHUNK):
        block = content[chunk_at : chunk_at + CHUNK]
        values = np.frombuffer(block[: len(block) // width * width], dtype=unit)
        for place in np.flatnonzero(values == (end[0] or end[-1])):
            stop = chunk_at + int(place) * width
            if number in wanted:
                yield begun, _without_cr(content, begun, stop, width), blank
            number, begun = number + 1, stop + width
            if number > lines[-1]:
                return
    if number in wanted and begun < len(content):
        yield begun, len(content), blank


def _record(content: mmap, span: Span) -> Iterator[Span]:
    """The line and those over which a quoted cell of it runs: down from a quote that opens, up from one that closes."""
    yield span
    start, stop, blank = span
    if len(blank) != 1 or content[start:stop].count(b'"') % 2 == 0:
        return
    end, _ = _end_of(content)
    line = bytes(content[start:stop])
    last = line.rfind(b'"')
    opens = last == 0 or line[last - 1 : last] in (b";", b",", b"\t", b"|")
    taken: list[Span] = []
    for _ in range(RUNS_AT_MOST):
        if opens:
            first = content.find(end, stop)
            if first < 0 or first + 1 >= len(content):
                return
            start, after = first + 1, content.find(end, first + 1)
            stop = after if after >= 0 else len(content)
        else:
            if start == 0:
                return
            stop, start = start - 1, content.rfind(end, 0, start - 1) + 1
        taken.append((start, _without_cr(content, start, stop, 1), blank))
        if content[start:stop].count(b'"') % 2:
            yield from taken
            return


def _blank(path: Path, spans: list[Span], raw: Path) -> None:
    """Puts a copy with blanks in place of the file; what a kill leaves of the copy, landing clears."""
    with tempfile.TemporaryDirectory(dir=raw, prefix=LANDING) as folder:
        copy = Path(folder) / "cut"
        shutil.copyfile(path, copy)
        copy.chmod(path.stat().st_mode & 0o777)
        with copy.open("r+b") as file:
            for start, stop, blank in spans:
                file.seek(start)
                file.write(blank * ((stop - start) // len(blank)))
            file.flush()
            os.fsync(file.fileno())
        copy.replace(path)
    sync(path.parent)
