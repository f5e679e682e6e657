"""Chances: calibrated on clusters not seen, strictly increasing, with intervals that hold the truth about as often as said."""

import numpy as np
import pytest

from dropout.model.calibrator import Calibrator, fit
from dropout.model.frame import Floats, Ints


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def sample(seed: int, students: int, clusters: int, kind: str, spread: float = 0.0) -> tuple[Floats, Floats, Ints, Floats]:
    """Raw scores, outcomes, clusters (with an effect of their own), and true chances."""
    random = np.random.default_rng(seed)
    raw, cluster = random.normal(-2, 1.2, students), random.integers(0, clusters, students)
    truth = sigmoid(0.4 + 0.7 * raw) if kind == "logistic" else 0.05 + 0.4 * sigmoid(6 * (raw + 1.5))
    chance = sigmoid(np.log(truth / (1 - truth)) + spread * random.normal(size=clusters)[cluster])
    return raw, (random.random(students) < chance).astype(float), cluster, truth


def fitted(seed: int, students: int = 4000, clusters: int = 40, kind: str = "logistic", spread: float = 0.0) -> Calibrator:
    raw, label, cluster, _ = sample(seed, students, clusters, kind, spread)
    return fit(raw, label, np.ones(students), cluster, seed=7)


@pytest.mark.parametrize("kind", ["logistic", "isotonic"])
def test_chances_are_right_on_a_later_cohort(kind: str) -> None:
    calibrator = fitted(1, students=8000, kind=kind)
    raw, label, _, truth = sample(2, 8000, 40, kind)
    assert calibrator.kind == kind
    chance = calibrator.chance(raw)
    for part in np.array_split(np.argsort(chance), 10):
        assert abs(chance[part].mean() - label[part].mean()) < 0.05
    assert np.abs(chance - truth).mean() < 0.02


@pytest.mark.parametrize("kind", ["logistic", "isotonic"])
def test_no_two_ranks_are_merged_and_the_interval_holds_the_chance(kind: str) -> None:
    calibrator = fitted(1, kind=kind)
    raw = np.linspace(-15, 12, 5001)
    chance, (low, high) = calibrator.chance(raw), calibrator.bounds(raw)
    assert (np.diff(chance) > 0).all()
    assert (low <= chance).all() and (chance <= high).all()
    assert low.min() >= 0 and high.max() <= 1


def test_intervals_hold_the_truth_about_nine_times_in_ten() -> None:
    raw, inside = np.linspace(-4, 0, 9), []
    for seed in range(30):
        low, high = fitted(seed, students=2500, clusters=30, spread=0.4).bounds(raw)
        truth = sigmoid(0.4 + 0.7 * raw)
        inside.append((low <= truth) & (truth <= high))
    assert 0.75 <= np.mean(inside) <= 0.98


def test_fewer_schools_give_wider_intervals() -> None:
    widths = []
    for clusters in (6, 60):
        low, high = fitted(5, students=3000, clusters=clusters, spread=0.6).bounds(np.array([-1.0]))
        widths.append(float((high - low)[0]))
    assert widths[0] > widths[1]


def test_a_booster_worse_than_chance_still_gives_an_increasing_map() -> None:
    raw, label, cluster, _ = sample(3, 2000, 20, "logistic")
    chance = fit(-raw, label, np.ones(2000), cluster, seed=7).chance(np.array([-1.0, 0.0, 1.0]))
    assert (np.diff(chance) > 0).all()
    assert chance == pytest.approx(label.mean(), abs=0.06)


def test_outcomes_that_part_completely_stay_finite() -> None:
    raw = np.array([-1.0] * 50 + [1.0] * 50)
    calibrator = fit(raw, (raw > 0).astype(float), np.ones(100), np.arange(100) % 10, seed=7)
    chance = calibrator.chance(np.array([-1.0, 1.0]))
    assert 0 < chance[0] < 0.1 and 0.9 < chance[1] < 1


def test_same_data_same_record_and_it_survives_json() -> None:
    one, two = fitted(1, kind="isotonic"), fitted(1, kind="isotonic")
    assert one == two
    assert Calibrator.model_validate_json(one.model_dump_json()) == one
