"""The district's schools: their cycle, their place and their size."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dropout.simulate.names import ACADEMIES, SCHOOLS
from dropout.simulate.school_calendar import SchoolYear

GRADES = np.arange(1, 13)
GRADE_SHARES = np.array([3, 4, 5, 7, 9, 10, 11.5, 11, 11, 10, 9.5, 9]) / 100
CYCLES = ("primaire", "collège", "lycée")
CYCLE_OF_GRADE = np.array([0] * 7 + [1] * 3 + [2] * 3)  # by grade; place 0 is empty
_RURAL_SHARES = (0.5, 0.35, 0.15)  # the higher the cycle, the farther from the village
_TITLES = ("École", "Collège", "Lycée")
_PUPILS_PER_SCHOOL = 250
_CAPACITY_SHARE = 20 / 250


@dataclass(frozen=True)
class Schools:
    """One row per school; the schools of a cycle lie side by side, urban ones first."""

    code: NDArray[np.str_]
    name: NDArray[np.str_]
    academy: str
    cycle: NDArray[np.int64]
    is_rural: NDArray[np.bool_]
    capacity: NDArray[np.int64]
    first_of_cycle: NDArray[np.int64]
    count_of_cycle: NDArray[np.int64]

    def serving(self, home: NDArray[np.float64], grade: NDArray[np.int64]) -> NDArray[np.int64]:
        """The school of a pupil who lives at `home` (0..1, the villages last) and goes to `grade`."""
        cycle = CYCLE_OF_GRADE[grade]
        place = np.floor(home * self.count_of_cycle[cycle]).astype(np.int64)
        return np.asarray(self.first_of_cycle[cycle] + place)


def open_schools(students: int, rng: np.random.Generator) -> Schools:
    """About one school per 250 pupils, at least one of each cycle, sizes following the grades' shares."""
    shares = np.bincount(CYCLE_OF_GRADE[GRADES], GRADE_SHARES)
    counts = np.maximum(1, np.round(shares * students / _PUPILS_PER_SCHOOL)).astype(np.int64)
    cycle = np.repeat(np.arange(3), counts)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.arange(len(cycle)) - first[cycle]
    is_rural = place >= np.round(counts * (1 - np.array(_RURAL_SHARES)))[cycle]
    number = np.sort(rng.choice(np.arange(200, 20_000), len(cycle), replace=False))
    letter = rng.choice(list("ABCDEFGHJK"), len(cycle))
    code = np.array([f"{n:05d}{c}" for n, c in zip(number, letter, strict=True)])
    name = np.array(
        [f"{_TITLES[c]} {SCHOOLS[(7 * c + p) % len(SCHOOLS)]}" + (f" {p // len(SCHOOLS) + 1}" if p >= len(SCHOOLS) else "")
         for c, p in zip(cycle, place, strict=True)]
    )  # fmt: skip
    size = shares[cycle] * students / counts[cycle]
    capacity = np.maximum(2, np.round(size * _CAPACITY_SHARE)).astype(np.int64)
    return Schools(code, name, str(rng.choice(ACADEMIES)), cycle, is_rural, capacity, first, counts)


def school_rows(schools: Schools) -> pl.DataFrame:
    """Rows of etablissements.csv."""
    return pl.DataFrame(
        {
            "code_etablissement": schools.code,
            "nom_etablissement": schools.name,
            "academie": [schools.academy] * len(schools.code),
            "milieu": np.where(schools.is_rural, "rural", "urbain"),
            "cycle": np.array(CYCLES)[schools.cycle],
            "capacite_suivi": schools.capacity,
        }
    )


def calendar_rows(schools: Schools, year: SchoolYear) -> pl.DataFrame:
    """Rows of calendrier.csv, one per school and day of the school year."""
    count = len(schools.code)
    return pl.DataFrame(
        {
            "code_etablissement": np.repeat(schools.code, year.day_count),
            "date": np.tile(year.dates, count),
            "jour_ouvre": np.tile(np.where(year.is_open, "oui", "non"), count),
        }
    )
