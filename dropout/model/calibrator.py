"""Log-odds to chances: a strictly increasing map, fitted on a cohort the booster did not see, with its uncertainty.

Two maps compete: logistic (Platt 1999, with his smoothed targets) and isotonic (Zadrozny & Elkan 2002), the latter
on binned scores, interpolated, and blended with a little of the logistic so that no two ranks are merged. The
interval is the union of two: what the map would be with other schools (schools are drawn anew), and the Venn–Abers
pair, what one more student would make of it (venn_abers.py). It holds neither other trees nor another year.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.isotonic import isotonic_regression

from dropout.model import venn_abers
from dropout.model.frame import Floats, Ints
from dropout.model.resample import HIGH, LOW, draws, tally
from dropout.strict import Strict

BINS = 256  # of raw scores in which left and stayed are counted
STEPS = 20  # of the isotonic map
BLEND = 0.05  # of the logistic map in the isotonic one
FOLDS = 5
GRID = 121
DIGITS = 10
Kind = Literal["logistic", "isotonic"]


class Calibrator(Strict):
    """The map, and on a grid of raw scores the ends of its interval."""

    kind: Kind
    slope: float
    intercept: float
    knots: list[float]
    knot_chances: list[float]
    grid: list[float]
    low: list[float]
    high: list[float]
    log_loss: dict[Kind, float]  # grouped cross-validation

    def chance(self, raw: Floats) -> Floats:
        """Chance 0…1 of each raw score; strictly increasing."""
        logistic = sigmoid(self.intercept + self.slope * raw)
        if self.kind == "logistic":
            return logistic
        return BLEND * logistic + (1 - BLEND) * np.interp(raw, self.knots, self.knot_chances)

    def bounds(self, raw: Floats) -> tuple[Floats, Floats]:
        """Lower and upper end of the interval; the chance is always inside."""
        chance = self.chance(raw)
        low = np.interp(raw, self.grid, self.low)
        high = np.interp(raw, self.grid, self.high)
        return np.minimum(low, chance), np.maximum(high, chance)


@dataclass(frozen=True)
class Evidence:
    """Left and stayed by cluster and bin of raw score (clusters × bins); `raw` is the bins' mean score, increasing."""

    raw: Floats
    left: Floats
    stayed: Floats


def gather(raw: Floats, label: Floats, weight: Floats, cluster: Ints) -> Evidence:
    """Counts the outcomes by bin and cluster; up to BINS different scores keep a bin each."""
    distinct = np.unique(raw)
    if len(distinct) > BINS:
        edges = np.unique(np.quantile(raw, np.linspace(0, 1, BINS + 1)[1:-1]))
        cell = np.searchsorted(edges, raw, side="right").astype(np.int64)
    else:
        cell = np.searchsorted(distinct, raw).astype(np.int64)
    _, cell = np.unique(cell, return_inverse=True)
    cells, clusters = int(cell.max()) + 1, int(cluster.max()) + 1
    total = np.bincount(cell, weights=weight, minlength=cells)
    return Evidence(
        raw=np.bincount(cell, weights=weight * raw, minlength=cells) / total,
        left=tally(cell, cells, cluster, clusters, weight * label),
        stayed=tally(cell, cells, cluster, clusters, weight * (1 - label)),
    )


def fit(raw: Floats, label: Floats, weight: Floats, cluster: Ints, seed: int) -> Calibrator:
    """The better of the two maps by grouped cross-validated log loss, with its interval.

    `weight` is such that the snapshots of a student seen on every as-of date add up to 1 (Frame.weight).
    """
    _, cluster = np.unique(cluster, return_inverse=True)
    evidence = gather(raw, label, weight, cluster)
    losses = _cross_validated(evidence, seed)
    kind: Kind = "isotonic" if losses["isotonic"] < losses["logistic"] else "logistic"
    drawn = draws(len(evidence.left), seed)
    left, stayed = drawn @ evidence.left, drawn @ evidence.stayed
    maps = _Maps(kind, evidence.raw, left, stayed)
    grid = np.linspace(evidence.raw[0] - 1, evidence.raw[-1] + 1, GRID)
    low, high = _interval(maps, evidence, grid)
    return Calibrator(
        kind=kind,
        slope=_rounded(maps.slope[:1])[0],
        intercept=_rounded(maps.intercept[:1])[0],
        knots=_rounded(maps.knots),
        knot_chances=_rounded(maps.knot_chances[0]),
        grid=_rounded(grid),
        low=_rounded(low),
        high=_rounded(high),
        log_loss={k: round(v, DIGITS) for k, v in losses.items()},
    )


def _interval(maps: "_Maps", evidence: Evidence, grid: Floats) -> tuple[Floats, Floats]:
    """At each score of `grid` the union of the 5th to 95th percentile of the resampled maps and the Venn–Abers pair."""
    low, high = np.quantile(maps.chances(grid)[1:], [LOW, HIGH], axis=0)
    stayed, left = venn_abers.pairs(evidence.left.sum(0), evidence.stayed.sum(0))
    return np.minimum(low, np.interp(grid, evidence.raw, stayed)), np.maximum(high, np.interp(grid, evidence.raw, left))


