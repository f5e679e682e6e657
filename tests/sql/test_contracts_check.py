"""The verb check: clean rows, quarantine, refused deliveries, and an error that says what to do."""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dropout.contracts.check import check
from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import create_core, staging_ddl
from dropout.contracts.quarantine import quarantine_summary
from dropout.errors import ContractError
from dropout.settings import Deployment, Settings
from dropout.warehouse.connect import migrate
from dropout.warehouse.ledger import Run
from tests.tables import FILES

RUN = Run(Deployment(Path("nowhere"), Settings()), "nightly", dt.date(2025, 1, 13))


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One school, 40 students and 400 absences in delivery 1; the same students' next week in delivery 2."""
    with duckdb.connect() as con:
        migrate(con)
        create_core(con)
        con.execute("attach ':memory:' as staging")
        con.execute("create schema staging.read")
        for contract in load_contracts().values():
            con.execute(staging_ddl(contract, "staging.read"))
        for number, name in ((1, "2025-01-06"), (2, "2025-01-13")):
            con.execute(
                "insert into ops.delivery values (?, ?, ?, 'csv', null, date '2025-01-13', false, 'read', 2, 1, 0)",
                [name, number, name],
            )
        con.execute(
            f"{FILES} values (1, 1, 'eleves.csv', 'student', 40, 40, 0), "
            "(2, 1, 'absences.csv', 'attendance', 400, 400, 0), (3, 2, 'absences.csv', 'attendance', 400, 400, 0)"
        )
        con.execute("insert into staging.read.school by name select 'A' as school_id, 1 as delivery_no")
        con.execute("update staging.read.school set known_at = date '2025-01-13', file_id = 1, line = 2")
        con.execute(
            "insert into staging.read.student by name select i + 1000 as student_key, date '2025-01-13' as known_at, "
            "1 as delivery_no, 1 as file_id, i + 2 as line from range(40) as r(i)"
        )
        con.execute(
            "insert into staging.read.attendance by name select i % 40 + 1000 as student_key, 'day' as session, "
            "date '2025-01-01' + (i // 40 % 6 + d * 6 - 6)::int as date, 'absent_unexcused' as status, d as delivery_no, "
            "date '2025-01-13' as known_at, d + 1 as file_id, i + 2 as line from range(240) as r(i), range(1, 3) as v(d)"
        )
        yield con


