"""Bytes → UTF-8 text: a byte-order mark decides, else the first declared encoding that fits; what cannot be read is marked."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from dropout.errors import ExtractError
from dropout.extracts.source import Encoding
from dropout.warehouse.deadline import verify_time

CHUNK = 1 << 20
UNREADABLE = "\ufffd"  # stands where bytes are no text; its line becomes a reject
# Share of lines with unreadable bytes above which the encoding is wrong, and not the lines; unless `is_own` says otherwise.
DAMAGED_AT_MOST = 0.05
TOLD_AT_LEAST = 0.2  # share of characters of an unmarked UTF-16 file that must be ASCII: its delimiters, digits and ends of line
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

    line_count: int
    good_line_count: int  # lines with other characters than ASCII, all of them read
    damaged_line_count: int
    first_line: int

    @property
    def is_own(self) -> bool:
        """Whether the file was written in this encoding, and damaged later."""
        return is_own(self.good_line_count, self.damaged_line_count)

    @property
    def is_mostly_good(self) -> bool:
        """Whether most lines are whole: enough where a mark or the zero bytes of UTF-16 tell the encoding."""
        return self.line_count > 2 * self.damaged_line_count


def as_utf8(path: Path, encodings: Sequence[Encoding], work: Path) -> tuple[Path, Encoding, bool]:
    """`path` itself when it is clean UTF-8, else a copy in `work`; the encoding it was read with; whether all of it was text.

    Bytes that are no text become U+FFFD, and a file whose lines end in CR alone gets LF. Raises ExtractError when
    the file is empty, no text at all, or in none of `encodings`.
    """
    head, marked = _head(path), mark_of(path)
    _verify_listed(path, head, encodings, marked)
    encoding, is_clean = (marked, _is_clean(path, marked)) if marked else _fitting(path, head, encodings)
    text = next(_decoded(path, encoding))
    is_cr_ended = "\n" not in text and "\r" in text
    if encoding == "utf-8" and is_clean and not is_cr_ended:
        return path, encoding, True
    if not is_clean:
        damage = _damage(path, encoding)
        is_told = bool(marked) or encoding == "utf-16"
        is_text = damage.is_mostly_good if is_told else encoding == "utf-8" and damage.is_own
        is_many = damage.damaged_line_count > DAMAGED_AT_MOST * damage.line_count
        if (is_many and not is_text) or damage.first_line == 1:
            raise _wrong(path, encoding, damage.first_line)
    copy = work / f"{path.name}.utf-8"
    with copy.open("w", encoding="utf-8", newline="") as out:
        for text in _decoded(path, encoding):
            out.write(text.replace("\r", "\n") if is_cr_ended else text)
    return copy, encoding, is_clean


def is_own(good_lines: int, damaged_lines: int) -> bool:
    """Whether lines beyond ASCII are in an encoding: most of them are.

    It holds for UTF-8 alone: text of another encoding read as UTF-8 has hardly a good line, and damaged UTF-8 has many.
    """
    return good_lines > damaged_lines


def utf16_order(head: bytes) -> str:
    """Codec of UTF-16 text without a byte-order mark, by its zero bytes; empty where they do not tell."""
    pairs = np.frombuffer(head[: len(head) // 2 * 2], np.uint8).reshape(-1, 2)
    first, second = pairs[:, 0], pairs[:, 1]
    little, big = (int(np.count_nonzero((a == 0) & (b > 0) & (b < 0x80))) for a, b in ((second, first), (first, second)))
    if not len(pairs) or max(little, big) < TOLD_AT_LEAST * len(pairs) or min(little, big) * 10 > max(little, big):
        return ""
    return "utf-16-le" if little > big else "utf-16-be"


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


def _verify_listed(path: Path, head: bytes, encodings: Sequence[Encoding], marked: Encoding | None) -> None:
    """Raises ExtractError for a file without a mark that is UTF-16 where the source lists others, or the other way round."""
    order = "" if marked else utf16_order(head)
    if order and "utf-16" not in encodings:
        raise ExtractError(
            f"the file is not {encodings[0]}",
            where=path.name,
            cause="It looks like utf-16 without a byte-order mark.",
            remedy="Export it again in that encoding, or name utf-16 in the source.",
        )
    if not marked and not order and set(encodings) == {"utf-16"}:
        raise ExtractError(
            "the file is not utf-16",
            where=path.name,
            cause="It has no byte-order mark, and its bytes do not look like utf-16.",
            remedy="Export it again in that encoding, or name the right one in the source.",
        )


def _fitting(path: Path, head: bytes, encodings: Sequence[Encoding]) -> tuple[Encoding, bool]:
    """The first encoding in which all of the file is text, or in which it was written before it was damaged.

    UTF-8 is tried first wherever it is listed: it fits no other text by chance, and one-byte encodings fit nearly any.
    """
    if "utf-16" in encodings and utf16_order(head):
        return "utf-16", _is_clean(path, "utf-16")
    unmarked = sorted((e for e in encodings if e != "utf-16"), key=lambda e: e != "utf-8")
    for encoding in unmarked:
        if _is_clean(path, encoding):
            return encoding, True
        if encoding == "utf-8" and _damage(path, encoding).is_own:
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
    decoder = codecs.getincrementaldecoder(_codec(path, encoding))(errors=errors)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            verify_time()
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _codec(path: Path, encoding: Encoding) -> str:
    if encoding == "utf-16" and mark_of(path) != "utf-16":
        with path.open("rb") as file:
            return utf16_order(file.read(CHUNK)) or "utf-16-le"
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _damage(path: Path, encoding: Encoding) -> Damage:
    lines = good = damaged = first = 0
    rest: list[str] = []  # of a line that goes on in the next chunk; joined once, however long it is
    for text in chain(_decoded(path, encoding), "\n"):
        head, *others = text.split("\n")
        rest.append(head)
        if not others:
            continue
        for line in ("".join(rest), *others[:-1]):
            lines += 1
            if UNREADABLE in line:
                damaged, first = damaged + 1, first or lines
            elif not line.isascii():
                good += 1
        rest = [others[-1]]
    return Damage(lines, good, damaged, first)


def _wrong(path: Path, encoding: Encoding, line: int) -> ExtractError:
    return ExtractError(
        f"the file is not {encoding}",
        where=f"{path.name}:{line}",
        cause="Bytes there are no text in that encoding.",
        remedy="Export it again in that encoding, or name the right one in the source.",
    )
