"""A logistic regression beside the trees: what a weighted sum of the same features finds in the same cohorts.

Values are standardised, an unknown one is taken as the median, and a column says that it was unknown. Newton's method
ends at the optimum to many digits, and one thread adds up in one order, so the same rows give the same ranking anywhere.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from dropout.features.catalogue import load_catalogue
from dropout.model.candidate import Candidate
from dropout.model.frame import Floats, Frame, Ints
from dropout.model.recipe import OUT_OF_FOLD, Plan, Stage
from dropout.model.stages import is_first_half
from dropout.model.subsample import some_students
from dropout.model.train import folds
from dropout.settings import ModelSettings

C = 1.0  # inverse weight of the squared coefficients: next to none beside thousands of students, enough for near copies
FARTHEST = 5.0  # standard deviations: one wild value does not carry a student to the top
MOST_ROWS = 200_000  # fitted on; some 90 coefficients gain nothing from more
TOLERANCE = 1e-6  # six steps on OULAD, where lbfgs took two hundred to as many digits
DIGITS = 8


@dataclass(frozen=True)
class Logistic:
    """`fill` per feature; `holes` are the features with a column that says unknown; the rest is per column."""

    fill: Floats
    holes: Ints
    centre: Floats
    spread: Floats
    coefficients: Floats
    intercept: float

    def raw(self, x: npt.NDArray[np.float32]) -> Floats:
        """Log-odds of each row of `x`, snapshots × features, NaN where unknown."""
        z = _standardised(_columns(x, self.fill, self.holes), self.centre, self.spread)
        return np.asarray(np.round(z @ self.coefficients + self.intercept, DIGITS), dtype=np.float64)


def fit(x: npt.NDArray[np.float32], label: Floats, weight: Floats) -> Logistic:
    """The regression of `label` (0 or 1, both there) on snapshots × features; NaN is unknown."""
    known = ~np.isnan(x)
    fill = np.array([np.median(x[k, i]) if k.any() else 0.0 for i, k in enumerate(known.T)])
    holes = np.flatnonzero(~known.all(axis=0)).astype(np.int64)
    columns = _columns(x, fill, holes)
    share = weight / weight.sum()
    centre = share @ columns
    spread = np.sqrt(np.maximum(share @ columns**2 - centre**2, 0))
    spread = np.where(
        spread > 1e-6 * (1 + np.abs(centre)), spread, np.inf
    )  # what never varies, as a column of unknowns, says nothing
    model = LogisticRegression(C=C, solver="newton-cholesky", tol=TOLERANCE)
    with threadpool_limits(1):  # faster, too: two threads on two busy cores took ten times as long
        model.fit(_standardised(columns, centre, spread), label, sample_weight=weight)
    return Logistic(fill, holes, centre, spread, np.round(model.coef_[0], DIGITS), round(float(model.intercept_[0]), DIGITS))


def chances(raw: Floats) -> Floats:
    """The regression's own chances, 0…1, of its log-odds."""
    return np.exp(-np.logaddexp(0, -raw))


def logistic_scores(candidate: Candidate, plan: Plan, stage: Stage, judged: Frame, settings: ModelSettings) -> Floats:
    """Log-odds of the `judged` rows, from the cohorts that the stage's booster saw; out of fold where that was."""
    if stage.booster != OUT_OF_FOLD:
        return _fitted(candidate.rows(plan.recipe.fits[stage.booster]), settings).raw(_matrix(judged))
    whole = candidate.rows([stage.school_year])
    fold, raw = folds(whole, settings.seed), np.empty(len(whole))
    for k in np.unique(fold):
        raw[fold == k] = _fitted(whole.take(fold != k), settings).raw(_matrix(whole.take(fold == k)))
    return raw if stage.part == "all" else raw[is_first_half(whole, settings.seed) == (stage.part == "a")]


def _fitted(past: Frame, settings: ModelSettings) -> Logistic:
    rows = some_students(past, MOST_ROWS, settings.seed)
    return fit(_matrix(rows), rows.label, rows.weight)


def _matrix(rows: Frame) -> npt.NDArray[np.float32]:
    return rows.matrix(f.name for f in load_catalogue().model_features)


def _columns(x: npt.NDArray[np.float32], fill: Floats, holes: Ints) -> Floats:
    """Features with the unknown filled, then for each of `holes` whether it was unknown."""
    unknown = np.isnan(x)
    return np.hstack([np.where(unknown, fill, x), unknown[:, holes]]).astype(np.float64)


def _standardised(columns: Floats, centre: Floats, spread: Floats) -> Floats:
    return np.clip((columns - centre) / spread, -FARTHEST, FARTHEST)
