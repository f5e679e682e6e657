"""The gate: each check passes, fails with its numbers, or is skipped and says why."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dropout.errors import GateError
from dropout.monitor.gate import gate
from dropout.monitor.night import EXACT
from dropout.publish.publish import publish
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.publish_district import NIGHT, begun, district, scored

NEXT = NIGHT + dt.timedelta(days=1)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return district(tmp_path)


@pytest.fixture
def con(deployment: Deployment) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse after one published night."""
    with connect(deployment) as con:
        scored(con)
        publish(con, begun(con, deployment))
        yield con


def passed(con: duckdb.DuckDBPyConnection, deployment: Deployment, as_of: dt.date = NEXT) -> dict[str, Any]:
    return gate(con, begun(con, deployment, as_of, f"r-{as_of}"))


def refusal(con: duckdb.DuckDBPyConnection, deployment: Deployment, as_of: dt.date = NEXT) -> str:
    with pytest.raises(GateError) as caught:
        passed(con, deployment, as_of)
    assert caught.value.exit_code == 40
    assert caught.value.cause and caught.value.remedy
    return str(caught.value)


def test_the_first_publication_has_nothing_to_compare_with(deployment: Deployment) -> None:
    with connect(deployment) as con:
        scored(con)
        checks = passed(con, deployment, NIGHT)
    assert {name: (check["status"], check["why"]) for name, check in checks.items()} == {
        "fresh": ("passed", None),
        "abstained": ("passed", None),
        "groups": ("skipped", "few_students"),
        "volume": ("skipped", "first_publication"),
        "churn": ("skipped", "first_publication"),
        "drift": ("skipped", "first_publication"),
    }


def test_an_ordinary_second_night(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT, shift=1)  # of the 12 listed, 3 in each of three schools are listed again
    checks = passed(con, deployment)
    assert {name for name, check in checks.items() if check["status"] != "passed"} == {"groups"}  # 64 students are no groups
    assert {name: check["found"] for name, check in checks.items()} == {
        "fresh": 3,  # the newest record is of 8 March
        "abstained": round(1 / 64, 4),
        "groups": 0,
        "volume": 1.0,
        "churn": 0.75,
        "drift": 0.0,
    }


@pytest.mark.parametrize("had_both", [False, True])
def test_lists_of_another_target_are_not_compared(tmp_path: Path, had_both: bool) -> None:
    """Whether or not the last publication held chances of tonight's target beside those its lists were cut by."""
    deployment, soon = district(tmp_path), "leaves_within_60_days"
    with connect(deployment) as con:
        scored(con)
        if had_both:
            con.execute(
                "insert into night.score "
                "select * replace (? as target, null as school_rank, false as is_listed) from night.score",
                [soon],
            )
        publish(con, begun(con, deployment))
        scored(con, NEXT, shift=8, target=soon)
        checks = passed(con, deployment)
    assert {name: check["why"] for name, check in checks.items()} == {
        "fresh": None,
        "abstained": None,
        "groups": "few_students",
        "volume": None if had_both else "few_students",
        "churn": "other_target",
        "drift": "other_target",
    }


