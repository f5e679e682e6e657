"""Metrics by hand, with ties, over nights, at list sizes; and the same as scikit-learn's where that has them."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from dropout.model.frame import Floats
from dropout.model.metrics import Outcomes, added, calibration_error, gain, night_sums, places, values
from dropout.model.resample import draws, interval

SHARES = (0.2,)


def outcomes(label: list[float], school: list[int] | None = None, capacity: float = 1, clusters: int = 1) -> Outcomes:
    n = len(label)
    return Outcomes(
        label=np.array(label),
        cluster=np.arange(n) % clusters,
        school=np.array(school or [0] * n),
        capacity=np.full(n, float(capacity)),
        is_listable=np.ones(n, dtype=bool),
        draws=draws(clusters, seed=1),
    )


def metrics(score: list[float], judged: Outcomes, share: float = 0.2) -> dict[tuple[str, float | None], float]:
    sums = night_sums(np.array(score), np.array(score), judged, SHARES, share)
    return {(v.metric, v.size_share): v.value for v in values(sums, SHARES, share)}


def test_by_hand_without_ties() -> None:
    # ranked: left, stayed, left, stayed, stayed. Pairs in order: 3 + 2 of 6. Precision at the hits: 1/1, 2/3.
    found = metrics([0.9, 0.8, 0.7, 0.2, 0.1], outcomes([1, 0, 1, 0, 0]))
    assert found["auc", None] == pytest.approx(5 / 6)
    assert found["average_precision", None] == pytest.approx((1 + 2 / 3) / 2)
    assert found["recall", 0.2] == pytest.approx(1 / 2)  # one place, taken by one of the two who left
    assert found["precision", 0.2] == pytest.approx(1)
    assert found["lift", 0.2] == pytest.approx(1 / (2 / 5))
    assert found["brier", None] == pytest.approx((0.1**2 + 0.8**2 + 0.3**2 + 0.2**2 + 0.1**2) / 5)


def test_equal_scores_share_the_places_that_are_left() -> None:
    # two places (share 0.4 of five), three equal scores, one of whom left: 2/3 of a place each
    found = metrics([0.5, 0.5, 0.5, 0.2, 0.1], outcomes([1, 0, 0, 0, 1]), share=0.4)
    assert found["recall", 0.4] == pytest.approx((2 / 3) / 2)
    assert found["precision", 0.4] == pytest.approx((2 / 3) / 2)


def test_each_school_fills_its_own_places() -> None:
    # school 0: capacity 1, highest stayed; school 1: capacity 1, two equal of whom one left; school 2: its one student left
    score, school = np.array([0.9, 0.8, 0.5, 0.5, 0.1]), np.array([0, 0, 1, 1, 2])
    assert places(score, school, np.ones(5)).tolist() == [1, 0, 0.5, 0.5, 1]
    found = metrics(score.tolist(), outcomes([0, 1, 1, 0, 1], school.tolist()))
    assert found["recall_at_capacity", 3 / 5] == pytest.approx(1.5 / 3)


def test_students_the_night_abstains_from_take_no_place() -> None:
    judged = outcomes([1, 1, 0])
    thin = Outcomes(judged.label, judged.cluster, judged.school, judged.capacity, np.array([False, True, True]), judged.draws)
    sums = night_sums(np.array([0.9, 0.5, 0.1]), np.zeros(3), thin, SHARES, 0.2)
    assert sums["hits capacity"][0] == 1 and sums["listed capacity"][0] == 1


def test_nights_are_compared_within_and_added() -> None:
    # one night ranks rightly, the other wrongly; scores of the second night are all higher, which must not matter
    right = night_sums(np.array([0.2, 0.1]), np.zeros(2), outcomes([1, 0]), SHARES, 0.2)
    wrong = night_sums(np.array([0.8, 0.9]), np.zeros(2), outcomes([1, 0]), SHARES, 0.2)
    both = {v.metric: v.value for v in values(added([right, wrong]), SHARES, 0.2)}
    assert both["auc"] == pytest.approx(0.5)


def test_same_as_scikit_learn_with_ties_and_the_interval_holds_it() -> None:
    random = np.random.default_rng(3)
    label = (random.random(3000) < 0.2).astype(float)
    score = np.round(label + random.normal(size=3000), 1)
    judged = outcomes(label.tolist(), clusters=20)
    sums = night_sums(score, np.zeros(3000), judged, SHARES, 0.2)
    found = {v.metric: v for v in values(sums, SHARES, 0.2)}
    assert found["auc"].value == pytest.approx(roc_auc_score(label, score))
    assert found["average_precision"].value == pytest.approx(average_precision_score(label, score))
    assert found["auc"].low < found["auc"].value < found["auc"].high
    assert found["auc"].high - found["auc"].low < 0.06


def test_gain_is_paired() -> None:
    label = [1.0, 0.0, 0.0, 0.0, 0.0] * 40
    judged = outcomes(label, clusters=10)
    good = night_sums(np.array(label), np.zeros(200), judged, SHARES, 0.2)
    same = night_sums(np.array(label) * 2, np.zeros(200), judged, SHARES, 0.2)
    none = night_sums(np.zeros(200), np.zeros(200), judged, SHARES, 0.2)
    assert interval(gain(good, same, "hits schools")) == (0.0, 0.0)
    difference = gain(good, none, "hits schools")
    assert difference[0] == pytest.approx(0.8)  # all found, against the fifth that a blind list of a fifth finds


def test_calibration_error_is_zero_for_the_true_rates_and_their_distance_otherwise() -> None:
    label = np.tile([1.0, 0.0, 0.0, 0.0], 250)
    judged = outcomes(label.tolist(), clusters=5)
    assert calibration_error(np.full(1000, 0.25), judged)[0] == pytest.approx(0, abs=1e-9)
    assert calibration_error(np.full(1000, 0.35), judged)[0] == pytest.approx(0.10)


def test_one_class_alone_has_no_auc() -> None:
    with np.errstate(all="ignore"):
        found: dict[tuple[str, float | None], Floats | float] = dict(metrics([0.1, 0.2], outcomes([0, 0])))
    assert np.isnan(found["auc", None])
