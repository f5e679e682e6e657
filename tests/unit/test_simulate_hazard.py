"""The true risk is exact: checked against a forward recursion, by total probability, and against what came of it."""

from dataclasses import replace

import numpy as np
import pytest

from dropout.simulate.course import live
from dropout.simulate.hazard import (
    Hazard,
    causes,
    graduate,
    leave_in_week,
    risk_after_week,
    risk_on,
    stay_away,
    transition,
)
from dropout.simulate.intake import Population, first_intake
from dropout.simulate.roll import make_classes
from dropout.simulate.school_calendar import SchoolYear
from dropout.simulate.schools import open_schools

HAZARD = Hazard()
V = np.array([-1.5, 0.0, 0.8, 3.0])
GRADE = np.array([5, 6, 12, 9])
ABILITY = np.array([1.5, 0.0, 0.4, -2.0])


def population(students: int) -> tuple[Population, np.random.Generator]:
    rng = np.random.default_rng(3)
    schools = open_schools(students, rng)
    return first_intake(HAZARD, schools, students, 2022, rng), rng


def test_every_row_of_the_chain_is_a_distribution() -> None:
    p = transition(HAZARD, np.linspace(-4, 4, 50))
    assert p.min() >= 0
    assert p.sum(axis=2) == pytest.approx(np.ones((50, 4)))


def test_more_vulnerability_never_lowers_the_risk() -> None:
    v = np.linspace(-4, 4, 60)
    after = risk_after_week(HAZARD, v, np.full(60, 8), np.zeros(60), 44)
    assert (np.diff(after, axis=1) >= -1e-6).all()


def test_the_backward_recursion_equals_a_forward_one() -> None:
    weeks, start = 9, 1
    p, leave, away = transition(HAZARD, V), leave_in_week(HAZARD, V), stay_away(HAZARD, V, GRADE)
    for pupil in range(len(V)):
        here, gone = np.eye(4)[start], 0.0  # who is still there, by state at the start of a week; who is gone for good
        for week in range(weeks):
            gone += float(here @ leave[pupil]) * (1 - HAZARD.back_before_census)
            here = here * (1 - leave[pupil])
            if week < weeks - 1:
                here = here @ p[pupil]
        gone += float(here @ away[pupil]) * (1 - float(graduate(HAZARD, GRADE, ABILITY)[pupil]))
        after = risk_after_week(HAZARD, V, GRADE, ABILITY, weeks)[0, pupil, start]
        whole = risk_on(HAZARD, leave[pupil, start : start + 1], np.array([after], dtype=np.float64), 1.0)
        assert whole[0] == pytest.approx(gone, rel=1e-5)


def test_within_a_week_the_risk_is_that_of_who_has_not_left_yet() -> None:
    leave, after = np.array([0.3]), np.array([0.1])
    still = 1 - 0.3 * 4 / 6  # after four of six days
    ahead = 0.3 * 2 / 6 / still
    expected = ahead * (1 - HAZARD.back_before_census) + (1 - ahead) * 0.1
    assert risk_on(HAZARD, leave, after, 2 / 6)[0] == pytest.approx(expected)
    assert risk_on(HAZARD, leave, after, 0.0)[0] == pytest.approx(0.1)


def test_as_many_leave_as_the_risk_says() -> None:
    people, rng = population(20_000)
    roll = replace(people.roll, entry_day=np.zeros(len(people.roll), dtype=np.int64))
    own, year = people.pupils.take(roll.pupil), SchoolYear(2022)
    classes, seat = make_classes(roll, open_schools(20_000, np.random.default_rng(3)), rng)
    course = live(HAZARD, year, roll, own, classes, seat, rng)
    v = causes(HAZARD, roll, own.ability, own.poverty).total()
    after = risk_after_week(HAZARD, v, roll.grade, own.ability, year.week_count)
    everyone, week = np.arange(len(roll)), 12
    state = course.state[:, week].astype(np.int64)
    leave = leave_in_week(HAZARD, v)[everyone, state]
    risk = risk_on(HAZARD, leave, after[week, everyone, state].astype(np.float64), 1.0)
    here = (course.exit_day >= 7 * week) & (roll.fate == 0)
    for group in [here, *(here & (state == s) for s in range(4)), here & (roll.grade == 12), here & (roll.grade == 9)]:
        chance, gone = risk[group], course.is_gone_at_census[group]
        z = (gone.sum() - chance.sum()) / np.sqrt((chance * (1 - chance)).sum())
        assert abs(z) < 4


def test_pupils_taken_away_by_fate_never_drop_out() -> None:
    people, rng = population(4_000)
    own = people.pupils.take(people.roll.pupil)
    classes, seat = make_classes(people.roll, open_schools(4_000, np.random.default_rng(3)), rng)
    course = live(HAZARD, SchoolYear(2022), people.roll, own, classes, seat, rng)
    fated = people.roll.fate > 0
    assert fated.sum() > 20
    assert not course.has_left[fated].any()
    assert set(course.exit_reason[fated]) <= {"transféré (documenté)", "émigré", "décédé", "inconnu"}
    assert set(course.exit_reason[~fated]) <= {"", "abandon", "inconnu", "exclu", "limite d'âge", "diplômé"}
