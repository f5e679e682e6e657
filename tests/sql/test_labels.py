"""Every label rule by hand, as of 1 March 2025 in 2024-2025; the census of the next year is 15 October 2025."""

import datetime as dt

import pytest

from dropout.country import SchoolYear, YearRule
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


# rarer histories; where the text says so, an exit is known later than it happened
RARER = """
student_key | school_id | school_year | grade_level | class_id | entry_date | exit_date  | exit_reason        | known_at
20          | A         | 2024-2025   | 12          | A-1      | 2024-09-01 | 2025-06-30 | graduated          | 2025-06-30
20          | A         | 2025-2026   | 12          | A-2      | 2025-11-03 |            |                    | 2025-11-03
21          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-10 | dropped_out        | 2025-04-10
21          | A         | 2024-2025   | 7           | A-1      | 2025-05-02 | 2025-06-10 | transferred_out    | 2025-06-10
22          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-20 | transferred_in     | 2025-03-20
22          | B         | 2024-2025   | 7           | B-1      | 2025-03-21 | 2025-04-25 | dropped_out        | 2025-04-25
23          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |                    | 2024-09-01
23          | B         | 2024-2025   | 7           | B-1      | 2025-01-10 | 2025-04-10 | dropped_out        | 2025-04-10
24          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |                    | 2024-09-01
24          | A         | 2025-2026   | 8           | A-2      | 2025-09-01 | 2025-09-20 | invalid_enrolment  | 2025-09-20
25          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-10 | dropped_out        | 2025-06-10
26          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-15 | unknown            | 2025-03-15
26          | B         | 2024-2025   | 7           | B-1      | 2025-05-05 |            |                    | 2025-05-05
27          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-20 | expelled           | 2025-03-20
28          | A         | 2024-2025   | 9           | A-1      | 2024-09-01 | 2025-03-20 | aged_out           | 2025-03-20
29          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-20 | emigrated          | 2025-03-20
30          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-30 | dropped_out        | 2025-04-30
31          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-05-01 | dropped_out        | 2025-05-01
32          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-01 | dropped_out        | 2025-03-03
33          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-01 | dropped_out        | 2025-03-01
34          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-02-25 | transferred_out    | 2025-03-05
35          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-30 | unknown            | 2025-04-30
35          | B         | 2024-2025   | 7           | B-1      | 2024-09-01 | 2025-04-30 | emigrated          | 2025-04-30
36          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-10 | dropped_out        | 2025-04-10
36          | B         | 2024-2025   | 7           | B-1      | 2024-10-01 | 2025-03-10 | invalid_enrolment  | 2025-03-10
37          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-20 |                    | 2025-03-20
38          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-10 | dropped_out        | 2025-04-10
38          | B         | 2025-2026   | 7           | B-2      | 2025-11-03 |            |                    | 2025-11-03
39          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-10 | dropped_out        | 2025-04-10
39          | B         | 2024-2025   | 7           | B-1      | 2025-04-10 |            |                    | 2025-04-10
40          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-10 | invalid_enrolment  | 2025-03-10
41          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-10 | dropped_out        | 2025-04-10
41          | A         | 2025-2026   | 7           | A-2      | 2025-09-01 |            |                    | 2025-04-15
42          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-02-25 | transferred_in     | 2025-03-05
42          | B         | 2024-2025   | 7           | B-1      | 2025-03-03 |            |                    | 2025-03-05
43          | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-03-20 | deceased           | 2025-03-20
43          | B         | 2024-2025   | 7           | B-1      | 2024-09-01 | 2025-03-20 | dropped_out        | 2025-03-20
"""


