"""What was written for schools is held against the exact scores: read from disk again, by other programs than wrote it."""

import csv
import zipfile
import zlib
from pathlib import Path

import duckdb
from python_calamine import CalamineError, CalamineWorkbook

from dropout.contracts.ddl import literal
from dropout.errors import PublishError
from dropout.publish.lists.gather import language_of
from dropout.publish.lists.school_list import file_name
from dropout.publish.words import LIST_COLUMNS, words_of
from dropout.resources import sql
from dropout.warehouse.ledger import Run

REMEDY = "Look at free disk space and at the rights of published/, then: dropout publish."
LIST_DATE = LIST_COLUMNS.index("list_date")  # a line has it if its pupil is on the list; not if the pupil left it


def hold_against_marts(con: duckdb.DuckDBPyConnection, run: Run, lists: Path, exact: Path) -> None:
    """Every school has its CSV and its workbook, each with as many pupils as the file `exact` has listed students.

    Raises PublishError naming the school's folder.
    """
    con.execute(f"attach {literal(exact)} as verified (read_only)")
    try:
        promised = dict(con.execute(sql("marts/list_promised")).fetchall())
    finally:
        con.execute("detach verified")
    found = {path.name: path for path in lists.iterdir()}
    for school, listed in promised.items():
        folder = found.pop(file_name(school), lists / file_name(school))
        separator = words_of(language_of(run.deployment, school)).separator
        for kind, count in {"list": _lines(folder, separator), "workbook": _rows(folder)}.items():
            if count != listed:
                raise PublishError(
                    f"a {kind} holds {count} students where the scores list {listed}",
                    where=f"lists/{folder.name}",
                    remedy=REMEDY,
                )
    if found:
        raise PublishError("a list of a school without students", where=f"lists/{min(found)}", remedy=REMEDY)


def _lines(folder: Path, separator: str) -> int:
    """Complete lines of the folder's CSV, below the header, that hold a list date; 0 without a file."""
    total = 0
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=separator)
            next(lines, None)
            total += sum(len(line) == len(LIST_COLUMNS) and line[LIST_DATE] != "" for line in lines)
    return total


def _rows(folder: Path) -> int:
    """Rows of the first sheet of the folder's workbook, below the header, that hold a list date; 0 where it cannot be read."""
    total = 0
    for path in folder.glob("*.xlsx"):
        try:
            with zipfile.ZipFile(path) as parts:
                if parts.testzip():  # a part that is not what its checksum says
                    return 0
            with CalamineWorkbook.from_path(path) as book:
                rows = book.get_sheet_by_index(0).to_python()
        except (zipfile.BadZipFile, zlib.error, CalamineError):
            return 0
        total += sum(row[LIST_DATE] != "" for row in rows[1:])
    return total
