"""What happens in a year: each pupil's weekly state, changes of school or class, and who leaves when."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dropout.simulate.hazard import Hazard, causes, graduate, leave_in_week, stay_away, transition
from dropout.simulate.pupils import Pupils
from dropout.simulate.roll import FATES, Classes, Roll
from dropout.simulate.school_calendar import SchoolYear

NEVER = 10_000  # a day that does not come
_CLASS_CHANGE_WEEKLY = 0.0003
_REASONS = ("abandon", "inconnu", "exclu", "limite d'âge")
_REASON_SHARES = (0.84, 0.07, 0.04, 0.05)
_AGE_LIMIT_GRADE = 10  # the grade of one's age from which a school may say "limite d'âge"
_FATE_REASONS = {
    "moved_away": "transféré (documenté)", "moved_in_summer": "transféré (documenté)", "emigrated": "émigré",
    "deceased": "décédé", "lost": "inconnu",
}  # fmt: skip
BACK = ("no", "before_census", "after_census", "a_year_later")


@dataclass(frozen=True)
class Course:
    """The year as it went, one row per pupil of the roll.

    `state` and `seat` are n × weeks; `exit_day` is the day of a dated exit of any kind (NEVER: none) and
    `exit_known_day` the day on which the school's office has it; `exit_reason` in the words of the export.
    `has_left` is the outcome (leaves by next year, before who is back by the census is taken out).
    """

    state: NDArray[np.int8]
    seat: NDArray[np.int32]
    exit_day: NDArray[np.int64]
    exit_known_day: NDArray[np.int64]
    exit_reason: NDArray[np.str_]
    has_left: NDArray[np.bool_]
    has_graduated: NDArray[np.bool_]
    back: NDArray[np.int64]

    @property
    def is_gone_at_census(self) -> NDArray[np.bool_]:
        """Found in no valid enrolment between this year's end and the next year's census."""
        return np.asarray(self.has_left & (self.back != BACK.index("before_census")))


@dataclass(frozen=True)
class Lived:
    """A year that has passed: the roll, the pupils on it (`own`, `codes`: one row per row of the roll), the course."""

    year: SchoolYear
    roll: Roll
    own: Pupils
    codes: pl.Series
    classes: Classes
    course: Course


def settle(hazard: Hazard, v: NDArray[np.float64], weeks: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """States after some weeks from a steady start: where a year begins for pupils without a past."""
    steps = np.cumsum(transition(hazard, v), axis=2)
    state = np.zeros(len(v), dtype=np.int64)
    for _ in range(weeks):
        state = _next(steps, state, rng)
    return state


def _next(steps: NDArray[np.float64], state: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    row = steps[np.arange(len(state)), state]
    return np.asarray(np.minimum(3, (rng.random(len(state))[:, None] > row).sum(axis=1)))


def live(
    hazard: Hazard, year: SchoolYear, roll: Roll, own: Pupils, classes: Classes, seat: NDArray[np.int64],
    rng: np.random.Generator,
) -> Course:  # fmt: skip
    """Lets the year pass, week by week for all pupils at once; `own` has one row per row of the roll."""
    n, weeks, v = len(roll), year.week_count, causes(hazard, roll, own.ability, own.poverty).total()
    everyone, leave, may_leave = np.arange(n), leave_in_week(hazard, v), roll.fate == 0
    # A change of school is drawn first; given it, the next state is drawn from `after_move`.
    after_move = np.array(hazard.after_move)
    steps = np.cumsum((transition(hazard, v) - hazard.move * after_move) / (1 - hazard.move), axis=2)
    states, seats = np.empty((n, weeks), dtype=np.int8), np.empty((n, weeks), dtype=np.int32)
    exit_day, state = np.full(n, NEVER), roll.first_state
    for week in range(weeks):
        states[:, week], seats[:, week] = state, seat
        going = rng.random(n) < leave[everyone, state]
        going &= may_leave & (exit_day == NEVER) & (week >= first_full_week(roll))
        exit_day[going] = rng.choice(weekdays(year, week), going.sum())
        has_moved = rng.random(n) < hazard.move
        state = _next(steps, state, rng)
        state[has_moved] = np.searchsorted(np.cumsum(after_move)[:-1], rng.random(has_moved.sum()))
        seat = _moved_seats(seat, roll, classes, has_moved, rng)
    return _finish(hazard, year, roll, own, v, states, seats, exit_day, rng)


def first_full_week(roll: Roll) -> NDArray[np.int64]:
    """The first week in which a pupil may leave: not in the week of a late entry."""
    return np.where(roll.entry_day > 0, roll.entry_day // 7 + 1, 0)


def weekdays(year: SchoolYear, week: int) -> NDArray[np.int64]:
    """The days of a week on which a pupil may leave: Monday to Saturday, within the year."""
    first = 7 * week
    return first + np.flatnonzero(year.is_weekday[first : first + 7])


def _moved_seats(
    seat: NDArray[np.int64], roll: Roll, classes: Classes, has_moved: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Movers go to any class of their grade in the district; a few others change class within their school."""
    moved = seat.copy()
    low, high = classes.range_of(roll.grade[has_moved])
    moved[has_moved] = low + (rng.random(len(low)) * (high - low)).astype(np.int64)
    other = np.flatnonzero((rng.random(len(seat)) < _CLASS_CHANGE_WEEKLY) & ~has_moved)
    beside = np.minimum(seat[other] + 1, len(classes.code) - 1)
    fits = (classes.school[beside] == classes.school[seat[other]]) & (classes.grade[beside] == roll.grade[other])
    moved[other[fits]] = beside[fits]
    return moved


