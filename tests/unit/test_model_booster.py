"""LightGBM as we use it: the same bytes from the same data, on any number of threads; monotone; examples replayed."""

import numpy as np
import pytest

from dropout.errors import ModelError
from dropout.features.catalogue import load_catalogue
from dropout.model import booster
from dropout.model.frame import Floats
from dropout.settings import ModelSettings

FEATURES = load_catalogue().model_features
NAMES = [f.name for f in FEATURES]


def data(seed: int = 1, rows: int = 3000) -> tuple[booster.Matrix, Floats]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, len(FEATURES))).astype(np.float32)
    x[random.random(x.shape) < 0.15] = np.nan
    score = sum(f.direction * np.nan_to_num(x[:, i]) for i, f in enumerate(FEATURES)) / 3
    return x, (random.random(rows) < 1 / (1 + np.exp(1 - score))).astype(float)


def text(seed: int = 7, threads: int = 1, trees: int = 30) -> str:
    x, label = data()
    settings = ModelSettings(seed=seed, threads=threads, trees=trees)
    return booster.fit(x, label, np.ones(len(x)), FEATURES, settings)


def test_same_data_and_seed_give_the_same_bytes_on_one_thread_or_two() -> None:
    assert text(threads=1) == text(threads=1) == text(threads=2)
    assert text(seed=8) != text(seed=7)


def test_features_stand_in_the_order_of_the_catalogue() -> None:
    assert booster.load(text(trees=2)).feature_name() == NAMES


def test_every_directed_feature_is_monotone_whatever_the_others_are() -> None:
    trees = booster.load(text(trees=60))
    x = data(seed=2, rows=40)[0]
    for i, feature in enumerate(FEATURES):
        if not feature.direction:
            continue
        raised = np.repeat(x, 15, axis=0)
        raised[:, i] = np.tile(np.linspace(-4, 4, 15, dtype=np.float32), len(x))
        raw = booster.raw_scores(trees, raised, threads=1).reshape(len(x), 15)
        assert (feature.direction * np.diff(raw, axis=1) >= -1e-12).all(), feature.name


def test_golden_rows_are_nobodys_and_must_come_out_again() -> None:
    x = data()[0]
    golden = booster.make_golden(text(), x, seed=7)
    booster.replay(booster.load(text()), golden, "v")
    rows = {tuple(r) for r in np.nan_to_num(np.round(x, 3), nan=99.0).tolist()}
    assert not rows & {tuple(99.0 if v is None else v for v in r) for r in golden.rows}
    with pytest.raises(ModelError, match="own examples"):
        booster.replay(booster.load(text(seed=8)), golden, "v")


def test_no_rows_no_scores() -> None:
    trees, nobody = booster.load(text(trees=2)), np.empty((0, len(FEATURES)), dtype=np.float32)
    assert booster.raw_scores(trees, nobody, 1).shape == (0,)
    assert booster.contributions(trees, nobody, 1).shape == (0, len(FEATURES) + 1)
