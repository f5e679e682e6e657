"""How a sheet looks: formats of cells, texts that a cell can hold, and the page it is printed on."""

import re
from dataclasses import dataclass
from typing import Literal

import polars as pl
from babel.dates import format_date
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dropout.publish.lists.school_list import SchoolList
from dropout.publish.lists.workbook.words import WorkbookWords

A4 = 9  # xlsxwriter's number of the paper
MARGINS = {"left": 0.4, "right": 0.4, "top": 0.5, "bottom": 0.6}  # inches
LONGEST = 32767  # UTF-16 units of a cell's text, by Excel's specification
LONGEST_NAME_IN_FOOTER = 120  # a footer has 255 characters in all

# What XML cannot hold, and what would break a line or be seen by nobody: controls, line ends, lone surrogates.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
RIGHT_TO_LEFT = "\u200f"  # a footer has no direction of its own: day, month and year would change places
GREY, LINE, HEADER = "#F2F2F2", "#BFBFBF", "#E4E4E4"  # no colour: a colour would be read as a verdict


@dataclass(frozen=True)
class Look:
    """The formats of a workbook. `text` stays text when a reader edits it, so that `00123` and `=1+1` do; `said` wraps."""

    header: Format
    text: Format
    said: Format
    number: Format
    one_decimal: Format
    percent: Format
    date: Format
    answer: Format
    answer_text: Format
    answer_date: Format
    title: Format
    heading: Format
    prose: Format


def look_of(book: Workbook, words: WorkbookWords, direction: Literal["ltr", "rtl"]) -> Look:
    """The formats, added to `book`."""
    # Without it LibreOffice lays Arabic out from left to right: full stops and brackets come at the wrong end.
    order = {"reading_order": 2 if direction == "rtl" else 1}
    side = "right" if direction == "rtl" else "left"  # also of a Latin name or number between Arabic ones
    cell = {"valign": "top", "border": 1, "border_color": LINE}
    ours = {**cell, **order, "text_wrap": True}
    yours = {**ours, "bg_color": GREY}
    made = {
        "header": {**ours, "bold": True, "bg_color": HEADER},
        "text": {**cell, "num_format": "@", "text_wrap": True, "align": side},
        "said": ours,
        "number": cell,
        "one_decimal": {**cell, "num_format": "0.0"},
        "percent": {**cell, "num_format": "0%"},
        "date": {**cell, "num_format": words.date_format, "align": "center"},
        "answer": yours,
        "answer_text": {**yours, "num_format": "@"},
        "answer_date": {**yours, "num_format": words.date_format, "align": "center"},
        "title": {**order, "bold": True, "font_size": 14, "valign": "top"},
        "heading": {**order, "bold": True, "valign": "top", "text_wrap": True},
        "prose": {**order, "valign": "top", "text_wrap": True},
    }
    return Look(**{name: book.add_format(properties) for name, properties in made.items()})


def printable(text: str) -> str:
    """`text` without what XML cannot hold, cut with an ellipsis at what a cell holds."""
    clean = _UNPRINTABLE.sub(" ", text)
    if len(clean) * 2 > LONGEST and len(units := clean.encode("utf-16-le")) > LONGEST * 2:
        clean = units[: (LONGEST - 1) * 2].decode("utf-16-le", errors="ignore") + "…"
    return clean


def put(sheet: Worksheet, row: int, column: int, value: object, style: Format) -> None:
    """Writes a cell as what it is: a number, or a text that is never a formula or link; an empty one for NULL or no number."""
    if value is None or value != value:
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, style)
    else:
        sheet.write_string(row, column, printable(str(value)), style)


def fill(sheet: Worksheet, table: pl.DataFrame, styles: list[Format]) -> None:
    """Writes `table` from the second row on, column by column; one format per column."""
    for column, (values, style) in enumerate(zip(table.iter_columns(), styles, strict=True)):
        if values.dtype == pl.Date:
            for row, day in enumerate(values.to_list(), start=1):
                if day is None:
                    sheet.write_blank(row, column, None, style)
                else:
                    sheet.write_datetime(row, column, day, style)
            continue
        for row, value in enumerate(values.to_list(), start=1):
            put(sheet, row, column, value, style)


def write_header(sheet: Worksheet, headers: list[str], look: Look) -> None:
    """The first row, repeated on every page that is printed."""
    for place, header in enumerate(headers):
        sheet.write_string(0, place, header, look.header)
    sheet.repeat_rows(0)


def page(sheet: Worksheet, school: SchoolList, words: WorkbookWords, *, landscape: bool = True) -> None:
    """A4, one page wide; below each page school, page n of m, and the list's date.

    Spreadsheets break a page between rows only, so no pupil is cut in two.
    """
    if school.words.direction == "rtl":
        sheet.right_to_left()
    if landscape:
        sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(**MARGINS)
    sheet.fit_to_pages(1, 0)
    name = printable(school.school)[:LONGEST_NAME_IN_FOOTER].replace("&", "&&")
    numbers = words.page.format(page="&P", pages="&N")
    day = format_date(school.day, "long", locale=school.words.locale)
    if school.words.direction == "rtl":
        day = f"{RIGHT_TO_LEFT}{day}{RIGHT_TO_LEFT}"
    sheet.set_footer(f"&L{name}&C{numbers}&R{day}")
