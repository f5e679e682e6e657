"""Large plain files: from their text into staging in one scan, without a copy in between.

What is done here is what `take` and `stage` do, for a file of which every line fits and every row concerns one of
our tables. Anything else about the file, and it is read their way. Line numbers need no column: rows stand in the
order of the file.
"""

from dataclasses import replace
from pathlib import Path

import duckdb

from dropout.contracts.contract import Contract
from dropout.contracts.ddl import quoted
from dropout.extracts import suppressed
from dropout.extracts.around import around
from dropout.extracts.normal import normal_sql
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import FORMATS, SourceFile
from dropout.extracts.stage import known_of, pseudonymous
from dropout.extracts.take import Taken, columns_of, flags_of, own_cells
from dropout.extracts.text import quick_sheet
from dropout.extracts.typed import ASIDE, Column, make_typed

BYTES_AT_LEAST = 32 << 20  # below it a table of its own costs more than the copy
ESTIMATES = "join_order,build_side_probe_side"  # DuckDB takes a CSV for some 40 rows, and would hash all of it


def fits(path: Path, kind: SourceFile, *, is_history: bool) -> bool:
    """Whether a file of this kind may go this way."""
    is_plain = not (kind.unpivot or kind.join or kind.deleted or kind.only or (kind.known_at and is_history))
    is_text = (kind.format or FORMATS.get(path.suffix.lower(), "text")) == "text"
    contract = kind.contract
    return bool(is_plain and is_text and contract and not _names_people(contract)) and path.stat().st_size >= BYTES_AT_LEAST


def _names_people(contract: Contract) -> bool:
    return any(name != "student_id" for name in contract.identity_columns)


def take_whole(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    kind: SourceFile,
    name: str,
    known_at: str,
    delivery_no: int,
    file_id: int,
) -> tuple[Sheet, Taken] | None:
    """Reads file `path` into table `staging.whole."<table>_<file_id>"`; None when it is not plain after all, and nothing is left.

    Fills temp tables `failure` and `reject` as `take` does.
    """
    contract = kind.contract
    assert contract is not None
    sheet = quick_sheet(path, kind)
    if sheet is None:
        return None
    target = f"staging.whole.{quoted(table_name(contract, file_id))}"
    own, found = own_cells(sheet, kind), around(kind, name, sheet)
    columns, flags = columns_of(sheet, kind, own, found), flags_of(sheet, kind, own, has_line=False, name=name)
    # a number with blanks around it, or in other digits, is not found, and then hashed as it is compared
    student_key = f"coalesce(i.student_key, pseudonym(nullif({normal_sql('r.student_id')}, '')))"
    columns = [replace(c, is_trimmed=c.name != "student_id", words=_words(contract, c)) for c in columns]
    values = pseudonymous(contract, {c.name for c in columns}, student_key)
    told = {column: value for column, value in values.items() if not value.startswith("null::")}
    named = ", ".join(f"{value} as {quoted(column)}" for column, value in told.items())
    shape = f"select {named}, if(is_aside, {ASIDE}, bad)::utinyint as bad from ({{}}) as r"
    shape += " left join student_id as i on r.student_id = i.written" if "student_id" in own else ""
    con.execute(f"set disabled_optimizers = '{ESTIMATES}'")
    try:
        if "student_id" in own and _has_forgotten(con, own["student_id"], sheet.relation):
            return None
        failures = make_typed(con, target, shape, sheet.relation, columns, flags)
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException):
        failures = -1
    finally:
        con.execute("set disabled_optimizers = ''")
    if failures < 0 or _count(con, target) != sheet.line_count:
        drop(con, target)
        return None
    con.execute(
        f"create or replace temp table reject as select row_no + {sheet.first_line} as line, column_name, reason from failure"
    )
    aside = _count(con, f"{target} where bad = {ASIDE}")
    known_at = known_of(contract, known_at)
    seen = ", ".join(quoted(column) if column in told else f"{value} as {quoted(column)}" for column, value in values.items())
    # what is the same in every row is not written thirty million times
    con.execute(
        f"create view {_rows(target)} as select ({file_id}::bigint << 40) | rowid as row_no, {seen}, {known_at} as known_at, "
        f"{delivery_no}::integer as delivery_no, {file_id}::integer as file_id, rowid + {sheet.first_line} as line "
        f"from {target} where bad is null"
    )
    return sheet, Taken(target, f"from {target}", sheet.line_count, failures, aside, sheet.header, sheet.encoding)


def _has_forgotten(con: duckdb.DuckDBPyConnection, cell: str, relation: str) -> bool:
    """Whether a row is a forgotten pupil's; where nobody was forgotten nothing is looked at."""
    if not suppressed.is_anybody_forgotten(con):
        return False
    numbers = suppressed.numbers_in(cell, relation)
    return suppressed.meet(con, f"select student_id from ({numbers}) anti join student_id on student_id = written")


def _words(contract: Contract, column: Column) -> tuple[str, ...]:
    """The contract's values of a column of codes, where all its codes are among them; an ENUM writes a third faster."""
    given = {*(column.codes or {}).values(), *([column.default] if column.default else [])}
    ours = contract.columns.get(column.name)
    return tuple(ours.values) if column.codes and ours and ours.values and given <= set(ours.values) else ()


def table_name(contract: Contract, file_id: int) -> str:
    """Name of the staging table of one file; `<name>_rows` is the view of its good rows."""
    return f"{contract.table}_{file_id}"


def drop(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Drops the staging table `target` of one file, and its view."""
    con.execute(f"drop view if exists {_rows(target)}")
    con.execute(f"drop table if exists {target}")


def forget_whole(con: duckdb.DuckDBPyConnection, delivery_no: int) -> None:
    """Drops the staging tables of a delivery's files."""
    files = con.execute("select source_file || '_' || file_id from ops.file where delivery_no = ?", [delivery_no]).fetchall()
    for (name,) in files:
        drop(con, f"staging.whole.{quoted(name)}")


def _rows(target: str) -> str:
    return f'{target[:-1]}_rows"'


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
