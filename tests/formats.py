"""Files of other formats than text, and what is read from them, for tests."""

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from dropout.extracts.confined import Limits
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import SourceFile
from dropout.extracts.take import open_sheet, take

LIMITS = Limits(256 << 20, 60)
KIND = SourceFile(match="*", raw="t", fields={"name": "VARCHAR", "place": "VARCHAR"}, date_formats=["%Y-%m-%d"])
Rows = Sequence[Sequence[Any]]


def workbook(path: Path, *sheets: Rows, fill: Callable[[xlsxwriter.Workbook], None] = lambda book: None) -> Path:
    """A workbook of sheets of cells; text stays text, None is no cell. `fill` adds what rows cannot say."""
    options = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options | {"default_date_format": "dd/mm/yyyy"}) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    if cell is not None:
                        sheet.write_string(number, place, cell) if isinstance(cell, str) else sheet.write(number, place, cell)
        fill(book)
    return path


def parquet(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    """A Parquet file of columns by name."""
    pq.write_table(pa.table(columns), path, **options)
    return path


def json_lines(path: Path, rows: Sequence[Any], **options: Any) -> Path:
    """A line of JSON for each row."""
    path.write_text("".join(json.dumps(row, **options) + "\n" for row in rows), encoding="utf-8")
    return path


def sheet_of(path: Path, kind: SourceFile = KIND, limits: Limits = LIMITS) -> tuple[Sheet, list[tuple[Any, ...]]]:
    """The sheet of a file, and its rows with their lines."""
    with duckdb.connect() as con:
        work = Path(tempfile.mkdtemp(dir=path.parent))
        sheet = open_sheet(con, path, kind, work, limits)
        return sheet, con.execute(sheet.numbered() if not sheet.left_out else sheet.relation).fetchall()


def taken(path: Path, kind: SourceFile = KIND) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Typed rows of a file (line, then our columns in their order) and its rejects; lines must reconcile."""
    with duckdb.connect() as con, tempfile.TemporaryDirectory(dir=path.parent) as work:
        found = take(con, open_sheet(con, path, kind, Path(work), LIMITS), kind, path.name)
        names = ", ".join(f'"{name}"' for name in kind.canonical() if name in kind.types())
        rows = con.execute(f"select line, {names} from ({found.rows}) order by all").fetchall()
        rejects = con.execute("select line, column_name, reason from reject order by all").fetchall()
        assert len(rows) + len(rejects) + found.aside_count == found.line_count
        return rows, rejects
