"""One file → typed rows with their lines, and the rejects: every line, or every cell of a wide file, is one or the other."""

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath

import duckdb
import pyarrow as pa

from dropout.contracts.ddl import literal
from dropout.errors import ExtractError
from dropout.extracts.around import around
from dropout.extracts.confined import Limits
from dropout.extracts.counted import uncut
from dropout.extracts.header import place_of, places
from dropout.extracts.normal import normal, normal_sql
from dropout.extracts.sheet import Reject, Sheet
from dropout.extracts.source import FORMATS, SourceFile, folded, many
from dropout.extracts.typed import UNMAPPED, Column, type_cells
from dropout.extracts.wide import unpivoted

ODD = 254  # in place of the place of a bad column: a word in a column of `only` or `deleted` that nobody declared
WORD_FLAGS = ", odd_column, odd_value"
ISO = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]


@dataclass(frozen=True)
class Taken:
    """What became of a file: line_count = rows + rejects + aside.

    `table` holds its typed rows, good or `bad`; `rows` is a query of the good ones (line of the file, typed columns,
    flags); temp table `reject` (line, column_name, reason) names what is no row.
    """

    table: str
    rows: str
    line_count: int
    reject_count: int
    aside_count: int
    header: list[str]
    encoding: str


def open_sheet(con: duckdb.DuckDBPyConnection, path: Path, kind: SourceFile, work: Path, limits: Limits) -> Sheet:
    """The sheet of a file, by the format its kind or its name says."""
    if kind.unneeded:
        return uncut(path)
    form = kind.format or FORMATS.get(PurePosixPath(path.name.lower()).suffix, "text")
    reader = getattr(import_module(f"dropout.extracts.{form}"), f"read_{form}")  # its libraries load when they are needed
    sheet: Sheet = reader(con, path, kind, work, limits)
    return sheet


def take(con: duckdb.DuckDBPyConnection, sheet: Sheet, kind: SourceFile, name: str) -> Taken:
    """Types the rows of a sheet as `kind` says; file `name` is its path in the delivery.

    Raises ExtractError when something is missing that holds for the whole file, or when lines do not reconcile.
    """
    _table(con, "left_out", {"line": sheet.left_out}, "line bigint")
    found = around(kind, name, sheet)
    own = own_cells(sheet, kind)
    relation, units = sheet.relation, sheet.line_count
    if kind.unpivot:
        long = unpivoted(sheet, kind, found, name)
        con.execute(f"create or replace temp table long as {long.relation}")
        relation, own = "select * from long", own | long.cells
        units = (sheet.line_count - len(sheet.rejects)) * long.records + len(sheet.rejects)
    has_line = sheet.has_line or bool(kind.unpivot)
    type_cells(con, relation, columns_of(sheet, kind, own, found), flags_of(sheet, kind, own, has_line=has_line, name=name))
    _judge_words(con, kind)
    rows = "select * from typed" if has_line else sheet.placed(f"select rowid + {sheet.first_line} as line, * from typed")
    _reject(con, sheet, has_line=has_line)
    flags = "bad, is_aside" + (WORD_FLAGS if _has_words(kind) else "")
    rejects, typed, aside = (_count(con, q) for q in ("reject", "typed", "typed where is_aside"))
    blank = units - typed - len(sheet.rejects)  # records of a wide file that say nothing
    if blank < 0 or (blank and not kind.unpivot):
        raise ExtractError("lines do not reconcile with rows and rejects", where=name, remedy="Report this file's structure.")
    return Taken(
        table="typed",
        rows=f"select * exclude ({flags}) from ({rows}) where bad is null and not is_aside",
        line_count=units,
        reject_count=rejects,
        aside_count=aside + blank,
        header=sheet.header,
        encoding=sheet.encoding,
    )


def own_cells(sheet: Sheet, kind: SourceFile) -> dict[str, str]:
    """Our columns that have a cell of their own in the sheet's relation."""
    return {column: f"c{place}" for column, place in places(sheet.header, kind).items()}


def columns_of(sheet: Sheet, kind: SourceFile, own: dict[str, str], found: dict[str, str]) -> list[Column]:
    """Every column this file gives, and where its text comes from: own cells, path and upper lines, or a constant."""
    told = kind.dated(re.compile(kind.unpivot.headers).groupindex) if kind.unpivot else []
    columns, names = [], kind.names()
    for name, type_ in kind.types().items():
        formats = [*kind.dates.get(name, kind.date_formats or []), *(ISO if sheet.is_typed else [])]
        cell, codes = own.get(name, "null::varchar"), kind.codes.get(name)
        if name in kind.constants:
            cell, codes, formats = f"{literal(_constant(kind.constants[name], found))}::varchar", None, ISO[:1]
        elif name in found:
            cell = f"{literal(found[name])}::varchar"
        elif name in told and not cell.startswith("c"):  # told by the header, and written as ISO text already
            formats = ISO[:1]
        if name in kind.empty and name in own and not kind.unpivot:
            words = ", ".join(literal(normal(word)) for word in kind.empty[name])
            cell = f"case when {normal_sql(cell)} in ({words}) then null else {cell} end"
        comma, default = bool(kind.decimal_comma), kind.defaults.get(name, "")
        columns.append(Column(name, type_, cell, codes, list(dict.fromkeys(formats)), comma, default, is_name=name in names))
    if kind.known_at and (place := place_of(sheet.header, many(kind.known_at))) is not None:
        formats = [*(kind.date_formats or []), *(ISO if sheet.is_typed else [])]
        columns.append(Column("known_at", "DATE", f"c{place}", None, list(dict.fromkeys(formats))))
    return columns


