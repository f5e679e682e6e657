"""How good a ranking is, at the size of a list: sums per night and cluster, so that every resample is one product.

Nights are never mixed: two students are compared, and a list is cut, within one as-of date; groups of nights add up
sums. Ties count by their expectation: where k places are left for t equal scores, each has k/t of a place.
"""

from dataclasses import dataclass

import numpy as np

from dropout.model.frame import Bools, Floats, Ints
from dropout.model.resample import interval, tally

MOST_BINS = 400  # of scores per night, for intervals; the values themselves are exact
CALIBRATION_BINS = 10
Sums = dict[str, Floats]  # name → one number per resample; element 0 is the sample itself


@dataclass(frozen=True)
class Outcomes:
    """Whom a ranking is judged on: label 0/1, cluster, school, capacity of the school, and whether it can be listed.

    `draws` is resample.draws(clusters); all rankings of one evaluation share it, so differences are paired.
    """

    label: Floats
    cluster: Ints
    school: Ints
    capacity: Floats
    is_listable: Bools
    draws: Floats

    def take(self, rows: Bools) -> "Outcomes":
        """The rows of one night."""
        return Outcomes(
            self.label[rows], self.cluster[rows], self.school[rows], self.capacity[rows], self.is_listable[rows], self.draws
        )

    def total(self, amount: Floats) -> Floats:
        """The sum of `amount` in each resample."""
        clusters = self.draws.shape[1]
        return self.draws @ np.bincount(self.cluster, weights=amount, minlength=clusters)


def night_sums(score: Floats, chance: Floats, night: Outcomes, shares: tuple[float, ...], judged_share: float) -> Sums:
    """All additive parts of the metrics of one night. `judged_share` is the list size at which a model is judged."""
    sums = {"left": night.total(night.label), "students": night.total(np.ones(len(score)))}
    sums["brier"] = night.total((chance - night.label) ** 2)
    for share in dict.fromkeys((*shares, judged_share)):
        sums[f"listed {share}"] = sums["students"] * share
    sums |= ranked_sums(score, night, (*shares, judged_share))
    sizes = {"capacity": night.capacity, "schools": judged_sizes(night, judged_share)}
    for name, size in sizes.items():
        place = listed(score, night, size)
        sums[f"hits {name}"], sums[f"listed {name}"] = night.total(place * night.label), night.total(place)
    return sums


def ranked_sums(score: Floats, night: Outcomes, shares: tuple[float, ...] = ()) -> Sums:
    """Pairs (one left, one stayed) and those in the right order, precision summed over those who left, and hits at `shares`."""
    exact = _by_score(score, np.zeros_like(night.cluster), 1, night.label, None)
    binned = _by_score(score, night.cluster, night.draws.shape[1], night.label, MOST_BINS)
    resampled = _ranked(night.draws[1:] @ binned[0], night.draws[1:] @ binned[1], shares)
    return {name: np.concatenate([part, resampled[name]]) for name, part in _ranked(*exact, shares).items()}


def listed(score: Floats, night: Outcomes, size: Floats) -> Floats:
    """Each row's expected place 0…1 on its school's list of `size`; whom the night abstains from has none."""
    return places(np.where(night.is_listable, score, -np.inf), night.school, size) * night.is_listable


