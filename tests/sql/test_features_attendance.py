"""Attendance features by hand: a table of a few rows in, one number out."""

import datetime as dt

import pytest

from dropout.features import snapshot
from dropout.resources import sql
from tests.tables import country, days, features, registers, warehouse

ENROLMENT = """
student_key | school_id | school_year | class_id | entry_date
1           | A         | 2024-2025   | A-1      | 2024-09-01
2           | A         | 2024-2025   | A-1      | 2024-09-01
"""
DAYS = days("2024-09-02", 60)  # 2 September to 22 November 2024


def absences(*marks: tuple[int, str], student: int = 1, session: str = "day") -> str:
    lines = [f"{student} | {DAYS[i]} | {session} | {status}" for i, status in marks]
    return "\n".join(["student_key | date | session | status", *lines])


def test_rates_are_over_taken_registers_only() -> None:
    # 20 school days, 4 registers not taken → 16 taken; absent on 2 of the taken → 2/16
    not_taken = frozenset(DAYS[2:6])
    con = warehouse(
        enrolment=ENROLMENT,
        register=registers("A-1", DAYS[:20], not_taken=not_taken),
        attendance=absences((0, "absent_unexcused"), (19, "absent_excused"), (3, "absent_unexcused")),
    )
    row = features(con, str(DAYS[19]))
    assert row["absence_share_year"] == pytest.approx(2 / 16)
    assert row["absence_unexcused_share_year"] == pytest.approx(1 / 16)
    assert row["registers_taken_28d_count"] == 16
    assert row["register_coverage_share_28d"] == pytest.approx(16 / 20)


def test_windows_count_back_over_taken_registers() -> None:
    # 60 days taken; absent without excuse on days 0, 30, 33, 58, 59 → last 7: 2, last 28 (days 32–59): 3, the 28 before (4–31): 1
    con = warehouse(
        enrolment=ENROLMENT,
        register=registers("A-1", DAYS),
        attendance=absences(*[(i, "absent_unexcused") for i in (0, 30, 33, 58, 59)]),
    )
    row = features(con, str(DAYS[59]))
    assert row["absences_unexcused_7d_count"] == 2
    assert row["absences_unexcused_28d_count"] == 3
    assert row["absences_unexcused_28d_before_count"] == 1
    assert row["absence_share_7d"] == pytest.approx(2 / 7)
    assert row["absence_share_28d"] == pytest.approx(3 / 28)
    assert [row[f"registers_taken_{w}d_count"] for w in (7, 28, 56)] == [7, 28, 56]
    assert row["absence_share_56d"] == pytest.approx(4 / 56)
    assert row["absence_trend_difference"] == pytest.approx(3 / 28 - 1 / 28)
    assert row["absence_own_past_difference"] == pytest.approx(3 / 28 - 2 / 32)  # earlier: days 0–31, two absences


def test_streaks_run_over_taken_registers() -> None:
    # missed days 4, 5, (6 not taken), 7 → one run of 3; missed 18, 19 → the current run of 2
    con = warehouse(
        enrolment=ENROLMENT,
        register=registers("A-1", DAYS[:20], not_taken=frozenset([DAYS[6]])),
        attendance=absences(*[(i, "absent_unexcused") for i in (4, 5, 7, 18, 19)]),
    )
    row = features(con, str(DAYS[19]))
    assert row["absence_streak_longest_days"] == 3
    assert row["absence_streak_current_days"] == 2
    assert features(con, str(DAYS[19]), student=2)["absence_streak_current_days"] == 0


def test_half_days_are_halves_and_lateness_is_no_absence() -> None:
    # one morning missed (0.5), one late: 10 registers → 0.05 absent, 0.1 late
    text = absences((1, "absent_unexcused"), session="am") + f"\n1 | {DAYS[2]} | day | late"
    con = warehouse(enrolment=ENROLMENT, register=registers("A-1", DAYS[:10]), attendance=text)
    row = features(con, str(DAYS[9]))
    assert row["absence_share_year"] == pytest.approx(0.05)
    assert row["lateness_share_28d"] == pytest.approx(0.1)
    assert row["lateness_share_year"] == pytest.approx(0.1)


def test_week_edges_and_class_gap() -> None:
    # four absences, three of them on a Monday or Friday (days 0, 4 and 5 are Mon, Fri, Mon); class mean (4/10 + 0)/2 = 0.2
    con = warehouse(
        enrolment=ENROLMENT,
        register=registers("A-1", DAYS[:10]),
        attendance=absences(*[(i, "absent_excused") for i in (0, 2, 4, 5)]),
    )
    row = features(con, str(DAYS[9]))
    assert row["absence_week_edge_share"] == pytest.approx(0.75)
    assert row["absence_class_gap_difference"] == pytest.approx(0.2)
    assert row["class_absence_share_year"] == pytest.approx(0.2)


def test_whoever_entered_late_is_measured_from_entry_on() -> None:
    # entered on day 10 of 20: an absence on day 12 is 1 of 10
    late = ENROLMENT + f"3 | A | 2024-2025 | A-1 | {DAYS[10]}\n"
    con = warehouse(
        enrolment=late, register=registers("A-1", DAYS[:20]), attendance=absences((12, "absent_unexcused"), student=3)
    )
    row = features(con, str(DAYS[19]), student=3)
    assert row["absence_share_year"] == pytest.approx(1 / 10)
    assert row["registers_taken_28d_count"] == 10
    assert row["entry_late_days"] == (DAYS[10] - dt.date(2024, 9, 1)).days
    assert row["is_late_entry"] == 0  # 15 days after the start is not yet late


