"""When check fails half-way, nothing has happened; when SQL and Great Expectations disagree, nothing is loaded."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dropout.contracts import check as checking
from dropout.contracts import fill as filling
from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import create_core, staging_ddl
from dropout.contracts.rules import Rule, row_rules
from dropout.errors import ContractError
from dropout.settings import Deployment, Settings
from dropout.warehouse.connect import connect, migrate
from dropout.warehouse.ledger import Run
from tests.tables import FILES

DELIVERY = "insert into ops.delivery values ('a', 1, '2025-01-13', 'csv', null, date '2025-01-13', false, 'read', 1, 1, 0)"
RUN = Run(Deployment(Path("nowhere"), Settings()), "nightly", dt.date(2025, 1, 13))


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One delivery of 30 students, one of them with no key."""
    with duckdb.connect() as con:
        migrate(con)
        create_core(con)
        con.execute("attach ':memory:' as staging")
        con.execute("create schema staging.read")
        con.execute(staging_ddl(load_contracts()["student"], "staging.read"))
        con.execute(DELIVERY)
        con.execute(f"{FILES} values (1, 1, 'eleves.csv', 'student', 30, 30, 0)")
        con.execute(
            "insert into staging.read.student by name select nullif(i, 7) as student_key, date '2025-01-13' as known_at, "
            "1 as delivery_no, 1 as file_id, i + 2 as line from range(30) as r(i)"
        )
        yield con


def state(con: duckdb.DuckDBPyConnection) -> list[object]:
    queries = (
        "select status from ops.delivery",
        "from ops.quarantine",
        "select table_name, estimated_size from duckdb_tables() where database_name = 'staging' order by all",
    )
    return [con.execute(query).fetchall() for query in queries]


def test_clean_rows_that_sql_let_pass_are_found_by_great_expectations(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(*given: object) -> tuple[Rule, ...]:
        return tuple(r for r in row_rules(*given) if r.name != "student_key_missing")  # type: ignore[arg-type]

    monkeypatch.setattr(filling, "row_rules", forgetful)
    before = state(con)
    with pytest.raises(ContractError) as caught:
        checking.check(con, RUN)
    assert caught.value.what == "1 clean rows do not meet expect_column_values_to_not_be_null"
    assert caught.value.where == "student.student_key"
    assert state(con) == before


def test_a_row_that_vanishes_is_an_error(con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    from dropout.contracts import violations

    whole = violations.clean
    monkeypatch.setattr(violations, "clean", lambda contract, refused: whole(contract, refused) + " limit 28")
    before = state(con)
    with pytest.raises(ContractError, match="30 rows became 28 clean and 1 quarantined ones"):
        checking.check(con, RUN)
    assert state(con) == before


@pytest.mark.parametrize("where", ["fill", "_again"])
def test_a_crash_half_way_leaves_staging_and_ledger_as_they_were(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    checking.check(con, RUN)
    con.execute("update ops.delivery set status = 'read'")
    con.execute("delete from staging.read.student where line > 20")
    before = state(con)

    def crash(*_: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checking, where, crash)
        checking.check(con, RUN)
    assert state(con) == before
    assert checking.check(con, RUN)["clean"] == 18  # the next run just works


def test_a_large_broken_delivery_is_in_quarantine_to_the_last_row(tmp_path: Path) -> None:
    # in a file: DuckDB 2.0.0 loses sight of a large ordered insert after an empty one in the same transaction
    (tmp_path / "work").mkdir()
    deployment = Deployment(tmp_path, Settings())
    with connect(deployment, attach=("staging",)) as con:
        con.execute("create schema staging.read")
        con.execute(staging_ddl(load_contracts()["student"], "staging.read"))
        con.execute(DELIVERY)
        con.execute(f"{FILES} values (1, 1, 'eleves.csv', 'student', 150000, 150000, 0)")
        con.execute(
            "insert into staging.read.student by name select null as student_key, date '2025-01-13' as known_at, "
            "1 as delivery_no, 1 as file_id, i + 2 as line from range(150000) as r(i)"
        )
        with pytest.raises(ContractError, match="150,000 of 150,000 rows"):
            checking.check(con, Run(deployment, "nightly", RUN.as_of))
        assert con.execute("select count(*) from ops.quarantine where line >= 0").fetchall() == [(150_000,)]
        assert con.execute("select count(*) from staging.checked.quarantine where line >= 0").fetchall() == [(0,)]


def test_a_file_that_is_all_broken_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update staging.read.student set student_key = null")
    with pytest.raises(ContractError, match=r"too_many_broken in student \(30 of 30 rows; student_key_missing 30\)"):
        checking.check(con, RUN)
    assert con.execute("select status from ops.delivery").fetchall() == [("refused",)]
    assert con.execute("select count(*) from ops.quarantine").fetchall() == [(30,)]
