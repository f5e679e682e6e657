"""Logistic regression and the random split, on worlds whose answer is known beforehand."""

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from dropout.features.catalogue import load_catalogue
from dropout.model import booster
from dropout.model.candidate import Candidate
from dropout.model.frame import Frame, from_arrow
from dropout.model.logistic import FARTHEST, chances, fit, logistic_scores
from dropout.model.random_split import auc_within_nights, random_split_record, split_by_row
from dropout.model.recipe import OUT_OF_FOLD, Cohort, Plan, Recipe, Stage
from dropout.model.stages import is_first_half
from dropout.model.subsample import some_students
from dropout.model.train import fit_rows
from dropout.settings import ModelSettings
from tests.model_world import TARGET, deployment

FEATURES = [f.name for f in load_catalogue().model_features]


def one_column(*groups: tuple[float, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of (value, how many left, how many stayed)."""
    x = np.concatenate([np.full(left + stayed, value) for value, left, stayed in groups])
    y = np.concatenate([np.repeat([1.0, 0.0], [left, stayed]) for _, left, stayed in groups])
    return x[:, None].astype(np.float32), y


def test_each_group_gets_its_own_share_and_unknown_is_a_group() -> None:
    """Two values and unknown are three groups for three numbers: the regression can say each group's share."""
    x, y = one_column((0, 100, 900), (1, 400, 600), (np.nan, 300, 700))
    model = fit(x, y, np.ones(len(y)))
    found = chances(model.raw(np.array([[0], [1], [np.nan]], dtype=np.float32)))
    assert found == pytest.approx([0.1, 0.4, 0.3], abs=0.002)


def test_weights_count() -> None:
    x, y = one_column((0, 100, 900), (1, 400, 600))
    # who left counts twice: 200 of 1,100 and 800 of 1,400
    found = chances(fit(x, y, 1 + y).raw(np.array([[0], [1]], dtype=np.float32)))
    assert found == pytest.approx([200 / 1100, 800 / 1400], abs=0.002)


def test_a_known_world_is_recovered_in_sign_size_and_order() -> None:
    """Log-odds -1 + 1.0·a - 0.5·b + 0·c, with a, b, c of spread 1."""
    random = np.random.default_rng(1)
    x = random.normal(size=(20_000, 3)).astype(np.float32)
    true = -1 + x @ np.array([1.0, -0.5, 0.0])
    y = (random.random(len(x)) < 1 / (1 + np.exp(-true))).astype(np.float64)
    model = fit(x, y, np.ones(len(y)))
    assert model.coefficients == pytest.approx([1.0, -0.5, 0.0], abs=0.06)
    assert model.intercept == pytest.approx(-1, abs=0.06)
    assert np.corrcoef(model.raw(x), true)[0, 1] > 0.999


def test_a_feature_that_nobody_has_says_nothing_even_when_somebody_has_it_later() -> None:
    x, y = one_column((0, 100, 900), (1, 400, 600))
    wider = np.hstack([x, np.full_like(x, np.nan), np.full_like(x, 300.1)])  # never known, and never different
    alone, beside = fit(x, y, np.ones(len(y))), fit(wider, y, np.ones(len(y)))
    assert beside.raw(wider) == pytest.approx(alone.raw(x), abs=1e-6)
    later = np.array([[1, 7, 300.1], [1, np.nan, 9]], dtype=np.float32)
    assert beside.raw(later) == pytest.approx(alone.raw(np.array([[1], [1]], dtype=np.float32)), abs=1e-6)


def test_one_wild_value_counts_as_five_standard_deviations() -> None:
    x, y = one_column((0, 100, 900), (1, 400, 600))
    model = fit(x, y, np.ones(len(y)))
    end = model.centre[0] + FARTHEST * model.spread[0]
    wild, far = model.raw(np.array([[1e9], [end]], dtype=np.float32))
    assert wild == pytest.approx(far, abs=1e-5)


def world(students: int, years: tuple[int, ...] = (2023,), dates: int = 8, noise: int = 5, seed: int = 3) -> pa.Table:
    """Who leaves is drawn; `noise` features are drawn per student and stay the same in all snapshots: they know nothing."""
    random = np.random.default_rng(seed)
    parts = []
    for year in years:
        leaves = random.random(students) < 0.3
        values = random.normal(size=(students, noise))
        for i in range(dates):
            columns = {
                "student_key": np.arange(students) + 1_000_000 * year,
                "as_of_date": [dt.date(year, 10, 2) + dt.timedelta(days=30 * i)] * students,
                "school_year": [f"{year}-{year + 1}"] * students,
                "school_id": [f"S{k % 8}" for k in range(students)],
                "class_id": ["C"] * students,
                "label": leaves.astype(float),
            }
            features = {n: pa.array(np.full(students, np.nan), pa.float32(), from_pandas=True) for n in FEATURES}
            features |= {n: pa.array(values[:, j], pa.float32()) for j, n in enumerate(FEATURES[:noise])}
            parts.append(pa.table({**columns, **features}))
    return pa.concat_tables(parts)


def plan(years: tuple[int, ...], recipe: Recipe) -> Plan:
    cohorts = [
        Cohort(school_year=f"{y}-{y + 1}", start_date=f"{y}-09-01", end_date=f"{y + 1}-06-30", students=1, snapshots=1, events=1,
               unknown_exits=0)
        for y in years
    ]  # fmt: skip
    return Plan(
        target=TARGET, trained_as_of="2024-12-02", version="v", latest_mature=None, cohorts=cohorts, running=None, recipe=recipe
    )


def test_out_of_fold_no_student_is_scored_by_a_regression_that_saw_them(tmp_path: Path) -> None:
    candidate, settings = Candidate(deployment(tmp_path), TARGET), ModelSettings()
    candidate.begin()
    table = world(students=90, noise=30)
    candidate.write_rows("2023-2024", table)
    rows = from_arrow(table)
    stage = Stage(booster=OUT_OF_FOLD, school_year="2023-2024", part="b")
    chosen = ~is_first_half(rows, settings.seed)
    found = logistic_scores(candidate, plan((2023,), Recipe(name="x")), stage, rows.take(chosen), settings)
    seen = fit(rows.matrix(FEATURES), rows.label, rows.weight).raw(rows.matrix(FEATURES))
    # thirty columns of noise learn ninety students by heart; of others they know nothing
    assert roc_auc_score(rows.label, seen) > 0.85
    assert len(found) == chosen.sum() and 0.3 < roc_auc_score(rows.label[chosen], found) < 0.7


def test_a_random_split_claims_what_forward_in_time_is_not_there() -> None:
    rows = from_arrow(world(students=400, years=(2022, 2023), noise=len(FEATURES)))
    settings = ModelSettings(trees=150, learning_rate=0.2, threads=1)
    claimed = auc_within_nights(*split_by_row(rows, settings))
    past, new = rows.of_years(["2022-2023"]), rows.of_years(["2023-2024"])
    trees = booster.load(fit_rows(past, past.weight, settings))
    honest = auc_within_nights(new, booster.raw_scores(trees, new.matrix(FEATURES), 1))
    assert claimed > 0.8 and 0.4 < honest < 0.6


def test_the_record_takes_complete_cohorts_up_to_the_judged_one(tmp_path: Path) -> None:
    candidate, settings = Candidate(deployment(tmp_path), TARGET), ModelSettings(trees=5, threads=1)
    candidate.begin()
    for year in (2021, 2022, 2023):
        candidate.write_rows(f"{year}-{year + 1}", world(students=300, years=(year,)))
    whole = plan((2021, 2022, 2023), Recipe(name="x"))
    found = {
        year: random_split_record(candidate, whole, Stage(booster="m", school_year=year), settings)
        for year in ("2022-2023", "2023-2024", "2024-2025")
    }
    # of eight snapshots at least one is in a random fifth for 1 - 0.8^8 = 83 % of the students; a running cohort takes all years
    assert found["2022-2023"].student_count == pytest.approx(0.83 * 600, rel=0.06)
    assert found["2023-2024"].student_count == pytest.approx(0.83 * 900, rel=0.06)
    assert found["2024-2025"].value == found["2023-2024"].value is not None
    same = random_split_record(candidate, whole, Stage(booster="m", school_year="2022-2023"), settings)
    assert same == found["2022-2023"]
    assert (same.metric, same.ranking, same.as_of_group, same.size_share) == ("auc_random_split", "model", "all", None)


def snapshots(rows: list[tuple[int, int, float, float]]) -> tuple[Frame, np.ndarray]:
    """Rows of (student, day of October, label, score)."""
    same = {name: ["x"] * len(rows) for name in ("school_year", "school_id", "class_id")}
    keys = {"student_key": [r[0] for r in rows], "as_of_date": [dt.date(2023, 10, r[1]) for r in rows]}
    return from_arrow(pa.table({**keys, **same, "label": [r[2] for r in rows]})), np.array([r[3] for r in rows])


def test_pairs_are_of_one_night() -> None:
    # on the 2nd one pair, right; on the 3rd two pairs, one of them right; that 9 > 1 across nights is no pair
    rows, score = snapshots([(1, 2, 1, 9.0), (2, 2, 0, 8.0), (1, 3, 1, 1.0), (2, 3, 0, 2.0), (3, 3, 0, 0.0)])
    assert auc_within_nights(rows, score) == pytest.approx(2 / 3)


def test_students_are_drawn_whole() -> None:
    rows, _ = snapshots([(student, day, 0, 0) for student in range(10) for day in (2, 3, 4)])
    drawn = some_students(rows, 14, seed=1)  # four students of three snapshots
    assert np.unique(drawn.student_key, return_counts=True)[1].tolist() == [3, 3, 3, 3]
    assert some_students(rows, 14, seed=1).student_key.tolist() == drawn.student_key.tolist()
    assert some_students(rows, 30, seed=1) is rows
