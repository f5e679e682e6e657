"""Samples of workbooks, Parquet and JSON lines, by the readers that a night uses."""

import csv
import json
from itertools import islice
from pathlib import Path

import duckdb

from dropout.extracts.confined import Limits, confined
from dropout.extracts.draft.delimited import LINES
from dropout.extracts.draft.evenly import ROWS, evenly
from dropout.extracts.draft.heading import Heading, Row, find_heading
from dropout.extracts.source import SourceFile
from dropout.extracts.take import open_sheet

LIMITS = Limits(memory_bytes=2 << 30, seconds=120)
FURTHER = ROWS - LINES  # of the rows further down, so many are looked at


def worksheets(path: Path, work: Path) -> list[tuple[str, list[Row], list[Row], Heading]]:
    """Name, rows from the top, rows from further down and heading of each worksheet that has a header.

    The name is empty where only one sheet has one: a source then need not name it.
    """
    from dropout.extracts.workbook_text import write_workbook

    folder = confined(write_workbook, path, work, LIMITS)
    sheets = json.loads((folder / "sheets.json").read_text(encoding="utf-8"))
    shown = [s for s in sheets if s["is_visible"]] or sheets
    found = []
    for sheet in shown:
        rows, further = _grid(folder / f"{sheet['number']}.csv", int(sheet["width"]))
        if heading := find_heading(rows):
            found.append((str(sheet["name"]), rows, further, heading))
    return [("", *found[0][1:])] if len(found) == 1 else found


def _grid(path: Path, width: int) -> tuple[list[Row], list[Row]]:
    """Rows as they stand in the sheet, empty ones too; the file holds row number and cells."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        rows: list[Row] = []
        for number, *cells in islice(lines, LINES):
            rows += [[""] * width for _ in range(len(rows) + 1, min(int(number), LINES))]
            rows.append(cells)
        further = [cells for _, *cells in evenly(lines, FURTHER)]
    return rows, further


def fields(con: duckdb.DuckDBPyConnection, path: Path, work: Path) -> tuple[list[Row], list[Row], Heading]:
    """Rows from the top, rows from all over the file and the names of the columns, of Parquet or JSON lines."""
    sheet = open_sheet(con, path, SourceFile(match="*", raw="sample"), work, LIMITS)
    cells = f"select {', '.join(f'c{i}' for i in range(len(sheet.header)))} from ({sheet.relation})"
    rows = _texts(con, f"{cells} limit {LINES}")
    further = _texts(con, f"{cells} using sample reservoir({FURTHER} rows) repeatable (7)") if sheet.line_count > LINES else []
    return [sheet.header, *rows], further, Heading(0, list(sheet.header), 1, 1.0)


def _texts(con: duckdb.DuckDBPyConnection, question: str) -> list[Row]:
    return [[cell or "" for cell in row] for row in con.execute(question).fetchall()]
