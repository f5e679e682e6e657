"""Marks: two or three tests per subject and semester, from ability, the week's state, the class and chance."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dropout.simulate.course import Lived
from dropout.simulate.school_calendar import SchoolYear
from dropout.simulate.schools import CYCLE_OF_GRADE

SUBJECTS = {
    "arabe": "ARA", "français": "FRA", "mathématiques": "MAT", "sciences": "SCI", "histoire-géographie": "HIS",
    "physique-chimie": "PHY",
}  # fmt: skip
OUTCOMES = ("noté", "absent", "dispensé", "manquant")
_ONLY_ABOVE_PRIMARY = ("physique-chimie",)
_WITH_THIRD_TEST = ("français", "mathématiques")
_TEST_DAYS = {"S1": (10, 58, 108), "S2": (165, 215, 255)}
_MEAN, _PER_ABILITY, _STRICTNESS, _NOISE = 11.2, 2.3, 0.5, 1.6
_BY_STATE = np.array([0.0, -0.9, -2.4, -1.2])
_ABSENT = np.array([0.015, 0.05, 0.32, 0.14])
_MISSING = np.array([0.008, 0.02, 0.06, 0.03])
_EXEMPT = 0.002
_STEPS = 4  # marks are given in quarters
MARKS_TEXT = pl.Series([f"{k / _STEPS:g}".replace(".", ",") for k in range(20 * _STEPS + 1)])


@dataclass(frozen=True)
class Test:
    """One test that all classes sit within a week of each other, from day `day` of the year."""

    semester: str
    subject: str
    subject_number: int
    number: int
    day: int


def planned_tests() -> list[Test]:
    """The tests of a year in the order in which they are drawn."""
    return [
        Test(semester, subject, k, number + 1, day + 2 * k)
        for semester, days in _TEST_DAYS.items()
        for k, subject in enumerate(SUBJECTS)
        for number, day in enumerate(days)
        if number < 2 or subject in _WITH_THIRD_TEST
    ]


def mark_rows(lived: Lived, rng: np.random.Generator) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """Rows of notes.csv as first written, with `known_on`, and each pupil's mean mark (NaN without any)."""
    year, roll, course = lived.year, lived.roll, lived.course
    count, open_days = len(lived.classes.code), np.flatnonzero(year.is_open)
    strictness = rng.normal(0, _STRICTNESS, (len(SUBJECTS), count))
    total, marked = np.zeros(len(roll)), np.zeros(len(roll))
    frames = []
    for test in planned_tests():
        class_day = open_days[np.searchsorted(open_days, test.day + rng.integers(0, 7, count))]
        entered = class_day + rng.integers(2, 12, count)
        seat = course.seat[:, test.day // 7]
        day = class_day[seat]
        sits = (day >= roll.entry_day) & (day < course.exit_day)
        sits &= (CYCLE_OF_GRADE[roll.grade] > 0) | (test.subject not in _ONLY_ABOVE_PRIMARY)
        row = np.flatnonzero(sits)
        state = course.state[row, day[row] // 7]
        level = _MEAN + _PER_ABILITY * lived.own.ability[row] + _BY_STATE[state]
        level += strictness[test.subject_number][seat[row]] + rng.normal(0, _NOISE, len(row))
        quarters = np.clip(np.round(level * _STEPS), 0, 20 * _STEPS)
        outcome = _outcome(state, rng)
        has_mark = outcome == 0
        total[row[has_mark]] += quarters[has_mark] / _STEPS
        marked[row[has_mark]] += 1
        when = (year.dates[day[row]], year.dates[0] + entered[seat[row]])
        frames.append(_frame(test, year, lived.codes.gather(row), when, quarters, outcome))
    with np.errstate(invalid="ignore"):
        return pl.concat(frames), total / marked


def _outcome(state: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.int64]:
    """Place in OUTCOMES."""
    u = rng.random(len(state))
    absent = _ABSENT[state]
    steps = (absent, absent + _EXEMPT, absent + _EXEMPT + _MISSING[state])
    return np.select([u < s for s in steps], [1, 2, 3], 0)


def _frame(
    test: Test, year: SchoolYear, codes: pl.Series, when: tuple[NDArray[np.datetime64], NDArray[np.datetime64]],
    quarters: NDArray[np.float64], outcome: NDArray[np.int64],
) -> pl.DataFrame:  # fmt: skip
    date, entered = when
    return pl.DataFrame({"code_massar": codes}).with_columns(
        annee_scolaire=pl.lit(year.label),
        semestre=pl.lit(test.semester),
        matiere=pl.lit(test.subject),
        code_controle=pl.lit(f"{year.year}-{test.semester}-{SUBJECTS[test.subject]}-{test.number}"),
        date_controle=pl.Series(date),
        note=pl.when(pl.Series(outcome == 0)).then(MARKS_TEXT.gather(quarters.astype(np.int64))),
        bareme=pl.lit("20"),
        coefficient=pl.lit("2" if test.subject in _WITH_THIRD_TEST else "1"),
        etat=pl.Series(OUTCOMES).gather(outcome),
        known_on=pl.Series(entered),
    )


def usual_mark(ability: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean mark that goes with an ability."""
    return np.asarray(_MEAN + _PER_ABILITY * ability)
