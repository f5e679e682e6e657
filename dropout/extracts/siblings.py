"""Columns from sibling files of the same delivery."""

import duckdb

from dropout.contracts.ddl import quoted
from dropout.errors import ExtractError
from dropout.extracts.source import Join, SourceFile


def joined(con: duckdb.DuckDBPyConnection, rows: str, kind: SourceFile, name: str) -> tuple[str, int]:
    """Query `rows` with the columns that the joins of `kind` take from temp tables `raw_<file>`; and how many rows found none.

    A row without its sibling goes to temp table `reject`, unless the join says it is not required. A sibling key
    that stands twice counts with its last line. Raises ExtractError when a whole file is not there.
    """
    lost = 0
    for number, join in enumerate(kind.join):
        _verify_there(con, join, name)
        con.execute(f"create or replace temp table joined_{number} as {_statement(rows, join, kind)}")
        rows = f"select * exclude (has_sibling) from joined_{number}"
        if join.is_required:
            lacking = f"from joined_{number} where not has_sibling"
            lost += _count(con, f"select count(*) {lacking}")
            con.execute(
                f"insert into reject select line, ?, ? {lacking}", [next(iter(join.on)), f"no such {join.file} in the delivery"]
            )
            rows += " where has_sibling"
    return rows, lost


def _statement(rows: str, join: Join, kind: SourceFile) -> str:
    types = kind.canonical()
    key = ", ".join(quoted(theirs) for theirs in join.on.values())
    equal = " and ".join(f"r.{quoted(ours)} = s.{quoted(theirs)}" for ours, theirs in join.on.items())
    taken = ", ".join(
        f"try_cast(s.{quoted(theirs)} as {types.get(ours, 'VARCHAR')}) as {quoted(ours)}" for ours, theirs in join.take.items()
    )
    last = f"(select * from raw_{join.file} qualify row_number() over (partition by {key} order by file_id desc, line desc) = 1)"
    return f"select r.*, {taken}, s.line is not null as has_sibling from ({rows}) as r left join {last} as s on {equal}"


def _verify_there(con: duckdb.DuckDBPyConnection, join: Join, name: str) -> None:
    if not _count(con, f"select count(*) from duckdb_tables() where temporary and table_name = 'raw_{join.file}'"):
        raise ExtractError(
            f"the delivery brings no {join.file} file", where=name, remedy="Export both files together: one needs the other."
        )


def _count(con: duckdb.DuckDBPyConnection, question: str) -> int:
    row = con.execute(question).fetchone()
    return int(row[0]) if row else 0
