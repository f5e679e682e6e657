"""LightGBM, and nothing else, is called here: fit, score, contributions, and a check by example.

The same rows, settings and seed give the same text, on one thread or two (`deterministic`, row-wise histograms).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from dropout.errors import ModelError
from dropout.features.catalogue import Feature
from dropout.model.frame import Floats
from dropout.settings import ModelSettings
from dropout.strict import Strict

Matrix = npt.NDArray[np.float32]
GOLDEN_ROWS = 32
LARGEST_DIFFERENCE = 1e-6
PATIENCE = 50  # trees without a better log loss
_THREADS = re.compile(r"^\[num_threads: \d+\]$", re.MULTILINE)  # the one line in which the text depends on the machine


def parameters(features: Sequence[Feature], settings: ModelSettings) -> dict[str, object]:
    """LightGBM's parameters."""
    return {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "max_depth": settings.depth,
        "min_data_in_leaf": settings.rows_in_leaf_at_least,
        "min_sum_hessian_in_leaf": 2.0,
        "lambda_l2": settings.l2,
        "feature_fraction": settings.feature_share,
        "max_bin": 127,
        "monotone_constraints": [f.direction for f in features],
        # "advanced" breaks the constraints where values are missing (measured on 4.7: a few dozen of some 25,000 steps fell)
        "monotone_constraints_method": "intermediate",
        "feature_pre_filter": False,
        "deterministic": True,
        "force_row_wise": True,
        "seed": settings.seed,
        "num_threads": settings.threads,
        "verbosity": -1,
    }


def fit(x: Matrix, label: Floats, weight: Floats, features: Sequence[Feature], settings: ModelSettings) -> str:
    """A booster as text, fitted on snapshots × features; NaN is unknown."""
    params = parameters(features, settings)
    data = lgb.Dataset(x, label, weight=weight, feature_name=[f.name for f in features], params=params)
    try:
        booster = lgb.train(params, data, num_boost_round=settings.trees)
    except lgb.basic.LightGBMError as error:
        raise ModelError(
            "LightGBM could not fit the model",
            cause=str(error).strip(),
            remedy="Try fewer leaves or trees in [model] of dropout.toml.",
        ) from None
    return _THREADS.sub("[num_threads: 0]", booster.model_to_string())


@dataclass(frozen=True)
class Rows:
    """Snapshots × features with their outcomes and weights."""

    x: Matrix
    label: Floats
    weight: Floats


@dataclass(frozen=True)
class Stopped:
    """How many trees were kept, and the log-odds that they give to the rows they were stopped on."""

    trees: int
    raw: Floats


def fit_until(rows: Rows, later: Rows, features: Sequence[Feature], settings: ModelSettings, *, is_stopped: bool) -> Stopped:
    """A booster on `rows`, of at most `settings.trees` trees; stopped when log loss on `later` has not fallen for 50 trees."""
    params = parameters(features, settings) | {"metric": "binary_logloss"}
    data = lgb.Dataset(rows.x, rows.label, weight=rows.weight, params=params)
    beside = lgb.Dataset(later.x, later.label, weight=later.weight, reference=data, params=params)
    stop: list[Callable[..., Any]] = [lgb.early_stopping(PATIENCE, verbose=False)] if is_stopped else []
    booster = lgb.train(params, data, num_boost_round=settings.trees, valid_sets=[beside] if is_stopped else None, callbacks=stop)
    trees = booster.best_iteration if is_stopped else booster.current_iteration()
    raw = booster.predict(later.x, raw_score=True, num_iteration=trees, num_threads=settings.threads)
    return Stopped(int(trees), np.asarray(raw, dtype=np.float64))


def load(text: str) -> lgb.Booster:
    """The booster that `text` describes. Only for text whose seal was verified: other text can end the process."""
    return lgb.Booster(model_str=text)


def raw_scores(booster: lgb.Booster, x: Matrix, threads: int) -> Floats:
    """Log-odds, one per row."""
    if not len(x):
        return np.empty(0)
    return np.asarray(booster.predict(x, raw_score=True, num_threads=threads), dtype=np.float64)


def contributions(booster: lgb.Booster, x: Matrix, threads: int) -> Floats:
    """Exact path-dependent SHAP values, rows × (features + 1); the last column is the expected value."""
    if not len(x):
        return np.empty((0, x.shape[1] + 1))
    return np.asarray(booster.predict(x, pred_contrib=True, num_threads=threads), dtype=np.float64)


class Golden(Strict):
    """Rows of no student and their scores: a loaded model has to give them again.

    Each feature is drawn for itself from the training rows' quantiles, so no row is a pupil's.
    """

    rows: list[list[float | None]]
    raw: list[float]


def make_golden(text: str, x: Matrix, seed: int) -> Golden:
    """Examples for the booster `text` that was fitted on `x`."""
    random = np.random.default_rng(seed)
    rows = np.full((GOLDEN_ROWS, x.shape[1]), np.nan)
    for i in range(x.shape[1]):
        known = x[~np.isnan(x[:, i]), i]
        if len(known):
            rows[:, i] = np.round(np.quantile(known, random.random(GOLDEN_ROWS)), 3)
    rows[random.random(rows.shape) < 0.1] = np.nan
    raw = raw_scores(load(text), rows.astype(np.float32), threads=1)
    return Golden(rows=[[None if np.isnan(v) else float(v) for v in row] for row in rows], raw=[float(v) for v in raw.round(9)])


def replay(booster: lgb.Booster, golden: Golden, version: str) -> None:
    """Raises ModelError when `booster` does not score the examples as it did when it was made."""
    x = np.array([[np.nan if v is None else v for v in row] for row in golden.rows], dtype=np.float32)
    difference = np.abs(raw_scores(booster, x, threads=1) - np.array(golden.raw)).max()
    if not difference <= LARGEST_DIFFERENCE:
        raise ModelError(
            "the model does not give its own examples again",
            where=version,
            cause="The installed LightGBM reads the model differently from the one that wrote it.",
            remedy="Install the locked version, or train anew with: dropout season",
        )