def statuses(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(con.execute("select name, status from ops.delivery").fetchall())


def spoil(con: duckdb.DuckDBPyConnection, delivery_no: int, rows: int) -> None:
    """Gives the first absences of a delivery a status that no contract knows."""
    con.execute(f"update staging.read.attendance set status = 'ill' where delivery_no = {delivery_no} and line < {rows + 2}")


def test_rows_are_clean_or_quarantined_and_the_delivery_is_checked(con: duckdb.DuckDBPyConnection) -> None:
    spoil(con, 1, 3)
    con.execute("update staging.read.attendance set minutes_missed = -5 where delivery_no = 1 and line = 2")
    counts = check(con, RUN)
    assert (counts["rows"], counts["clean"], counts["quarantined"], counts["refused"]) == (521, 518, 3, 0)
    assert statuses(con) == {"2025-01-06": "checked", "2025-01-13": "checked"}
    assert con.execute("select line, rules from staging.checked.quarantine order by line").fetchall() == [
        (2, ["status_not_in_set", "minutes_missed_out_of_range"]),
        (3, ["status_not_in_set"]),
        (4, ["status_not_in_set"]),
    ]
    assert con.execute(
        "select severity, row_count, violation_count from staging.checked.rule_result "
        "where delivery_no = 1 and rule = 'status_not_in_set'"
    ).fetchall() == [("quarantine", 240, 3)]
    for name in ("quarantine", "rule_result"):  # load copies them into the ledger as they are
        described = [con.execute(f"describe {schema}.{name}").fetchall() for schema in ("ops", "staging.checked")]
        assert [(c[0], c[1]) for c in described[0]] == [(c[0], c[1]) for c in described[1]]
    assert counts["expectations"] > 30
    assert counts["expectations_unmet"] == 1  # attendance: row rules (quarantine)


def test_checking_again_gives_the_same(con: duckdb.DuckDBPyConnection) -> None:
    spoil(con, 1, 100)

    def result() -> list[object]:
        with pytest.raises(ContractError) as caught:
            check(con, RUN)
        tables = ("staging.checked.attendance", "staging.checked.rule_result", "ops.quarantine", "ops.rule_result")
        return [str(caught.value), statuses(con), *(con.execute(f"from {t} order by all").fetchall() for t in tables)]

    assert result() == result()


def test_a_broken_delivery_is_refused_whole_and_the_other_stays(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("insert into core.student select distinct student_key, null, null, null, null, null, null, "
                "date '2024-09-01', null, 0, 0, 0 from staging.read.student")  # fmt: skip
    spoil(con, 1, 60)  # a quarter of 240; a fifth is allowed
    with pytest.raises(ContractError) as caught:
        check(con, RUN)
    error = caught.value
    assert error.exit_code == 21
    assert error.what == ("delivery 2025-01-06 was refused: too_many_broken in attendance (60 of 240 rows; status_not_in_set 60)")
    assert error.where == "absences.csv"
    assert "contracts.broken_at_most" in error.cause
    assert "dropout quarantine" in error.remedy
    assert statuses(con) == {"2025-01-06": "refused", "2025-01-13": "checked"}
    # nothing of the refused delivery stands in staging, all of the other does
    assert con.execute("select delivery_no, count(*) from staging.checked.attendance group by all").fetchall() == [(2, 240)]
    assert con.execute("select count(*) from staging.checked.student").fetchall() == [(0,)]
    assert con.execute("select count(*) from staging.checked.quarantine").fetchall() == [(0,)]
    assert con.execute("select distinct delivery_no from staging.checked.rule_result").fetchall() == [(2,)]
    # what was wrong with it is in the ledger
    assert con.execute("select delivery_no, count(*) from ops.quarantine group by all").fetchall() == [(1, 60)]
    (line,) = quarantine_summary(con)
    assert (line.delivery, line.table, line.rule, line.row_count) == ("2025-01-06", "attendance", "status_not_in_set", 60)
    assert line.place == "absences.csv:2"
    assert line.says.startswith("Column status holds a code")
    # neither says who
    keys = con.execute("select student_key::varchar from staging.read.student").fetchall()
    assert not [key for (key,) in keys if key in f"{error}{line}"]


def test_rows_that_need_a_refused_delivery_s_students_go_with_it(con: duckdb.DuckDBPyConnection) -> None:
    spoil(con, 1, 60)
    with pytest.raises(ContractError) as caught:
        check(con, RUN)
    # delivery 2 has no student file of its own: without delivery 1 all its students are unknown
    assert statuses(con) == {"2025-01-06": "refused", "2025-01-13": "refused"}
    assert "delivery 2025-01-13 was refused: too_many_broken in attendance (240 of 240 rows; unknown_student 240)" in str(
        caught.value
    )
    assert con.execute("select count(*) from staging.checked.attendance").fetchall() == [(0,)]


def test_as_many_broken_rows_as_allowed_refuse_nothing(con: duckdb.DuckDBPyConnection) -> None:
    spoil(con, 1, 48)  # exactly a fifth
    assert check(con, RUN)["quarantined"] == 48


def test_the_setting_says_how_much_is_allowed(con: duckdb.DuckDBPyConnection) -> None:
    spoil(con, 1, 60)
    lenient = Settings.model_validate({"contracts": {"broken_at_most": 0.25}})
    assert check(con, Run(Deployment(Path("nowhere"), lenient), "nightly", RUN.as_of))["quarantined"] == 60


def test_a_few_broken_rows_of_a_small_file_refuse_nothing(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from staging.read.attendance where delivery_no = 1 and line > 10")  # 9 rows are left
    spoil(con, 1, 9)
    assert check(con, RUN)["quarantined"] == 9


def test_lines_that_could_not_be_read_count_against_the_delivery(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update ops.file set reject_count = 100, row_count = 300 where file_id = 3")
    with pytest.raises(ContractError, match="2025-01-13 was refused: too_many_rejects in attendance") as caught:
        check(con, RUN)
    assert "100 of 400 rows" in caught.value.what
    assert statuses(con) == {"2025-01-06": "checked", "2025-01-13": "refused"}


def test_a_dataset_rule_of_a_contract_refuses(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"{FILES} values (4, 1, 'calendrier.csv', 'calendar', 90, 90, 0)")
    con.execute(
        "insert into staging.read.calendar select 'A', date '2025-01-01' + i::int, false, date '2025-01-13', 1, 4, i + 2 "
        "from range(90) as r(i)"
    )
    con.execute("delete from staging.read.attendance where delivery_no = 2")
    with pytest.raises(ContractError) as caught:
        check(con, RUN)
    assert caught.value.what == "delivery 2025-01-06 was refused: no_school_day in calendar (90 rows)"
    assert caught.value.where == "calendrier.csv"
    assert caught.value.remedy == "Check the words for open and closed days in the source description."


def test_a_warning_keeps_the_row_and_is_counted(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update staging.read.student set birth_year = 2024 where line = 2")
    con.execute(f"{FILES} values (4, 2, 'incidents.csv', 'conduct', 0, 0, 0)")
    counts = check(con, RUN)
    assert (counts["quarantined"], counts["warned"], counts["clean"]) == (0, 1, 521)
    assert con.execute(
        "select table_name, rule, violation_count from staging.checked.rule_result "
        "where severity = 'warn' and violation_count > 0 order by all"
    ).fetchall() == [("conduct", "file_without_rows", 1), ("student", "age_implausible", 1)]


def test_nothing_to_check_is_nothing_done(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from ops.file; delete from ops.delivery; drop schema staging.read cascade")
    counts = check(con, RUN)
    assert (counts["rows"], counts["clean"], counts["refused"]) == (0, 0, 0)


def test_great_expectations_writes_no_file_and_asks_for_no_home(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    check(con, RUN)
    assert list(tmp_path.rglob("*")) == []
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
