"""Columns from sibling files of the same delivery."""

import duckdb

from dropout.contracts.ddl import quoted
from dropout.errors import ExtractError
from dropout.extracts.normal import normal_sql
from dropout.extracts.source import Join, SourceFile


def joined(con: duckdb.DuckDBPyConnection, rows: str, kind: SourceFile, name: str) -> tuple[str, int]:
    """Query `rows` with the columns that the joins of `kind` take from temp tables `raw_<file>`; and how many rows found none.

    A row without its sibling goes to temp table `reject`, unless the join says it is not required. A sibling key
    that stands twice counts with its last line. Raises ExtractError when a whole file is not there.
    """
    lost = 0
    for number, join in enumerate(kind.join):
        _verify_there(con, join, name)
        texts = {str(c) for c, t, *_ in con.execute(f"describe raw_{join.file}").fetchall() if t == "VARCHAR"}
        con.execute(f"create or replace temp table joined_{number} as {_statement(rows, join, kind, texts)}")
        rows = f"select * exclude (has_sibling) from joined_{number}"
        if join.is_required:
            lacking = f"from joined_{number} where not has_sibling"
            lost += _count(con, f"select count(*) {lacking}")
            con.execute(
                f"insert into reject select line, ?, ? {lacking}", [next(iter(join.on)), f"no such {join.file} in the delivery"]
            )
            rows += " where has_sibling"
    return rows, lost


def _statement(rows: str, join: Join, kind: SourceFile, texts: set[str]) -> str:
    """The join; `texts` are the sibling's fields of text, compared as keys are: `normal`, as ours are already."""
    types = kind.canonical()
    theirs_as = {t: normal_sql(quoted(t)) if t in texts else quoted(t) for t in join.on.values()}
    key = ", ".join(theirs_as.values())
    places = {t: f"key_{i}" for i, t in enumerate(theirs_as)}
    equal = " and ".join(f"r.{quoted(ours)} = s.{places[theirs]}" for ours, theirs in join.on.items())
    keyed = ", ".join(f"{theirs_as[t]} as {place}" for t, place in places.items())
    taken = ", ".join(
        f"try_cast(s.{quoted(theirs)} as {types.get(ours, 'VARCHAR')}) as {quoted(ours)}" for ours, theirs in join.take.items()
    )
    latest = f"row_number() over (partition by {key} order by file_id desc, line desc) = 1"
    last = f"(select *, {keyed} from raw_{join.file} qualify {latest})"
    return f"select r.*, {taken}, s.line is not null as has_sibling from ({rows}) as r left join {last} as s on {equal}"


def _verify_there(con: duckdb.DuckDBPyConnection, join: Join, name: str) -> None:
    if not _count(con, f"select count(*) from duckdb_tables() where temporary and table_name = 'raw_{join.file}'"):
        raise ExtractError(
            f"the delivery brings no {join.file} file", where=name, remedy="Export both files together: one needs the other."
        )


def _count(con: duckdb.DuckDBPyConnection, question: str) -> int:
    row = con.execute(question).fetchone()
    return int(row[0]) if row else 0
