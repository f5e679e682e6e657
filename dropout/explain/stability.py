"""Whether a reason is stable: it has to hold in nearly all refits of the model on halves of its students.

A concept holds in a refit when there, too, its sum has the reason's sign, and at least half the size from which a
reason is said at all: the claim is "this counts, and this way", not its exact size, and a true size just at the bound
would else fail in every second refit. A reason is said when its concept holds in four of five refits or more.

The concept is the claim, so it is what has to hold. The feature through which it speaks is a fact from the register,
true in whatever model; which of two facts of one concept is named may change with the sample, and nothing is wrong then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from dropout.explain import contributions as shap_values
from dropout.explain.credit import accounted
from dropout.features.catalogue import Catalogue
from dropout.model.frame import Floats, Frame, Ints

TOLERANCE = 0.8  # 7 of 8; Meinshausen & Bühlmann 2010 find that results hardly depend on it between 0.6 and 0.9
HOLDS_FROM = 0.05  # log-odds: half of reasons.LEAST_LOG_ODDS


@dataclass(frozen=True)
class Held:
    """Sums of the refits, measured rows × `concepts` × refits; `row` says which rows of a frame were measured."""

    concepts: Sequence[str]
    row: Ints
    sums: Floats
    tolerance: float = TOLERANCE

    def agreement(self, concepts: Sequence[str], sign: float, rows: int) -> Floats:
        """Share of refits in which each concept holds with `sign`, `rows` × `concepts`; NaN for rows not measured."""
        found = np.full((rows, len(concepts)), np.nan)
        if self.sums.size:
            found[self.row] = (sign * self.sums[:, self._places(concepts)] >= HOLDS_FROM).mean(axis=2)
        return found

    def ends(self, row: Ints, concepts: npt.NDArray[np.object_]) -> tuple[Floats, Floats]:
        """Least and largest sum of the refits, for each pair of a row and its concept; NaN for rows not measured."""
        low, high = np.full(len(row), np.nan), np.full(len(row), np.nan)
        if self.sums.size and len(row):
            place = np.minimum(np.searchsorted(self.row, row), len(self.row) - 1)
            is_there = self.row[place] == row
            names, index = np.unique(concepts.astype(str), return_inverse=True)
            concept = np.array(self._places(names.tolist()))[index]
            found = self.sums[place[is_there], concept[is_there]]
            low[is_there], high[is_there] = found.min(axis=1), found.max(axis=1)
        return low, high

    def _places(self, concepts: Sequence[str]) -> list[int]:
        return [list(self.concepts).index(name) for name in concepts]


NOT_HELD = Held((), np.empty(0, dtype=np.int64), np.empty((0, 0, 0)))  # no refits: nothing is measured


@dataclass(frozen=True)
class Account:
    """What one booster says of some rows: contributions and their sums by concept, credit shared."""

    found: Floats
    concepts: dict[str, Floats]


def account(trees: lgb.Booster, rows: Frame, share: Floats, features: list[str], catalogue: Catalogue, threads: int) -> Account:
    """What `trees` say of `rows`; `share` is their `missed_work_share`, as whole classes gave it."""
    found = shap_values.contributions(trees, rows.matrix(features), threads)
    return Account(*accounted(rows, found, share, features, catalogue))


def held(row: Ints, accounts: Iterable[Account]) -> Held:
    """The refits' `accounts` of the rows `row` (ascending) of a frame, as what reasons are held against."""
    sums: list[Floats] = []
    names: list[str] = []
    for said in accounts:
        names = list(said.concepts)
        sums.append(np.stack([said.concepts[name] for name in names], axis=1))
    return Held(names, row, np.stack(sums, axis=2)) if sums and len(row) else NOT_HELD