class _Maps:
    """One map per row of `left` and `stayed` (resamples × bins)."""

    def __init__(self, kind: Kind, raw: Floats, left: Floats, stayed: Floats) -> None:
        self.kind = kind
        self.intercept, self.slope = fit_logistic(raw, left, stayed)
        step, self.knots = _steps(raw, (left + stayed)[0])
        starts = np.flatnonzero(np.diff(step, prepend=-1))
        ups, totals = np.add.reduceat(left, starts, axis=1), np.add.reduceat(left + stayed, starts, axis=1)
        rates = (ups + 0.5 / STEPS) / (totals + 1 / STEPS)  # an empty step takes part with next to no weight
        self.knot_chances = np.array(
            [isotonic_regression(r, sample_weight=t + 1e-9, y_min=0, y_max=1) for r, t in zip(rates, totals, strict=True)]
        )

    def chances(self, raw: Floats) -> Floats:
        """Chances, maps × raw scores."""
        logistic = sigmoid(self.intercept[:, None] + self.slope[:, None] * raw)
        if self.kind == "logistic":
            return logistic
        isotonic = np.array([np.interp(raw, self.knots, values) for values in self.knot_chances])
        return BLEND * logistic + (1 - BLEND) * isotonic


def fit_logistic(raw: Floats, left: Floats, stayed: Floats, steps: int = 50) -> tuple[Floats, Floats]:
    """Intercepts and slopes of one logistic map per row, by Newton's method on all rows at once.

    Platt's smoothed targets keep the map finite when the classes part; slopes are kept above 0.001, so that
    even a booster worse than chance gives an increasing map.
    """
    total, ups, downs = left + stayed, left.sum(1, keepdims=True), stayed.sum(1, keepdims=True)
    return newton(raw, left * (ups + 1) / (ups + 2) + stayed / (downs + 2), total, steps)


def newton(raw: Floats, target: Floats, total: Floats, steps: int = 50) -> tuple[Floats, Floats]:
    """Intercepts and slopes that make the chances of each row's bins as near to `target` (of `total`) as a line can.

    With `target` those who left, this is maximum likelihood. Slopes below 0.001 are set to that.
    """
    centre = float(np.average(raw, weights=total[0] + 1e-12))
    spread = max(float(np.sqrt(np.average((raw - centre) ** 2, weights=total[0] + 1e-12))), 1e-9)
    z = (raw - centre) / spread
    rate = np.clip(target.sum(1) / total.sum(1), 1e-6, 1 - 1e-6)  # a resample may hold one outcome only
    a, b = np.log(rate / (1 - rate)), np.full(len(target), spread)
    for _ in range(steps):
        p = sigmoid(a[:, None] + b[:, None] * z)
        gradient, curvature = total * p - target, total * p * (1 - p)
        g0, g1 = gradient.sum(1), gradient @ z
        h00, h01, h11 = curvature.sum(1) + 1e-9, curvature @ z, curvature @ z**2 + 1e-9
        determinant = h00 * h11 - h01**2
        da, db = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        a, b = a - np.clip(da, -2, 2), b - np.clip(db, -2, 2)
        if max(np.abs(da).max(), np.abs(db).max()) < 1e-10:
            break
    slope = np.maximum(b / spread, 1e-3)
    return a - slope * centre, slope


def _steps(raw: Floats, total: Floats) -> tuple[Ints, Floats]:
    """Step of each bin, and the steps' mean score: steps of about equal weight."""
    before = np.cumsum(total) - total
    step = np.minimum((before / total.sum() * STEPS).astype(np.int64), STEPS - 1)
    _, step = np.unique(step, return_inverse=True)
    knots = np.bincount(step, weights=total * raw) / np.bincount(step, weights=total)
    return step.astype(np.int64), knots


def _cross_validated(evidence: Evidence, seed: int) -> dict[Kind, float]:
    """Log loss per student of each map on clusters that it was not fitted on."""
    clusters = len(evidence.left)
    fold = np.random.default_rng(seed).permutation(clusters) % min(FOLDS, clusters)
    losses: dict[Kind, float] = {"logistic": 0.0, "isotonic": 0.0}
    if clusters < 2:
        return losses
    for k in range(fold.max() + 1):
        left, stayed = evidence.left[fold == k].sum(0), evidence.stayed[fold == k].sum(0)
        rest = evidence.left[fold != k].sum(0)[None], evidence.stayed[fold != k].sum(0)[None]
        seen = (rest[0] + rest[1])[0] > 0
        for kind in losses:
            maps = _Maps(kind, evidence.raw[seen], rest[0][:, seen], rest[1][:, seen])
            p = np.clip(maps.chances(evidence.raw)[0], 1e-6, 1 - 1e-6)
            losses[kind] -= float(left @ np.log(p) + stayed @ np.log(1 - p))
    total = float(evidence.left.sum() + evidence.stayed.sum())
    return {kind: loss / total for kind, loss in losses.items()}


def sigmoid(x: Floats) -> Floats:
    """Chance of log-odds."""
    return np.exp(-np.logaddexp(0, -x))  # no overflow, and exact in the lower tail, where ranks could merge


def _rounded(values: Floats) -> list[float]:
    """Rounded, so that the last bits of a sum do not change the record's bytes."""
    return [float(v) for v in np.round(values, DIGITS)]
