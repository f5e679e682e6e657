"""Tonight's snapshot, as the model reads it."""

import datetime as dt

import duckdb

from dropout.errors import HistoryError
from dropout.model.frame import Frame, from_arrow


def tonight(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> Frame:
    """`night.snapshot` sorted by student; raises HistoryError when there is none of `as_of`."""
    there = con.execute(
        "select count(*) from duckdb_tables() where schema_name = 'night' and table_name = 'snapshot' and not temporary"
    ).fetchall()
    if there != [(0,)]:
        found = con.sql("select * from night.snapshot where as_of_date = $as_of order by student_key", params={"as_of": as_of})
        table = found.to_arrow_table()
        if table.num_rows:
            return from_arrow(table)
    raise HistoryError(
        f"there is no snapshot of {as_of}",
        where="night.snapshot",
        cause="No student was enrolled on that day, as far as was known then; or the snapshot was not made.",
        remedy="Run: dropout snapshot --date DATE, after loading enrolments of that school year.",
    )
