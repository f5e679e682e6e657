"""Invariant 1: a feature as of a date does not change when rows with a later event date or a later `known_at` are added."""

import datetime as dt
from typing import Any

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout.features import snapshot
from tests.tables import country, days, registers, warehouse

AS_OF = dt.date(2024, 12, 2)
DAYS = days("2024-09-02", 90)
ENROLMENT = """
student_key | school_id | school_year | grade_level | class_id | entry_date | known_at
1           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-09-01
2           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-09-01
"""
Row = tuple[int, dt.date, int, str]  # student, event date, days until it was known, status or state

event = st.tuples(
    st.integers(1, 2), st.sampled_from(DAYS), st.integers(0, 60), st.sampled_from(["absent_unexcused", "absent_excused", "late"])
)


def add_absences(con: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    """Versions of a key get the next one's known_at as known_until, as load does."""
    keys: dict[tuple[int, dt.date], list[tuple[dt.date, str]]] = {}
    for student, date, lag, status in rows:
        keys.setdefault((student, date), []).append((date + dt.timedelta(days=lag), status))
    con.execute("delete from core.attendance")
    for (student, date), versions in keys.items():
        ordered = sorted(versions)
        for i, (known_at, status) in enumerate(ordered):
            until = ordered[i + 1][0] if i + 1 < len(ordered) else None
            con.execute(
                "insert into core.attendance (student_key, date, session, status, known_at, known_until, delivery_no) "
                "values (?, ?, 'day', ?, ?, ?, 1)",
                [student, date, status, known_at, until],
            )


def add_marks(con: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    for i, (student, date, lag, _) in enumerate(rows):
        con.execute(
            "insert into core.grade (student_key, school_year, term, subject, assessment_id, assessment_date, mark, max_mark, "
            "coefficient, state, known_at, delivery_no) values (?, '2024-2025', 'S1', 'x', ?, ?, ?, 20, 1, 'marked', ?, 1)",
            [student, str(i), date, (i * 7) % 21, date + dt.timedelta(days=lag)],
        )


def snapshots(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    snapshot.build(con, [AS_OF], country())
    return con.execute("select * from snapshot order by student_key").fetchall()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(absences=st.lists(event, max_size=25), marks=st.lists(event, max_size=8))
def test_what_happens_or_is_learnt_later_changes_no_feature(absences: list[Row], marks: list[Row]) -> None:
    def known(row: Row) -> bool:
        return row[1] <= AS_OF and row[1] + dt.timedelta(days=row[2]) <= AS_OF

    con = warehouse(enrolment=ENROLMENT, register=registers("A-1", [d for d in DAYS if d <= AS_OF]))
    add_absences(con, [r for r in absences if known(r)])
    add_marks(con, [r for r in marks if known(r)])
    before = snapshots(con)
    # the world goes on: later rows, corrections known later, registers of later days, an exit, a birth year
    con.execute("delete from core.grade")
    add_absences(con, absences)
    add_marks(con, sorted(marks, key=lambda r: not known(r)))
    later = [d for d in DAYS if d > AS_OF]
    con.execute(
        "insert into core.register select 'A-1', unnest($d)::date, 'day', true, unnest($d)::date, null, 1, null, null",
        {"d": later},
    )
    con.execute("insert into core.student (student_key, birth_year, known_at, delivery_no) values (1, 2009, ?, 1)", [later[0]])
    con.execute("update core.enrolment set known_until = ? where student_key = 1", [later[3]])
    con.execute(
        "insert into core.enrolment (student_key, school_id, school_year, grade_level, class_id, entry_date, exit_date, "
        "exit_reason, known_at, delivery_no) values (1, 'A', '2024-2025', 7, 'A-1', '2024-09-01', ?, 'dropped_out', ?, 1)",
        [later[2], later[3]],
    )
    assert snapshots(con) == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(absences=st.lists(event, min_size=1, max_size=25))
def test_many_dates_at_once_give_what_each_gives_alone(absences: list[Row]) -> None:
    con = warehouse(enrolment=ENROLMENT, register=registers("A-1", DAYS))
    add_absences(con, absences)
    dates = [dt.date(2024, 10, 1), dt.date(2024, 11, 4), AS_OF]
    snapshot.build(con, dates, country())
    together = con.execute("select * from snapshot order by as_of_date, student_key").fetchall()
    alone = []
    for date in dates:
        snapshot.build(con, [date], country())
        alone += con.execute("select * from snapshot order by student_key").fetchall()
    assert together == alone
