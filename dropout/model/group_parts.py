"""Whom the audit speaks of: the snapshots parted by one attribute, or by two, and which parts are large enough.

A split gives sums of all its parts at once, so that every resample of every group costs one count and one product.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout.model.comparison import FEWEST_HEADS
from dropout.model.frame import GROUPS, Bools, Floats, Frame, Ints
from dropout.model.metrics import Outcomes
from dropout.model.resample import tally

FEWEST_STUDENTS = 100
PAIR_STUDENTS, PAIR_EVENTS = 200, 30  # a pair's share of a dozen leavers would move by eight points with each of them
PAIRED = tuple(name for name in GROUPS if name not in ("level", "grade_level"))  # of these it is their own rates that differ
JOINED = "+"  # between the two names of a pair: sex=female+locality=rural


@dataclass(frozen=True)
class Cell:
    """One part of a split: its place, its name, its students and those of them who left."""

    place: int
    name: str
    students: int
    events: int


@dataclass(frozen=True)
class Split:
    """Snapshots by part: `cell` is 0 where an attribute is unknown. `told` are the parts that are spoken of."""

    columns: tuple[str, ...]
    cell: Ints
    size: int
    told: list[Cell]

    @property
    def column(self) -> str:
        """`sex`, or `sex+locality`."""
        return JOINED.join(self.columns)

    def totals(self, outcomes: Outcomes, amount: Floats, rows: Bools | None = None) -> Floats:
        """Sums of `amount` over the snapshots of each part (of `rows`, if given), resamples × parts."""
        cell, cluster = (self.cell, outcomes.cluster) if rows is None else (self.cell[rows], outcomes.cluster[rows])
        counted = tally(cell, self.size, cluster, outcomes.draws.shape[1], amount if rows is None else amount[rows])
        return np.asarray(outcomes.draws @ counted, dtype=np.float64)


class Splits:
    """All splits of `rows`: one per attribute of GROUPS, then one per two of PAIRED."""

    def __init__(self, rows: Frame, heads: Callable[[Bools], tuple[int, int]] | None = None) -> None:
        """`heads` gives students and events of chosen rows; else those who left are counted."""
        self._rows, self._heads = rows, heads or self.heads
        self._student = np.unique(rows.student_key, return_inverse=True)[1]
        self._coded = {column: _coded(rows.group(column)) for column in GROUPS}

    def single(self) -> Iterator[Split]:
        """Parts of FEWEST_STUDENTS students, of whom FEWEST_HEADS left and as many stayed. Everyone is no part."""
        for column, (words, code) in self._coded.items():
            names = [f"{column}={word}" for word in words]
            yield Split((column,), code, len(words) + 1, list(self._told(names, code, FEWEST_STUDENTS, FEWEST_HEADS)))

    def pairs(self) -> Iterator[Split]:
        """Parts of PAIR_STUDENTS students, of whom PAIR_EVENTS left and as many stayed; none where an attribute parts nobody."""
        parting = [column for column in PAIRED if len(np.unique(self._coded[column][1])) > 1]
        for a, b in combinations(parting, 2):
            (some, code_a), (others, code_b) = self._coded[a], self._coded[b]
            code = np.where((code_a > 0) & (code_b > 0), (code_a - 1) * len(others) + code_b, 0).astype(np.int64)
            names = [f"{a}={x}{JOINED}{b}={y}" for x in some for y in others]
            yield Split((a, b), code, len(names) + 1, list(self._told(names, code, PAIR_STUDENTS, PAIR_EVENTS)))

    def heads(self, rows: Bools) -> tuple[int, int]:
        """The students of `rows`, and those of them who left: as comparison.heads, without sorting, for hundreds are asked."""
        return self._distinct(rows), self._distinct(rows & (self._rows.label == 1))

    def _distinct(self, chosen: Bools) -> int:
        seen = np.zeros(len(self._student) and int(self._student.max()) + 1, dtype=np.bool_)
        seen[self._student[chosen]] = True
        return int(seen.sum())

    def _told(self, names: list[str], code: Ints, students: int, heads: int) -> Iterator[Cell]:
        snapshots = np.bincount(code, minlength=len(names) + 1)
        for place, name in enumerate(names, start=1):
            if not students <= snapshots[place] < len(code):
                continue
            found, events = self._heads(np.asarray(code == place, dtype=np.bool_))
            if found >= students and min(events, found - events) >= heads:
                yield Cell(place, name, found, events)


def _coded(words: npt.NDArray[np.object_]) -> tuple[list[str], Ints]:
    """The words there are, sorted, and for each row the place of its own from 1; 0 where it is empty (unknown)."""
    coded = pa.array(words, pa.string()).dictionary_encode()
    there = coded.dictionary.to_pylist()
    known = sorted(word for word in there if word)
    place = np.array([known.index(word) + 1 if word else 0 for word in there], dtype=np.int64)
    return known, place[coded.indices.to_numpy()] if len(words) else np.empty(0, dtype=np.int64)
