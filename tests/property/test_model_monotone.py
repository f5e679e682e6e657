"""Invariants 5 and 6: more unexcused absence never lowers a chance, chances keep the order, contributions sum up."""

import dataclasses
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.explain.contributions import by_concept, contributions
from dropout.explain.reasons import LEAST_LOG_ODDS, Reasons, choose
from dropout.features.catalogue import load_catalogue
from dropout.model import booster, calibrator
from dropout.model.calibrator import Calibrator
from dropout.model.frame import Floats, Frame, from_arrow
from dropout.settings import ModelSettings

CATALOGUE = load_catalogue()
FEATURES = CATALOGUE.model_features
NAMES = [f.name for f in FEATURES]
UNEXCUSED = [i for i, f in enumerate(FEATURES) if "unexcused" in f.name]
VALUES = st.floats(-3, 3, width=32) | st.just(float("nan"))


@cache
def fitted() -> tuple[booster.lgb.Booster, Calibrator]:
    random = np.random.default_rng(11)
    x = random.normal(size=(4000, len(FEATURES))).astype(np.float32)
    x[random.random(x.shape) < 0.2] = np.nan
    score = sum(f.direction * np.nan_to_num(x[:, i]) for i, f in enumerate(FEATURES)) / 3
    label = (random.random(4000) < 1 / (1 + np.exp(1.5 - score))).astype(float)
    trees = booster.load(booster.fit(x[:2500], label[:2500], np.ones(2500), FEATURES, ModelSettings(trees=80, threads=1)))
    raw = booster.raw_scores(trees, x[2500:], 1)
    return trees, calibrator.fit(raw, label[2500:], np.ones(1500), np.arange(1500) % 20, seed=7)


def chance(rows: Floats) -> Floats:
    trees, calibrated = fitted()
    return calibrated.chance(booster.raw_scores(trees, rows.astype(np.float32), 1))


def frame(x: Floats) -> Frame:
    import pyarrow as pa

    n = len(x)
    keys = {"student_key": np.arange(n), "as_of_date": np.full(n, np.datetime64("2024-01-01"))}
    same = {k: ["x"] * n for k in ("school_year", "school_id", "class_id")}
    return from_arrow(pa.table({**keys, **same, **{name: pa.array(x[:, i], pa.float32()) for i, name in enumerate(NAMES)}}))


@settings(max_examples=150, deadline=None)
@given(
    pupil=st.lists(VALUES, min_size=len(FEATURES), max_size=len(FEATURES)),
    which=st.sampled_from(UNEXCUSED),
    low=st.floats(-3, 3, width=32),
    more=st.floats(0, 3, width=32),
)
def test_more_unexcused_absence_never_lowers_a_chance(pupil: list[float], which: int, low: float, more: float) -> None:
    rows = np.array([pupil, pupil])
    rows[0, which], rows[1, which] = low, low + more
    before, after = chance(rows)
    assert after >= before


@settings(max_examples=100, deadline=None)
@given(
    pupil=st.lists(VALUES, min_size=len(FEATURES), max_size=len(FEATURES)),
    steps=st.lists(st.floats(0, 2, width=32), min_size=len(FEATURES), max_size=len(FEATURES)),
)
def test_worse_in_everything_the_catalogue_directs_never_lowers_a_chance(pupil: list[float], steps: list[float]) -> None:
    worse = [p + f.direction * s for p, f, s in zip(pupil, FEATURES, steps, strict=True)]
    before, after = chance(np.array([pupil, worse]))
    assert after >= before


@settings(max_examples=100, deadline=None)
@given(one=st.floats(-12, 12), two=st.floats(-12, 12))
def test_calibration_keeps_every_order(one: float, two: float) -> None:
    low, high = fitted()[1].chance(np.array(sorted((one, two))))
    assert low <= high and (low < high or abs(one - two) < 1e-9)


@settings(max_examples=60, deadline=None)
@given(pupils=st.lists(st.lists(VALUES, min_size=len(FEATURES), max_size=len(FEATURES)), min_size=1, max_size=8))
def test_contributions_sum_and_no_reason_is_unknown_unchangeable_or_weak(pupils: list[list[float]]) -> None:
    x = np.array(pupils, dtype=np.float32)
    trees = fitted()[0]
    found = contributions(trees, x, 1)
    concepts = by_concept(found, [f.concept for f in FEATURES])
    assert np.abs(sum(concepts.values()) - booster.raw_scores(trees, x, 1)).max() < 1e-4
    chosen = choose(frame(x), found, concepts, NAMES, CATALOGUE)
    background = chosen.direction == "background"  # one line without a feature
    assert (chosen.concept[background] == "background").all() and (chosen.feature[background] == "").all()
    chosen = Reasons(*(getattr(chosen, f.name)[~background] for f in dataclasses.fields(Reasons)))
    assert not np.isnan(chosen.value.astype(float)).any()
    assert all(CATALOGUE.concepts[c].is_changeable for c in chosen.concept)
    assert (np.abs(chosen.log_odds.astype(float)) >= LEAST_LOG_ODDS).all()
    for row, name, value in zip(chosen.row, chosen.feature, chosen.value, strict=True):
        assert value == x[row, NAMES.index(name)]
