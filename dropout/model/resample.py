"""The bootstrap: clusters (schools) are drawn with replacement; everything is counted once per cluster beforehand.

A resample is a row of how often each cluster was drawn, so any statistic that is a function of sums costs one
matrix product. Source: Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8 (clusters).
"""

import numpy as np

from dropout.model.frame import Floats, Ints

RESAMPLES = 200
LOW, HIGH = 0.05, 0.95  # of the resamples: the interval given everywhere


def draws(cluster_count: int, seed: int, resamples: int = RESAMPLES) -> Floats:
    """How often each cluster is in each resample, resamples × clusters; row 0 is the sample itself."""
    even = np.full(cluster_count, 1 / cluster_count)
    drawn = np.random.default_rng(seed).multinomial(cluster_count, even, size=resamples)
    return np.vstack([np.ones(cluster_count), drawn]).astype(np.float64)


def tally(cell: Ints, cells: int, cluster: Ints, clusters: int, amount: Floats) -> Floats:
    """Sums of `amount`, clusters × cells."""
    sums = np.bincount(cluster * cells + cell, weights=amount, minlength=clusters * cells)
    return sums.astype(np.float64).reshape(clusters, cells)


def interval(resampled: Floats) -> tuple[float, float]:
    """The interval of row 1 and later of a statistic; NaN where it cannot be computed in most resamples."""
    known = resampled[1:][np.isfinite(resampled[1:])]
    if len(known) * 2 < len(resampled) - 1 or not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [LOW, HIGH])
    return float(low), float(high)
