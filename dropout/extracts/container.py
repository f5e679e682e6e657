"""The zip that a workbook is: what may be opened, where its sheets lie, and which of their cells hold no value."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from dropout.errors import ExtractError
from dropout.extracts.caps import RATIO_AT_MOST, SMALL

MEMBERS_AT_MOST = 10_000
ROWS_AT_MOST, COLUMNS_AT_MOST = 1 << 20, 1 << 14  # of a sheet, by its format
BYTES_AT_MOST = 512 << 20  # unpacked; about twelve million cells
CHUNK = 1 << 20
ERROR, UNSAVED = "an error value in a cell", "a formula without a saved value"
HINTS = (b'"e"', b"'e'", b"<f", b":f")  # a sheet without any of these has neither error values nor formulas
OLD = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Odd:
    """A cell that holds no value: its text, and why."""

    text: str
    why: str


def open_container(path: Path) -> zipfile.ZipFile:
    """The zip; raises ExtractError for what is no workbook of today's format, is locked, or unpacks to too much."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == OLD:
        raise _refused("the workbook is in the old format (.xls), or locked with a password")
    try:
        container = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise ExtractError(
            "the file is no workbook",
            cause="It is cut or damaged." if head.startswith(b"PK") else "Its content is of another format.",
            remedy="Export it again as .xlsx; a text file must be named .csv.",
        ) from None
    members = container.infolist()
    names = {m.filename.lower().replace("\\", "/") for m in members}
    if "xl/workbook.bin" in names or "content.xml" in names:
        raise _refused("the workbook is in another format (.xlsb or .ods)")
    if "xl/workbook.xml" not in names:
        raise _refused("the file is a zip, and no workbook")
    if any(m.flag_bits & 1 for m in members):
        raise _refused("the workbook is locked with a password")
    size, packed = sum(m.file_size for m in members), path.stat().st_size
    if len(members) > MEMBERS_AT_MOST or size > BYTES_AT_MOST or size > max(SMALL, RATIO_AT_MOST * packed):
        raise ExtractError(
            "the workbook unpacks to more than is allowed",
            cause=f"{len(members):,} parts, {size >> 20:,} MiB from {packed >> 10:,} KiB.",
            remedy="Deliver it in smaller files, or as CSV.",
        )
    return container


def sheet_parts(container: zipfile.ZipFile) -> dict[str, str]:
    """Name of each sheet → its part in the zip."""
    names = {name.lower().replace("\\", "/"): name for name in container.namelist()}
    book = ElementTree.fromstring(container.read(names["xl/workbook.xml"]))  # noqa: S314 (a confined child)
    links = ElementTree.fromstring(container.read(names["xl/_rels/workbook.xml.rels"]))  # noqa: S314
    targets = {link.get("Id"): (link.get("Target") or "").replace("\\", "/").lower() for link in links}
    found = {}
    for sheet in book.iter():
        if sheet.tag.rpartition("}")[2] == "sheet":
            link = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), None)
            target = targets.get(link, "")
            part = target.lstrip("/") if target.startswith(("/", "xl/")) else f"xl/{target}"
            if part in names:
                found[sheet.get("name", "")] = names[part]
    return found


def odd_cells(container: zipfile.ZipFile, part: str) -> dict[int, dict[int, Odd]]:
    """Row (from 1) → place (from 0) → cell, of error values and of formulas whose value was never computed.

    The reader of cells shows both as empty ones: they would vanish.
    """
    with container.open(part) as file:
        tail, is_plain = b"", True
        while is_plain and (chunk := file.read(CHUNK)):
            is_plain = not any(hint in tail + chunk for hint in HINTS)
            tail = chunk[-2:]
    if is_plain:
        return {}
    watch = _Watch()
    with container.open(part) as file:
        watch.parser.ParseFile(file)
    return watch.found


def place_of_letters(reference: str) -> int:
    """Place of a cell's column, from 0: C7 → 2."""
    place = 0
    for letter in reference:
        if not letter.isalpha():
            break
        place = place * 26 + ord(letter.upper()) - 64
    return place - 1


def _refused(what: str) -> ExtractError:
    return ExtractError(what, remedy="Open it in a spreadsheet program and save it as .xlsx, without a password.")


class _Watch:
    """Follows a sheet's XML; `found` is filled as it goes."""

    def __init__(self) -> None:
        self.found: dict[int, dict[int, Odd]] = {}
        self.row = self.place = 0
        self.kind, self.value = "", ""
        self.has_formula = self.is_in_value = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(" ")[2]:
            case "row":
                self.row, self.place = int(attributes.get("r") or self.row + 1), -1
            case "c":
                self.place = place_of_letters(attributes["r"]) if "r" in attributes else self.place + 1
                self.kind, self.value, self.has_formula = attributes.get("t", ""), "", False
                if not (0 < self.row <= ROWS_AT_MOST and 0 <= self.place < COLUMNS_AT_MOST):
                    raise _refused("the workbook has a cell outside of any sheet")
            case "f":
                self.has_formula = True
            case "v":
                self.is_in_value = True

    def _end(self, tag: str) -> None:
        match tag.rpartition(" ")[2]:
            case "v":
                self.is_in_value = False
            case "c" if self.kind == "e":
                self.found.setdefault(self.row, {})[self.place] = Odd(self.value or "#N/A", ERROR)
            case "c" if self.has_formula and not self.value and self.kind != "str":
                self.found.setdefault(self.row, {})[self.place] = Odd("=", UNSAVED)

    def _text(self, data: str) -> None:
        if self.is_in_value:
            self.value += data
