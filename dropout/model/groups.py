"""The audit of errors by group: how well a list finds each group's leavers, whom it troubles, and whether chances are right.

Groups, and pairs of them, are read beside the features and never by the model (Frame.groups). Lists are cut over the whole
school, as always; only then is it counted who of a group stands on them. Intervals share the resamples of clusters with
everything else; fairlearn's MetricFrame, which has none of these, agrees on the values (tests/unit/test_model_groups.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dropout.model import metrics
from dropout.model.comparison import ALL, Comparison, Record, record
from dropout.model.frame import Bools, Floats
from dropout.model.group_parts import JOINED, Split, Splits
from dropout.model.metrics import Outcomes, Value
from dropout.settings import ModelSettings

# a grade has a rate of its own; it is told, and not bound
BOUND = ("region", "locality", "level", "school_size", "sex", "home_locality", "disability", "scholarship", "mother_tongue")
GAP, RECALL_GAP = "calibration_gap", "recall_in_schools_gap"
PAIR_WIDTH = 2.0  # a pair's interval counts as so many times as wide: where a hundred are asked, five in a hundred err by chance
SIZES = (0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.40)  # of lists, as shares of the students, over which the audit looks
BY_SIZE = ("recall_in_schools", RECALL_GAP, "selection_rate_in_schools", "false_positive_rate_in_schools")


@dataclass(frozen=True)
class Group:
    """One group's metrics by name. `students` of the cohort are of it, `events` of them left. A pair is `sex+locality`."""

    column: str
    name: str
    students: int
    events: int
    values: dict[str, Value]

    def records(self, cohort: str, ranking: str = "model", as_of_group: str = ALL) -> list[Record]:
        """Rows for `ops.evaluation`."""
        counts = (self.students, self.events)
        return [record(v, cohort, as_of_group, ranking, counts, self.name) for v in self.values.values()]


class Audit:
    """`ranking` of a comparison, by group; what all groups need is worked out once."""

    def __init__(self, comparison: Comparison, ranking: str = "model") -> None:
        self._comparison, self._ranking = comparison, ranking
        self._splits = Splits(comparison.rows)

    def found(self) -> list[Group]:
        """The lists of the judged share: AUC (not of pairs), recall, precision, share listed, and the four rates of error.

        `recall_in_schools_gap` is the group's recall minus that of all students, paired in each resample.
        """
        share, place = self._comparison.judged_share, self._places(self._comparison.judged_share)
        found = []
        for split in (*self._splits.single(), *self._splits.pairs()):
            rates_of = _error_rates(split, self._comparison.outcomes, place, share)
            for cell in split.told:
                values = rates_of(cell.place)
                if JOINED not in split.column:
                    values = {"auc": self._auc(split.cell == cell.place), **values}
                found.append(Group(split.column, cell.name, cell.students, cell.events, values))
        return found

    def calibrated(self) -> list[Group]:
        """Mean chance minus the share who left (above 0: chances too high); of single groups the calibration error, too."""
        chance, outcomes = self._comparison.ranked[self._ranking].chance, self._comparison.outcomes
        everyone, found = np.ones(len(chance)), []
        for split in (*self._splits.single(), *self._splits.pairs()):
            with np.errstate(invalid="ignore", divide="ignore"):
                gap = split.totals(outcomes, chance - outcomes.label) / split.totals(outcomes, everyone)
            for cell in split.told:
                values = {GAP: metrics.value(GAP, None, gap[:, cell.place])}
                if JOINED not in split.column:
                    rows = np.asarray(split.cell == cell.place, dtype=np.bool_)
                    error = metrics.calibration_error(chance[rows], outcomes.take(rows))
                    values["calibration_error"] = metrics.value("calibration_error", None, error)
                found.append(Group(split.column, cell.name, cell.students, cell.events, values))
        return found

    def by_size(self) -> dict[float, list[Group]]:
        """Recall, its gap, share listed and false positives on lists of each of SIZES; of pairs, the gap of recall alone."""
        found: dict[float, list[Group]] = {}
        splits = [*self._splits.single(), *self._splits.pairs()]
        for share in SIZES:
            place, found[share] = self._places(share), []
            for split in splits:
                kept = (RECALL_GAP,) if JOINED in split.column else BY_SIZE
                rates_of = _error_rates(split, self._comparison.outcomes, place, share, kept)
                for cell in split.told:
                    found[share].append(Group(split.column, cell.name, cell.students, cell.events, rates_of(cell.place)))
        return found

    def by_night(self) -> Iterator[tuple[str, Group]]:
        """As `found`, without AUC and pairs, for each as-of date on which enough of the group left, and stayed."""
        share, place = self._comparison.judged_share, self._places(self._comparison.judged_share)
        for night, rows in self._comparison.nights.items():
            part = Splits(self._comparison.rows.take(rows))
            for split in part.single():
                rates_of = _error_rates(split, self._comparison.outcomes.take(rows), place[rows], share)
                for cell in split.told:
                    values = rates_of(cell.place)
                    yield night, Group(split.column, cell.name, cell.students, cell.events, values)

    def _places(self, share: float) -> Floats:
        """Each snapshot's expected place on its school's list of `share`, among all students of its night."""
        place, score = np.zeros(len(self._comparison.rows)), self._comparison.ranked[self._ranking].score
        for rows in self._comparison.nights.values():
            night = self._comparison.outcomes.take(rows)
            place[rows] = metrics.listed(score[rows], night, metrics.judged_sizes(night, share))
        return place

    def _auc(self, chosen: Bools) -> Value:
        pairs = ranked_within(self._comparison, np.asarray(chosen, dtype=np.bool_), self._ranking)
        with np.errstate(invalid="ignore", divide="ignore"):
            return metrics.value("auc", None, pairs["pairs right"] / pairs["pairs"])


