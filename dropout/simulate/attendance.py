"""What the register shows of a pupil's hidden state: absences, lateness, incidents, and registers not taken."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dropout.simulate.course import Lived
from dropout.simulate.enrolment import Mistaken
from dropout.simulate.hazard import SHOCK, STEADY, STRAINED
from dropout.simulate.roll import Classes
from dropout.simulate.school_calendar import SchoolYear

# Chance per school day, by state: steady, strained, withdrawing, shock.
_UNEXCUSED = np.array([0.012, 0.135, 0.45, 0.10])
_EXCUSED = np.array([0.006, 0.012, 0.03, 0.32])
_LATE = np.array([0.015, 0.110, 0.13, 0.040])
_LEFT_EARLY = np.array([0.003, 0.010, 0.02, 0.008])
_INCIDENT = np.array([0.0005, 0.0035, 0.007, 0.0015])
# A shock is excused at first; from its third week on it no longer is.
_SHOCK_LATER = {"unexcused": 0.28, "excused": 0.08}
_SESSION_SHARES = (0.7, 0.15, 0.15)
_ILL_WEEKS, _ILL_DAYS = 0.025, 0.55
_MARKED_AFTER_EXIT, _DAYS_MARKED_AFTER_EXIT = 0.9, 15
_UNTAKEN, _WORSE_CLASSES, _UNTAKEN_WORSE = 0.028, 0.05, (0.25, 0.6)

UNEXCUSED, EXCUSED, LATE, LEFT_EARLY = range(4)
STATUSES = ("absence non justifiée", "absence justifiée", "retard", "départ anticipé")
SESSIONS = ("journée", "matin", "après-midi")
INCIDENTS = ("bagarre", "insolence", "retard répété", "dégradation", "fraude")


@dataclass(frozen=True)
class Events:
    """Something of a pupil (row of the roll) on a day, of a kind."""

    row: NDArray[np.int64]
    day: NDArray[np.int64]
    kind: NDArray[np.int64]


@dataclass(frozen=True)
class Observed:
    """What could be seen: `shown` stands in the registers, `hidden_count` happened where none was taken."""

    shown: Events
    incidents: Events
    taken: NDArray[np.bool_]
    hidden_count: int


def registers_taken(classes: Classes, year: SchoolYear, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Whether each class's register was taken, classes × days; about 5 % were not, in a few classes far more."""
    n = len(classes.code)
    chance = np.where(rng.random(n) < _WORSE_CLASSES, rng.uniform(*_UNTAKEN_WORSE, n), _UNTAKEN)
    return np.asarray(rng.random((n, year.day_count), dtype=np.float32) >= chance[:, None])


def observe(lived: Lived, rng: np.random.Generator) -> Observed:
    """Draws every school day of the year, a week at a time for all pupils."""
    year, roll, course, own = lived.year, lived.roll, lived.course, lived.own
    taken = registers_taken(lived.classes, year, rng)
    scale = np.exp(0.2 * own.unrest + 0.4 * (own.poverty - 0.42) + 0.10 * np.log(roll.km))
    late_scale = np.exp(0.2 * own.unrest + 0.25 * (np.log1p(roll.km) - 1.0))
    listed_until, weeks_in_shock = _listed_until(lived), np.zeros(len(roll), dtype=np.int64)
    parts, incidents, hidden = [], [], 0
    for week in range(year.week_count):
        state, days = course.state[:, week], year.open_days(week)
        weeks_in_shock = (weeks_in_shock + 1) * (state == SHOCK)
        kind = _draw(state, weeks_in_shock, scale, late_scale, len(days), rng)
        has_exited = days >= course.exit_day[:, None]
        kind[has_exited & (rng.random(kind.shape) < _MARKED_AFTER_EXIT)] = UNEXCUSED
        is_listed = (days >= roll.entry_day[:, None]) & (days < listed_until[:, None])
        kind[~is_listed] = -1
        is_shown = taken[course.seat[:, week][:, None], days]
        hidden += int(((kind >= 0) & ~is_shown).sum())
        parts.append(_events(np.where(is_shown, kind, -1), days))
        is_incident = rng.random(kind.shape, dtype=np.float32) < _INCIDENT[state][:, None]
        incidents.append(_events(np.where(is_incident & is_listed & ~has_exited, 0, -1), days))
    wrong = _joined(incidents)
    kinds = rng.integers(len(INCIDENTS), size=len(wrong.row))
    return Observed(_joined(parts), Events(wrong.row, wrong.day, kinds), taken, hidden)


