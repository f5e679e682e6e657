"""A student number as it may stand among the bytes of a file."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from mmap import mmap

from dropout.extracts.normal import DIGITS

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1256", "cp1252")
TELLING = 5  # characters of a number that is told from marks, years and counts; a shorter one stands in others' lines too
_ASCII = "0123456789"


@dataclass(frozen=True)
class Spelling:
    """The bytes of a number in one encoding; `width`: bytes of one ASCII character in it."""

    content: bytes
    width: int
    is_big_endian: bool = False


def spellings(number: str) -> list[Spelling]:
    """Every way in which files write `number`: in ASCII, Arabic-Indic and Persian digits, in the encodings of extracts."""
    texts = [number, *(number.translate(str.maketrans(_ASCII, DIGITS[at : at + 10])) for at in (0, 10))]
    found: dict[bytes, Spelling] = {}
    for text in texts:
        for encoding in ENCODINGS:
            try:
                content = text.encode(encoding)
            except UnicodeEncodeError:
                continue
            is_wide = encoding.startswith("utf-16")
            found.setdefault(content, Spelling(content, 2 if is_wide else 1, encoding.endswith("be")))
    return list(found.values())


def places(content: bytes | mmap, wanted: Iterable[Spelling]) -> Iterator[tuple[int, Spelling]]:
    """Where one of `wanted` stands as a word of its own: beside it neither an ASCII letter nor a digit."""
    for spelling in wanted:
        at = content.find(spelling.content)
        while at >= 0:
            if _is_apart(content, at, at + len(spelling.content), spelling.width):
                yield at, spelling
            at = content.find(spelling.content, at + 1)


def _is_apart(content: bytes | mmap, start: int, end: int, width: int) -> bool:
    around = bytes(content[max(start - width, 0) : start]), bytes(content[end : end + width])
    return not any(re.search(rb"[0-9A-Za-z]", side) for side in around)