def test_without_a_register_nothing_is_known() -> None:
    con = warehouse(enrolment=ENROLMENT)
    row = features(con, "2024-11-01")
    assert row["absence_share_year"] is None
    assert row["absences_unexcused_28d_count"] is None


def test_previous_year_counts_days_and_needs_an_enrolment_then() -> None:
    past = ENROLMENT + "1 | A | 2023-2024 | A-0 | 2023-09-01\n"
    text = "student_key | date | session | status\n1 | 2023-11-06 | day | absent_excused\n1 | 2023-11-07 | pm | absent_unexcused"
    con = warehouse(enrolment=past, register=registers("A-1", DAYS[:10]), attendance=text)
    assert features(con, str(DAYS[9]))["absences_previous_year_count"] == 1.5
    assert features(con, str(DAYS[9]), student=2)["absences_previous_year_count"] is None


TOTALS = """
student_key|period_start|period_end|school_days|absent_days|absent_excused_days|absent_unexcused_days|late_count|known_at
1|2024-09-01|2024-09-30|20||1|3|2|2024-10-02
1|2024-10-01|2024-10-31|20|10||||2024-11-02
1|2024-11-01|2024-11-30|20|20||||2024-12-02
1|2024-09-01|2024-10-31|40|14||||2024-11-02
"""


def test_totals_speak_where_no_register_was_taken() -> None:
    # as of 22 November: September (1 + 3 of 20) and October (10 of 20); their sum not again; November is not over
    row = features(warehouse(enrolment=ENROLMENT, attendance_total=TOTALS), "2024-11-22")
    assert row["absence_share_year"] == pytest.approx(14 / 40)
    assert row["absence_unexcused_share_year"] == pytest.approx(3 / 20)  # only September tells of excuses
    assert row["lateness_share_year"] == pytest.approx(2 / 20)
    assert row["absence_share_last_period"] == pytest.approx(10 / 20)
    assert row["days_in_totals_62_calendar_days_count"] == 40
    assert row["absence_share_28d"] is None
    assert row["registers_taken_56d_count"] is None


def test_registers_come_before_totals_and_old_totals_are_not_the_last() -> None:
    registers_too = {"register": registers("A-1", DAYS[:20]), "attendance": absences((0, "absent_unexcused"))}
    row = features(warehouse(enrolment=ENROLMENT, attendance_total=TOTALS, **registers_too), "2024-11-22")
    assert row["absence_share_year"] == pytest.approx(1 / 20)
    assert row["absence_share_last_period"] == pytest.approx(10 / 20)
    row = features(warehouse(enrolment=ENROLMENT, attendance_total=TOTALS), "2025-04-01")
    assert row["absence_share_year"] == pytest.approx(34 / 60)
    assert row["absence_share_last_period"] is None
    assert row["days_in_totals_62_calendar_days_count"] is None


def test_the_calendar_counts_the_days_of_a_total_that_does_not() -> None:
    calendar = "\n".join(["school_id | date | is_school_day | known_at", *(f"A | {d} | true | 2024-08-01" for d in DAYS)])
    total = "student_key | period_start | period_end | absent_days\n1 | 2024-09-01 | 2024-09-30 | 3"
    row = features(warehouse(enrolment=ENROLMENT, attendance_total=total, calendar=calendar), "2024-10-10")
    assert row["absence_share_year"] == pytest.approx(3 / 21)  # 21 weekdays from 2 to 30 September
    row = features(warehouse(enrolment=ENROLMENT, attendance_total=total), "2024-10-10")
    assert row["absence_share_year"] is None  # of how many days, nobody says


def test_totals_of_the_year_before_count_as_its_absences() -> None:
    before = ENROLMENT.rstrip() + "\n1 | A | 2023-2024 | A-0 | 2023-09-01\n"
    total = (
        "student_key | period_start | period_end | absent_days\n1 | 2023-09-01 | 2023-12-31 | 7\n1 | 2024-01-01 | 2024-06-30 | 4"
    )
    assert features(warehouse(enrolment=before, attendance_total=total), "2024-10-10")["absences_previous_year_count"] == 11


def test_present_absent_and_no_register_are_three_things_per_class_and_day() -> None:
    con = warehouse(
        enrolment=ENROLMENT + "3 | A | 2024-2025 | A-2 | 2024-09-04\n",
        register=registers("A-1", DAYS[:3], not_taken=frozenset([DAYS[1]])) + f"\nA-2 | {DAYS[2]} | day | true",
        attendance=absences((0, "absent_unexcused"), (1, "absent_unexcused"), (2, "late")),
    )
    with snapshot.built(con, [DAYS[2]], country()):
        found = con.execute(
            "select class_id, date, is_register_taken, is_register_derived, pupil_count, absent_count, late_count "
            f"from ({sql('features/class_day')}) order by all"
        ).fetchall()
    assert found == [
        ("A-1", DAYS[0], True, True, 2, 1, 0),
        ("A-1", DAYS[1], False, False, 2, None, None),
        ("A-1", DAYS[2], True, True, 2, 0, 1),
        ("A-2", DAYS[0], False, False, 0, None, None),
        ("A-2", DAYS[1], False, False, 0, None, None),
        ("A-2", DAYS[2], True, True, 1, 0, 0),
    ]
