"""Rows out of a DuckDB file, and then the bytes: DuckDB only marks as deleted, so the file is built anew and takes its place."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from dropout.contracts.ddl import literal, quoted
from dropout.durable import sync
from dropout.extracts.normal import DIGITS
from dropout.quiet import NOTHING_FROM_OUTSIDE
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse.connect import connect

NEXT = ".next"  # ends the name of a file that is being built beside the one it will replace


def delete_students(con: duckdb.DuckDBPyConnection, catalog: str, keys: list[int]) -> int:
    """Deletes the rows of pseudonyms `keys` from every table of `catalog` that has a `student_key`; returns how many."""
    count = 0
    tables = con.execute(sql("access/table_with_student"), {"catalog": catalog, "key": "student_key"}).fetchall()
    for schema, name, kind in tables:
        wanted: list[int] | list[str] = keys if kind == "BIGINT" else [f"{key:015x}" for key in keys]
        table = ".".join(map(quoted, (catalog, schema, name)))
        count += _changed(con, f"delete from {table} where list_contains($wanted::{kind}[], student_key)", {"wanted": wanted})
    return count


def delete_quarantined(con: duckdb.DuckDBPyConnection, keys: list[int]) -> int:
    """Deletes the pupils' rows that a contract set aside; returns how many."""
    condition = "list_contains($keys::bigint[], try_cast(row_data->>'$.student_key' as bigint))"
    return _changed(con, f"delete from ops.quarantine where {condition}", {"keys": keys})


def delete_rejected(con: duckdb.DuckDBPyConnection, numbers: list[str]) -> int:
    """Deletes from catalog `store` the lines that could not be read and have one of `numbers` as a word; returns how many."""
    condition = f"rowid in ({sql('forget/reject_line')})"
    return _changed(
        con, f"delete from store.reject_line where {condition}", {"numbers": numbers, "digits": DIGITS, "ascii": "0123456789" * 2}
    )


def blot_out(con: duckdb.DuckDBPyConnection, numbers: list[str]) -> int:
    """Puts an ellipsis for `numbers` in the texts of the ledger: names of files and deliveries, and what was said of them."""
    count = 0
    for schema, table, column in con.execute(sql("forget/ledger_text")).fetchall():
        for number in numbers:
            place, name = f"{quoted(schema)}.{quoted(table)}", quoted(column)
            count += _changed(
                con, f"update {place} set {name} = replace({name}, $n, '…') where contains({name}, $n)", {"n": number}
            )
    return count


def _changed(con: duckdb.DuckDBPyConnection, statement: str, values: dict[str, object]) -> int:
    row = con.execute(statement, values).fetchone()
    return int(row[0]) if row else 0


def rebuild(deployment: Deployment, path: Path) -> None:
    """Copies what stands in the DuckDB file at `path` into a new one, which takes its place; the old one's log goes.

    Nobody may have the file open. A kill leaves the old file or the new one, and beside it at most one that ends in `.next`.
    """
    if not path.exists():
        return
    built = path.with_name(path.name + NEXT)
    for left in (built, built.with_name(built.name + ".wal")):
        left.unlink(missing_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        **NOTHING_FROM_OUTSIDE,
        "memory_limit": f"{deployment.settings.intake.memory_mb}MiB",
        "temp_directory": str(deployment.work / "tmp"),
    }
    with duckdb.connect(config=config) as con:
        con.execute(f"attach {literal(path)} as old; checkpoint old")
        con.execute(f"attach {literal(built)} as built; copy from database old to built; checkpoint built")
        con.execute("detach built; detach old")
    built.chmod(0o600)
    _sync([built])
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
    built.replace(path)
    _sync([path.parent])


def compact(deployment: Deployment) -> None:
    """Builds the warehouse and the identity store anew, so that nothing deleted is left in them."""
    with connect(deployment) as con:
        con.execute("checkpoint")
    for path in (deployment.warehouse, deployment.identity):
        rebuild(deployment, path)


def _sync(paths: Iterable[Path]) -> None:
    for path in paths:
        sync(path)
