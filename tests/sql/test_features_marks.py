"""Features of marks, missing work, conduct and mobility by hand."""

import pytest

from tests.tables import days, features, registers, warehouse

ENROLMENT = """
student_key | school_id | school_year | grade_level | class_id | entry_date
1           | A         | 2024-2025   | 7           | A-1      | 2024-09-01
2           | A         | 2024-2025   | 7           | A-1      | 2024-09-01
3           | A         | 2024-2025   | 7           | A-1      | 2024-09-01
"""
GRADE = """
student_key | school_year | term | subject | assessment_id | assessment_date | mark | max_mark | coefficient | state
1           | 2024-2025   | S1   | maths   | 1             | 2024-10-01      | 8    | 20       | 2           | marked
1           | 2024-2025   | S1   | french  | 1             | 2024-10-02      | 16   | 20       | 1           | marked
1           | 2024-2025   | S1   | maths   | 2             | 2024-11-01      |      | 20       | 2           | missing
1           | 2024-2025   | S2   | maths   | 1             | 2025-02-10      | 4    | 20       | 1           | marked
1           | 2024-2025   | S2   | french  | 1             | 2025-02-11      |      | 20       | 1           | exempt
2           | 2024-2025   | S1   | maths   | 1             | 2024-10-01      | 18   | 20       | 2           | marked
3           | 2024-2025   | S1   | maths   | 1             | 2024-10-01      | 10   | 20       | 2           | marked
"""


def test_means_are_weighted_by_coefficient() -> None:
    # S1: (0.4·2 + 0.8·1)/3 = 0.5333
    con = warehouse(enrolment=ENROLMENT, grade=GRADE)
    row = features(con, "2024-12-01")
    assert row["mark_mean_year_share"] == pytest.approx(1.6 / 3)
    assert row["mark_mean_term_share"] == pytest.approx(1.6 / 3)
    assert row["mark_weakest_subject_share"] == pytest.approx(0.4)
    assert row["marks_failing_count"] == 1
    assert row["mark_trend_term_difference"] is None


def test_trend_is_the_last_term_against_the_one_before() -> None:
    # S2 so far: 0.2; S1: 0.5333
    row = features(warehouse(enrolment=ENROLMENT, grade=GRADE), "2025-03-01")
    assert row["mark_mean_term_share"] == pytest.approx(0.2)
    assert row["mark_trend_term_difference"] == pytest.approx(0.2 - 1.6 / 3)


def test_recent_marks_against_the_earlier_ones_of_the_year() -> None:
    # 0.2, 0.4 | 0.6, 0.8, 1.0: the last three mean 0.8, the earlier two 0.3
    head = "student_key | school_year | term | subject | assessment_id | assessment_date | mark | max_mark | coefficient | state"
    lines = [f"1 | 2024-2025 | S1 | maths | {i} | 2024-10-0{i} | {4 * i} | 20 | 1 | marked" for i in range(1, 6)]
    con = warehouse(enrolment=ENROLMENT, grade="\n".join([head, *lines]))
    assert features(con, "2024-12-01")["mark_recent_difference"] == pytest.approx(0.8 - 0.3)
    assert features(con, "2024-10-03")["mark_recent_difference"] is None


def test_the_year_before_the_class_and_the_calendar() -> None:
    # last year 12/20; class means of this year 1.6/3, 0.9 and 0.5; 1 December is day 91 of the 302 from 1 September to 30 June
    past = ENROLMENT + "1 | A | 2023-2024 | 6 | A-0 | 2023-09-01\n"
    grade = GRADE + "1 | 2023-2024 | S2 | maths | 9 | 2024-05-05 | 12 | 20 | 1 | marked\n"
    row = features(warehouse(enrolment=past, grade=grade), "2024-12-01")
    assert row["mark_previous_year_share"] == pytest.approx(0.6)
    assert row["class_mark_mean_share"] == pytest.approx((1.6 / 3 + 0.9 + 0.5) / 3)
    assert row["year_elapsed_share"] == pytest.approx(91 / 302)
    assert row["grade_level_number"] == 7


def test_rank_in_class_runs_from_0_to_1() -> None:
    con = warehouse(enrolment=ENROLMENT, grade=GRADE)
    ranks = [features(con, "2024-12-01", student=s)["mark_rank_class_share"] for s in (1, 2, 3)]
    assert ranks == [0.5, 1.0, 0.0]  # 0.533, 0.9, 0.5


