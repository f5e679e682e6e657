"""Bytes → UTF-8 text: a byte-order mark decides, else the first declared encoding that fits; what cannot be read is marked."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from dropout.errors import ExtractError
from dropout.extracts.source import Encoding

CHUNK = 1 << 20
UNREADABLE = "\ufffd"  # stands where bytes are no text; its line becomes a reject
# Share of lines with unreadable bytes above which the encoding is wrong, and not the lines.
DAMAGED_AT_MOST = 0.05
# Text of another encoding read as UTF-8 has hardly a valid non-ASCII character; damaged UTF-8 has many.
VALID_PER_DAMAGED = 20
MARKS: list[tuple[bytes, Encoding]] = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
NOT_TEXT = {
    b"PK\x03\x04": "a zip or workbook", b"\x1f\x8b": "gzip", b"%PDF": "a PDF", b"\xd0\xcf\x11\xe0": "an old Office file",
    b"PAR1": "Parquet", b"SQLite format": "a database", b"\x7fELF": "a program", b"MZ": "a program", b"{\\rtf": "a text document",
}  # fmt: skip


@dataclass(frozen=True)
class Damage:
    """What reading a file in an encoding left unreadable."""

    character_count: int
    valid_count: int  # non-ASCII characters that were read
    line_count: int
    damaged_line_count: int
    first_line: int


def as_utf8(path: Path, encodings: Sequence[Encoding], work: Path) -> tuple[Path, Encoding, bool]:
    """`path` itself when it is clean UTF-8, else a copy in `work`; the encoding it was read with; whether all of it was text.

    Bytes that are no text become U+FFFD, and a file whose lines end in CR alone gets LF. Raises ExtractError when
    the file is empty, no text at all, or in none of `encodings`.
    """
    head, marked = _head(path), mark_of(path)
    encoding, is_clean = (marked, _is_clean(path, marked)) if marked else _fitting(path, encodings)
    is_cr_ended = b"\n" not in head and b"\r" in head and encoding != "utf-16"
    if encoding == "utf-8" and is_clean and not is_cr_ended:
        return path, encoding, True
    if not is_clean:
        damage = _damage(path, encoding)
        if damage.damaged_line_count > DAMAGED_AT_MOST * damage.line_count or damage.first_line == 1:
            raise _wrong(path, encoding, damage.first_line)
    copy = work / f"{path.name}.utf-8"
    with copy.open("w", encoding="utf-8", newline="") as out:
        for text in _decoded(path, encoding):
            out.write(text.replace("\r", "\n") if is_cr_ended else text)
    return copy, encoding, is_clean


def mark_of(path: Path) -> Encoding | None:
    """The encoding that a byte-order mark names."""
    with path.open("rb") as file:
        head = file.read(4)
    return next((encoding for mark, encoding in MARKS if head.startswith(mark)), None)


def _head(path: Path) -> bytes:
    """The first MiB; raises ExtractError for what is no text."""
    with path.open("rb") as file:
        head = file.read(CHUNK)
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise ExtractError("the file is empty", where=path.name, remedy="Export it again.")
    found = next((what for magic, what in NOT_TEXT.items() if head.startswith(magic)), None)
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        found = "a web page (perhaps a login page saved as a file)"
    if found:
        raise ExtractError("the file is not delimited text", where=path.name, cause=f"It is {found}.", remedy="Export it as CSV.")
    return head


def _fitting(path: Path, encodings: Sequence[Encoding]) -> tuple[Encoding, bool]:
    """The first encoding in which all of the file is text, or in which it was written before it was damaged."""
    unmarked: list[Encoding] = [e for e in encodings if e != "utf-16"] or list(
        encodings
    )  # UTF-16 without a mark fits nearly anything
    for encoding in unmarked:
        if _is_clean(path, encoding):
            return encoding, True
        if encoding == "utf-8":
            damage = _damage(path, encoding)
            if damage.valid_count >= VALID_PER_DAMAGED * damage.character_count:
                return encoding, False
    return unmarked[0], False


def _is_clean(path: Path, encoding: Encoding) -> bool:
    try:
        for _ in _decoded(path, encoding, errors="strict"):
            pass
    except UnicodeError:
        return False
    return True


def _decoded(path: Path, encoding: Encoding, errors: str = "replace") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(errors=errors)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _damage(path: Path, encoding: Encoding) -> Damage:
    lost = valid = lines = damaged_lines = first = 0
    rest = ""
    for text in chain(_decoded(path, encoding), "\n"):
        lost += text.count(UNREADABLE)
        valid += len(text) - len(text.encode("ascii", errors="ignore"))
        *whole, rest = (rest + text).split("\n")
        if UNREADABLE in text or UNREADABLE in (whole[0] if whole else ""):
            marked = [i for i, line in enumerate(whole, start=1) if UNREADABLE in line]
            first = first or (lines + marked[0] if marked else 0)
            damaged_lines += len(marked)
        lines += len(whole)
    return Damage(lost, valid - lost, lines, damaged_lines, first)


def _wrong(path: Path, encoding: Encoding, line: int) -> ExtractError:
    return ExtractError(
        f"the file is not {encoding}",
        where=f"{path.name}:{line}",
        cause="Bytes there are no text in that encoding.",
        remedy="Export it again in that encoding, or name the right one in the source.",
    )
