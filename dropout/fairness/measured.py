"""What is measured of lists, by group and pair: places against the chances on the night, found leavers once outcomes are known.

On the night nobody knows who will leave. Groups that differ in risk rightly differ in how many are listed, so that a plain
ratio of selection rates would punish a list for being right. What is held against the bound is the group's places over the
places that its own chances ask for: each school's places shared out in proportion to chance. Once outcomes are known it is
the share of the group's leavers that was found, less that of all leavers of the same schools, whose lists are as long.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dropout.model import metrics
from dropout.model.frame import Bools, Floats, Frame
from dropout.model.group_parts import JOINED, Cell, Split, Splits
from dropout.model.groups import BOUND, PAIR_WIDTH
from dropout.model.metrics import Outcomes, Value
from dropout.model.resample import draws
from dropout.settings import FairnessSettings

LISTED_RATIO, RECALL_GAP = "listed_ratio", "recall_gap"
LEAST = 10  # listed, or not listed, of a group that is told outside: fewer could point at a pupil
FEWEST_PLACES = 20  # that a group's chances ask for, to be measured at all: twenty differ from ten by more than chance
ALL = "all"


@dataclass(frozen=True)
class Measure:
    """One number of one group. `events` are the listed on the night, the leavers once outcomes are known."""

    student_group: str
    value: Value
    students: int
    events: int
    is_out_of_bounds: bool
    is_told: bool


@dataclass(frozen=True)
class Listed:
    """Students of one night: their groups (rows), chance (NaN: abstained), listed or not, and what is expected of an even list.

    `expected`: on the night the places that the chance asks for; once outcomes are known, of a leaver, the share that the
    school's list found of all its leavers.
    """

    rows: Frame
    chance: Floats
    is_listed: Floats
    expected: Floats

    def take(self, chosen: Bools) -> "Listed":
        """The chosen students."""
        return Listed(self.rows.take(chosen), self.chance[chosen], self.is_listed[chosen], self.expected[chosen])


def on_the_night(listed: Listed, seed: int, bounds: FairnessSettings) -> list[Measure]:
    """Share listed, places against those asked for (within schools, and over the district), mean chance, share without one."""
    outcomes, chance = _resampled(listed.rows, seed), np.nan_to_num(listed.chance)
    everyone, scored = np.ones(len(chance)), (~np.isnan(listed.chance)).astype(np.float64)

    def heads(chosen: Bools) -> tuple[int, int]:
        # held against the places asked for: a group of whom nobody is listed must not be passed over
        places = float(listed.expected[chosen].sum())
        return int(chosen.sum()), int(places) if places >= FEWEST_PLACES else 0

    def rates(total: "_Totals") -> dict[str, Floats]:
        students, places, chances = total(everyone), total(listed.is_listed), total(chance)
        of_all = total.of_all(listed.is_listed) / total.of_all(chance)
        return {
            "selection_rate": places / students,
            LISTED_RATIO: places / total(listed.expected),
            "listed_ratio_in_district": places / chances / of_all,
            "chance_mean": chances / total(scored),
            "abstained_share": 1 - total(scored) / students,
        }

    return list(_measures(Splits(listed.rows, heads), outcomes, (listed.is_listed,), rates, bounds))


def once_known(listed: Listed, seed: int, bounds: FairnessSettings) -> list[Measure]:
    """Leavers found, the four rates of error, and chances against outcomes; `rows.label` is 1 of who left.

    `recall_gap`: the group's recall less that of all leavers of its schools, who share the same lists.
    """
    rows = listed.rows
    outcomes, label, chance = _resampled(rows, seed), rows.label, np.nan_to_num(listed.chance)
    everyone, scored = np.ones(len(chance)), (~np.isnan(listed.chance)).astype(np.float64)
    hit = listed.is_listed * label

    def rates(total: "_Totals") -> dict[str, Floats]:
        students, places, left, hits = total(everyone), total(listed.is_listed), total(label), total(hit)
        return {
            "selection_rate": places / students,
            "recall": hits / left,
            RECALL_GAP: (hits - total(listed.expected)) / left,
            "false_positive_rate": (places - hits) / (students - left),
            "false_discovery_rate": (places - hits) / places,
            "false_omission_rate": (left - hits) / (students - places),
            "calibration_gap": total(chance - label * scored) / total(scored),
        }

    return list(_measures(Splits(rows), outcomes, (label, listed.is_listed), rates, bounds))


def is_outside(value: Value, column: str, bounds: FairnessSettings) -> bool:
    """Whether the whole interval lies outside the bounds; of a pair, an interval PAIR_WIDTH times as wide."""
    if not set(column.split(JOINED)) <= set(BOUND):
        return False
    width = PAIR_WIDTH if JOINED in column else 1.0
    low, high = (value.value + width * (end - value.value) for end in (value.low, value.high))
    if value.metric == LISTED_RATIO:
        return bool(high < bounds.listed_ratio_at_least or low > 1 / bounds.listed_ratio_at_least)
    return bool(value.metric == RECALL_GAP and high < -bounds.recall_gap_at_most)


class _Totals:
    """Sums of an amount over the parts of a split, resamples × parts; `of_all` over everyone, as one column."""

    def __init__(self, split: Split, outcomes: Outcomes) -> None:
        self._split, self._outcomes = split, outcomes

    def __call__(self, amount: Floats) -> Floats:
        return self._split.totals(self._outcomes, amount)

    def of_all(self, amount: Floats) -> Floats:
        """Over everyone."""
        return self._outcomes.total(amount)[:, None]


def _measures(
    splits: Splits,
    outcomes: Outcomes,
    counted: tuple[Floats, ...],
    rates: Callable[["_Totals"], dict[str, Floats]],
    bounds: FairnessSettings,
) -> Iterator[Measure]:
    """`counted` are what the rates are shares of; the first is the event."""
    event = counted[0]
    everyone = Split((ALL,), np.ones(len(event), dtype=np.int64), 2, [Cell(1, ALL, len(event), int(event.sum()))])
    for split in (everyone, *splits.single(), *splits.pairs()):
        with np.errstate(invalid="ignore", divide="ignore"):
            found = rates(_Totals(split, outcomes))
        told = set.intersection(*(_told(split, amount) for amount in counted))
        for cell in split.told:
            events = int(event[split.cell == cell.place].sum())
            for name, rate in found.items():
                value = metrics.value(name, None, rate[:, cell.place])
                outside = split is not everyone and is_outside(value, split.column, bounds)
                yield Measure(cell.name, value, cell.students, events, outside, cell.place in told)


def _told(split: Split, event: Floats) -> set[int]:
    """Places of the parts that may be told outside: LEAST with and without the event, and no other is given away by a total.

    One small part alone would follow from the others: the next smallest is hidden with it. Pairs have totals in two
    directions, so that one small part hides them all.
    """
    students = np.bincount(split.cell, minlength=split.size)
    with_event = np.bincount(split.cell, event, split.size)
    fewest = np.minimum(with_event, students - with_event)
    there = np.flatnonzero(students > 0)
    small = {int(p) for p in there if fewest[p] < LEAST}
    if small and JOINED in split.column:
        return set()
    hidden = small | ({0} if students[0] else set())
    if small and len(hidden) == 1:
        hidden |= {int(min((p for p in there if p not in hidden), key=lambda p: fewest[p], default=0))}
    return {int(p) for p in there} - hidden


def _resampled(rows: Frame, seed: int) -> Outcomes:
    """Clusters and their resamples, as an evaluation draws them."""
    cluster, nothing = rows.cluster, np.zeros(len(rows))
    return Outcomes(nothing, cluster, cluster, nothing, nothing > 0, draws(int(cluster.max()) + 1, seed))
