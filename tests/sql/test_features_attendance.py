"""Attendance features by hand: a table of a few rows in, one number out."""

import datetime as dt

import pytest

from tests.tables import days, features, registers, warehouse

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
