"""Proxies: a copy of sex is flagged, noise is not; what leaving attributes out costs; no model in force reads them."""

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dropout.features.catalogue import load_catalogue
from dropout.model import train
from dropout.model.candidate import Candidate
from dropout.model.comparison import Comparison
from dropout.model.evaluation import EVALUATION, Evaluation
from dropout.model.frame import SENSITIVE, Frame, from_arrow
from dropout.model.group_parts import Splits
from dropout.model.groups import SIZES, Audit, safe_sizes
from dropout.model.proxies import feature_auc, proxies
from dropout.model.rankings import Ranking
from dropout.model.recipe import Plan
from dropout.model.registry import promoted, read_card
from dropout.settings import ModelSettings
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests import model_world
from tests.model_world import TARGET, World

NAMES = [f.name for f in load_catalogue().model_features]
N = 1200


def frame(**columns: object) -> Frame:
    """1,200 students of 24 schools on one date; every third left."""
    rng = np.random.default_rng(5)
    given = {
        "student_key": np.arange(N), "as_of_date": [dt.date(2025, 3, 3)] * N, "school_year": ["2024-2025"] * N,
        "school_id": [f"S{k // 50}" for k in range(N)], "class_id": ["C"] * N, "label": (np.arange(N) % 3 == 0).astype(float),
        **{name: pa.array(rng.normal(size=N), pa.float32()) for name in NAMES}, **columns,
    }  # fmt: skip
    return from_arrow(pa.table(given))


def test_a_feature_that_is_a_copy_of_sex_is_flagged_and_noise_is_not() -> None:
    is_girl = np.random.default_rng(1).random(N) < 0.5
    rows = frame(sex=np.where(is_girl, "female", "male"), **{NAMES[3]: pa.array(is_girl.astype(float), pa.float32())})
    (found,) = proxies(rows, ModelSettings(trees=20, threads=1))
    assert found.column == "sex" and found.students == N
    assert found.flagged(0.75) == [NAMES[3]]
    assert found.features[NAMES[3]] == pytest.approx(1)
    assert found.auc.value > 0.99
    assert max(auc for name, auc in found.features.items() if name != NAMES[3]) < 0.6
    records = found.records("2024-2025", 0.75)
    assert [(r.ranking, r.metric, r.student_group) for r in records[:2]] == [
        ("model", "proxy_auc", "sex"),
        (NAMES[3], "proxy_feature_auc", "sex"),
    ]


def test_noise_tells_nothing() -> None:
    rows = frame(sex=np.where(np.random.default_rng(2).random(N) < 0.5, "female", "male"))
    (found,) = proxies(rows, ModelSettings(trees=20, threads=1))
    assert found.flagged(0.6) == []
    assert found.auc.low < 0.5 < found.auc.high or abs(found.auc.value - 0.5) < 0.05


def test_few_students_or_one_word_are_not_asked() -> None:
    few = ["female"] * 190 + [""] * (N - 190)
    assert proxies(frame(sex=few, scholarship=["true"] * N), ModelSettings()) == []


def test_a_feature_alone_by_hand() -> None:
    # values 0 and 1; of the word: value 1 in 3 of 4, value 0 in 1 of 4, alike in both halves of eight
    values = np.array([1, 1, 1, 0, 1, 0, 0, 0] * 2, dtype=float)
    is_word = np.array([1, 1, 1, 1, 0, 0, 0, 0] * 2, dtype=float)
    half = np.arange(16) < 8
    # pairs 16: right 3 · 3 = 9, equal 3 · 1 + 1 · 3 = 6, so (9 + 3) / 16
    assert feature_auc(values, is_word, half) == pytest.approx(12 / 16)
    # it does not matter which way it points, and that a value is missing tells as well
    assert feature_auc(1 - values, is_word, half) == pytest.approx(12 / 16)
    assert feature_auc(np.where(values == 1, np.nan, 0), is_word, half) == pytest.approx(12 / 16)


def test_pairs_are_of_two_hundred_students_of_whom_thirty_left() -> None:
    sex = np.where(np.arange(N) % 2 == 0, "female", "male")
    place = np.where(np.arange(N) % 5 == 0, "rural", "urban")  # rural girls: every tenth, 120
    told = {c.name: (c.students, c.events) for split in Splits(frame(sex=sex, locality=place)).pairs() for c in split.told}
    # of 480 urban girls (even, no multiple of ten) every third left: 160
    assert told == {"locality=urban+sex=female": (480, 160), "locality=urban+sex=male": (480, 160)}


def test_list_sizes_that_are_safe() -> None:
    # girls who leave have the lowest scores of all: no list finds them, and the gap is -2/3 of what a list finds
    sex, label = np.where(np.arange(N) % 2 == 0, "female", "male"), (np.arange(N) % 3 == 0).astype(float)
    rows = frame(sex=sex, registers_taken_56d_count=pa.array(np.full(N, 50.0), pa.float32()))
    girl = sex == "female"
    score = np.where(label == 1, np.where(girl, 0.0, 1.0), 0.5) + np.arange(N) / 1e6
    judged = Comparison(rows, {"model": Ranking(score, np.full(N, 1 / 3))}, np.full(N, 5.0), ModelSettings())
    by_size = Audit(judged).by_size()
    girls = {
        s: next(g for g in groups if g.name == "sex=female").values["recall_in_schools_gap"].value
        for s, groups in by_size.items()
    }
    # one of fifty listed: of 16 or 17 leavers of the school some 8 are boys, so 1/17 of all; of the girls none
    assert girls[0.02] == pytest.approx(-24 / 400, abs=0.001)
    assert girls[0.10] == pytest.approx(-5 * 24 / 400, abs=0.001)
    # -6 and -15 points are within 20; at 10 % it is -30
    assert safe_sizes(by_size, ModelSettings()) == [s for s in SIZES if s < 0.06]


def test_a_season_compares_with_sensitive_attributes_and_never_promotes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dropout.model import calibrate, evaluate, promote

    made = model_world.deployment(tmp_path / "place")
    monkeypatch.setattr(promote, "try_in_child", lambda folder: None)
    with connect(made) as con:
        world, run = World(made, range(2021, 2024), students=900), Run(made, "season", dt.date(2024, 12, 2))
        world.stands_in(con, monkeypatch)
        for verb in (train.train, calibrate.calibrate, evaluate.evaluate):
            verb(con, run)
        candidate = Candidate(made, TARGET)
        plan, judged = candidate.record(train.PLAN, Plan), candidate.record(EVALUATION, Evaluation)
        assert judged.safe_sizes and judged.proxies_flagged == []
        found = con.execute(
            "select metric, value, low, high from ops.evaluation where ranking = 'with_sensitive' and student_group = 'all'"
        ).fetchall()
        metrics = {name for name, *_ in found}
        assert {"auc", "auc_gain_over_model", "recall_in_schools_gain_over_model"} <= metrics
        gain = next(row for row in found if row[0] == "auc_gain_over_model")
        assert gain[2] <= 0.01 and abs(gain[1]) < 0.05  # sex and scholarship are drawn apart from leaving
        for name in plan.recipe.fits:
            assert "sensitive" not in candidate.booster(name)
        promote.promote(con, run)
        version = promoted(con, TARGET)
        assert version is not None
        card = read_card(made, version)
    assert not set(card.features) & {*SENSITIVE, "locality", "region"}
    assert not [name for name in card.features if "sensitive" in name]
