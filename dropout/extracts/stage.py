"""Typed rows → staging, under pseudonyms; what names a person goes to the identity store and nowhere else."""

import duckdb

from dropout.contracts.contract import Contract, load_contracts
from dropout.contracts.ddl import gone_ddl, quoted, staging_columns, staging_ddl
from dropout.extracts import suppressed
from dropout.extracts.derived import STATEMENT, accounted, make_school_years
from dropout.privacy import identity


def clear(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the staging tables anew: `raw/` holds what they are made from, and what a crash left in them is worth nothing."""
    con.execute("drop schema if exists staging.whole cascade")
    for schema in ("read", "whole", "gone", "checked"):
        con.execute(f"create schema if not exists staging.{schema}")
    for contract in load_contracts().values():
        con.execute(staging_ddl(contract, "staging.read"))
        con.execute(gone_ddl(contract, "staging.gone"))
    con.execute("create or replace temp table student_id as select student_id as written, student_key from identity.student")
    make_school_years(con)


def forget(con: duckdb.DuckDBPyConnection, delivery_no: int) -> None:
    """Takes a delivery's rows out of staging again."""
    for table in load_contracts():
        con.execute(f"delete from staging.read.{table} where delivery_no = ?", [delivery_no])
        con.execute(f"delete from staging.gone.{table} where delivery_no = ?", [delivery_no])


def stage(con: duckdb.DuckDBPyConnection, rows: str, contract: Contract, known_at: str, delivery_no: int) -> None:
    """Inserts the canonical rows of query `rows` (with file_id and line) into staging; rows that are `is_deleted` by key alone.

    `known_at` is SQL for the date a row was known, given its event date as `event_date`. Of rows that a source's own
    statement made of raw files, every raw line is accounted for.
    """
    is_statement = rows == STATEMENT
    if is_statement:
        rows = accounted(con, contract, delivery_no)
    given = {str(c[0]) for c in con.execute(f"describe {rows}").fetchall()}
    known_at = known_of(contract, known_at)
    if "student_id" in given:
        rows = _without_forgotten(con, rows, is_statement=is_statement)
        _name_new_students(con, rows)
    origin = f"({rows}) as r" + (" left join student_id as i on r.student_id = i.written" if "student_id" in given else "")
    values = pseudonymous(contract, given, "i.student_key")
    meta = f"{known_at}, {delivery_no}, file_id, line"
    kept = " where not is_deleted" if "is_deleted" in given else ""
    columns = ", ".join(quoted(c) for c in staging_columns(contract))
    con.execute(
        f"insert into staging.read.{contract.table} ({columns}) select {', '.join(values.values())}, {meta} from {origin}{kept}"
    )
    if kept:
        key = ", ".join(values[k] for k in contract.key)
        complete = " and ".join(f"{values[k]} is not null" for k in contract.key)
        con.execute(
            f"insert into staging.gone.{contract.table} select {key}, {meta} from {origin} where is_deleted and {complete}"
        )
    if contract.identity_columns and "student_id" in given:
        _remember(con, rows, given, known_at)


def known_of(contract: Contract, known_at: str) -> str:
    """SQL of the date a row was known, given that of its delivery, which may name the row's `event_date`."""
    if "event_date" not in known_at:
        return known_at
    # history says when its events happened; a school or a student is no event, and was always known
    return known_at.replace("event_date", quoted(contract.event_date)) if contract.event_date else "date '1900-01-01'"


def pseudonymous(contract: Contract, given: set[str], student_key: str) -> dict[str, str]:
    """SQL of every warehouse column, from canonical columns `given` of rows `r`; `student_key` is that of the pseudonym."""

    def value(name: str, extract: str, pii: str) -> str:
        if name == "birth_year" and "birth_date" in given:
            return "year(r.birth_date)"
        if extract not in given:
            return f"null::{contract.columns[name].type}"
        return student_key if pii == "pseudonym" else f"r.{quoted(extract)}"

    return {name: value(name, column.source or name, column.pii) for name, column in contract.warehouse_columns.items()}


def _without_forgotten(con: duckdb.DuckDBPyConnection, rows: str, *, is_statement: bool) -> str:
    """The rows without those of pupils who were forgotten, which are counted."""
    if not suppressed.meet(con, f"select student_id from ({rows}) anti join student_id on student_id = written"):
        return rows
    lines = f"select file_id, line from ({rows}) semi join suppressed_id on student_id = written"
    return suppressed.drop(con, rows, suppressed.of_statement(con) if is_statement else lines)


def _name_new_students(con: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Pseudonyms for the numbers that are not known yet: each is hashed once, not once a row."""
    con.execute(
        "insert into student_id select student_id, pseudonym(student_id) from "
        f"(select distinct student_id from ({rows}) where student_id is not null) as n "
        "anti join student_id as known on n.student_id = known.written"
    )


def _remember(con: duckdb.DuckDBPyConnection, rows: str, given: set[str], known_at: str) -> None:
    held = ", ".join(quoted(c) if c in given else f"null as {quoted(c)}" for c in identity.COLUMNS if c != "student_id")
    con.execute(
        "create or replace temp table identity_row as "
        f"select i.student_key, r.student_id, {held}, {known_at} as known_at, line "
        f"from ({rows}) as r inner join student_id as i on r.student_id = i.written"
    )
    identity.remember(con, "identity_row")
    con.execute("drop table identity_row")
