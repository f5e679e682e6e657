"""The audit of errors by group: how well a list finds each group's leavers, whom it troubles, and whether chances are right.

Groups are read beside the features and never by the model (Frame.groups). Lists are cut over the whole school, as always;
only then is it counted who of a group stands on them. Intervals share the resamples of clusters with everything else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dropout.model import metrics
from dropout.model.comparison import ALL, FEWEST_HEADS, Comparison, Record, heads, record
from dropout.model.frame import GROUPS, Bools, Floats
from dropout.model.metrics import Outcomes, Value
from dropout.settings import ModelSettings

FEWEST_STUDENTS = 100
BOUND = ("region", "locality", "level", "school_size", "sex")  # a grade has a rate of its own; it is told, and not bound
GAP, RECALL_GAP = "calibration_gap", "recall_in_schools_gap"


@dataclass(frozen=True)
class Group:
    """One group's metrics by name. `students` of the cohort are of it, `events` of them left."""

    column: str
    name: str
    students: int
    events: int
    values: dict[str, Value]

    def records(self, cohort: str) -> list[Record]:
        """Rows for `ops.evaluation`, over all as-of dates."""
        return [record(v, cohort, ALL, "model", (self.students, self.events), self.name) for v in self.values.values()]


@dataclass(frozen=True)
class _Part:
    column: str
    name: str
    rows: Bools
    students: int
    events: int

    def group(self, values: list[Value]) -> Group:
        return Group(self.column, self.name, self.students, self.events, {v.metric: v for v in values})


def found_by_group(comparison: Comparison) -> list[Group]:
    """The model's ranking and its lists of the judged share: AUC, recall, precision, share listed, false positives.

    `recall_in_schools_gap` is the group's recall minus that of all students, paired in each resample.
    """
    place = _places(comparison)
    whole = _list_sums(comparison, place, np.ones(len(place), dtype=np.bool_))
    return [p.group(_found(comparison, place, p.rows, whole)) for p in _parts(comparison)]


def calibration_by_group(comparison: Comparison) -> list[Group]:
    """Mean chance minus the share who left (above 0: chances too high), and the calibration error over ten bins."""
    return [p.group(_calibrated(comparison, p.rows)) for p in _parts(comparison)]


def out_of_bounds(groups: list[Group], settings: ModelSettings) -> list[str]:
    """The groups on which the model surely errs by more than the settings allow, each with its numbers as text.

    Out of bounds is a group whose whole interval of the calibration gap lies beyond the bound on either side, or whose
    whole interval of the recall gap lies below it. What cannot be computed is not out of bounds.
    """
    found = []
    for group in groups:
        if group.column not in BOUND:
            continue
        gap, recall = group.values.get(GAP), group.values.get(RECALL_GAP)
        if gap and (gap.low > settings.group_calibration_gap_at_most or gap.high < -settings.group_calibration_gap_at_most):
            found.append(f"{group.name}: mean chance minus share who left {_points(gap)}")
        if recall and recall.high < -settings.group_recall_gap_at_most:
            found.append(f"{group.name}: share of leavers found minus that of all students {_points(recall)}")
    return found


def _points(v: Value) -> str:
    value, low, high = (f"{100 * n:+.1f}" for n in (v.value, v.low, v.high))
    return f"{value} points ({low} to {high})"


def _parts(comparison: Comparison) -> Iterator[_Part]:
    """Groups of at least FEWEST_STUDENTS students, of whom FEWEST_HEADS left and as many stayed.

    Unknown is no group, and neither is everyone.
    """
    rows = comparison.rows
    for column in GROUPS:
        words = rows.group(column).astype(str)
        for word in np.unique(words[words != ""]).tolist():
            chosen = np.asarray(words == word, dtype=np.bool_)
            students, events = heads(rows, chosen)
            if not chosen.all() and students >= FEWEST_STUDENTS and min(events, students - events) >= FEWEST_HEADS:
                yield _Part(column, f"{column}={word}", chosen, students, events)


def _places(comparison: Comparison) -> Floats:
    """Each snapshot's expected place on its school's list of the judged share, among all students of its night."""
    place, score = np.zeros(len(comparison.rows)), comparison.ranked["model"].score
    for rows in comparison.nights.values():
        night = comparison.outcomes.take(rows)
        place[rows] = metrics.listed(score[rows], night, metrics.judged_sizes(night, comparison.judged_share))
    return place


def _list_sums(comparison: Comparison, place: Floats, chosen: Bools) -> metrics.Sums:
    """Students, leavers, places and hits among the chosen snapshots, in each resample."""
    total, label = comparison.outcomes.total, comparison.outcomes.label
    return {
        "students": total(chosen.astype(np.float64)),
        "left": total(chosen * label),
        "listed": total(chosen * place),
        "hits": total(chosen * place * label),
    }


def _found(comparison: Comparison, place: Floats, chosen: Bools, whole: metrics.Sums) -> list[Value]:
    sums, share = _list_sums(comparison, place, chosen), comparison.judged_share
    pairs = ranked_within(comparison, chosen)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = sums["hits"] / sums["left"]
        return [
            metrics.value("auc", None, pairs["pairs right"] / pairs["pairs"]),
            metrics.value("recall_in_schools", share, recall),
            metrics.value(RECALL_GAP, share, recall - whole["hits"] / whole["left"]),
            metrics.value("precision_in_schools", share, sums["hits"] / sums["listed"]),
            metrics.value("selection_rate_in_schools", share, sums["listed"] / sums["students"]),
            metrics.value(
                "false_positive_rate_in_schools", share, (sums["listed"] - sums["hits"]) / (sums["students"] - sums["left"])
            ),
        ]


def ranked_within(comparison: Comparison, chosen: Bools) -> metrics.Sums:
    """Pairs among the chosen snapshots of one night, and those in the model's order, added over the nights."""
    score, nights = comparison.ranked["model"].score, []
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


def _calibrated(comparison: Comparison, chosen: Bools) -> list[Value]:
    chance, outcomes = comparison.ranked["model"].chance, comparison.outcomes
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = outcomes.total(chosen * (chance - outcomes.label)) / outcomes.total(chosen.astype(np.float64))
        error = metrics.calibration_error(chance[chosen], outcomes.take(chosen))
    return [metrics.value(GAP, None, gap), metrics.value("calibration_error", None, error)]
