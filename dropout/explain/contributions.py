"""Exact SHAP values of tonight's scores, checked against shap's own algorithm on a sample, and summed to concepts."""

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from dropout.errors import ModelError
from dropout.model import booster
from dropout.model.frame import Floats

SAMPLE = 64
LARGEST_DIFFERENCE = 1e-4  # of a row's sum from its score
LARGEST_FROM_SHAP = 1e-6  # of one value; in doubles the two agree to 1e-15, what is kept as float32 to 1e-7
CHUNK = 50_000  # rows at a time: their contributions are doubles, eight times the size of what is kept
BASE = "base"
Matrix = npt.NDArray[np.float32]


def contributions(trees: lgb.Booster, x: Matrix, threads: int) -> Floats:
    """Rows × (features + 1), float32; the last column is the expected value. A row's sum is its raw score."""
    parts = [booster.contributions(trees, x[i : i + CHUNK], threads).astype(np.float32) for i in range(0, len(x), CHUNK)]
    return np.concatenate(parts) if parts else np.empty((0, x.shape[1] + 1), dtype=np.float32)


def check_sums(found: Floats, raw: Floats, version: str) -> None:
    """Raises ModelError unless there is a row for each raw score, and its contributions sum to it."""
    if len(found) != len(raw) or not np.allclose(found.sum(axis=1, dtype=np.float64), raw, rtol=0, atol=LARGEST_DIFFERENCE):
        raise ModelError(
            "contributions do not sum to the scores",
            where=version,
            cause="The snapshot or the model changed between score and explain.",
            remedy="Score again with: dropout score",
        )


def check_with_shap(trees: lgb.Booster, x: Matrix, found: Floats, seed: int, version: str) -> float:
    """The largest difference from shap's own tree algorithm on a seeded sample; raises ModelError above 1e-6.

    For LightGBM, shap.TreeExplainer hands the work back to LightGBM and would agree with anything; told that the
    model is its own, it runs its own algorithm on the trees it parsed.
    """
    if not len(x):
        return 0.0
    import shap

    rows = np.sort(np.random.default_rng(seed).permutation(len(x))[:SAMPLE])
    explainer = shap.TreeExplainer(trees, feature_perturbation="tree_path_dependent")
    explainer.model.model_type = "internal"
    theirs = np.asarray(explainer.shap_values(x[rows].astype(np.float64)))
    difference = float(np.abs(theirs - found[rows, :-1]).max())
    if not difference <= LARGEST_FROM_SHAP:
        raise ModelError(
            f"contributions differ from shap's by {difference:.1e} on a sample",
            where=version,
            cause="The installed LightGBM or shap computes another quantity.",
            remedy="Install the locked versions; the last publication stays.",
        )
    return difference


def by_concept(found: Floats, concept_of: list[str]) -> dict[str, Floats]:
    """Concept → sum of its features' contributions per row; `base` is the expected value."""
    names = list(dict.fromkeys(concept_of))
    sums = {name: found[:, [c == name for c in concept_of] + [False]].sum(axis=1, dtype=np.float64) for name in names}
    return {**sums, BASE: found[:, -1].astype(np.float64)}