def history(drawn: str = ENROLMENT) -> str:
    """A table like those above as nights saw it: an enrolment is open until its exit is known."""
    columns = "student_key school_id school_year grade_level class_id entry_date exit_date exit_reason known_at known_until"
    lines = [" | ".join(columns.split())]
    for r in rows(drawn):
        same = [r[k] for k in ("student_key", "school_id", "school_year", "grade_level", "class_id", "entry_date")]
        if r["exit_date"]:
            lines.append(" | ".join(map(str, [*same, "", "", r["entry_date"], r["known_at"]])))
            lines.append(" | ".join(map(str, [*same, r["exit_date"], r["exit_reason"] or "", r["known_at"], ""])))
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


Outcome = tuple[float | None, str, bool]


def outcomes(target: str, known_on: str, drawn: str = RARER, **changes: object) -> dict[int, Outcome]:
    """Student → label, state and whether a leaver returned, as of 1 March 2025."""
    con = warehouse(enrolment=history(drawn))
    snapshot.build(con, [dt.date(2025, 3, 1)], country(**changes))
    label.build(con, target, dt.date.fromisoformat(known_on), country(**changes))  # type: ignore[arg-type]
    return {k: (v, s, r) for k, v, s, r in con.execute("select student_key, label, state, is_returned from label").fetchall()}


def test_rarer_histories_by_next_year() -> None:
    assert outcomes("leaves_by_next_year", "2025-12-01") == {
        20: (0.0, "completed", False),  # graduated; that she is back in November makes her no leaver who returned
        21: (None, "out_transferred_out", False),  # two exits: the last one says where he is
        22: (1.0, "left_dropped_out", False),  # moved to B in March, dropped out there in April
        23: (1.0, "left_dropped_out", False),  # in two schools; A never closed its enrolment, and nobody finds him next year
        24: (1.0, "left_not_found", False),  # next year's enrolment turned out never to have been
        25: (1.0, "left_dropped_out", False),
        26: (1.0, "left_unknown", False),  # back in May, yet not found in October
        27: (1.0, "left_expelled", False),
        28: (1.0, "left_aged_out", False),
        29: (None, "out_emigrated", False),
        30: (1.0, "left_dropped_out", False),
        31: (1.0, "left_dropped_out", False),
        32: (1.0, "left_dropped_out", False),  # left on 1 March; that night did not know it
        # 33 left on 1 March and that night knew it: no snapshot
        34: (None, "out_transferred_out", False),  # transferred before the snapshot, known after it
        35: (None, "out_emigrated", False),  # two exits on one day: the one that says where to
        36: (1.0, "left_dropped_out", False),  # B's enrolment never was; A's is the true one
        37: (1.0, "left_unknown", False),  # an exit without a reason
        38: (1.0, "left_dropped_out", True),  # not there on 15 October, and back on 3 November: returned, and still a leaver
        39: (1.0, "left_dropped_out", False),  # B's enrolment is open, but nobody finds her next year
        40: (None, "out_invalid_enrolment", False),
        41: (0.0, "stayed", False),  # enrolled ahead for September, and never taken off that roll
        42: (1.0, "left_not_found", False),
        43: (None, "out_deceased", False),
    }


def test_a_return_counts_once_it_is_known() -> None:
    assert outcomes("leaves_by_next_year", "2025-11-02")[38] == (1.0, "left_dropped_out", False)
    assert outcomes("leaves_by_next_year", "2025-11-03")[38] == (1.0, "left_dropped_out", True)
    assert outcomes("leaves_by_next_year", "2025-10-28")[38] == (None, "not_mature", False)


