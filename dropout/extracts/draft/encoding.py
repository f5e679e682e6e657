"""The encoding of a text file, from its bytes, with the evidence in words."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dropout.extracts.decode import MARKS, UNREADABLE, is_own, utf16_order
from dropout.extracts.source import Encoding

SURE_SHARE = 0.9  # of the words that only one of the two encodings can explain
SURE_WORDS = 3
ASCII_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
HIGH = bytes(range(0x80, 0x100))
# bytes that windows-1252 and windows-1256 read differently: the accented letters of French are the same in both
TELLING = frozenset(b for b in HIGH if bytes([b]).decode("cp1252", "replace") != bytes([b]).decode("cp1256", "replace"))


@dataclass(frozen=True)
class EncodingGuess:
    """An encoding and why; where `is_sure` is false, a person should look."""

    encoding: Encoding
    why: str
    is_sure: bool = True


def guess_encoding(blocks: Sequence[bytes]) -> EncodingGuess:
    """The encoding of a file of which `blocks` are parts, the first one its beginning."""
    marked = next((encoding for mark, encoding in MARKS if blocks[0].startswith(mark)), None)
    if marked:
        return EncodingGuess(marked, "the file begins with its byte-order mark")
    if utf16_order(blocks[0]):
        return EncodingGuess("utf-16", "every second byte is zero; there is no byte-order mark", is_sure=False)
    valid, good, damaged = (sum(counts) for counts in zip(*map(_utf8, blocks), strict=True))
    if not damaged:
        why = f"{valid:,} characters beyond ASCII, all of them valid UTF-8" if valid else "nothing but ASCII in the samples"
        return EncodingGuess("utf-8", why)
    if is_own(good, damaged):
        said = f"{good:,} lines beyond ASCII are valid UTF-8, and {damaged:,} are damaged: those become rejects"
        return EncodingGuess("utf-8", said, is_sure=good >= SURE_SHARE * (good + damaged))
    return _of_one_byte(b"\n".join(blocks))


def decoded(block: bytes, encoding: Encoding) -> str:
    """The text of a block, whose edges may cut a character; what cannot be read is U+FFFD."""
    if encoding == "utf-16":
        mark = block[:2] if block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else b""
        codec = "utf-16" if mark else utf16_order(block) or "utf-16-le"
        return block[: len(block) // 2 * 2].decode(codec, errors="replace")
    text = block.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
    return text


def _utf8(block: bytes) -> tuple[int, int, int]:
    """Characters beyond ASCII that are valid; lines with such, and lines with others. What the edges cut counts for nothing."""
    inner = re.sub(rb"^[\x80-\xbf]{1,3}", b"", block)
    text = codecs.getincrementaldecoder("utf-8")(errors="replace").decode(inner, final=False)
    beyond = [line for line in text.split("\n") if not line.isascii()]
    damaged = sum(UNREADABLE in line for line in beyond)
    valid = len(text) - len(text.encode("ascii", errors="ignore")) - text.count(UNREADABLE)
    return valid, len(beyond) - damaged, damaged


def _of_one_byte(content: bytes) -> EncodingGuess:
    """Arabic or Western, by words: a word all of high bytes is Arabic, a high byte beside ASCII letters is Western."""
    arabic = western = 0
    for found in re.findall(rb"[A-Za-z\x80-\xff]+", content):
        if not TELLING.intersection(found):
            continue
        if ASCII_LETTERS.intersection(found):
            western += 1
        elif len(found) > 1:
            arabic += 1
    said = f"not UTF-8; {arabic:,} words are Arabic in windows-1256, {western:,} are Latin with accents in windows-1252"
    if not arabic + western:
        return EncodingGuess("windows-1252", "not UTF-8; windows-1252 and windows-1256 read the samples alike")
    encoding: Encoding = "windows-1256" if arabic > western else "windows-1252"
    share = max(arabic, western) / (arabic + western)
    return EncodingGuess(encoding, said, is_sure=share >= SURE_SHARE and arabic + western >= SURE_WORDS)
