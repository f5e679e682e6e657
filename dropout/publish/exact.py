"""exact: the operator's own file of a generation. What the next night's gate and lists read, and what lists are held against.

The analysts' file is made from it and holds less: means of ten pupils, rounded counts (dropout/privacy/disclosure.py).
"""

from pathlib import Path

import duckdb

from dropout.contracts.ddl import literal
from dropout.resources import sql

CATALOG = "exact"
TABLES = ("student_risk", "school_night")


def build(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Writes the new file `path`, attached as catalog `exact`, from tonight's scores; the caller lets go of it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    con.execute(f"attach {literal(path)} as {CATALOG}")
    con.execute(f"create schema {CATALOG}.marts")
    for name in TABLES:
        con.execute(f"create table {CATALOG}.marts.{name} as {sql(f'marts/{name}')}")


def close(con: duckdb.DuckDBPyConnection) -> None:
    """Brings all of the file to disk and lets go of it."""
    con.execute(f"checkpoint {CATALOG}")
    con.execute(f"detach {CATALOG}")


def abandon(con: duckdb.DuckDBPyConnection) -> None:
    """Lets go of a half-written file, if it is attached."""
    names = {n for (n,) in con.execute("select database_name from duckdb_databases()").fetchall()}
    if CATALOG in names:
        con.execute(f"detach {CATALOG}")