def test_rarer_histories_within_60_days() -> None:
    """The horizon ends on 30 April 2025."""
    assert outcomes("leaves_within_60_days", "2025-06-10") == {
        20: (0.0, "stayed", False),
        21: (1.0, "left_dropped_out", True),  # back on 2 May; the first exit counts
        22: (1.0, "left_dropped_out", False),  # the change of school is no exit, the one after it is
        23: (1.0, "left_dropped_out", False),  # leaving either of two schools counts
        24: (0.0, "stayed", False),
        25: (1.0, "left_dropped_out", False),
        26: (1.0, "left_unknown", True),
        27: (1.0, "left_expelled", False),
        28: (1.0, "left_aged_out", False),
        29: (None, "out_emigrated", False),
        30: (1.0, "left_dropped_out", False),  # the horizon's last day
        31: (0.0, "stayed", False),  # one day after it
        32: (None, "out_left_before", False),  # gone on the as-of date: nothing was left to predict
        34: (None, "out_transferred_out", False),
        35: (None, "out_emigrated", False),
        36: (1.0, "left_dropped_out", False),
        37: (1.0, "left_unknown", False),
        38: (1.0, "left_dropped_out", False),  # November has not come
        39: (1.0, "left_dropped_out", True),  # back the same day, elsewhere
        40: (None, "out_invalid_enrolment", False),
        41: (1.0, "left_dropped_out", False),  # September has not come: enrolled ahead is not returned
        42: (0.0, "stayed", False),  # between two schools on 1 March
        43: (None, "out_deceased", False),
    }


def test_an_exit_known_only_after_the_labelling_day_changes_the_label_later() -> None:
    assert outcomes("leaves_within_60_days", "2025-06-09")[25] == (0.0, "stayed", False)
    assert outcomes("leaves_within_60_days", "2025-06-10")[25] == (1.0, "left_dropped_out", False)


def test_who_had_left_before_is_out_as_soon_as_that_is_known() -> None:
    """Not only when the horizon is over: a running cohort would count such a student as one who stayed so far."""
    assert outcomes("leaves_within_60_days", "2025-03-02")[32] == (None, "not_mature", False)
    assert outcomes("leaves_within_60_days", "2025-03-03")[32] == (None, "out_left_before", False)


def test_before_period_end_the_year_is_the_horizon() -> None:
    found = outcomes("leaves_before_period_end", "2025-07-14")
    assert found[31] == (1.0, "left_dropped_out", False)
    assert found[20] == (0.0, "completed", False)
    assert found[21] == (1.0, "left_dropped_out", True)


YEARS = [  # the census of 2024-2025 falls on 1 December, that of the year before on 15 October
    SchoolYear(school_year=f"{y}-{y + 1}", start_date=dt.date(y, 9, 1), end_date=dt.date(y + 1, 6, 30), census_date=census)
    for y, census in ((2023, dt.date(2024, 10, 15)), (2024, dt.date(2025, 12, 1)), (2025, dt.date(2026, 10, 15)))
]


def test_each_listed_school_year_has_its_own_census() -> None:
    changes = {"school_year": None, "school_years": YEARS}
    assert outcomes("leaves_by_next_year", "2025-12-14", **changes)[38] == (None, "not_mature", False)
    found = outcomes("leaves_by_next_year", "2025-12-15", **changes)  # 1 December and 14 days
    assert found[38] == (0.0, "stayed", False)  # back on 3 November, before this year's census
    assert found[22] == (1.0, "left_dropped_out", False)


def test_a_school_year_within_a_calendar_year_has_a_next_one() -> None:
    """February to November: no as-of date lies in the calendar year in which the next school year begins."""
    south = country(school_year=YearRule(starts="02-01", ends="11-30", census="03-15"), school_years=[])
    con = warehouse(
        enrolment="""
        student_key | school_id | school_year | grade_level | class_id | entry_date | exit_date | exit_reason | known_at
        1           | A         | 2024-2025   | 7           | A-1      | 2024-02-01 |           |             | 2024-02-01
        1           | A         | 2025-2026   | 8           | A-2      | 2025-02-01 |           |             | 2025-02-01
        2           | A         | 2024-2025   | 7           | A-1      | 2024-02-01 |           |             | 2024-02-01
        """
    )
    snapshot.build(con, [dt.date(2024, 9, 2)], south)
    label.build(con, "leaves_by_next_year", dt.date(2025, 3, 29), south)  # 15 March 2025 and 14 days
    found = con.execute("select student_key, label, state from label order by 1").fetchall()
    assert found == [(1, 0.0, "stayed"), (2, 1.0, "left_not_found")]
