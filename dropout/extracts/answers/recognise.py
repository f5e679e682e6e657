"""A list that came back is known by its header, in any language and code page, whatever its file is called now."""

import html
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePath

from dropout.errors import ExtractError
from dropout.extracts.container import open_container
from dropout.extracts.header import LOOKED_AT
from dropout.extracts.lines import cut
from dropout.extracts.names import strangeness
from dropout.extracts.source import LISTS, RETURNED, folded, load_source, many

HEAD = 1 << 16  # bytes of a text among which the header is looked for
LARGEST = 16 << 20  # bytes; a list of a school is far below
PART_AT_MOST = 4 << 20  # unpacked, of each part of a workbook that holds text
PAGES = ("windows-1252", "windows-1256")  # of French, English and Arabic Windows
MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
TEXTS = re.compile(r"xl/(sharedstrings|worksheets/[^/]+)\.xml$", re.IGNORECASE)


def language_of(path: Path) -> str | None:
    """The language whose headers of a list stand in file `path`, text or workbook; None for any other file.

    Only the file's head is looked at, and nothing of it is parsed: what it says is read later, under limits.
    """
    try:
        if not path.is_file() or path.is_symlink() or path.stat().st_size > LARGEST:
            return None
        with path.open("rb") as file:
            head = file.read(HEAD)
        return _of_workbook(path) if head.startswith(b"PK") else _of_text(head)
    except (OSError, ExtractError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError):
        return None  # whatever it is, it is not a list we could know; those who land it say what is wrong with it


def stored_name(path: PurePath, language: str) -> str:
    """Name in `raw/` of a list that came back; the source reads the language from it."""
    return f"{RETURNED}{language}~{path.name}"


@cache
def _wanted() -> dict[str, frozenset[str]]:
    """Language → the folded headers that no list is without, each of the first spelling."""
    kinds = load_source(LISTS).files
    return {k.constants["language"]: frozenset(folded(many(k.columns[c])[0]) for c in k.required()) for k in kinds}


def _of_headers(headers: set[str]) -> str | None:
    return next((language for language, wanted in _wanted().items() if wanted <= headers), None)


def _of_text(head: bytes) -> str | None:
    for text, _ in readings(head):
        for line in text.split("\n")[:LOOKED_AT]:
            for delimiter in many(load_source(LISTS).delimiter):
                if found := _of_headers({folded(cell) for cell in cut(line.rstrip("\r"), delimiter)}):
                    return found
    return None


def readings(data: bytes) -> Iterator[tuple[str, str]]:
    """`data` as text in every encoding it can be in, the likeliest first, with the encoding's name.

    Nearly any bytes are text in a code page: of the two, that one comes first in which the text looks more like French
    or Arabic.
    """
    marked = next((codec for mark, codec in MARKS.items() if data.startswith(mark)), None)
    if marked:
        yield data.decode(marked, errors="replace").lstrip("\ufeff"), marked
        return
    if data[1:200:2].count(0) > len(data[1:200:2]) // 2:
        yield data.decode("utf-16-le", errors="replace"), "utf-16"
    try:
        yield data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.start > len(data) - 4 and len(data) == HEAD:  # the head ends within a letter
            yield data.decode("utf-8", errors="replace"), "utf-8"
    pages = [(data.decode(page, errors="replace"), page) for page in PAGES]
    yield from sorted(pages, key=lambda read: strangeness(read[0]))


def _of_workbook(path: Path) -> str | None:
    with open_container(path) as container:
        texts = ""
        for name in container.namelist():
            if TEXTS.search(name):
                with container.open(name) as part:
                    texts += part.read(PART_AT_MOST).decode("utf-8", errors="replace") + "<"
    cells = re.findall(r">([^<>]{1,80})<", texts)
    return _of_headers({folded(html.unescape(cell)) for cell in dict.fromkeys(cells)})
