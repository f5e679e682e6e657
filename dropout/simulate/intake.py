"""Who is on the roll: the first year's pupils, and from then on who came back, who repeats and who is new."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dropout.simulate.course import BACK, Course, settle
from dropout.simulate.hazard import Hazard, causes
from dropout.simulate.pupils import Pupils, new_pupils
from dropout.simulate.roll import FATES, Arrival, Roll, make_roll
from dropout.simulate.schools import GRADE_SHARES, GRADES, Schools

_BURN_IN_WEEKS = 25
_MOVED_HOUSE_SHARE = 0.015
_JANUARY_DAYS = (125, 160)
_REPEAT_LOG_ODDS, _REPEAT_PER_POINT = -2.3, -0.45  # at a mean mark of 10, per point above
_NO_MARK = 8.0  # what a year without any mark counts as when it is decided who repeats
_ABILITY_SD, _ABILITY_KEPT = 0.97, 0.95
_OVER_AGE_PER_GRADE, _ABILITY_PER_YEAR_OVER = 0.055, -0.3
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Population:
    """All pupils ever met, this year's roll, and who is away for a year (numbers of pupils, last grades)."""

    pupils: Pupils
    roll: Roll
    away: Ints
    away_grade: Ints


def first_intake(hazard: Hazard, schools: Schools, students: int, year: int, rng: np.random.Generator) -> Population:
    """A district as if it had just opened; a few years later its grades, ages and repeaters have settled."""
    grade = np.repeat(GRADES, np.round(GRADE_SHARES * students).astype(np.int64))
    pupils = _newcomers(grade, year, rng)
    n = len(grade)
    no = np.zeros(n, dtype=np.bool_)
    arrival = Arrival(np.arange(n), grade, is_repeater=no, is_newcomer=no, is_known=~no)
    roll = _settled(hazard, make_roll(schools, pupils, year, arrival, rng), pupils, rng)
    nobody = np.zeros(0, dtype=np.int64)
    return Population(pupils, roll, nobody, nobody)


def next_intake(
    hazard: Hazard, schools: Schools, last: Population, course: Course, mean_mark: NDArray[np.float64],
    students: int, year: int, rng: np.random.Generator,
) -> Population:  # fmt: skip
    """The next year's population: who came back, moved up or repeats, who returns after a year away, who is new."""
    stay, grade, is_repeating = _who_comes_back(last.roll, course, mean_mark, rng)
    pupils, has_moved = _a_year_older(last.pupils, rng)
    fresh = _gaps(np.concatenate([grade, last.away_grade]), students)
    first_new = len(has_moved)
    pupils = pupils.followed_by(_newcomers(fresh, year, rng))
    pupil = np.concatenate([last.roll.pupil[stay], last.away, first_new + np.arange(len(fresh))])
    n_stay, n_away, n_new = len(stay), len(last.away), len(fresh)
    grades = np.concatenate([grade, last.away_grade, fresh])
    is_new = np.arange(len(pupil)) >= n_stay + n_away
    moved = np.concatenate([has_moved, np.zeros(n_new, dtype=np.bool_)])[pupil]
    arrival = Arrival(
        pupil,
        grades,
        is_repeater=np.concatenate([is_repeating, np.ones(n_away, dtype=np.bool_), np.zeros(n_new, dtype=np.bool_)]),
        is_newcomer=moved | (is_new & (grades > 1)),
        is_known=np.arange(len(pupil)) < n_stay,
    )
    own = pupils.take(pupil)
    roll = _settled(hazard, make_roll(schools, own, year, arrival, rng), own, rng)
    roll = _continued(hazard, roll, last.roll, course, stay, rng)
    later = course.back == BACK.index("a_year_later")
    return Population(pupils, roll, last.roll.pupil[later], last.roll.grade[later])


def _who_comes_back(
    roll: Roll, course: Course, mean_mark: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Rows of last year's roll that are on the next one, their grade there, and who repeats."""
    comes = ~course.has_left & ~course.has_graduated & (roll.fate == FATES.index("none"))
    comes |= np.isin(course.back, (BACK.index("before_census"), BACK.index("after_census")))
    mark = np.nan_to_num(mean_mark, nan=_NO_MARK)
    chance = 1 / (1 + np.exp(-(_REPEAT_LOG_ODDS + _REPEAT_PER_POINT * (mark - 10))))
    repeats = (rng.random(len(roll)) < chance) | course.has_left | (roll.grade == GRADES[-1])
    stay = np.flatnonzero(comes)
    return stay, roll.grade[stay] + ~repeats[stay], repeats[stay]


def _a_year_older(pupils: Pupils, rng: np.random.Generator) -> tuple[Pupils, NDArray[np.bool_]]:
    """Ability drifts a little; a few families move house (returned as flags)."""
    n = len(pupils.home)
    drift = rng.normal(0, _ABILITY_SD * np.sqrt(1 - _ABILITY_KEPT**2), n)
    has_moved = rng.random(n) < _MOVED_HOUSE_SHARE
    home = np.where(has_moved, rng.random(n), pupils.home)
    return replace(pupils, ability=_ABILITY_KEPT * pupils.ability + drift, home=home), has_moved


def _newcomers(grade: Ints, year: int, rng: np.random.Generator) -> Pupils:
    """Pupils for these grades; weaker ones are more often over age."""
    usual = _OVER_AGE_PER_GRADE * grade
    over = np.minimum(grade - 1, rng.poisson(usual))
    pupils = new_pupils(year - 5 - grade - over, rng)
    return replace(pupils, ability=pupils.ability + _ABILITY_PER_YEAR_OVER * (over - usual))


def _gaps(grade: Ints, students: int) -> Ints:
    """Grades of the newcomers that bring each grade back to its share of the district."""
    target = np.round(GRADE_SHARES * students).astype(np.int64)
    have = np.bincount(grade, minlength=len(GRADES) + 1)[1:]
    return np.repeat(GRADES, np.maximum(0, target - have))


def _settled(hazard: Hazard, roll: Roll, pupils: Pupils, rng: np.random.Generator) -> Roll:
    v = causes(hazard, roll, pupils.ability, pupils.poverty).total()
    return replace(roll, first_state=settle(hazard, v, _BURN_IN_WEEKS, rng))


def _continued(hazard: Hazard, roll: Roll, last: Roll, course: Course, stay: Ints, rng: np.random.Generator) -> Roll:
    """Some begin the year as they ended the last one; who came back after the census enters in January."""
    state, entry, fate = roll.first_state.copy(), roll.entry_day.copy(), roll.fate.copy()
    keeps = np.flatnonzero(rng.random(len(stay)) < hazard.keep_over_summer)
    state[keeps] = course.state[stay[keeps], -1]
    january = np.flatnonzero(course.back[stay] == BACK.index("after_census"))
    entry[january] = rng.integers(*_JANUARY_DAYS, len(january))
    fate[january] = FATES.index("none")
    return replace(roll, first_state=state, entry_day=entry, fate=fate)
