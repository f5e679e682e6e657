"""The leading cause, on pupils made by hand, and what counts as naming it."""

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl

from dropout.simulate.course import Lived, live
from dropout.simulate.hazard import SHOCK, STEADY, STRAINED, WITHDRAWING, Hazard
from dropout.simulate.intake import first_intake
from dropout.simulate.leading import LEADING, compare_reasons, leading_by_week
from dropout.simulate.pupils import student_codes
from dropout.simulate.roll import make_classes
from dropout.simulate.school_calendar import SchoolYear
from dropout.simulate.schools import open_schools

NIGHT = dt.date(2026, 3, 2)


def nine_average_pupils() -> Lived:
    """Pupils of the third grade with nothing that raises or lowers their vulnerability: v = 0."""
    rng = np.random.default_rng(3)
    schools, year = open_schools(4_000, rng), SchoolYear(2025)
    people = first_intake(Hazard(), schools, 4_000, 2025, rng)
    nine = np.flatnonzero(people.roll.grade == 3)[:9]
    no = np.zeros(9, dtype=np.bool_)
    roll = replace(
        people.roll.take(nine),
        km=np.full(9, np.e - 1),
        is_repeater=no,
        is_newcomer=no,
        years_over_age=np.zeros(9, dtype=np.int64),
    )
    own = replace(people.pupils.take(roll.pupil), ability=np.zeros(9), poverty=np.full(9, 0.42))
    classes, seat = make_classes(roll, schools, rng)
    course = live(Hazard(), year, roll, own, classes, seat, rng)
    return Lived(year, roll, own, student_codes(0, 9, 3), classes, course)


def test_each_cause_leads_the_pupil_who_has_nothing_else() -> None:
    lived = nine_average_pupils()
    lived.course.state[:] = STEADY
    lived.course.state[0], lived.course.state[1], lived.course.state[2] = WITHDRAWING, SHOCK, STRAINED
    lived.own.ability[3] = -2.0  # 0.8 × 2 = 1.6 of vulnerability
    lived.roll.years_over_age[4] = 3  # 0.2 × 3, and repeating 0.35: 0.95
    lived.roll.is_repeater[4] = True
    lived.own.poverty[5], lived.roll.km[5] = 0.9, 40.0  # 0.2 × 0.48 + 0.12 × 2.7: 0.42
    lived.own.ability[6], lived.course.state[6] = -2.0, WITHDRAWING  # acute withdrawal outweighs weak marks
    lived.course.state[7, 10:] = WITHDRAWING  # steady for ten weeks, and then no longer
    leading = [LEADING[place] for place in leading_by_week(Hazard(), lived)[:, 20]]
    assert leading == [
        "attendance_now", "attendance_now", "attendance_pattern", "marks", "mobility", "background", "attendance_now",
        "attendance_now", "none",
    ]  # fmt: skip
    assert LEADING[leading_by_week(Hazard(), lived)[7, 9]] == "none"


def test_a_cause_is_named_when_it_is_among_what_was_said() -> None:
    truth = pl.DataFrame(
        {
            "student_id": ["A", "B", "C", "D", "E"],
            "as_of_date": [NIGHT] * 5,
            "leading_cause": ["marks", "marks", "attendance_now", "background", "none"],
        }
    )
    said = pl.DataFrame(
        {
            "student_id": ["A", "B", "C", "D", "E", "F"],  # F is not enrolled any more, which the school does not know
            "as_of_date": [NIGHT] * 6,
            "concepts": [["attendance_now", "marks"], ["attendance_now"], ["attendance_now"], ["marks"], [], ["marks"]],
        },
        schema_overrides={"concepts": pl.List(pl.String)},
    )
    found = compare_reasons(said, truth)
    assert (found["named"], found["n"]) == (2 / 3, 3)  # A and C of A, B, C
    assert (found["named_of_all"], found["n_all"]) == (2 / 5, 5)
    assert found["causes"] == {
        "attendance_now": {"n": 1, "named": 1.0},
        "marks": {"n": 2, "named": 0.5},
        "background": {"n": 1, "named": 0.0},
        "none": {"n": 1, "named": 0.0},
    }
