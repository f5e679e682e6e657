"""A database under new pseudonyms: every table copied into a new file, which has never held an old one."""

from pathlib import Path

import duckdb

from dropout.contracts.ddl import quoted
from dropout.resources import sql

OWN_STATEMENT = {("ops", "quarantine"): "rekey/row_aside"}  # a pseudonym within a text
COPY = "rekeyed"  # catalog of the file that is written
KEPT = {  # how a table with a pseudonym of this type is copied; a row of nobody stays one
    None: "from {source} as r",
    "BIGINT": "select r.* replace (k.new_key as student_key) from {source} as r "
    "left join rekey as k on r.student_key = k.old_key",
    "VARCHAR": "select r.* replace (printf('%015x', k.new_key) as student_key) from {source} as r "
    "left join rekey as k on r.student_key = printf('%015x', k.old_key)",
}


def keyed(con: duckdb.DuckDBPyConnection, catalog: str) -> list[tuple[str, str, str | None]]:
    """Schema, name and type of `student_key` (None where there is none) of every table of a catalog."""
    return con.execute(sql("rekey/keyed_column"), {"catalog": catalog}).fetchall()


def used(con: duckdb.DuckDBPyConnection, catalogs: list[str]) -> None:
    """Makes temp table `used`: every pseudonym of the tables of `catalogs`, once."""
    con.execute("create or replace temp table used (student_key bigint)")
    for catalog in catalogs:
        for schema, table, kind in keyed(con, catalog):
            if kind is not None:
                key = "student_key" if kind == "BIGINT" else "('0x' || student_key)::bigint"
                con.execute(
                    f"insert into used select distinct {key} as k from {catalog}.{quoted(schema)}.{quoted(table)} "
                    "where student_key is not null and k not in (from used)"
                )
    con.execute(
        "insert into used select distinct try_cast(regexp_extract(row_data, '\"student_key\":(\\d+)', 1) as bigint) as k "
        "from ops.quarantine where k is not null and k not in (from used)"
    )


def copy(con: duckdb.DuckDBPyConnection, catalog: str, path: Path, storage: str = "") -> int:
    """Writes catalog `catalog` to the new file `path`, pseudonyms by temp table `rekey`; returns the rows written.

    Tables come with their keys, defaults and comments, sequences with where they stand. `storage` is DuckDB's storage
    version of the file, where others must be able to read it with an older DuckDB.
    """
    options = f" (storage_version '{storage}')" if storage else ""
    con.execute(f"attach '{str(path).replace(chr(39), 2 * chr(39))}' as {COPY}{options}")
    try:
        path.chmod(0o600)
        con.execute(f"copy from database {catalog} to {COPY} (schema)")
        rows = sum(_copy_table(con, catalog, *table) for table in keyed(con, catalog))
        con.execute(f"checkpoint {COPY}")
    finally:
        con.execute(f"detach {COPY}")
    return rows


def _copy_table(con: duckdb.DuckDBPyConnection, catalog: str, schema: str, table: str, kind: str | None) -> int:
    name = f"{quoted(schema)}.{quoted(table)}"
    own = OWN_STATEMENT.get((schema, table)) if catalog == con.execute("select current_database()").fetchall()[0][0] else None
    rows = sql(own) if own else KEPT[kind].format(source=f"{catalog}.{name}")
    (count,) = con.execute(f"insert into {COPY}.{name} {rows}").fetchall()[0]
    return int(count)