def test_nobody_scored(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    assert "no student was scored" in refusal(con, deployment, NEXT)


def test_old_data(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    later = dt.date(2025, 4, 1)  # 24 days after the last register
    scored(con, later)
    text = refusal(con, deployment, later)
    assert "fresh: the newest record is of 2025-03-08, 24 days before the last school day 2025-04-01 (at most 21)" in text
    assert "the last publication stays" in text


def calendar(con: duckdb.DuckDBPyConnection, last_school_day: str, until: str) -> None:
    con.execute(
        "insert into core.calendar by name select 'S1' as school_id, d::date as date, d <= $last::date as is_school_day, "
        "date '2024-09-01' as known_at, 1 as delivery_no, 1 as file_id, 2 as line "
        "from generate_series(date '2025-03-01', $until::date, interval 1 day) as s(d)",
        {"last": last_school_day, "until": until},
    )


def test_holidays_do_not_make_data_old(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    calendar(con, "2025-03-14", "2025-07-05")
    later = dt.date(2025, 4, 10)
    scored(con, later)
    assert passed(con, deployment, later)["fresh"]["found"] == 6  # 8 to 14 March


def test_a_calendar_that_ends_before_tonight_is_no_excuse(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    calendar(con, "2025-03-14", "2025-03-14")
    later = dt.date(2025, 4, 10)
    scored(con, later)
    assert "33 days before the last school day 2025-04-10" in refusal(con, deployment, later)


def test_after_the_school_year_its_end_is_the_last_school_day(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    con.execute("update core.register set date = date '2025-06-28', known_at = date '2025-06-29'")
    summer = dt.date(2025, 8, 1)  # the Moroccan year ends on 5 July
    scored(con, summer)
    assert passed(con, deployment, summer)["fresh"]["found"] == 7


def test_records_that_were_not_known_or_not_taken_do_not_count(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    con.execute("update core.register set taken = false")
    con.execute("update core.attendance set known_at = date '2025-05-01'")
    scored(con, NEXT)
    assert "the newest record is of 2025-02-01, 38 days before" in refusal(con, deployment)


def test_no_data_at_all(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    for table in ("attendance", "register", "grade"):
        con.execute(f"delete from core.{table}")
    scored(con, NEXT)
    assert "no attendance, register or grade is known" in refusal(con, deployment)


def test_too_many_abstained(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT)
    con.execute("update night.score set is_abstained = true, chance = null where as_of_date = ? and student_key > 31", [NEXT])
    # students 32…64 and student 16: 34 of 64
    assert "abstained: 34 of 64 students got no chance (53%, at most 50%)" in refusal(con, deployment)


def test_far_fewer_students(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT)
    con.execute("delete from night.score where as_of_date = ? and student_key > 32", [NEXT])
    assert "volume: 32 students against 64 in the last publication (50%, at least 60%)" in refusal(con, deployment)


def test_far_more_students_of_the_same_year(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT)
    con.execute(
        "insert into night.score select * replace (student_key + 64 as student_key, false as is_listed) "
        "from night.score where as_of_date = ?",
        [NEXT],
    )
    assert "volume: 128 students against 64 in the last publication (200%, at most 167%)" in refusal(con, deployment)


def test_another_list_altogether(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT, shift=8)
    text = refusal(con, deployment)
    assert "churn: 0 of the last list's 12 students still enrolled are listed again (0%, at least 20%)" in text
    assert "dropout publish" in text


def test_the_churn_counts_only_who_is_still_enrolled(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT)
    con.execute("delete from night.score where as_of_date = ? and school_id = 'S1'", [NEXT])
    check = passed(con, deployment)["churn"]
    assert (check["status"], check["why"]) == ("skipped", "few_students")  # 8 are left


def test_shifted_chances(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT)
    con.execute("update night.score set chance = chance / 20 where as_of_date = ?", [NEXT])
    # 63 students on either side: bound 27.88 × 2/63 = 0.89
    assert "drift: the chances have shifted: population stability index" in (text := refusal(con, deployment))
    assert "(at most 0.89)" in text
    assert "1 of 6 checks failed (drift)" in text


def test_several_failures_are_all_named(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT, shift=8)
    con.execute("update night.score set chance = chance / 20 where as_of_date = ?", [NEXT])
    assert "2 of 6 checks failed (churn, drift)" in refusal(con, deployment)


@pytest.mark.parametrize(
    ("change", "as_of", "why"),
    [
        ("set method = 'absence_rule'", NEXT, "other_method"),
        ("set method = 'model'", dt.date(2025, 4, 15), "long_ago"),
    ],
)
def test_lists_that_cannot_be_compared(
    con: duckdb.DuckDBPyConnection, deployment: Deployment, change: str, as_of: dt.date, why: str
) -> None:
    con.execute("update core.register set date = date '2025-04-14', known_at = date '2025-03-01' where class_id = 'S1-0'")
    con.execute("update core.attendance set date = least(date, date '2025-03-08')")
    scored(con, as_of, shift=8)
    con.execute(f"update night.score {change} where as_of_date = ?", [as_of])
    checks = passed(con, deployment, as_of)
    assert [checks[name]["why"] for name in ("volume", "churn", "drift")] == [None, why, why]


def test_another_school_year_and_another_model(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT)
    con.execute("update night.score set model_version = 'model-2' where as_of_date = ?", [NEXT])
    checks = passed(con, deployment)
    assert (checks["churn"]["status"], checks["drift"]["why"]) == ("passed", "other_model")
    con.execute("update night.snapshot set school_year = '2025-2026'")
    assert passed(con, deployment)["churn"]["why"] == "other_year"


def test_a_correction_of_the_chances_since_the_last_publication_is_no_drift(
    con: duckdb.DuckDBPyConnection, deployment: Deployment
) -> None:
    scored(con, NEXT)
    con.execute("update night.score set chance = chance / 20 where as_of_date = ?", [NEXT])
    assert "(drift)" in refusal(con, deployment)
    ((version,),) = con.execute("select distinct model_version from night.score where as_of_date = ?", [NEXT]).fetchall()
    row = f"('{version}', 't', ?, date '2025-01-01', 'intercept', -3.0, 1.0, 900, 90, 0.1, 0.01)"
    con.execute(f"insert into ops.recalibration values {row}", [NIGHT])  # what the last publication was corrected by, too
    assert "(drift)" in refusal(con, deployment)
    con.execute("update ops.recalibration set as_of_date = ?", [NEXT])
    assert passed(con, deployment)["drift"]["why"] == "recalibrated"


def test_a_night_that_is_done_again_is_held_against_the_one_before(
    con: duckdb.DuckDBPyConnection, deployment: Deployment
) -> None:
    scored(con, NEXT, shift=1)
    publish(con, begun(con, deployment, NEXT, "r2"))
    scored(con, NEXT, shift=2)
    assert passed(con, deployment)["churn"]["found"] == 0.5  # against the list of the 10th, not of the 11th


def test_a_publication_that_cannot_be_read_is_passed_over(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    (deployment.published / "current" / EXACT).write_bytes(b"no database")
    scored(con, NEXT)
    assert passed(con, deployment)["volume"]["why"] == "first_publication"


def test_a_refusal_holds_no_key_of_a_student(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    keys = "123456789012345"
    con.execute(f"update night.score set student_key = student_key + {keys}")
    scored(con, NEXT, shift=8)
    assert keys not in refusal(con, deployment)