def test_missing_work_counts_absent_and_missing_not_exempt() -> None:
    # by 1 March: 5 assessments, 1 exempt, 1 missing → 1/4
    con = warehouse(enrolment=ENROLMENT, grade=GRADE)
    row = features(con, "2025-03-01")
    assert row["assessments_missing_count"] == 1
    assert row["assessments_missing_share"] == pytest.approx(1 / 4)
    assert features(con, "2024-11-15")["assessments_missing_recent_share"] == pytest.approx(1 / 3)
    assert features(con, "2024-09-15")["assessments_missing_count"] is None  # none was due yet


def test_conduct_is_zero_only_where_the_school_records_it() -> None:
    conduct = """
    student_key | date       | kind
    2           | 2024-10-05 | fight
    2           | 2024-11-29 | insult
    """
    con = warehouse(enrolment=ENROLMENT, conduct=conduct)
    assert features(con, "2024-12-01", student=2)["incidents_year_count"] == 2
    assert features(con, "2024-12-01", student=2)["incidents_40_calendar_days_count"] == 1
    assert features(con, "2024-12-01", student=1)["incidents_year_count"] == 0
    assert features(con, "2024-10-01", student=1)["incidents_year_count"] is None  # nothing recorded yet


def test_mobility_and_past() -> None:
    past = """
    student_key | school_id | school_year | grade_level | class_id | entry_date | exit_date  | exit_reason
    1           | B         | 2023-2024   | 7           | B-1      | 2023-09-01 | 2024-02-01 | transferred_in
    1           | A         | 2023-2024   | 7           | A-9      | 2024-02-02 |            |
    1           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |
    2           | A         | 2023-2024   | 6           | A-8      | 2023-09-01 |            |
    2           | A         | 2024-2025   | 7           | A-1      | 2024-10-15 |            |
    3           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |
    """
    student = """
    student_key | birth_year
    1           | 2010
    2           | 2012
    """
    con = warehouse(enrolment=past, student=student)
    one, two, three = (features(con, "2024-12-01", student=s) for s in (1, 2, 3))
    assert (one["schools_changed_count"], two["schools_changed_count"]) == (1, 0)
    assert (one["is_repeater"], two["is_repeater"], three["is_repeater"]) == (1, 0, None)
    assert (one["years_repeated_count"], two["years_repeated_count"]) == (1, 0)
    assert (one["years_over_age"], two["years_over_age"]) == (2, 0)  # grade 7 in 2024 is for those born in 2012
    assert (two["entry_late_days"], two["is_late_entry"]) == (44, 1)


def test_a_change_of_class_is_seen_in_the_versions() -> None:
    versions = """
    student_key | school_id | school_year | class_id | entry_date | known_at   | known_until
    1           | A         | 2024-2025   | A-1      | 2024-09-01 | 2024-09-02 | 2024-11-01
    1           | A         | 2024-2025   | A-2      | 2024-09-01 | 2024-11-01 |
    """
    con = warehouse(enrolment=versions)
    assert features(con, "2024-10-15")["classes_changed_year_count"] == 0
    assert features(con, "2024-12-01")["classes_changed_year_count"] == 1
    assert features(con, "2024-10-15")["class_id"] == "A-1"


def test_points_reached_count_missed_work_as_zero() -> None:
    # maths 0.4·2, french 0.8·1, maths missing with weight 2: 1.6 / 5; the exempt one is not asked for
    row = features(warehouse(enrolment=ENROLMENT, grade=GRADE), "2024-12-01")
    assert row["mark_earned_year_share"] == pytest.approx(1.6 / 5)
    only_missed = "\n".join([GRADE.strip().splitlines()[0], "1 | 2024-2025 | S1 | maths | 2 | 2024-11-01 | | 20 | 2 | missing"])
    assert features(warehouse(enrolment=ENROLMENT, grade=only_missed), "2024-12-01")["mark_earned_year_share"] == 0


