"""Who goes where in a year: the roll of a school year, its classes, and how the next roll follows from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dropout.simulate.pupils import Aligned, Pupils
from dropout.simulate.schools import Schools

CLASS_SIZE = 32
FATES = ("none", "moved_away", "moved_in_summer", "emigrated", "deceased", "lost")
_FATE_RATES = (0.006, 0.010, 0.003, 0.0003, 0.002)
_LATE_ENTRY_SHARES = (0.015, 0.05)  # of those who were here last year, of newcomers
_LAST_LATE_ENTRY_DAY = 66
_FATE_DAYS, _SUMMER_DAYS = (70, 290), (305, 365)
_KM_IN_TOWN, _KM_IN_VILLAGE, _KM_TO_TOWN = 1.0, 2.5, 7.0  # medians of the way to school


@dataclass(frozen=True)
class Roll(Aligned):
    """One row per pupil enrolled in a year; all that is known of the year before its first week.

    `pupil` counts all pupils ever met; `fate` (FATES) is what takes a pupil out of the district without
    being a dropout; it is drawn ahead and has nothing to do with the risk, so it can be left out of it.
    """

    pupil: NDArray[np.int64]
    grade: NDArray[np.int64]
    school: NDArray[np.int64]
    entry_day: NDArray[np.int64]
    km: NDArray[np.float64]
    is_repeater: NDArray[np.bool_]
    is_newcomer: NDArray[np.bool_]
    years_over_age: NDArray[np.int64]
    first_state: NDArray[np.int64]
    fate: NDArray[np.int64]
    fate_day: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pupil)


@dataclass(frozen=True)
class Classes:
    """One row per class of a year, ordered by grade; `seat` of a pupil is the number of a row here."""

    code: NDArray[np.str_]
    school: NDArray[np.int64]
    grade: NDArray[np.int64]

    def range_of(self, grade: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First class and one past the last class of each given grade."""
        return np.searchsorted(self.grade, grade, "left"), np.searchsorted(self.grade, grade, "right")


@dataclass(frozen=True)
class Arrival:
    """Who stands on a roll: number of the pupil, grade, and how the pupil came there (`is_known`: here last year)."""

    pupil: NDArray[np.int64]
    grade: NDArray[np.int64]
    is_repeater: NDArray[np.bool_]
    is_newcomer: NDArray[np.bool_]
    is_known: NDArray[np.bool_]


def make_roll(schools: Schools, own: Pupils, year: int, arrival: Arrival, rng: np.random.Generator) -> Roll:
    """A year's roll: schools by home and grade, late entries, and the fates that are no dropout.

    `own` has one row per row of `arrival`. Everyone starts steady; the caller sets the first states.
    """
    n, grade = len(arrival.pupil), arrival.grade
    school = schools.serving(own.home, grade)
    median = np.where(~own.is_rural, _KM_IN_TOWN, np.where(schools.is_rural[school], _KM_IN_VILLAGE, _KM_TO_TOWN))
    is_late = rng.random(n) < np.where(arrival.is_known, *_LATE_ENTRY_SHARES)
    # Past the last rate lies "none", which stands first in FATES.
    fate = (np.searchsorted(np.cumsum(_FATE_RATES), rng.random(n), "right") + 1) % len(FATES)
    in_summer = fate == FATES.index("moved_in_summer")
    return Roll(
        pupil=arrival.pupil,
        grade=grade,
        school=school,
        entry_day=np.where(is_late, rng.integers(1, _LAST_LATE_ENTRY_DAY, n), 0),
        km=median * np.exp(0.5 * own.travel),
        is_repeater=arrival.is_repeater,
        is_newcomer=arrival.is_newcomer,
        years_over_age=np.maximum(0, year - own.birth_year - 5 - grade),
        first_state=np.zeros(n, dtype=np.int64),
        fate=fate,
        fate_day=np.where(in_summer, rng.integers(*_SUMMER_DAYS, n), rng.integers(*_FATE_DAYS, n)),
    )


def make_classes(roll: Roll, schools: Schools, rng: np.random.Generator) -> tuple[Classes, NDArray[np.int64]]:
    """Classes of about 32 in each school and grade, filled at random; returns them and each pupil's seat."""
    n = len(roll)
    group = roll.grade * len(schools.code) + roll.school
    order = np.lexsort((rng.random(n), group))
    keys, starts, sizes = np.unique(group[order], return_index=True, return_counts=True)
    count = np.maximum(1, np.round(sizes / CLASS_SIZE)).astype(np.int64)
    row_group = np.repeat(np.arange(len(keys)), sizes)
    within = (np.arange(n) - starts[row_group]) % count[row_group]
    offset = np.concatenate([[0], np.cumsum(count)[:-1]])
    seat = np.empty(n, dtype=np.int64)
    seat[order] = offset[row_group] + within
    group_of_class = np.repeat(np.arange(len(keys)), count)
    grade, school = np.divmod(keys[group_of_class], len(schools.code))
    number = np.arange(len(group_of_class)) - offset[group_of_class] + 1
    code = np.array([f"{c}-{g}-{k}" for c, g, k in zip(schools.code[school], grade, number, strict=True)])
    return Classes(code, school, grade), seat
