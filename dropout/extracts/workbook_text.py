"""A workbook's sheets → text cells. Runs in a confined child; see `confined.py`.

Values only: formulas are not computed, links not followed, macros not loaded.
"""

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from dropout.extracts.container import Odd, odd_cells, open_container, sheet_parts

LONGEST = 1 << 18  # characters of a row; a longer one is no row of a register
EXACT = 10**15  # a workbook keeps 15 digits: a longer whole number is no longer the one that was typed
TOO_LONG, TOO_MANY_DIGITS, NUL = "a row of more than 262,144 characters", "a number of more than 15 digits", "a NUL byte"

Cell = str | float | bool | int | dt.date | dt.time | dt.timedelta


def write_workbook(path: Path, folder: Path, memory_bytes: int) -> None:
    """Writes `<n>.csv` (row, cells) and `<n>.odd.csv` (row, place, why: cells that are no values; place -1: all of it)
    for every worksheet with anything in it, and `sheets.json`: name, visibility, width and number of each.

    Dates become ISO text, whole numbers have no point, true and false are so written; rows without anything
    are left out. Raises ExtractError for what is no workbook, or not one to be opened.
    """
    sheets = []
    with open_container(path) as container, path.open("rb") as file:
        parts = sheet_parts(container)
        workbook = CalamineWorkbook.from_filelike(file)
        for number, meta in enumerate(workbook.sheets_metadata):
            if meta.typ != SheetTypeEnum.WorkSheet:
                continue
            if meta.name not in parts:
                raise CalamineError("a sheet without its part")
            odd = odd_cells(container, parts[meta.name])
            width = _write(workbook.get_sheet_by_index(number), odd, folder / f"{number}.csv", folder / f"{number}.odd.csv")
            if width:
                is_visible = meta.visible == SheetVisibleEnum.Visible
                sheets.append({"number": number, "name": meta.name, "is_visible": is_visible, "width": width})
    (folder / "sheets.json").write_text(json.dumps(sheets), encoding="utf-8")


def _write(sheet: CalamineSheet, odd: dict[int, dict[int, Odd]], grid: Path, oddities: Path) -> int:
    """Writes one sheet; returns its width, 0 when nothing stands in it."""
    first, last = (sheet.start[1], sheet.end[1]) if sheet.start and sheet.end else (0, -1)
    width = 1 + max([last, *(max(cells) for cells in odd.values())])
    written = 0
    with grid.open("w", encoding="utf-8", newline="") as out, oddities.open("w", encoding="utf-8", newline="") as odd_out:
        write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
        write_odd = csv.writer(odd_out, lineterminator="\n").writerow
        for row, values in _rows(sheet.iter_rows(), [""] * first, odd):
            found = dict(odd.get(row, {}))
            cells = _texts(values, width, found)
            if not any(cell.strip() for cell in cells):
                continue
            written += 1
            if sum(map(len, cells)) > LONGEST:
                write_odd((row, -1, TOO_LONG))
                continue
            for place, cell in sorted(found.items()):
                write_odd((row, place, cell.why))
            write((row, *cells))
    return width if written else 0


def _rows(rows: Iterable[list[Cell]], left: list[Cell], odd: dict[int, dict[int, Odd]]) -> Iterator[tuple[int, list[Cell]]]:
    """Rows by number from 1, with the empty columns at their `left`; odd cells may lie behind the last row."""
    row = 0
    for row, values in zip(count(1), rows, strict=False):
        yield row, left + values
    for more in sorted(n for n in odd if n > row):
        yield more, []


def _texts(values: list[Cell], width: int, odd: dict[int, Odd]) -> list[str]:
    """The cells of one row as text; what is no value is added to `odd`."""
    cells = [value if type(value) is str else _text(value) for value in values]
    cells += [""] * (width - len(cells))
    for place, cell in odd.items():
        cells[place] = cells[place] or cell.text
    for place, value in enumerate(values):
        if type(value) is float and abs(value) >= EXACT and value.is_integer():
            odd[place] = Odd(cells[place], TOO_MANY_DIGITS)
    if any("\0" in cell for cell in cells):
        odd |= {place: Odd(cell, NUL) for place, cell in enumerate(cells) if "\0" in cell}
    return cells


def _text(value: Cell) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
