"""Every label rule by hand, as of 1 March 2025 in 2024-2025; the census of the next year is 15 October 2025."""

import datetime as dt

import pytest

from dropout.features import snapshot
from dropout.labels import label
from tests.tables import country, rows, warehouse

# who, and what happened after 1 March 2025
ENROLMENT = """
student_key | school_id | school_year | grade_level | class_id | entry_date | exit_date  | exit_reason      | known_at
1           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |                  | 2024-09-01
1           | A         | 2025-2026   | 8           | A-2      | 2025-09-01 |            |                  | 2025-09-01
2           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |                  | 2024-09-01
3           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-10 | dropped_out      | 2025-04-20
4           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-05-20 | transferred_out  | 2025-05-20
5           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-01 | deceased         | 2025-04-01
6           | A         | 2024-2025   | 12          | A-1      | 2024-09-01 | 2025-06-30 | graduated        | 2025-06-30
7           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-15 | unknown          | 2025-03-15
8           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-05 | dropped_out      | 2025-04-05
8           | A         | 2025-2026   | 7           | A-2      | 2025-09-20 |            |                  | 2025-09-20
9           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-05 | transferred_in   | 2025-04-05
9           | B         | 2024-2025   | 7           | B-1      | 2025-04-06 |            |                  | 2025-04-06
9           | B         | 2025-2026   | 8           | B-2      | 2025-09-01 |            |                  | 2025-09-01
10          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |                  | 2024-09-01
10          | A         | 2025-2026   | 8           | A-2      | 2025-09-01 | 2025-10-10 | dropped_out      | 2025-10-10
11          | A         | 2024-2025   | 12          | A-1      | 2024-09-01 |            |                  | 2024-09-01
"""


def history() -> str:
    """The table above as nights saw it: an enrolment is open until its exit is known."""
    columns = "student_key school_id school_year grade_level class_id entry_date exit_date exit_reason known_at known_until"
    lines = [" | ".join(columns.split())]
    for r in rows(ENROLMENT):
        same = [r[k] for k in ("student_key", "school_id", "school_year", "grade_level", "class_id", "entry_date")]
        if r["exit_date"]:
            lines.append(" | ".join(map(str, [*same, "", "", r["entry_date"], r["known_at"]])))
            lines.append(" | ".join(map(str, [*same, r["exit_date"], r["exit_reason"], r["known_at"], ""])))
        else:
            lines.append(" | ".join(map(str, [*same, "", "", r["known_at"], ""])))
    return "\n".join(lines)


def labels(target: str, known_on: str) -> dict[int, tuple[float | None, str]]:
    con = warehouse(enrolment=history())
    snapshot.build(con, [dt.date(2025, 3, 1)], country())
    label.build(con, target, dt.date.fromisoformat(known_on), country())  # type: ignore[arg-type]
    return {k: (v, s) for k, v, s in con.execute("select student_key, label, state from label").fetchall()}


def test_leaves_by_next_year_once_the_census_is_known() -> None:
    assert labels("leaves_by_next_year", "2025-10-29") == {
        1: (0.0, "stayed"),
        2: (1.0, "left_not_found"),  # no exit, and in no enrolment of the next year
        3: (1.0, "left_dropped_out"),
        4: (None, "out_transferred_out"),
        5: (None, "out_deceased"),
        6: (0.0, "completed"),
        7: (1.0, "left_unknown"),
        8: (0.0, "stayed"),  # left, and was back by the census
        9: (0.0, "stayed"),  # changed school within the data
        10: (0.0, "stayed"),  # back in September; leaving in October is the next year's outcome
        11: (None, "out_finishing_unrecorded"),  # last grade, nothing recorded
    }


def test_before_maturity_a_label_is_null_never_zero() -> None:
    found = labels("leaves_by_next_year", "2025-10-28")  # census 15 October and 14 days of lag: mature on the 29th
    assert set(found.values()) == {(None, "not_mature")}


def test_leaves_within_60_days_of_a_dated_exit() -> None:
    found = labels("leaves_within_60_days", "2025-06-01")  # horizon ends 30 April, mature on 14 May
    assert found[3] == (1.0, "left_dropped_out")
    assert found[8] == (1.0, "left_dropped_out")  # a return does not erase it
    assert found[4] == (0.0, "stayed")  # transferred after the horizon
    assert found[5] == (None, "out_deceased")
    assert found[7] == (1.0, "left_unknown")
    assert found[9] == (0.0, "stayed")
    assert labels("leaves_within_60_days", "2025-05-13")[3] == (None, "not_mature")


def test_leaves_before_period_end() -> None:
    found = labels("leaves_before_period_end", "2025-07-14")  # 30 June and 14 days
    assert found[3] == (1.0, "left_dropped_out")
    assert found[4] == (None, "out_transferred_out")
    assert found[6] == (0.0, "completed")
    assert found[2] == (0.0, "stayed")


@pytest.mark.parametrize(("known_on", "expected"), [("2025-04-19", False), ("2025-04-20", True)])
def test_left_so_far_waits_until_the_exit_is_known(known_on: str, expected: bool) -> None:
    con = warehouse(enrolment=history())
    snapshot.build(con, [dt.date(2025, 3, 1)], country())
    label.build(con, "leaves_by_next_year", dt.date.fromisoformat(known_on), country())
    assert con.execute("select left_so_far from label where student_key = 3").fetchone() == (expected,)
