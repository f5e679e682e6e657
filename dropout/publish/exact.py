"""exact: the operator's own files of a generation. What the next night's gate reads, and what lists are held against.

The analysts' file is made from it and holds less: means of ten pupils, rounded counts (dropout/privacy/disclosure.py).
"""

import json
from pathlib import Path
from typing import Any

import duckdb

from dropout.contracts.ddl import literal
from dropout.resources import sql
from dropout.warehouse.ledger import Counts

CATALOG = "exact"
TABLES = ("student_risk", "school_night", "followup", "list_response")
COUNTS = "operator/counts.json"  # the night's totals; the manifest, which all may read, has them as the report shows them


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


def write_counts(folder: Path, counts: Counts) -> None:
    """Writes the night's exact totals beside the scores of the generation in `folder`."""
    (folder / COUNTS).write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")


def read_counts(folder: Path, promised: dict[str, Any]) -> Counts:
    """schools, students, listed and without_name; of a generation of before, from its manifest `promised`."""
    path = folder / COUNTS
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else promised
    return {name: found[name] for name in ("schools", "students", "listed", "without_name")}


def abandon(con: duckdb.DuckDBPyConnection) -> None:
    """Lets go of a half-written file, if it is attached."""
    names = {n for (n,) in con.execute("select database_name from duckdb_databases()").fetchall()}
    if CATALOG in names:
        con.execute(f"detach {CATALOG}")
