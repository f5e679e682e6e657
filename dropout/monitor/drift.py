"""Population stability index: how far the distribution of the chances has moved."""

import numpy as np
import numpy.typing as npt

BINS = 10
# "Above 0.25: a major shift" (Siddiqi, Credit Risk Scorecards, 2006, ch. 9; after Lewis 1994).
PSI_AT_MOST = 0.25
# Without any shift the index is about (1/n + 1/m) × chi² with BINS - 1 degrees (Yurdakul & Naranjo,
# J. Risk Model Validation 14(4), 2020); 27.88 is its 0.999 quantile, so that small deployments raise no false alarm.
CHI2_999 = 27.88
_EMPTY = 0.5  # students taken for an empty bin, whose logarithm is not finite

Chances = npt.NDArray[np.float64]


def psi(last: Chances, now: Chances) -> float:
    """Population stability index of `now` against `last`, over the deciles of `last`; 0 where nothing moved."""
    edges = np.unique(np.quantile(last, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(edges, x, side="right"), minlength=len(edges) + 1) for x in (last, now)]
    a, b = (np.maximum(count, _EMPTY) / count.sum() for count in counts)
    return float(np.sum((b - a) * np.log(b / a)))


def psi_bound(last_count: int, now_count: int) -> float:
    """The largest index taken as no news for so many students."""
    return max(PSI_AT_MOST, CHI2_999 * (1 / last_count + 1 / now_count))
