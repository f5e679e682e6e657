"""Tables from contracts: made once, completed when a contract grows, explained by comments."""

import duckdb
import pytest

from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import META, create_core, literal, staging_columns, staging_ddl


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_core_is_made_once(con: duckdb.DuckDBPyConnection) -> None:
    assert create_core(con) == len(load_contracts())
    con.execute("insert into core.school (school_id, known_at, delivery_no) values ('A', date '2025-01-13', 1)")
    assert create_core(con) == 0
    assert con.execute("select school_id from core.school").fetchall() == [("A",)]


def test_every_table_and_column_has_a_comment(con: duckdb.DuckDBPyConnection) -> None:
    create_core(con)
    silent = con.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'core' and coalesce(comment, '') = ''"
        " union all select table_name, '' from duckdb_tables() where schema_name = 'core' and comment is null"
    ).fetchall()
    assert silent == []
    comment = con.execute("select comment from duckdb_tables() where table_name = 'attendance'").fetchone()
    assert comment is not None
    assert comment[0].startswith("one row per student, date and session, and per version of it.")


def test_an_older_warehouse_gets_the_columns_it_lacks(con: duckdb.DuckDBPyConnection) -> None:
    create_core(con)
    con.execute("insert into core.conduct values (1, date '2025-01-13', 'late', date '2025-01-13', null, 1, 1, 2)")
    con.execute("alter table core.conduct drop column kind")
    con.execute("comment on column core.conduct.date is 'outdated'")
    assert create_core(con) == 1
    assert con.execute("select student_key, kind from core.conduct").fetchall() == [(1, None)]
    comments = dict(
        con.execute(
            "select column_name, comment from duckdb_columns() where schema_name = 'core' and table_name = 'conduct'"
        ).fetchall()
    )
    assert comments["kind"] == load_contracts()["conduct"].columns["kind"].description
    assert comments["date"] == load_contracts()["conduct"].columns["date"].description


def test_core_refuses_an_empty_required_column_and_staging_takes_it(con: duckdb.DuckDBPyConnection) -> None:
    create_core(con)
    with pytest.raises(duckdb.ConstraintException):
        con.execute("insert into core.register (class_id, known_at, delivery_no) values ('c', date '2025-01-13', 1)")
    con.execute("create schema staged")
    for contract in load_contracts().values():
        con.execute(staging_ddl(contract, "staged"))
        con.execute(f"insert into staged.{contract.table} (known_at) values (null)")
        names = [row[0] for row in con.execute(f"describe staged.{contract.table}").fetchall()]
        assert tuple(names) == staging_columns(contract)


def test_core_columns_are_the_contract_s_and_the_five_of_every_table(con: duckdb.DuckDBPyConnection) -> None:
    create_core(con)
    for contract in load_contracts().values():
        names = [row[0] for row in con.execute(f"describe core.{contract.table}").fetchall()]
        assert names == [*contract.warehouse_columns, *META]


def test_a_literal_keeps_a_quote_and_a_boolean() -> None:
    assert (literal("l'âge"), literal(True), literal(1.5)) == ("'l''âge'", "true", "1.5")


def test_a_column_of_words_takes_the_contract_s_words_and_keeps_those_it_holds(con: duckdb.DuckDBPyConnection) -> None:
    create_core(con)
    con.execute("alter table core.register alter column session type enum('noon', 'day')")
    con.execute("insert into core.register values ('C', date '2025-01-13', 'noon', true, date '2025-01-13', null, 1, 1, 2)")
    create_core(con)
    con.execute("insert into core.register values ('C', date '2025-01-13', 'am', true, date '2025-01-13', null, 1, 1, 3)")
    assert con.execute("select session from core.register order by line").fetchall() == [("noon",), ("am",)]
    before = con.execute("select data_type from duckdb_columns() where table_name = 'register' order by all").fetchall()
    create_core(con)
    assert con.execute("select data_type from duckdb_columns() where table_name = 'register' order by all").fetchall() == before