def _by_score(score: Floats, cluster: Ints, clusters: int, label: Floats, most: int | None) -> tuple[Floats, Floats]:
    """Left and stayed, clusters × bins of score, the highest first; equal scores are never parted."""
    distinct, cell = np.unique(-score, return_inverse=True)
    if most is not None and len(distinct) > most:
        before = np.cumsum(np.bincount(cell)) - np.bincount(cell)
        cell = np.unique((before * most // len(score))[cell], return_inverse=True)[1]
    cells, cell = int(cell.max()) + 1, cell.astype(np.int64)
    return tally(cell, cells, cluster, clusters, label), tally(cell, cells, cluster, clusters, 1 - label)


def _ranked(left: Floats, stayed: Floats, shares: tuple[float, ...]) -> Sums:
    """Pairs in the right order, precision summed over those who left, and hits of the district's lists."""
    left_total, stayed_total = left.sum(1), stayed.sum(1)
    below = stayed_total[:, None] - np.cumsum(stayed, axis=1)
    sums = {"pairs right": (left * (below + stayed / 2)).sum(1), "pairs": left_total * stayed_total}
    found, seen = np.cumsum(left, axis=1), np.cumsum(left + stayed, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        sums["precision"] = np.nansum(left * (found / seen), axis=1)
        size = left + stayed
        for share in dict.fromkeys(shares):
            places_left = (left_total + stayed_total)[:, None] * share - (seen - size)
            sums[f"hits {share}"] = np.nansum(left * np.clip(places_left / size, 0, 1), axis=1)
    return sums


def places(score: Floats, school: Ints, size: Floats) -> Floats:
    """Each row's expected place 0…1 on its school's list of `size` (given per row, the same within a school)."""
    order = np.lexsort((-score, school))
    s, v = school[order], score[order]
    new_school = np.append(True, s[1:] != s[:-1])
    new_tie = new_school | np.append(True, v[1:] != v[:-1])
    position = np.arange(len(s))
    first_of_school = np.maximum.accumulate(np.where(new_school, position, 0))
    tie = np.cumsum(new_tie) - 1
    first_of_tie = np.flatnonzero(new_tie)[tie]
    tie_size = np.bincount(tie)[tie]
    place = np.empty(len(s))
    place[order] = np.clip((size[order] - (first_of_tie - first_of_school)) / tie_size, 0, 1)
    return place


def judged_sizes(night: Outcomes, judged_share: float) -> Floats:
    """List sizes that give each school the same share of its students."""
    return np.asarray(judged_share * np.bincount(night.school)[night.school], dtype=np.float64)


def added(nights: list[Sums]) -> Sums:
    """Sums of several nights."""
    return {name: np.sum([n[name] for n in nights], axis=0) for name in nights[0]}


@dataclass(frozen=True)
class Value:
    """One metric with its interval; NaN where it cannot be computed."""

    metric: str
    size_share: float | None
    value: float
    low: float
    high: float


def values(sums: Sums, shares: tuple[float, ...], judged_share: float) -> list[Value]:
    """The metrics of a night, or of nights whose sums were added."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = sums["left"] / sums["students"]
        found = [
            value("auc", None, sums["pairs right"] / sums["pairs"]),
            value("average_precision", None, sums["precision"] / sums["left"]),
            value("brier", None, sums["brier"] / sums["students"]),
        ]
        lists = [(str(s), "", s) for s in dict.fromkeys((*shares, judged_share))]
        capacity = float(sums["listed capacity"][0] / sums["students"][0])
        for key, suffix, share in [*lists, ("schools", "_in_schools", judged_share), ("capacity", "_at_capacity", capacity)]:
            hits, listed = sums[f"hits {key}"], sums[f"listed {key}"]
            found += [
                value(f"recall{suffix}", share, hits / sums["left"]),
                value(f"precision{suffix}", share, hits / listed),
                value(f"lift{suffix}", share, hits / listed / rate),
            ]
    return found


def value(metric: str, size_share: float | None, resampled: Floats) -> Value:
    """A metric from its value in each resample."""
    return Value(metric, size_share, float(resampled[0]), *interval(resampled))


def gain(model: Sums, baseline: Sums, hits: str) -> Floats:
    """Recall of the model minus recall of the baseline on lists of one kind, paired in each resample."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (model[hits] - baseline[hits]) / model["left"]


def calibration_error(chance: Floats, outcomes: Outcomes) -> Floats:
    """Mean distance of chance and share who left, over ten bins of equally many snapshots, in each resample."""
    if not len(chance):
        return np.full(len(outcomes.draws), np.nan)
    rank = np.argsort(np.argsort(chance, kind="stable"), kind="stable")
    cell, clusters = rank * CALIBRATION_BINS // len(chance), outcomes.draws.shape[1]
    gap = outcomes.draws @ tally(cell, CALIBRATION_BINS, outcomes.cluster, clusters, chance - outcomes.label)
    return np.asarray(np.abs(gap).sum(1) / outcomes.total(np.ones(len(chance))), dtype=np.float64)
