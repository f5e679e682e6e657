"""Writing columns into the warehouse: all of a step's rows, or none."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from dropout.warehouse.ledger import Run


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commits at the end of the block; whatever stops the block undoes it."""
    con.execute("begin")
    try:
        yield
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """Appends `rows` to `table`, columns by name."""
    con.register("rows_to_insert", rows)
    try:
        con.execute(f"insert into {table} by name select * from rows_to_insert")
    finally:
        con.unregister("rows_to_insert")


def replace_night(con: duckdb.DuckDBPyConnection, run: Run, tables: dict[str, list[pa.Table]]) -> None:
    """Puts the night's rows in place of those that the tables hold for the same as-of date."""
    with transaction(con):
        for table, parts in tables.items():
            con.execute(f"delete from {table} where as_of_date = ?", [run.as_of])
            for part in parts:
                insert(con, table, part)