def test_work_is_late_or_early_against_its_due_day() -> None:
    # 3 days early, 1 day late → mean −1; the latest is the late one; missing work and work without a due day say nothing
    grade = """
    student_key | school_year | term | subject | assessment_id | assessment_date | due_date   | mark | max_mark | state
    1           | 2024-2025   | S1   | maths   | 1             | 2024-10-01      | 2024-10-04 | 8    | 20       | marked
    1           | 2024-2025   | S1   | maths   | 2             | 2024-11-02      | 2024-11-01 | 8    | 20       | marked
    1           | 2024-2025   | S1   | maths   | 3             | 2024-11-03      | 2024-11-03 |      | 20       | missing
    2           | 2024-2025   | S1   | maths   | 1             | 2024-10-01      |            | 8    | 20       | marked
    """
    con = warehouse(enrolment=ENROLMENT, grade=grade)
    row = features(con, "2024-12-01")
    assert (row["work_late_mean_days"], row["work_late_last_days"]) == (-1, 1)
    assert features(con, "2024-12-01", student=2)["work_late_mean_days"] is None


def test_a_class_remembers_who_left_it() -> None:
    # of four, one left in October, one on 20 November, one moved away; the note of 2 December is not known on the 1st
    enrolment = """
    student_key | school_id | school_year | grade_level | class_id | entry_date | exit_date  | exit_reason     | known_at
    1           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |                 | 2024-09-01
    2           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-10-10 | dropped_out     | 2024-10-12
    3           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-11-20 | expelled        | 2024-11-21
    4           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-11-25 | transferred_out | 2024-11-25
    5           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2024-11-28 | dropped_out     | 2024-12-02
    """
    row = features(warehouse(enrolment=enrolment), "2024-12-01")
    # the fifth has no earlier version here, so the class of 1 December is of four
    assert row["class_left_year_share"] == pytest.approx(2 / 4)
    assert row["class_left_28_calendar_days_share"] == pytest.approx(1 / 3)


def test_rank_of_absence_in_the_class() -> None:
    con = warehouse(
        enrolment=ENROLMENT,
        register=registers("A-1", days("2024-09-02", 20)),
        attendance="""
        student_key | date       | session | status
        1           | 2024-09-03 | day     | absent_unexcused
        2           | 2024-09-03 | day     | absent_excused
        2           | 2024-09-04 | day     | absent_excused
        """,
    )
    # 3 missed none, 1 one day, 2 two days
    assert [features(con, "2024-09-27", student=k)["absence_28d_rank_class_share"] for k in (3, 1, 2)] == [0, 0.5, 1]


def test_place_in_the_class_by_activity() -> None:
    # last 28 days: 1 does 3, 2 does 9, 3 nothing; over the year 3 did most, all exercises; 2 December is not known yet
    activity = """
    student_key | date       | kind    | amount
    1           | 2024-11-20 | content | 3
    2           | 2024-11-20 | content | 5
    2           | 2024-11-28 | forum   | 4
    3           | 2024-09-20 | quiz    | 50
    3           | 2024-12-02 | quiz    | 90
    """
    con = warehouse(enrolment=ENROLMENT, activity=activity)
    ranks = {k: features(con, "2024-12-01", student=k) for k in (1, 2, 3)}
    assert [ranks[k]["activity_28_calendar_days_rank_class_share"] for k in (3, 1, 2)] == [0, 0.5, 1]
    assert [ranks[k]["activity_year_rank_class_share"] for k in (1, 2, 3)] == [0, 0.5, 1]
    assert [ranks[k]["activity_quiz_rank_class_share"] for k in (1, 2, 3)] == [0, 0, 1]
    assert [ranks[k]["activity_7_calendar_days_rank_class_share"] for k in (1, 2, 3)] == [0, 1, 0]
    assert features(warehouse(enrolment=ENROLMENT), "2024-12-01")["activity_year_rank_class_share"] is None


def test_assessments_of_the_class_and_those_marked() -> None:
    # by 1 December the class had maths 1, french 1 and maths 2, the last due on 1 November; the first pupil has marks for two
    row = features(warehouse(enrolment=ENROLMENT, grade=GRADE), "2024-12-01")
    assert row["class_assessments_year_count"] == 3
    assert row["class_assessments_weight_sum"] == 5  # 2 + 1 + 2
    assert row["assessments_marked_weight_sum"] == 3  # 2 + 1
    assert row["class_assessment_last_days"] == 30
    assert row["assessments_marked_count"] == 2
