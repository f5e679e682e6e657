"""Tables from contracts: `core.*` in the warehouse, and staging tables of the same columns, unconstrained."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from dropout.contracts.contract import Contract, load_contracts

# where a row comes from and since when it was known; the same in every table
META = {
    "known_at": ("DATE", "Date from which this row was known: a night of an earlier date must not see it."),
    "known_until": ("DATE", "Date from which a correction replaced this row; NULL while it stands."),
    "delivery_no": ("INTEGER", "Delivery that brought the row; see ops.delivery."),
    "file_id": ("INTEGER", "File of that delivery; see ops.file. NULL for a row the load inferred."),
    "line": ("BIGINT", "Line of that file; the header is line 1."),
}
STAGING_META = ("known_at", "delivery_no", "file_id", "line")
ALWAYS_KNOWN = {"known_at", "delivery_no"}

# one row per full file and value of its scope: what it left out was gone by its date, also for rows that arrive later
SCOPE_DDL = """create table if not exists gone.scope (
    file_id integer not null, delivery_no integer not null, table_name varchar not null, known_at date not null,
    within varchar[] not null, value varchar[] not null
)"""
# one row per full file that left out too much to be believed: it deletes once the operator has accepted that
DOUBTED_DDL = """create table if not exists gone.doubted (
    delivery_no integer not null, table_name varchar not null, is_accepted boolean not null
)"""


def quoted(name: str) -> str:
    """`name` as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """`value` as a SQL literal: text and dates quoted, numbers and booleans as they are."""
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"


def enum(words: Iterable[str]) -> str:
    """The SQL type of one of `words`, stored as a small number."""
    return f"enum({', '.join(map(literal, words))})"


def staging_columns(contract: Contract) -> tuple[str, ...]:
    """Names of the columns of `staging.read.<table>` and `staging.checked.<table>`, in order."""
    return (*contract.warehouse_columns, *STAGING_META)


def staging_ddl(contract: Contract, schema: str) -> str:
    """`create or replace table <schema>.<table>` without constraints, so that broken rows can stand in it."""
    columns = [f"{quoted(name)} {c.type}" for name, c in contract.warehouse_columns.items()]
    columns += [f"{name} {META[name][0]}" for name in STAGING_META]
    return f"create or replace table {schema}.{quoted(contract.table)} ({', '.join(columns)})"


def core_ddl(contract: Contract) -> str:
    """`create table if not exists core.<table>`, not null where the contract promises a value."""
    filled = {name for name, c in contract.warehouse_columns.items() if not c.nullable} | ALWAYS_KNOWN
    columns = [
        f"{quoted(name)} {kind}" + (" not null" if name in filled else "") for name, kind in _core_columns(contract).items()
    ]
    return f"create table if not exists core.{quoted(contract.table)} ({', '.join(columns)})"


def _core_columns(contract: Contract) -> dict[str, str]:
    """Names and types of `core.<table>`, in order."""
    own = {name: enum(c.values) if c.values else str(c.type) for name, c in contract.warehouse_columns.items()}
    return own | {name: kind for name, (kind, _) in META.items()}


def create_core(con: duckdb.DuckDBPyConnection) -> int:
    """Makes `core.<table>` of every contract where it is missing; returns the tables and columns added.

    Beside them `gone.<table>`: deletions, kept so that later merges find the same history again. An older
    warehouse gets its missing columns (nullable: the old rows have no value), a column that the contract lets be
    empty by now may be, and every table and column gets the contract's comment. Runs again without effect.
    """
    con.execute("create schema if not exists core; create schema if not exists gone")
    con.execute(SCOPE_DDL)
    con.execute(DOUBTED_DDL)
    before = _columns(con)
    added = 0
    for contract in load_contracts().values():
        con.execute(f"create table if not exists gone.{quoted(contract.table)} ({_gone_columns(contract)})")
        has = before.get(contract.table)
        if has is None:
            con.execute(core_ddl(contract))
            added += 1
            continue
        for name, kind in _core_columns(contract).items():
            if name not in has:
                con.execute(f"alter table core.{quoted(contract.table)} add column {quoted(name)} {kind}")
                added += 1
                continue
            if not has[name].is_nullable and name in contract.columns and contract.columns[name].nullable:
                con.execute(f"alter table core.{quoted(contract.table)} alter column {quoted(name)} drop not null")
            if name in contract.columns and not set(contract.columns[name].values) <= _words(has[name].kind):
                _widen(con, contract, name)
    _comment(con)
    return added


@dataclass(frozen=True)
class Standing:
    """A column of a core table as it stands: its type and comment, and whether it may be empty."""

    kind: str
    comment: str | None
    is_nullable: bool


def _words(kind: str) -> set[str]:
    """The words of an ENUM as DuckDB shows it; none for another type."""
    return {word.replace("''", "'") for word in re.findall(r"'((?:[^']|'')*)'", kind)} if kind.startswith("ENUM") else set()


def _widen(con: duckdb.DuckDBPyConnection, contract: Contract, name: str) -> None:
    """Gives a column of an older warehouse the contract's words; words it holds that are no longer among them stay."""
    table, words = f"core.{quoted(contract.table)}", contract.columns[name].values
    held = con.execute(f"select distinct {quoted(name)}::varchar from {table} where {quoted(name)} is not null").fetchall()
    more = sorted({str(word) for (word,) in held} - set(words))
    con.execute(f"alter table {table} alter column {quoted(name)} type {enum([*words, *more])}")


def _columns(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Standing]]:
    """Columns of the core tables."""
    rows = con.execute(
        "select table_name, column_name, data_type, comment, is_nullable from duckdb_columns() "
        "where database_name = current_database() and schema_name = 'core'"
    ).fetchall()
    tables: dict[str, dict[str, Standing]] = {}
    for table, column, kind, comment, is_nullable in rows:
        tables.setdefault(table, {})[column] = Standing(kind, comment, bool(is_nullable))
    return tables


def _comment(con: duckdb.DuckDBPyConnection) -> None:
    """Writes the comments that differ: 70 statements are needed the first time and none after."""
    on_columns = _columns(con)
    on_tables = dict(
        con.execute(
            "select table_name, comment from duckdb_tables() where database_name = current_database() and schema_name = 'core'"
        ).fetchall()
    )
    for contract in load_contracts().values():
        table = f"core.{quoted(contract.table)}"
        if on_tables[contract.table] != (words := table_comment(contract)):
            con.execute(f"comment on table {table} is {literal(words)}")
        wanted = {name: c.description for name, c in contract.warehouse_columns.items()}
        wanted |= {name: meaning for name, (_, meaning) in META.items()}
        for name, words in wanted.items():
            if on_columns[contract.table][name].comment != words:
                con.execute(f"comment on column {table}.{quoted(name)} is {literal(words)}")


def table_comment(contract: Contract) -> str:
    """What the warehouse says of a core table: its grain first."""
    return f"{contract.grain}, and per version of it. {contract.description}"


def gone_ddl(contract: Contract, schema: str) -> str:
    """`create or replace table <schema>.<table>` for deletions: the key of what is gone, and where and when that was said.

    `line` is NULL where a full file left the row out.
    """
    return f"create or replace table {schema}.{quoted(contract.table)} ({_gone_columns(contract)})"


def _gone_columns(contract: Contract) -> str:
    columns = [f"{quoted(name)} {contract.columns[name].type}" for name in contract.key]
    return ", ".join([*columns, *(f"{name} {META[name][0]}" for name in STAGING_META)])