def _error_rates(
    split: Split, outcomes: Outcomes, place: Floats, share: float, kept: tuple[str, ...] = ()
) -> Callable[[int], dict[str, Value]]:
    """A function that gives the rates of error of one part, by its place: all of them, or those of `kept`."""
    label = outcomes.label
    left, students = split.totals(outcomes, label), split.totals(outcomes, np.ones(len(label)))
    listed, hits = split.totals(outcomes, place), split.totals(outcomes, place * label)
    overall = outcomes.total(place * label) / outcomes.total(label)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = {
            "recall_in_schools": hits / left,
            RECALL_GAP: hits / left - overall[:, None],
            "precision_in_schools": hits / listed,
            "selection_rate_in_schools": listed / students,
            "false_positive_rate_in_schools": (listed - hits) / (students - left),
            "false_discovery_rate_in_schools": (listed - hits) / listed,
            "false_omission_rate_in_schools": (left - hits) / (students - listed),
        }
    return lambda part: {
        name: metrics.value(name, share, rate[:, part]) for name, rate in rates.items() if not kept or name in kept
    }


def out_of_bounds(groups: list[Group], settings: ModelSettings) -> list[str]:
    """The groups on which the model surely errs by more than the settings allow, each with its numbers as text.

    Out of bounds is a group whose whole interval of the calibration gap lies beyond the bound on either side, or whose
    whole interval of the recall gap lies below it; of a pair, an interval PAIR_WIDTH times as wide. What cannot be
    computed is not out of bounds.
    """
    found = []
    for group in groups:
        if not set(group.column.split(JOINED)) <= set(BOUND):
            continue
        gap, recall = (_widened(group.values.get(name), group.column) for name in (GAP, RECALL_GAP))
        if gap and (gap.low > settings.group_calibration_gap_at_most or gap.high < -settings.group_calibration_gap_at_most):
            found.append(f"{group.name}: mean chance minus share who left {_points(group.values[GAP])}")
        if recall and recall.high < -settings.group_recall_gap_at_most:
            said = _points(group.values[RECALL_GAP])
            found.append(f"{group.name}: share of leavers found minus that of all students {said}")
    return found


def safe_sizes(by_size: dict[float, list[Group]], settings: ModelSettings) -> list[float]:
    """Those of SIZES at which no group is out of bounds."""
    return [share for share, groups in by_size.items() if not out_of_bounds(groups, settings)]


def _widened(v: Value | None, column: str) -> Value | None:
    """`v` as it is held against the bounds."""
    if v is None or JOINED not in column:
        return v
    return Value(v.metric, v.size_share, v.value, *(v.value + PAIR_WIDTH * (end - v.value) for end in (v.low, v.high)))


def _points(v: Value) -> str:
    value, low, high = (f"{100 * n:+.1f}" for n in (v.value, v.low, v.high))
    return f"{value} points ({low} to {high})"


def ranked_within(comparison: Comparison, chosen: Bools, ranking: str = "model") -> metrics.Sums:
    """Pairs among the chosen snapshots of one night, and those in the ranking's order, added over the nights."""
    score, nights = comparison.ranked[ranking].score, []
    for rows in comparison.nights.values():
        both = rows & chosen
        if both.any():
            nights.append(metrics.ranked_sums(score[both], _part(comparison.outcomes, both)))
    return metrics.added(nights)


def _part(outcomes: Outcomes, chosen: Bools) -> Outcomes:
    """The chosen rows, with only the clusters that they are of: the product with the resamples grows with the clusters."""
    part = outcomes.take(chosen)
    present, cluster = np.unique(part.cluster, return_inverse=True)
    return Outcomes(
        part.label,
        cluster.astype(np.int64),
        part.school,
        part.capacity,
        part.is_listable,
        np.ascontiguousarray(part.draws[:, present]),
    )
