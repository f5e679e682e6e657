"""A workbook (.xlsx, .xlsm) → a sheet of text cells; lines are the workbook's own row numbers."""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dropout.contracts.ddl import literal
from dropout.errors import ExtractError
from dropout.extracts.confined import Limits, confined
from dropout.extracts.header import LOOKED_AT, find_header, place_of, places
from dropout.extracts.sheet import Reject, Sheet
from dropout.extracts.source import SourceFile, folded, many
from dropout.extracts.workbook_text import write_workbook
from dropout.warehouse.deadline import verify_time

WIDEST = 1 << 21  # bytes of a row as `write_workbook` writes it


@dataclass(frozen=True)
class Grid:
    """One worksheet as `write_workbook` left it: `cells` is a select of line, c0 … c<width-1> as text; `top`, its first rows."""

    cells: str
    odd: Path
    width: int
    top: list[list[str]]


@dataclass(frozen=True)
class Found:
    """The worksheet that has what a kind needs, and where its header ends."""

    grid: Grid
    header_row: int  # the first of the header, counted from 1
    first_row: int  # the first below it
    header: list[str]


def read_workbook(con: duckdb.DuckDBPyConnection, path: Path, kind: SourceFile, work: Path, limits: Limits) -> Sheet:
    """The sheet that `kind` names, or else the one visible sheet in which its header stands.

    A row with an error value in a column that we read is a reject; in a column of a wide layout the cell keeps its
    text (#N/A), so that its record alone becomes one. Raises ExtractError when there is no such sheet, or several.
    """
    folder = confined(write_workbook, path, work, limits)
    sheets = json.loads((folder / "sheets.json").read_text(encoding="utf-8"))
    found = _find(con, folder, _wanted(sheets, kind, path.name), kind, path.name)
    rejects = _rejects(con, found, kind)
    rows = f"select * from ({found.grid.cells}) where line >= {found.first_row}"
    if rejects:
        rows += f" and line not in ({', '.join(str(line) for line, _, _ in rejects)})"
    return Sheet(
        relation=rows, header=found.header, line_count=_count(con, rows) + len(rejects), rejects=rejects, has_line=True,
        first_line=0, left_out=[], above=found.grid.top[: found.header_row - 1], encoding="", is_typed=True,
        text=_as_lines(con, found.grid, folder / "lines.txt") if rejects else None,
    )  # fmt: skip


def _wanted(sheets: list[dict[str, object]], kind: SourceFile, where: str) -> list[dict[str, object]]:
    """The sheets to look at: those of the kind's name, else the visible ones, else all."""
    if not sheets:
        raise ExtractError("the workbook is empty", where=where, remedy="Export it again.")
    if not kind.sheet:
        return [s for s in sheets if s["is_visible"]] or sheets
    named = [s for s in sheets if folded(str(s["name"])) == folded(kind.sheet)]
    if not named:
        raise ExtractError(
            f"the workbook has no sheet '{kind.sheet}'",
            where=where,
            cause=f"None of its {len(sheets)} sheets has that name, or it is empty.",
            remedy="Export that sheet, or correct `sheet` in the source.",
        )
    return named


def _find(con: duckdb.DuckDBPyConnection, folder: Path, sheets: list[dict[str, object]], kind: SourceFile, where: str) -> Found:
    """The one sheet in which the header of `kind` stands; what would be read of a second one nobody could tell."""
    found: list[Found] = []
    first: ExtractError | None = None
    for sheet in sheets:
        grid = _grid(con, folder, str(sheet["number"]), int(str(sheet["width"])))
        try:
            at, header = find_header(grid.top, kind, where)
        except ExtractError as error:
            first = first or error
            continue
        found.append(Found(grid, at + 1, at + 1 + kind.header_rows, header))
    if len(found) > 1:
        raise ExtractError(
            f"{len(found)} sheets of the workbook have the columns of {kind.label}",
            where=where,
            remedy="Deliver one sheet per file, or name one of them as `sheet` in the source.",
        )
    if not found:
        assert first is not None
        raise first
    return found[0]


def _grid(con: duckdb.DuckDBPyConnection, folder: Path, number: str, width: int) -> Grid:
    names = [f"c{i}" for i in range(width)]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    cells = (
        f"select * from read_csv({literal(folder / f'{number}.csv')}, columns={{'line': 'BIGINT', {columns}}}, header=false, "
        "delim=',', quote='\"', escape='\"', new_line='\\n', auto_detect=false, strict_mode=true, null_padding=false, "
        f"max_line_size={WIDEST}, allow_quoted_nulls=true, parallel=false)"
    )
    rows = con.execute(f"select * from ({cells}) where line <= {LOOKED_AT + 1} order by line").fetchall()
    written = {line: [cell or "" for cell in row] for line, *row in rows}
    top = [written.get(line, [""] * width) for line in range(1, max(written, default=0) + 1)]
    return Grid(cells, folder / f"{number}.odd.csv", width, top)


def _rejects(con: duckdb.DuckDBPyConnection, found: Found, kind: SourceFile) -> list[Reject]:
    """Rows without a value where we read one, each once; and rows that were too long to be taken."""
    ours = {place: column for column, place in places(found.header, kind).items()}
    for header in [*many(kind.known_at), *kind.only, *kind.deleted]:
        if (place := place_of(found.header, [header])) is not None:
            ours.setdefault(place, "")
    odd = con.execute(
        "select line, place, why from read_csv(?, columns={'line': 'BIGINT', 'place': 'BIGINT', 'why': 'VARCHAR'}, header=false, "
        "auto_detect=false, delim=',', quote='\"') where line >= ? order by line, place",
        [str(found.grid.odd), found.first_row],
    ).fetchall()
    rejects: dict[int, Reject] = {}
    for line, place, why in odd:
        if place in ours or place < 0:
            rejects.setdefault(line, (line, ours.get(place, ""), why))
    return list(rejects.values())


def _as_lines(con: duckdb.DuckDBPyConnection, grid: Grid, target: Path) -> Path:
    """Each row as one line of text, at the line of its number: what is kept of a reject."""
    cells = ", ".join(f"c{i}" for i in range(grid.width))
    joined = f"regexp_replace(concat_ws(chr(9), {cells}), '[\\r\\n\\x00]', ' ', 'g')"
    rows = con.execute(f"select line, {joined} from ({grid.cells}) order by line")
    with target.open("w", encoding="utf-8", newline="") as out:
        at = 1
        while row := rows.fetchone():
            verify_time()
            out.write("\n" * (row[0] - at) + row[1])
            at = row[0]
    return target


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"select count(*) from ({relation})").fetchone()
    return int(row[0]) if row else 0