def _listed_until(lived: Lived) -> NDArray[np.int64]:
    """Day from which a pupil no longer stands in the register: who has stopped coming does so for a while yet."""
    course = lived.course
    stopped = course.has_left & (course.exit_day < lived.year.day_count)
    until = np.minimum(course.exit_known_day, course.exit_day + _DAYS_MARKED_AFTER_EXIT)
    return np.where(stopped, until, course.exit_day)


def _draw(
    state: NDArray[np.int8], weeks_in_shock: NDArray[np.int64], scale: NDArray[np.float64],
    late_scale: NDArray[np.float64], days: int, rng: np.random.Generator,
) -> NDArray[np.int8]:  # fmt: skip
    """The status of each pupil and day of a week, -1 for nothing to report."""
    later = weeks_in_shock > 2
    own = np.where((state == STEADY) | (state == STRAINED), scale, 1.0)
    unexcused = np.where(later, _SHOCK_LATER["unexcused"], _UNEXCUSED[state]) * own
    excused = np.where(later, _SHOCK_LATER["excused"], _EXCUSED[state])
    excused = np.where(rng.random(len(state)) < _ILL_WEEKS, _ILL_DAYS, excused)
    steps = np.cumsum([unexcused, excused, _LATE[state] * late_scale, _LEFT_EARLY[state]], axis=0, dtype=np.float32)
    u = rng.random((len(state), days), dtype=np.float32)
    kind = np.full(u.shape, -1, dtype=np.int8)
    for number in (LEFT_EARLY, LATE, EXCUSED, UNEXCUSED):
        kind[u < steps[number][:, None]] = number
    return kind


def _events(kind: NDArray[np.int8], days: NDArray[np.int64]) -> Events:
    row, column = np.nonzero(kind >= 0)
    return Events(row, days[column], kind[row, column].astype(np.int64))


def _joined(parts: list[Events]) -> Events:
    return Events(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("row", "day", "kind")))


def absence_rows(observed: Observed, lived: Lived, rng: np.random.Generator) -> pl.DataFrame:
    """Rows of absences.csv as first written, with `known_on`."""
    events = observed.shown
    n, is_partial = len(events.row), events.kind >= LATE
    session = rng.choice(3, n, p=_SESSION_SHARES)
    minutes = np.where(rng.random(n) < 0.5, rng.integers(1, 5, n) * 5, rng.integers(5, 56, n))
    date = lived.year.dates[events.day]
    return pl.DataFrame(
        {
            "code_massar": lived.codes.gather(events.row),
            "date": date,
            "seance": pl.Series(SESSIONS).gather(np.where(is_partial, 1 + session % 2, session)),
            "statut": pl.Series(STATUSES).gather(events.kind),
            "minutes": minutes,
            "known_on": date + 1,
        }
    ).with_columns(minutes=pl.when(pl.Series(is_partial)).then("minutes"))


def ghost_rows(mistaken: Mistaken, observed: Observed, lived: Lived) -> pl.DataFrame:
    """Rows of absences.csv of pupils who were re-enrolled without being asked: absent each day until someone notices."""
    days = np.flatnonzero(lived.year.is_open)
    is_shown = mistaken.is_ghost[:, None] & (days < mistaken.until_day[:, None])
    row, column = np.nonzero(is_shown & observed.taken[mistaken.seat[:, None], days])
    date = lived.year.dates[days[column]]
    return pl.DataFrame({"code_massar": mistaken.codes.gather(row), "date": date}).with_columns(
        seance=pl.lit(SESSIONS[0]), statut=pl.lit(STATUSES[UNEXCUSED]), minutes=pl.lit(None, pl.Int64),
        known_on=pl.Series(date + 1),
    )  # fmt: skip


def incident_rows(observed: Observed, lived: Lived) -> pl.DataFrame:
    """Rows of incidents.csv with `known_on`."""
    events = observed.incidents
    date, kind = lived.year.dates[events.day], pl.Series(INCIDENTS).gather(events.kind)
    codes = lived.codes.gather(events.row)
    return pl.DataFrame({"code_massar": codes, "date": date, "type": kind, "known_on": date + 1}).unique(
        ["code_massar", "date", "type"], maintain_order=True
    )


def register_rows(observed: Observed, lived: Lived) -> pl.DataFrame:
    """Rows of appels.csv, one per class and school day, with `known_on`."""
    days, codes = np.flatnonzero(lived.year.is_open), lived.classes.code
    date = np.repeat(lived.year.dates[days], len(codes))
    taken = observed.taken[:, days].T.ravel()
    return pl.DataFrame({"classe": np.tile(codes, len(days)), "date": date}).with_columns(
        seance=pl.lit(SESSIONS[0]),
        appel_fait=pl.when(pl.Series(taken)).then(pl.lit("oui")).otherwise(pl.lit("non")),
        known_on=pl.Series(date + 1),
    )
