"""Contributions are exact: they sum to the score, and shap's own algorithm finds the same."""

import numpy as np
import pytest

from dropout.errors import ModelError
from dropout.explain.contributions import by_concept, check_sums, check_with_shap, contributions
from dropout.features.catalogue import load_catalogue
from dropout.model import booster
from dropout.settings import ModelSettings

FEATURES = load_catalogue().model_features


@pytest.fixture(scope="module")
def fitted() -> tuple[booster.lgb.Booster, booster.Matrix]:
    random = np.random.default_rng(4)
    x = random.normal(size=(2000, len(FEATURES))).astype(np.float32)
    x[random.random(x.shape) < 0.2] = np.nan
    label = (random.random(2000) < 1 / (1 + np.exp(1 - np.nan_to_num(x[:, :6]).sum(1)))).astype(float)
    text = booster.fit(x, label, np.ones(2000), FEATURES, ModelSettings(trees=40, threads=1))
    return booster.load(text), x[:300]


def test_rows_sum_to_the_raw_score(fitted: tuple[booster.lgb.Booster, booster.Matrix]) -> None:
    trees, x = fitted
    raw = booster.raw_scores(trees, x, 1)
    assert np.abs(booster.contributions(trees, x, 1).sum(1) - raw).max() < 1e-6
    found = contributions(trees, x, 1)
    check_sums(found, raw, "v")
    with pytest.raises(ModelError, match="do not sum"):
        check_sums(found, raw + 0.001, "v")
    with pytest.raises(ModelError, match="do not sum"):
        check_sums(found, raw[:-1], "v")


def test_shap_finds_the_same_by_its_own_algorithm(fitted: tuple[booster.lgb.Booster, booster.Matrix]) -> None:
    trees, x = fitted
    exact = booster.contributions(trees, x, 1)
    assert check_with_shap(trees, x, exact, seed=7, version="v") < 1e-6


def test_in_doubles_shap_and_lightgbm_are_one_and_a_night_keeps_floats_within_the_bound(
    fitted: tuple[booster.lgb.Booster, booster.Matrix],
) -> None:
    """What LightGBM gives and what shap computes differ by rounding of doubles; float32 keeps seven digits of it."""
    trees, x = fitted
    assert check_with_shap(trees, x, booster.contributions(trees, x, 1), seed=3, version="v") < 1e-12
    kept = contributions(trees, x, 1)
    assert kept.dtype == np.float32 and 0 < check_with_shap(trees, x, kept, seed=3, version="v") < 1e-6
    with pytest.raises(ModelError, match="differ from shap"):
        check_with_shap(trees, x, kept + np.float32(2e-6), seed=3, version="v")


def test_a_difference_from_shap_stops_the_night(fitted: tuple[booster.lgb.Booster, booster.Matrix]) -> None:
    trees, x = fitted
    wrong = contributions(trees, x, 1)
    wrong[:, [0, 1]] = wrong[:, [1, 0]] + 0.001  # still near enough to sum up, but not the trees' own
    with pytest.raises(ModelError, match="differ from shap"):
        check_with_shap(trees, x, wrong, seed=7, version="v")


def test_concepts_and_base_keep_the_sum() -> None:
    found = np.array([[0.5, -0.2, 0.1, -2.0], [0.0, 1.0, 0.25, -2.0]])
    sums = by_concept(found, ["marks", "conduct", "marks"])
    assert sums["marks"].tolist() == pytest.approx([0.6, 0.25])
    assert sums["conduct"].tolist() == [-0.2, 1.0] and sums["base"].tolist() == [-2.0, -2.0]
    assert sum(sums.values()) == pytest.approx(found.sum(1))
