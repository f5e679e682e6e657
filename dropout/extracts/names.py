"""Names of files as their senders wrote them → names that are safe in `raw/`, and equal where a reader sees them equal."""

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath

from dropout.extracts.caps import unsafe

PARTIAL = (".part", ".tmp", ".crdownload", ".filepart")  # still being written, by its sender's own word
DONE = ".done"  # marks that what it is named after is whole
FOLDERS_AT_MOST = 8
BYTES_OF_A_PART = 150  # file systems take 255, and `raw/<id>/` stands before it
CODE_PAGES = ("cp850", "cp720", "windows-1256", "windows-1252")  # French and Arabic Windows: console first, as its zips have it
FRENCH = "àâäæçéèêëîïôöœùûüÿ«»°’€"
EXPECTED = {*FRENCH, *FRENCH.upper(), *map(chr, range(0x0621, 0x0653)), *map(chr, range(0x0660, 0x066A)), "،", "؛"}
MIXED = re.compile("[A-Za-zÀ-ÿ][\u0621-\u064a]|[\u0621-\u064a][A-Za-zÀ-ÿ]")  # no word has letters of both scripts
HIDDEN = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"}
INVISIBLE = {"Cc", "Cf", "Cs", "Co"}  # control, bidi and joining marks, surrogates, private use
GLOB = str.maketrans("*?[]", "____")  # DuckDB takes them for wildcards


def readable(raw: bytes) -> str:
    """Text of unknown encoding: UTF-8 if it is that, else the code page in which it looks most like French or Arabic."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return min((raw.decode(page, errors="replace") for page in CODE_PAGES), key=strangeness)


def strangeness(text: str) -> int:
    """How little `text` looks like French or Arabic: letters of neither, and letters of both side by side."""
    return sum(c > "\x7f" and c not in EXPECTED for c in text) + len(MIXED.findall(text))


def safe_path(written: str, where: str) -> str:
    """A relative path with folders by "/", cleaned of what a reader cannot see; "" for what is hidden or an office lock.

    Raises ExtractError for an absolute path, one that leads upward, or one of too many folders.
    """
    text = written.replace("\\", "/")
    if text.startswith("/") or re.match(r"[A-Za-z]:", text):
        raise unsafe(where, "A path in it is absolute.")
    parts = [_clean(p) for p in text.split("/") if p not in ("", ".")]
    if ".." in parts:
        raise unsafe(where, "A path in it leads out of it.")
    if any(is_hidden(p) for p in parts):
        return ""
    if len(parts) > FOLDERS_AT_MOST:
        raise unsafe(where, f"It has folders more than {FOLDERS_AT_MOST} deep.")
    return "/".join(_shortened(p) for p in parts)


def safe_part(written: str) -> str:
    """One file's or folder's name, as `safe_path` has it."""
    return _shortened(_clean(written))


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name is the operating system's or an office program's, and no extract."""
    return part.startswith((".", "~$")) or part.casefold() in HIDDEN


def is_partial(name: str) -> bool:
    """Whether a file of this name is still being written."""
    return name.lower().endswith(PARTIAL)


def is_done_marker(name: str) -> bool:
    """Whether a file of this name only says that another one is whole."""
    return name.lower().endswith(DONE)


def alike(name: str) -> str:
    """The same text for names that a reader takes for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _clean(part: str) -> str:
    seen = "".join(" " if c in "\t\n\r" else c for c in part if c in "\t\n\r" or unicodedata.category(c) not in INVISIBLE)
    return unicodedata.normalize("NFC", " ".join(seen.split()).translate(GLOB)) or "_"


def _shortened(part: str) -> str:
    """A name too long for the file system, cut in its stem; a hash keeps two that begin alike apart."""
    if len(part.encode()) <= BYTES_OF_A_PART:
        return part
    suffix = "".join(s for s in PurePosixPath(part).suffixes[-2:] if len(s.encode()) <= 10)
    tail = f"~{hashlib.sha256(part.encode()).hexdigest()[:8]}{suffix}"
    stem = part.encode()[: BYTES_OF_A_PART - len(tail.encode())].decode(errors="ignore")
    return stem.rstrip() + tail
