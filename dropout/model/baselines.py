"""The three simpler means that a model has to beat: an absence rule, the classic flags, and the school's own rate.

Each gives a score to rank by and a chance: the share of students with such a score who left in earlier cohorts.
"""

import numpy as np
from sklearn.isotonic import isotonic_regression

from dropout.model.frame import Floats, Frame, Ints
from dropout.model.resample import draws, interval, tally
from dropout.strict import Strict

UNEXCUSED_SHARE = 0.10  # three of 28 school days: where attendance rules usually start
ABSENT_SHARE = 0.10  # "chronic absence"
EDGES = (0.0, 0.05, 0.10, 0.20, 1.0, 1.05, 1.10, 1.20)  # of the absence rule's score
LISTED_FROM = ABSENT_SHARE  # of the absence rule's score: whom a list holds where rates are unknown


def absence_rule(rows: Frame) -> Floats:
    """The two-line rule.

    1. First come students absent without excuse on a tenth or more of their last 28 taken registers.
    2. Within each group, order by the share of the year's school days missed.

    Score: 1 for the first group, plus the year's share (below 1); -1 where no register was taken.
    """
    taken = rows.column("registers_taken_28d_count")
    with np.errstate(invalid="ignore", divide="ignore"):
        share = rows.column("absences_unexcused_28d_count") / np.where(taken > 0, taken, np.nan)
    year = rows.column("absence_share_year")
    score = (np.nan_to_num(share, nan=0.0) >= UNEXCUSED_SHARE) + np.clip(np.nan_to_num(year, nan=0.0), 0, 0.999)
    return np.asarray(np.where(np.isnan(share) & np.isnan(year), -1.0, score), dtype=np.float64)


def abc_flags(rows: Frame) -> Floats:
    """Number of classic flags: absent on a tenth of days or more, any conduct incident, any failing subject.

    Source: Balfanz, Herzog & Mac Iver, Preventing student disengagement, 2007. Unknown is no flag.
    """
    flags = (
        rows.column("absence_share_year") >= ABSENT_SHARE,
        rows.column("incidents_year_count") >= 1,
        rows.column("marks_failing_count") >= 1,
    )
    return np.asarray(np.sum(flags, axis=0), dtype=np.float64)


def school_rate(past: Frame, rows: Frame) -> Floats:
    """The share of its students that each row's school lost in `past`; the overall share for a school without past."""
    overall = float(np.average(past.label, weights=past.weight))
    names, index = np.unique(past.school_id.astype(str), return_inverse=True)
    students = np.bincount(index, weights=past.weight)
    rates = np.bincount(index, weights=past.weight * past.label) / students
    of_school = dict(zip(names.tolist(), rates.tolist(), strict=True))
    return np.array([of_school.get(str(s), overall) for s in rows.school_id])


class Bands(Strict):
    """Rates of having left by band of a score, never falling from one band to the next, with intervals."""

    edges: list[float]
    rates: list[float]
    low: list[float]
    high: list[float]

    def chance(self, score: Floats) -> Floats:
        """The rate of each score's band."""
        return np.asarray(np.array(self.rates)[self.band(score)], dtype=np.float64)

    def bounds(self, score: Floats) -> tuple[Floats, Floats]:
        """The interval of each score's band."""
        band = self.band(score)
        return np.array(self.low)[band], np.array(self.high)[band]

    def band(self, score: Floats) -> Ints:
        """Band 0…len(edges) of each score."""
        return np.searchsorted(self.edges, score, side="right").astype(np.int64)


def fit_bands(past: Frame, score: Floats, edges: tuple[float, ...], seed: int) -> Bands:
    """Share of the students of `past` who left, by band of `score`; neighbours that contradict the order are pooled."""
    _, cluster = np.unique(past.cluster, return_inverse=True)
    cells, clusters = len(edges) + 1, int(cluster.max()) + 1
    band = np.searchsorted(edges, score, side="right")
    drawn = draws(clusters, seed)
    left = drawn @ tally(band, cells, cluster, clusters, past.weight * past.label)
    total = drawn @ tally(band, cells, cluster, clusters, past.weight)
    prior = float(np.average(past.label, weights=past.weight))
    rates = np.array(
        [
            isotonic_regression((ups + prior) / (all_ + 1), sample_weight=all_ + 1e-9)
            for ups, all_ in zip(left, total, strict=True)
        ]
    )
    ends = [interval(rates[:, band]) for band in range(cells)]
    return Bands(
        edges=list(edges),
        rates=[round(float(r), 10) for r in rates[0]],
        low=[round(min(low, float(r)), 10) for (low, _), r in zip(ends, rates[0], strict=True)],
        high=[round(max(high, float(r)), 10) for (_, high), r in zip(ends, rates[0], strict=True)],
    )
