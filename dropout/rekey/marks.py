"""Whom earlier entries of the audit log are about stays known under a new key; the log itself is never rewritten."""

import duckdb
import pyarrow as pa

from dropout.privacy import audit
from dropout.privacy.audit_verify import entries
from dropout.resources import sql
from dropout.settings import Deployment

Marked = list[tuple[int, int]]  # ordinal of an entry, and the pseudonym of its pupil


def matched(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> Marked:
    """Entries on a pupil and whom they are on, as far as the key of macro `pseudonym` and temp table `used` still tell.

    An entry on a pupil of whom nothing is held any more matches nobody, and nobody can match it under the new key.
    """
    again = audit.subjects(con)
    rows = [
        {"ordinal": e.ordinal, "salt": salt, "mark": mark}
        for e in entries(deployment)
        if (subject := again.get(e.ordinal, e.subject))
        for salt, _, mark in [subject.partition(":")]
    ]
    schema = pa.schema([("ordinal", pa.int64()), ("salt", pa.string()), ("mark", pa.string())])
    con.register("mark", pa.Table.from_pylist(rows, schema))
    try:
        return con.execute(sql("rekey/mark_of")).fetchall()
    finally:
        con.unregister("mark")


def write(con: duckdb.DuckDBPyConnection, table: str, key: bytes, marked: Marked) -> None:
    """Puts a mark of the new `key` for each entry into `table`, in place of those of keys before; reads temp table `rekey`."""
    con.execute(f"delete from {table}")
    query = "select old_key, new_key from rekey where old_key in (select unnest(?))"
    new = dict(con.execute(query, [[student for _, student in marked]]).fetchall())
    if marked:
        con.executemany(
            f"insert into {table} values (?, ?)", [[ordinal, audit.subject_of(key, new[student])] for ordinal, student in marked]
        )
