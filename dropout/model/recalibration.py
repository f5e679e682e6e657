"""Recalibration: chances held against outcomes that came since, and the smallest correction that these outcomes ask for.

A closed test chooses among three: none, a shift of the log-odds (intercept), a shift and a stretch (intercept and slope).
First intercept and slope are tried against no correction; only if that is rejected, against the intercept alone. So the
chance of correcting what needs none stays at 5 % (Vergouwe et al. 2017, Statistics in Medicine 36, without their third
step: new coefficients are what a season is for). The tests are likelihood-ratio tests, divided by their design effect
from resampled schools (Rao & Scott 1984, Annals of Statistics 12): pupils of one school, and nights of one pupil, are not
independent.
"""

from typing import Literal

import numpy as np

from dropout.model.calibrator import DIGITS, Evidence, gather, newton, sigmoid
from dropout.model.frame import Floats, Ints
from dropout.model.resample import draws
from dropout.strict import Strict

LEVEL = 0.05
CHI2_1, CHI2_2 = 3.841, 5.991  # quantiles of 1 - LEVEL
SMALLEST_SLOPE = 0.2  # below it the scores hardly mean anything any more; the order must stay all the same
Kind = Literal["none", "intercept", "intercept_and_slope"]


class Correction(Strict):
    """New log-odds = intercept + slope × log-odds of the chance; the slope is above 0, so no order changes."""

    kind: Kind = "none"
    intercept: float = 0.0
    slope: float = 1.0

    def applied(self, chance: Floats) -> Floats:
        """The corrected chances (or ends of intervals), 0…1; NaN stays NaN, 0 and 1 stay what they are."""
        if self.kind == "none":
            return chance
        with np.errstate(invalid="ignore"):
            return sigmoid(self.intercept + self.slope * log_odds(chance))


NO_CORRECTION = Correction()


def log_odds(chance: Floats) -> Floats:
    """log(p / (1 - p)); infinite at 0 and 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(chance) - np.log1p(-chance), dtype=np.float64)


def closed_test(chance: Floats, label: Floats, weight: Floats, cluster: Ints, seed: int) -> Correction:
    """The correction that outcomes `label` ask for, of rows whose calibrated chances (0…1, both ends excluded) were `chance`.

    `weight` counts students, not snapshots (Frame.weight); `cluster` is what is resampled. Both outcomes must occur.
    """
    _, cluster = np.unique(cluster, return_inverse=True)
    evidence = gather(log_odds(chance), label, weight, cluster)
    raw, left, stayed = evidence.raw, evidence.left.sum(0), evidence.stayed.sum(0)
    intercepts, slopes = _resampled(evidence, seed)
    slope = max(float(slopes[0]), SMALLEST_SLOPE)
    both = (float(intercepts[0]) if slope == slopes[0] else _shift(slope * raw, left, stayed), slope)
    only = (_shift(raw, left, stayed), 1.0)
    effects = _design_effects(raw, left + stayed, both, np.cov(intercepts[1:], slopes[1:]))
    bounds = _widened(len(evidence.left)) * effects * np.array([CHI2_2, CHI2_1])
    fit = _log_likelihood(raw, left, stayed, both)
    if 2 * (fit - _log_likelihood(raw, left, stayed, (0.0, 1.0))) <= bounds[0]:
        return NO_CORRECTION
    if 2 * (fit - _log_likelihood(raw, left, stayed, only)) <= bounds[1]:
        return Correction(kind="intercept", intercept=round(only[0], DIGITS))
    return Correction(kind="intercept_and_slope", intercept=round(both[0], DIGITS), slope=round(both[1], DIGITS))


def _resampled(evidence: Evidence, seed: int) -> tuple[Floats, Floats]:
    """Intercept and slope of the sample (first) and of every resample of clusters."""
    drawn = draws(len(evidence.left), seed)
    left, stayed = drawn @ evidence.left, drawn @ evidence.stayed
    return newton(evidence.raw, left, left + stayed)


def _shift(offset: Floats, left: Floats, stayed: Floats) -> float:
    """The intercept that makes the mean chance the share who left; `offset` are log-odds."""
    total, shift = left + stayed, 0.0
    for _ in range(100):
        p = sigmoid(shift + offset)
        step = float((total * p - left).sum() / max((total * p * (1 - p)).sum(), 1e-9))
        shift -= float(np.clip(step, -2, 2))
        if abs(step) < 1e-12:
            break
    return shift


def _log_likelihood(raw: Floats, left: Floats, stayed: Floats, line: tuple[float, float]) -> float:
    x = line[0] + line[1] * raw
    return float(-(left * np.logaddexp(0, -x) + stayed * np.logaddexp(0, x)).sum())


def _design_effects(raw: Floats, total: Floats, line: tuple[float, float], covariance: Floats) -> Floats:
    """By how much the two statistics are too large: mean over intercept and slope, and of the slope alone; at least 1.

    The covariance among resamples against what independent students would have. Less than theirs is never believed.
    """
    p = sigmoid(line[0] + line[1] * raw)
    curvature = total * p * (1 - p)
    off = float((curvature * raw).sum())
    information = np.array([[curvature.sum(), off], [off, (curvature * raw**2).sum()]])
    determinant = max(float(np.linalg.det(information)), 1e-12)
    of_slope = covariance[1, 1] * determinant / information[0, 0]
    return np.maximum([np.trace(information @ covariance) / 2, of_slope], 1.0)


def _widened(clusters: int) -> float:
    """How much further F(2, clusters - 1) reaches than chi²: a variance from few schools is itself uncertain.

    F's quantile has a closed form with two degrees; with one it would reach a little less far.
    """
    degrees = max(clusters - 1, 1)
    return float(degrees * (LEVEL ** (-2 / degrees) - 1) / CHI2_2)
