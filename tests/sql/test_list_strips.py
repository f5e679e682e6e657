"""What a page draws, by hand: a few rows of registers and marks in, days and means out; the same numbers as the features'."""

import datetime as dt
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dropout.features.snapshot import snapshot
from dropout.publish.lists.strips import Known, known, last_registers
from dropout.settings import Deployment, Settings
from dropout.warehouse.ledger import Run
from tests.tables import days, registers, warehouse

DAYS = days("2024-09-02", 40)  # 2 September to 25 October 2024
ENROLMENT = """
student_key | school_id | school_year | class_id | entry_date
1           | A         | 2024-2025   | A-1      | 2024-09-01
2           | A         | 2024-2025   | A-1      | 2024-09-11
3           | A         | 2024-2025   | A-1      | 2024-09-01
4           | A         | 2024-2025   | A-1      | 2024-09-01
5           | A         | 2024-2025   | A-1      | 2024-09-01
"""


def tonight(con: duckdb.DuckDBPyConnection, as_of: dt.date, listed: tuple[int, ...]) -> Known:
    """The night of `as_of` with these students on the list."""
    run = Run(Deployment(Path("nowhere"), Settings(deployment={"country": "generic"})), "test", as_of)  # type: ignore[arg-type]
    con.execute("create schema if not exists night")
    snapshot(con, run)
    con.execute(
        "create or replace temp table this_night as select $as_of::date as as_of_date, 't' as list_target", {"as_of": as_of}
    )
    con.execute(
        """create or replace table night.score as
        select student_key, as_of_date, 't' as target, student_key in (select unnest($keys)) as is_listed from night.snapshot
        union all select student_key, as_of_date, 'other', true from night.snapshot""",
        {"keys": list(listed)},
    )
    return known(con, run)


def states(found: Known, key: int) -> dict[dt.date, str]:
    rows = found.days.filter(pl.col("student_key") == key).select("date", "state").iter_rows()
    return dict(rows)


def test_each_school_day_has_one_state() -> None:
    attendance = f"""
student_key | date      | session | status
1           | {DAYS[0]} | day     | absent_unexcused
1           | {DAYS[1]} | day     | absent_excused
1           | {DAYS[2]} | day     | late
1           | {DAYS[3]} | day     | absent_unexcused
1           | {DAYS[4]} | am      | absent_excused
1           | {DAYS[4]} | pm      | absent_unexcused
"""
    con = warehouse(
        enrolment=ENROLMENT, register=registers("A-1", DAYS[:8], not_taken=frozenset({DAYS[3]})), attendance=attendance
    )
    found = tonight(con, DAYS[7], (1, 2))
    # no calendar: a school day is one with any register; day 3 has one that was not taken, so its absence says nothing
    expected = ["unexcused", "excused", "late", "not_taken", "unexcused", "present", "present", "present"]
    assert states(found, 1) == dict(zip(DAYS[:8], expected, strict=True))
    # student 2 entered on 11 September, which is day 7
    assert list(states(found, 2).values()) == ["elsewhere"] * 7 + ["present"]
    assert set(found.days["student_key"]) == {1, 2}  # only who is listed for the list's target
    (last,) = last_registers(found.days).filter(pl.col("student_key") == 1).to_dicts()
    # 7 registers taken; unexcused 1 + 0.5, excused 1 + 0.5, late once
    assert last == {"student_key": 1, "registers": 7, "since": DAYS[0], "unexcused": 1.5, "excused": 1.5, "late": 1}


def test_what_is_known_only_later_is_not_drawn() -> None:
    attendance = f"""
student_key | date      | session | status           | known_at
1           | {DAYS[0]} | day     | absent_unexcused | {DAYS[1]}
1           | {DAYS[1]} | day     | absent_unexcused | {DAYS[9]}
"""
    con = warehouse(enrolment=ENROLMENT, register=registers("A-1", DAYS[:10]), attendance=attendance)
    assert list(states(tonight(con, DAYS[4], (1,)), 1).values()) == ["unexcused", *["present"] * 4]
    assert list(states(tonight(con, DAYS[9], (1,)), 1).values()) == ["unexcused", "unexcused", *["present"] * 8]


def test_a_class_without_registers_has_no_days() -> None:
    assert tonight(warehouse(enrolment=ENROLMENT), DAYS[5], (1,)).days.height == 0


def grades(*marks: tuple[int, str, str, float, float]) -> str:
    lines = [
        f"{k} | 2024-2025 | {term} | {subject} | a{n} | {DAYS[n]} | {mark} | 20 | {weight} | marked"
        for n, (k, term, subject, mark, weight) in enumerate(marks)
    ]
    head = "student_key | school_year | term | subject | assessment_id | assessment_date | mark | max_mark | coefficient | state"
    return "\n".join([head, *lines])


def means(found: Known, key: int) -> dict[tuple[str, str | None], tuple[float, float | None]]:
    rows = found.marks.filter(pl.col("student_key") == key).select("term", "subject", "mean_share", "class_share").iter_rows()
    return {
        (term, subject): (round(mean, 6), None if of_class is None else round(of_class, 6))
        for term, subject, mean, of_class in rows
    }


def test_means_are_weighted_and_a_class_mean_needs_five() -> None:
    marks = [
        (1, "S1", "maths", 5, 3),
        (1, "S1", "maths", 13, 1),
        (1, "S1", "sport", 20, 1),
        *((k, "S1", "maths", 10 + k, 1) for k in (2, 3, 4, 5)),
        *((k, "S1", "sport", 15, 1) for k in (2, 3)),
    ]
    con = warehouse(enrolment=ENROLMENT, grade=grades(*marks))
    found = tonight(con, DAYS[20], (1,))
    # maths (5 × 3 + 13) / 4 = 7 of 20 = 0.35; with 12, 13, 14 and 15 the class has
    # (0.35 + 0.6 + 0.65 + 0.7 + 0.75) / 5 = 0.61
    # sport is known of three only; all subjects (5 × 3 + 13 + 20) / 5 = 9.6 → 0.48;
    # the class: 0.48, 13.5 → 0.675, 14 → 0.7, 0.7, 0.75; mean 0.661
    assert means(found, 1) == {
        ("S1", "maths"): (0.35, 0.61),
        ("S1", "sport"): (1.0, None),
        ("S1", None): (0.48, 0.661),
    }
    assert set(found.marks["student_key"]) == {1}


def test_the_overall_mean_of_the_last_term_is_the_feature() -> None:
    con = warehouse(
        enrolment=ENROLMENT, grade=grades((1, "S1", "maths", 5, 3), (1, "S2", "maths", 13, 1), (1, "S2", "sport", 8, 2))
    )
    found = tonight(con, DAYS[20], (1,))
    (feature,) = con.execute("select mark_mean_term_share from night.snapshot where student_key = 1").fetchone() or (None,)
    assert means(found, 1)["S2", None][0] == pytest.approx(feature, abs=1e-6) == pytest.approx((13 + 16) / 3 / 20)


def test_nothing_is_left_behind() -> None:
    con = warehouse(enrolment=ENROLMENT)
    tonight(con, DAYS[5], (1,))
    left = {
        name
        for (name,) in con.execute("select table_name from information_schema.tables where table_catalog = 'temp'").fetchall()
    }
    assert not left & {"cohort", "enrolled", "school_day", "absence_day", "grade_known"}
