"""Rows of inscriptions.csv: a year's enrolments, and each change of them from the day the office knew it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dropout.simulate.course import NEVER, Course, Lived
from dropout.simulate.schools import Schools

_WRONG_SCHOOL_SHARE = 0.002
_GHOST_SHARE = 0.03  # of those who did not come back after the summer
_FOUND_OUT_DAYS = (12, 55)


@dataclass(frozen=True)
class NotBack:
    """Pupils who did not come back after the summer, and the grade in which they were expected."""

    codes: pl.Series
    grade: NDArray[np.int64]


@dataclass(frozen=True)
class Mistaken:
    """Enrolments in error, from the first day until someone noticed, one row each.

    A ghost did not come back and was re-enrolled without being asked; the others stand in a second school's book.
    """

    codes: pl.Series
    seat: NDArray[np.int64]
    until_day: NDArray[np.int64]
    is_ghost: NDArray[np.bool_]


def not_back(lived: Lived) -> NotBack:
    """Who reached the year's end, was expected in the next grade, and never came again."""
    course, grade = lived.course, lived.roll.grade
    missing = course.has_left & (course.exit_day == NEVER) & (course.back == 0) & (grade < 12)
    return NotBack(lived.codes.filter(pl.Series(missing)), grade[missing] + 1)


def make_mistakes(lived: Lived, missing: NotBack, rng: np.random.Generator) -> Mistaken:
    """Draws the year's enrolments in error."""
    roll, classes = lived.roll, lived.classes
    twice = np.flatnonzero((rng.random(len(roll)) < _WRONG_SCHOOL_SHARE) & (roll.entry_day == 0))
    ghost = np.flatnonzero(rng.random(len(missing.codes)) < _GHOST_SHARE)
    grade = np.concatenate([roll.grade[twice], missing.grade[ghost]])
    low, high = classes.range_of(grade)
    seat = np.minimum(low + (rng.random(len(grade)) * (high - low)).astype(np.int64), len(classes.code) - 1)
    own_school = np.concatenate([roll.school[twice], np.full(len(ghost), -1)])
    fits = (classes.school[seat] != own_school) & (high > low)
    codes = pl.concat([lived.codes.gather(twice), missing.codes.gather(ghost)])
    is_ghost = np.arange(len(grade)) >= len(twice)
    until = rng.integers(*_FOUND_OUT_DAYS, len(grade))
    return Mistaken(codes.filter(pl.Series(fits)), seat[fits], until[fits], is_ghost[fits])


def mistaken_rows(mistaken: Mistaken, lived: Lived, schools: Schools) -> pl.DataFrame:
    """Both versions of each enrolment in error: open, then withdrawn as an `inscription erronée`."""
    n = len(mistaken.seat)
    opened = pl.DataFrame(
        {"row": np.arange(n), "seat": mistaken.seat, "began": np.zeros(n, np.int64), "known": np.zeros(n, np.int64)}
    ).with_columns(date_sortie=pl.lit(None, pl.Int64), motif_sortie=pl.lit(None, pl.String))
    closed = opened.with_columns(
        date_sortie=pl.Series(mistaken.until_day),
        motif_sortie=pl.lit("inscription erronée"),
        known=pl.Series(mistaken.until_day + 3),
    )
    grade = lived.classes.grade[mistaken.seat]
    return _written(pl.concat([opened, closed]), lived, schools, mistaken.codes, grade)


def enrolment_rows(lived: Lived, schools: Schools, rng: np.random.Generator) -> pl.DataFrame:
    """Every version of every enrolment of the year; a later version of a key replaces an earlier one.

    Columns of inscriptions.csv and `known_on`. A pupil who does not come back after the summer leaves no trace here.
    """
    stretches = _stretches(lived)
    lag = pl.Series(rng.integers(1, 12, len(stretches)))
    opened = stretches.with_columns(
        known=pl.when(pl.col("first") == 0).then(0).otherwise(pl.col("first") + lag),
        date_sortie=pl.lit(None, pl.Int64),
        motif_sortie=pl.lit(None, pl.String),
    )
    versions = pl.concat([opened, _left_for_another(opened), _exits(opened, lived.course)])
    return _written(versions, lived, schools, lived.codes, lived.roll.grade)


def _stretches(lived: Lived) -> pl.DataFrame:
    """One row per pupil and stretch in one class: row, seat, school, first day, and when that enrolment began."""
    seats, course, roll = lived.course.seat, lived.course, lived.roll
    is_first = np.ones(seats.shape, dtype=np.bool_)
    is_first[:, 1:] = seats[:, 1:] != seats[:, :-1]
    # A change before the entry only decides which class is entered; one after the exit never happens.
    start = np.arange(seats.shape[1]) * 7
    is_over = start >= np.minimum(course.exit_day, lived.year.day_count)[:, None]
    entry_week = roll.entry_day // 7
    is_first[start < 7 * entry_week[:, None]] = False
    is_first[np.arange(len(roll)), entry_week] = True
    row, week = np.nonzero(is_first & ~is_over)
    seat = seats[row, week].astype(np.int64)
    stretches = pl.DataFrame(
        {
            "row": row,
            "seat": seat,
            "school": lived.classes.school[seat],
            "first": np.maximum(7 * week, roll.entry_day[row]),
        }
    )
    is_new = (pl.col("school") != pl.col("school").shift(1)).over("row").fill_null(True)
    return stretches.with_columns(began=pl.when(is_new).then("first")).with_columns(pl.col("began").forward_fill())


def _left_for_another(opened: pl.DataFrame) -> pl.DataFrame:
    """The old school's row, closed on the day another school of the district took the pupil in."""
    following = pl.col("school", "first", "known").shift(-1).over("row").name.prefix("next_")
    left = opened.with_columns(following).filter(pl.col("next_school") != pl.col("school"))
    return left.with_columns(
        date_sortie=pl.col("next_first"),
        motif_sortie=pl.lit("transféré (interne)"),
        known=pl.max_horizontal("next_known", "known"),
    ).select(opened.columns)


def _exits(opened: pl.DataFrame, course: Course) -> pl.DataFrame:
    """The last row of each pupil who has a dated exit, closed, as the office learned it."""
    last = opened.group_by("row", maintain_order=True).last().select(opened.columns)
    row = last["row"].to_numpy()
    return last.with_columns(
        date_sortie=pl.Series(course.exit_day[row]),
        motif_sortie=pl.Series(course.exit_reason[row]),
        known=pl.Series(np.maximum(course.exit_known_day[row], last["known"].to_numpy() + 1)),
    ).filter(pl.col("date_sortie") < NEVER)


def _written(versions: pl.DataFrame, lived: Lived, schools: Schools, codes: pl.Series, grade: NDArray[np.int64]) -> pl.DataFrame:
    """Versions (days as numbers) as rows of the file, in the order in which they became known."""
    row, seat = versions["row"].to_numpy(), versions["seat"].to_numpy()
    start = pl.lit(lived.year.start)
    return versions.select(
        code_massar=codes.gather(row),
        code_etablissement=pl.Series(schools.code[lived.classes.school[seat]]),
        annee_scolaire=pl.lit(lived.year.label),
        niveau=pl.Series(grade[row]),
        classe=pl.Series(lived.classes.code[seat]),
        date_inscription=start + pl.duration(days="began"),
        date_sortie=start + pl.duration(days="date_sortie"),
        motif_sortie="motif_sortie",
        known_on=start + pl.duration(days="known"),
    ).sort("known_on", maintain_order=True)
