"""Rows of pupils who were forgotten: dropped at the door and counted, lines = rows + rejects + set aside + suppressed.

What is kept of such a row is the file and the line, so that `purge` can cut it out of `raw/` once its delivery is loaded.
"""

import re
from collections.abc import Iterable

import duckdb

from dropout.contracts.ddl import literal
from dropout.extracts.normal import normal, normal_sql
from dropout.privacy import tombstone
from dropout.settings import Deployment

CUTS = ";,\t|\"'"  # between the cells of a line; a number may hold any other sign


def prepare(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    """Temp tables `forgotten` (mark), and `suppressed_id` (written): numbers met so far whose pupil was forgotten."""
    con.execute("create or replace temp table suppressed_id (written varchar)")
    con.execute("create or replace temp table forgotten (mark varchar)")
    if tombstone.install(con, deployment):
        con.execute("insert into forgotten select mark from ops.tombstone")


def is_anybody_forgotten(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether there is a tombstone at all; where there is none nothing of this costs anything."""
    return bool(con.execute("select 1 from forgotten limit 1").fetchall())


def meet(con: duckdb.DuckDBPyConnection, numbers: str) -> bool:
    """Looks at the numbers (column `student_id`) of query `numbers`; returns whether one of those met so far was forgotten."""
    if not is_anybody_forgotten(con):
        return False
    con.execute(
        f"insert into suppressed_id select student_id from (select distinct student_id from ({numbers}) "
        "where student_id is not null) where tombstone(student_id) in (from forgotten) and student_id not in (from suppressed_id)"
    )
    return bool(con.execute("select 1 from suppressed_id limit 1").fetchall())


def drop(con: duckdb.DuckDBPyConnection, rows: str, lines: str) -> str:
    """Query of the `rows` (file_id, line, student_id …) that may go on; the others' lines and counts go to the ledger.

    `lines` is a query of (file_id, line) of those others, one row for each unit by which their file was counted.
    """
    con.execute(f"create or replace temp table suppressed_line as {lines}")
    con.execute("insert into ops.suppressed select distinct file_id, line from suppressed_line where line is not null")
    con.execute(
        "update ops.file as f set row_count = f.row_count - n.units, suppressed_count = f.suppressed_count + n.units "
        "from (select file_id, count(*) as units from suppressed_line group by file_id) as n where f.file_id = n.file_id"
    )
    con.execute("drop table suppressed_line")
    return f"select * from ({rows}) where student_id is null or student_id not in (from suppressed_id)"


def of_statement(con: duckdb.DuckDBPyConnection) -> str:
    """Query of the raw lines that temp table `derived` made rows of a forgotten pupil of: where several became one, all."""
    given = {str(c[0]) for c in con.execute("describe derived").fetchall()}
    rows = "(select * from derived semi join suppressed_id on student_id = written"
    rows += " where left_out is null)" if "left_out" in given else ")"
    own = f"select file_id, line from {rows} where line is not null"
    more = f" union select file_id, unnest(lines) from {rows} where lines is not null" if "lines" in given else ""
    return f"select distinct file_id, line from ({own}{more})"


def drop_rejects(con: duckdb.DuckDBPyConnection, delivery_no: int) -> None:
    """Takes a delivery's lines of forgotten pupils out of `identity.reject_line`; they stay rejects by place and reason."""
    if not is_anybody_forgotten(con):
        return
    kept = con.execute(
        "select file_id, line, raw from identity.reject_line semi join "
        "(select file_id from ops.file where delivery_no = ?) using (file_id) where raw is not null order by all",
        [delivery_no],
    ).fetchall()
    words = {(file_id, line): words_of(raw) for file_id, line, raw in kept}
    numbers = of_forgotten(con, set().union(*words.values()))
    for place in [place for place, said in words.items() if said & numbers]:
        con.execute("delete from identity.reject_line where file_id = ? and line = ?", list(place))
        con.execute("insert into ops.suppressed values (?, ?)", list(place))


def words_of(line: str) -> set[str]:
    """What could be a student number in a line of text: its cells, and the words within them, spelt as keys are compared."""
    cells = re.split(f"[{re.escape(CUTS)}]", line)
    found = {normal(cell) for cell in cells} | {normal(word) for cell in cells for word in re.split(r"[^\w]+", cell)}
    return found - {""}


def of_forgotten(con: duckdb.DuckDBPyConnection, words: Iterable[str]) -> set[str]:
    """Those of `words` that are the number of a forgotten pupil. Needs `prepare`."""
    found = con.execute(
        "select word from (select unnest(?::varchar[]) as word) where tombstone(word) in (from forgotten)", [sorted(words)]
    ).fetchall()
    return {str(word) for (word,) in found}


def numbers_in(cell: str, relation: str) -> str:
    """Query of the numbers in SQL text `cell` of a relation, as `meet` takes them."""
    return f"select nullif({normal_sql(cell)}, {literal('')}) as student_id from ({relation})"
