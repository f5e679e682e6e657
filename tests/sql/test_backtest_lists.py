"""Lead time and churn of the lists that were cut, on hand-made nights."""

import datetime as dt

import duckdb
import numpy as np
import pytest

from dropout.backtest import lists
from dropout.backtest.judge import label_nights
from dropout.model.comparison import Record
from dropout.resources import sql
from tests.tables import country, rows, warehouse

YEAR, TARGET = "2024-2025", "leaves_by_next_year"
WHERE = {"target": TARGET, "school_year": YEAR}
KNOWN_ON = dt.date(2025, 11, 30)
SCHOOL_DAYS = [1, 2, 3, 4, 5]
# School A has a calendar: open on 2, 3, 4, 6 and 9 December, closed on the 5th. School B has none: weekdays count.
CALENDAR = """
school_id | date       | is_school_day | known_at
A         | 2024-12-02 | true          | 2024-09-01
A         | 2024-12-03 | true          | 2024-09-01
A         | 2024-12-04 | true          | 2024-09-01
A         | 2024-12-05 | false         | 2024-09-01
A         | 2024-12-06 | true          | 2024-09-01
A         | 2024-12-09 | true          | 2024-09-01
"""
# 1 listed on 2 December, left on the 9th; 2 listed only on the 9th, left on the 11th; 3 left on the 11th, never listed;
# 4 left on 11 December too, but school B; 5 stayed; 6 vanished over the summer; 7 changed school on 11 December and
# vanished later; 8 dropped out on 4 December, came back, and was there next year.
ENROLMENT = """
student_key | school_id | school_year | grade_level | class_id | entry_date | exit_date  | exit_reason    | known_at
1           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-12-09 | dropped_out    | 2024-12-20
2           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-12-11 | dropped_out    | 2024-12-20
3           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-12-11 | expelled       | 2024-12-20
4           | B         | 2024-2025   | 7           | B-1      | 2024-09-01 | 2024-12-11 | unknown        | 2024-12-20
5           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |                | 2024-09-01
5           | A         | 2025-2026   | 8           | A-2      | 2025-09-01 |            |                | 2025-09-01
6           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |                | 2024-09-01
7           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-12-11 | transferred_in | 2024-12-20
8           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-12-04 | dropped_out    | 2024-12-20
8           | A         | 2025-2026   | 7           | A-2      | 2025-09-01 |            |                | 2025-09-01
"""
NIGHTS = """
student_key | as_of_date | school_id | is_listed
1           | 2024-12-02 | A         | true
2           | 2024-12-02 | A         | false
3           | 2024-12-02 | A         | false
4           | 2024-12-02 | B         | true
5           | 2024-12-02 | A         | true
6           | 2024-12-02 | A         | true
7           | 2024-12-02 | A         | true
8           | 2024-12-02 | A         | true
2           | 2024-12-09 | A         | true
3           | 2024-12-09 | A         | false
4           | 2024-12-09 | B         | false
5           | 2024-12-09 | A         | true
6           | 2024-12-09 | A         | false
2           | 2024-12-16 | A         | true
5           | 2024-12-16 | A         | false
6           | 2024-12-16 | A         | true
"""


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = warehouse(calendar=CALENDAR, enrolment=ENROLMENT)
    con.execute("create schema night")
    con.execute(
        "create table night.replayed (student_key bigint, as_of_date date, school_id varchar, is_listed boolean, "
        f"school_year varchar default '{YEAR}', target varchar default '{TARGET}', grade_level integer default 7)"
    )
    for row in rows(NIGHTS):
        con.execute(f"insert into night.replayed ({', '.join(row)}) values (?, ?, ?, ?)", list(row.values()))
    label_nights(con, WHERE, KNOWN_ON, country())
    return con


def by_metric(records: list[Record], group: str = "all") -> dict[str, tuple[object, ...]]:
    return {r.metric: (r.value, r.student_count, r.event_count) for r in records if r.as_of_group == group}


def test_school_days_from_the_first_list_to_the_exit(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(sql("backtest/lead"), {**WHERE, "known_on": KNOWN_ON, "school_days": SCHOOL_DAYS}).fetchall()
    listed, later = dt.date(2024, 12, 2), dt.date(2024, 12, 9)
    assert found == [
        (1, "A", later, listed, 4),  # 2, 3, 4 and 6 December; the 5th was closed, on the 9th the student was gone
        (2, "A", dt.date(2024, 12, 11), later, 1),  # the 9th; the list of the 16th came after the exit; no calendar day after
        (3, "A", dt.date(2024, 12, 11), None, None),
        (4, "B", dt.date(2024, 12, 11), listed, 7),  # weekdays 2 to 6, 9 and 10 December
    ]  # 6 and 7 have no dated exit for leaving; 5 and 8 were found the next year


def test_shares_are_of_those_who_left_and_the_median_of_those_who_were_found(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "EARLY", (4, 7, 8))
    found = by_metric(lists.lead_records(con, WHERE, KNOWN_ON, SCHOOL_DAYS, seed=7))
    assert found == {
        "lead_time_school_days_median": (4.0, 3, 3),  # of 1, 4 and 7
        "found_before_exit_share": (0.75, 4, 4),
        "found_4_school_days_before_share": (0.5, 4, 4),
        "found_7_school_days_before_share": (0.25, 4, 4),
        "found_8_school_days_before_share": (0.0, 4, 4),
    }


def test_churn_is_between_following_nights(con: duckdb.DuckDBPyConnection) -> None:
    records = lists.churn_records(con, WHERE, seed=7)
    # 9 December: of those listed on the 2nd, 4, 5 and 6 are still enrolled (4 and 6 left later), and 5 is listed again;
    # 2 and 5 are listed now, 2 is new
    assert by_metric(records, "2024-12-09") == {
        "listed_again_share": (pytest.approx(1 / 3), 3, 2),
        "list_share_new": (0.5, 2, 1),
    }
    # 16 December: of 2 and 5, 2 is listed again; of 2 and 6, 6 is new
    assert by_metric(records, "2024-12-16") == {"listed_again_share": (0.5, 2, 1), "list_share_new": (0.5, 2, 2)}
    # together 2 of 5 again, and 2 of 4 new; students 2, 4, 5 and 6, of whom 5 stayed
    assert by_metric(records) == {"listed_again_share": (pytest.approx(2 / 5), 4, 3), "list_share_new": (0.5, 3, 2)}
    assert {r.as_of_group for r in records} == {"2024-12-09", "2024-12-16", "all"}


@pytest.mark.parametrize(
    ("values", "drawn", "median"),
    [
        ([5, 1, 3], [1, 1, 1], 3),
        ([1, 2, 4, 9], [1, 1, 1, 1], 3),  # two middle values
        ([1, 2, 4], [0, 1, 2], 4),  # 2, 4, 4
        ([1, 2, 4], [2, 0, 1], 1),  # 1, 1, 4
        ([1, 2, 4], [1, 0, 1], 2.5),
        ([1, 2, 4], [0, 0, 0], np.nan),
    ],
)
def test_the_median_counts_a_value_as_often_as_its_school_was_drawn(values: list[int], drawn: list[int], median: float) -> None:
    found = lists._medians(np.array(values, float), np.arange(len(values)), np.array([drawn], float))
    assert found == pytest.approx([median], nan_ok=True)
