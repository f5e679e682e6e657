"""An older warehouse, with a follow-up per action and other words, becomes one of an answer per student and list."""

import duckdb
import pytest

from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import core_ddl, create_core, gone_ddl
from dropout.resources import resource
from dropout.warehouse.connect import migrate

OLD = """
create schema core; create schema gone;
create table core.followup (
    student_key bigint not null, list_date date not null, decision enum('follow_up', 'no_need', 'disagree') not null,
    action enum('none', 'talk', 'call') not null, action_date date, outcome enum('open', 'improved'), note_code varchar,
    known_at date not null, known_until date, delivery_no integer not null, file_id integer, line bigint
);
create table gone.followup (
    student_key bigint, list_date date, action varchar, known_at date, delivery_no integer, file_id integer, line bigint
);
insert into gone.followup values (9, '2025-01-01', 'call', '2025-01-05', 1, 1, 9);
insert into core.followup values
    (1, '2025-01-10', 'follow_up', 'talk', '2025-01-11', 'open', null, '2025-01-12', null, 1, 1, 2),
    (1, '2025-01-10', 'follow_up', 'call', '2025-01-14', 'improved', null, '2025-01-15', null, 2, 2, 2),
    (2, '2025-01-10', 'no_need', 'none', null, null, null, '2025-01-12', null, 1, 1, 3),
    (3, '2025-01-10', 'disagree', 'talk', '2025-01-12', 'open', null, '2025-01-12', '2025-01-20', 1, 1, 4);
"""


def layout(con: duckdb.DuckDBPyConnection, schema: str) -> list[tuple[object, ...]]:
    return con.execute(
        "select column_name, data_type, is_nullable from duckdb_columns() where schema_name = ? and table_name = 'followup' "
        "and database_name = current_database() order by column_index",
        [schema],
    ).fetchall()


@pytest.fixture
def old() -> duckdb.DuckDBPyConnection:
    """A warehouse as the migration before left it, with the tables of that time."""
    con = duckdb.connect()
    con.execute("create table migration (number integer primary key, name varchar, applied_at timestamp)")
    for path in sorted(resource("sql/migrations").glob("*.sql")):
        if int(path.name[:4]) < 8:
            con.execute(path.read_text(encoding="utf-8").replace("create schema core;", ""))
            con.execute("insert into migration values (?, ?, now()::timestamp)", [int(path.name[:4]), path.stem])
    con.execute(OLD)
    return con


def test_what_was_answered_stands_with_todays_words(old: duckdb.DuckDBPyConnection) -> None:
    assert migrate(old) >= 1
    create_core(old)
    found = old.execute(
        "select student_key, decision::varchar, action::varchar, known_at::varchar, known_until::varchar from core.followup "
        "order by student_key, known_at"
    ).fetchall()
    assert found == [
        # of two actions for one list the later one stands; the earlier was known until then
        (1, "will_act", "talk", "2025-01-12", "2025-01-15"),
        (1, "will_act", "call", "2025-01-15", None),
        (2, "no_need", "none", "2025-01-12", None),  # a word of before, of which none of today's says the same, stays
        (3, "disagree", "talk", "2025-01-12", "2025-01-20"),
    ]
    assert old.execute("from gone.followup").fetchall()[0][:2] == (9, old.execute("select date '2025-01-01'").fetchall()[0][0])
    old.execute("insert into core.followup (student_key, list_date, decision, known_at, delivery_no) values (4, '2025-02-01', "
                "'not_at_this_school', '2025-02-02', 3)")  # fmt: skip
    assert create_core(old) == 0


def test_a_new_warehouse_has_the_contracts_layout() -> None:
    con = duckdb.connect()
    migrate(con)
    create_core(con)
    fresh = duckdb.connect()
    fresh.execute("create schema core; create schema gone")
    contract = load_contracts()["followup"]
    fresh.execute(core_ddl(contract))
    fresh.execute(gone_ddl(contract, "gone"))
    for schema in ("core", "gone"):
        assert layout(con, schema) == layout(fresh, schema)