def _finish(
    hazard: Hazard, year: SchoolYear, roll: Roll, own: Pupils, v: NDArray[np.float64],
    states: NDArray[np.int8], seats: NDArray[np.int32], exit_day: NDArray[np.int64], rng: np.random.Generator,
) -> Course:  # fmt: skip
    """The summer: who finishes, who does not come back; then why and when each exit was recorded."""
    n = len(roll)
    left_in_year = exit_day < NEVER
    reaches_end = ~left_in_year & (roll.fate == 0)
    has_graduated = reaches_end & (rng.random(n) < graduate(hazard, roll.grade, own.ability))
    stays_away = rng.random(n) < stay_away(hazard, v, roll.grade)[np.arange(n), states[:, -1]]
    has_left = left_in_year | (reaches_end & ~has_graduated & stays_away)
    exit_day = np.where(has_graduated, year.day_count - 1, np.where(roll.fate > 0, roll.fate_day, exit_day))
    lag = np.where(has_graduated, 1, 2 + rng.gamma(1.5, 9.0, n).astype(np.int64))
    return Course(
        state=states,
        seat=seats,
        exit_day=exit_day,
        exit_known_day=np.minimum(exit_day + lag, NEVER),
        exit_reason=_reasons(roll, left_in_year, has_graduated, rng),
        has_left=has_left,
        has_graduated=has_graduated,
        back=_returns(hazard, left_in_year, has_left, rng),
    )


def _reasons(
    roll: Roll, left_in_year: NDArray[np.bool_], has_graduated: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.str_]:
    """What the office writes as the reason of a dated exit; empty without one."""
    reason = rng.choice(_REASONS, len(roll), p=_REASON_SHARES).astype("U24")
    too_young = roll.grade + roll.years_over_age < _AGE_LIMIT_GRADE
    reason[too_young & (reason == "limite d'âge")] = "abandon"
    reason[~left_in_year] = ""
    reason[has_graduated] = "diplômé"
    for number, name in enumerate(FATES):
        reason[roll.fate == number] = _FATE_REASONS.get(name, reason[roll.fate == number])
    return reason


def _returns(
    hazard: Hazard, left_in_year: NDArray[np.bool_], has_left: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Who comes back, and when, as a place in BACK."""
    before = left_in_year & (rng.random(len(has_left)) < hazard.back_before_census)
    later = np.searchsorted(np.cumsum([hazard.back_after_census, hazard.back_a_year_later]), rng.random(len(has_left)))
    places = np.array([BACK.index("after_census"), BACK.index("a_year_later"), BACK.index("no")])
    return np.where(before, BACK.index("before_census"), places[later]) * has_left
