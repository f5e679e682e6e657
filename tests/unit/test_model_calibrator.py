"""Chances: calibrated on clusters not seen, strictly increasing, with intervals that hold the truth about as often as said."""

import numpy as np
import pytest
from sklearn.isotonic import isotonic_regression

from dropout.model import venn_abers
from dropout.model.calibrator import Calibrator, fit, gather
from dropout.model.frame import Floats, Ints
from dropout.model.venn_abers import pairs


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


def test_venn_abers_pairs_by_hand() -> None:
    """Three bins: 0 of 2, 1 of 2, 2 of 4 left; a fourth student is added to each in turn, first as stayed, then as left.

    Bin 1: 0/3, and 1/3 before 1/2. Bin 2: 1/3 before 2/4; as left 2/3, pooled with 2/4: (2 + 2) / (3 + 4).
    Bin 3: 2/5 pooled with 1/2 before it: 3/7; as left 3/5.
    """
    stayed, left = pairs(np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 2.0]))
    assert stayed == pytest.approx([0, 1 / 3, 3 / 7])
    assert left == pytest.approx([1 / 3, 4 / 7, 3 / 5])


@pytest.mark.parametrize("seed", range(6))
def test_venn_abers_pairs_rise_with_the_score_and_hold_the_isotonic_fit(seed: int) -> None:
    raw, label, cluster, _ = sample(seed, 400 + 300 * seed, 12, "isotonic")
    found = gather(raw, label, np.full(len(raw), 0.1), cluster)  # ten nights of one student weigh as much as the one added
    stayed, left = pairs(found.left.sum(0), found.stayed.sum(0))
    assert (np.diff(stayed) >= -1e-12).all() and (np.diff(left) >= -1e-12).all()
    total = (found.left + found.stayed).sum(0)
    isotonic = isotonic_regression(found.left.sum(0) / total, sample_weight=total)
    assert (stayed <= isotonic + 1e-12).all() and (isotonic <= left + 1e-12).all()
    assert (stayed < left).all()


SCORES = np.linspace(-4, 0, 9)


def rare(seed: int, students: int = 600) -> tuple[Floats, Floats, Ints]:
    """Some fifty leavers in ten schools that are alike."""
    random = np.random.default_rng(seed)
    raw, school = random.normal(-2, 1.2, students), np.arange(students) % 10
    return raw, (random.random(students) < sigmoid(0.7 * raw - 1.4)).astype(float), school


def held(low: Floats, high: Floats) -> float:
    """Share of SCORES whose true chance lies between the ends."""
    truth = sigmoid(0.7 * SCORES - 1.4)
    return float(np.mean((low <= truth) & (truth <= high)))


def shares_held() -> tuple[float, float]:
    """By the published interval of 24 maps, and by their Venn–Abers pairs alone."""
    published, alone = [], []
    for seed in range(24):
        raw, label, school = rare(seed)
        published.append(held(*fit(raw, label, np.ones(len(raw)), school, seed=7).bounds(SCORES)))
        found = gather(raw, label, np.ones(len(raw)), school)
        stayed, left = pairs(found.left.sum(0), found.stayed.sum(0))
        alone.append(held(np.interp(SCORES, found.raw, stayed), np.interp(SCORES, found.raw, left)))
    return float(np.mean(published)), float(np.mean(alone))


def test_neither_part_of_the_interval_would_do_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where few left: 0.89 of the truths lie in the union, 0.85 between the resampled maps, 0.32 in the pair."""
    union, pair = shares_held()
    monkeypatch.setattr(venn_abers, "pairs", lambda left, stayed: (np.ones(len(left)), np.zeros(len(left))))  # takes no part
    resampled, _ = shares_held()
    assert 0.8 <= union <= 0.98
    assert resampled < union - 0.02 and pair < 0.6


def test_where_nobody_left_the_interval_still_allows_that_one_may() -> None:
    """200 low scores without a leaver in ten schools: every resample says 0 there; one leaver more would make 1 of 201."""
    raw = np.repeat([-3.0, 0.0], 200)
    label = np.concatenate([np.zeros(200), np.tile([0.0, 1.0], 100)])
    calibrator = fit(raw, label, np.ones(400), np.arange(400) % 10, seed=7)
    assert calibrator.bounds(np.array([-3.0]))[1][0] >= 1 / 201


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