def _constant(value: str, found: dict[str, str]) -> str:
    """A constant, with what path and upper lines told in place of `{name}`."""
    return re.sub(r"\{(\w+)\}", lambda m: found.get(m[1], m[0]), value)


def flags_of(sheet: Sheet, kind: SourceFile, own: dict[str, str], *, has_line: bool, name: str) -> dict[str, str]:
    """SQL of the columns beside ours: line, whether a row is of no concern, whether it deletes."""
    cells = sorted({cell for cell in own.values() if cell.startswith("c")})
    blank = [" and ".join(f"{cell} is null" for cell in cells)] if cells and not kind.unpivot else []
    aside = [*blank, *(["true"] if kind.unneeded else [])]
    aside += [f"not ({_is_one_of(sheet, header, words, name)})" for header, words in kind.only.items()]
    deleted = [_is_one_of(sheet, header, words, name) for header, words in kind.deleted.items()]
    flags = {"line": "line"} if has_line else {}
    flags |= {
        "is_aside": " or ".join(f"({a})" for a in aside) or "false",
        "is_deleted": " or ".join(f"({d})" for d in deleted) or "false",
    }
    return flags | (_word_flags(sheet, kind, name, blank=" or ".join(f"({b})" for b in blank)) if _has_words(kind) else {})


def _has_words(kind: SourceFile) -> bool:
    return bool(kind.only or kind.deleted)


def _word_flags(sheet: Sheet, kind: SourceFile, name: str, *, blank: str) -> dict[str, str]:
    """SQL of the first column of `only` or `deleted` that holds a word nobody declared, and of that word."""
    column, value = "", ""
    for header in dict.fromkeys([*kind.only, *kind.deleted]):
        words = [*kind.only.get(header, []), *kind.deleted.get(header, []), *kind.others.get(header, [])]
        # an empty cell deletes nothing; but whom a line concerns must be said
        words += [] if header in kind.only else [""]
        cell = f"coalesce(trim(c{place_of(sheet.header, [header])}), '')"
        odd = f"not {_is_one_of(sheet, header, words, name, cell)}"
        column += f" when {odd} then {literal(header)}"
        value += f" when {odd} then {cell}"
    nothing = f" when {blank} then null" if blank else ""
    return {"odd_column": f"case{nothing}{column} end", "odd_value": f"case{nothing}{value} end"}


def _judge_words(con: duckdb.DuckDBPyConnection, kind: SourceFile) -> None:
    """Adds to temp table `failure` the rows whose word in a column of `only` or `deleted` nobody declared."""
    if not _has_words(kind):
        return
    odd = "from typed where bad is null and odd_column is not null"
    con.execute(f"insert into failure select rowid as row_no, odd_column, {literal(UNMAPPED)} {odd}")
    con.execute(f"update typed set bad = {ODD}, is_aside = false where bad is null and odd_column is not null")


def _is_one_of(sheet: Sheet, header: str, words: list[str], name: str, cell: str = "") -> str:
    place = place_of(sheet.header, [header])
    if place is None:
        raise ExtractError(f"missing columns: {header}", where=name, remedy="Export the column, or take it out of the source.")
    listed = ", ".join(sorted({literal(folded(word)) for word in words}))
    return f"coalesce(lower(strip_accents({normal_sql(cell or f'c{place}')})) in ({listed}), false)"


def _reject(con: duckdb.DuckDBPyConnection, sheet: Sheet, *, has_line: bool) -> None:
    """Temp table `reject`: lines that are no rows, and rows with a cell that is no value."""
    line, column, reason = zip(*sheet.rejects, strict=True) if sheet.rejects else ((), (), ())
    kinds = "line bigint, column_name varchar, reason varchar"
    _table(con, "reject", {"line": line, "column_name": column, "reason": reason}, kinds)
    failed = "select f.*, t.line from failure as f inner join typed as t on f.row_no = t.rowid"
    if not has_line:
        failed = sheet.placed(f"select *, row_no + {sheet.first_line} as line from failure")
    con.execute(f"insert into reject select line, column_name, reason from ({failed})")


def _table(
    con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, list[int] | tuple[Reject | str | int, ...]], kinds: str
) -> None:
    con.execute(f"create or replace temp table {name} ({kinds})")
    if columns["line"]:
        con.register("found_rows", pa.table(columns))
        con.execute(f"insert into {name} by name select * from found_rows")
        con.unregister("found_rows")


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
