"""Rankings side by side: list sizes, the band of unknown exits, names of nights, and the decision to promote."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from dropout.country import load_country
from dropout.model.comparison import Comparison, Gain
from dropout.model.evaluate import night_names
from dropout.model.evaluation import Evaluation
from dropout.model.frame import Frame, from_arrow
from dropout.model.promote import decide
from dropout.model.rankings import BASELINES, Ranking
from dropout.settings import ModelSettings


def frame(students: int = 240, schools: int = 6) -> Frame:
    """Two nights; every sixth student left, every twelfth for an unknown reason."""
    n, key = 2 * students, np.tile(np.arange(students), 2)
    columns = {
        "student_key": key,
        "as_of_date": [dt.date(2023, 10, 2)] * students + [dt.date(2024, 3, 1)] * students,
        "school_year": ["2023-2024"] * n,
        "school_id": [f"S{k % schools}" for k in key],
        "class_id": ["C"] * n,
        "label": (key // schools % 6 == 0).astype(float),
        "is_unknown_exit": key // schools % 12 == 0,
        "registers_taken_56d_count": np.full(n, 50.0),
    }
    return from_arrow(pa.table(columns))


def comparison(rows: Frame, capacity: float, score: np.ndarray | None = None) -> Comparison:
    perfect = rows.label if score is None else score
    ranked = {"model": Ranking(perfect, perfect)} | {
        b: Ranking(np.zeros(len(rows)), np.full(len(rows), 1 / 6)) for b in BASELINES
    }
    return Comparison(rows, ranked, np.full(len(rows), capacity), ModelSettings())


@pytest.mark.parametrize(("capacity", "share"), [(1, 0.05), (4, 0.10), (400, 0.20)], ids=["too small", "4 of 40", "too large"])
def test_models_are_judged_at_the_schools_share_within_bounds(capacity: float, share: float) -> None:
    assert comparison(frame(), capacity).judged_share == pytest.approx(share)


def test_gains_are_over_each_baseline_on_both_kinds_of_list() -> None:
    gains = comparison(frame(), 4).gains()
    assert {(g.baseline, g.lists) for g in gains} == {
        (b, k) for b in BASELINES for k in ("the district's list", "the schools' lists")
    }
    # a tenth of the students, all of whom left: 24 of 42 or so; a blind list of a tenth finds a tenth of them
    events = 240 / 6 + 240 % 6
    for gain in gains:
        assert gain.value == pytest.approx(24 / events - 0.1, abs=0.03)
        assert gain.low <= gain.value <= gain.high


def test_unknown_exits_are_given_both_ways() -> None:
    rows = frame()
    known_best = np.where(rows.is_unknown_exit, 0.5, rows.label)
    found = comparison(rows, 4, known_best).unknown_as_stayed("2023-2024")
    auc = {r.ranking: r for r in found if r.metric == "auc_unknown_as_stayed"}
    assert auc["model"].value == pytest.approx(1.0) and auc["model"].event_count == 18
    assert comparison(rows, 4).values("model")["auc"] == pytest.approx(1.0)
    nobody = from_arrow(pa.table({"student_key": [1], **{k: ["x"] for k in ("school_year", "school_id", "class_id")},
                                  "as_of_date": [dt.date(2024, 1, 1)], "label": [1.0]}))  # fmt: skip
    assert comparison(nobody, 4).unknown_as_stayed("x") == []


def test_records_count_students_and_those_who_left_once() -> None:
    records = comparison(frame(), 4).records("2023-2024", lambda night: night[:7])
    assert {(r.as_of_group, r.student_count, r.event_count) for r in records} == {
        ("2023-10", 240, 42),
        ("2024-03", 240, 42),
        ("all", 240, 42),
    }


def test_nights_are_named_by_month_or_by_day_of_the_year() -> None:
    assert night_names(load_country("generic"))("2025-03-03") == "2025-03"
    names = night_names(load_country("oulad"))
    assert names("2014-04-02") == "day 60" and names("2013-10-29") == "day 28" and names("2014-04-03") == "2014-04-03"


def evaluation(low: float = 0.02, error: float | None = 0.01, why_not: str = "") -> Evaluation:
    gains = [Gain(baseline=b, lists="the schools' lists", value=0.05, low=0.02, high=0.08) for b in BASELINES[1:]]
    return Evaluation(
        cohort="2023-2024",
        is_outcome_so_far=False,
        students=1000,
        events=100,
        unknown_exits=0,
        why_not=why_not,
        judged_share=0.08,
        gains=[Gain(baseline="absence_rule", lists="the district's list", value=0.04, low=low, high=0.06), *gains],
        calibration_error=error,
    )


def test_promoted_when_every_baseline_is_beaten_and_chances_are_right() -> None:
    is_better, why = decide(evaluation())
    assert (
        is_better and "at 8% of the students" in why and "+4.0 points (+2.0 points to +6.0 points, against absence_rule)" in why
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (evaluation(low=0.0), "absence_rule on the district's list"),
        (evaluation(error=0.051), "calibration error 0.051"),
        (evaluation(error=None), "calibration error unknown"),
        (evaluation(why_not="fewer than 20 students left"), "could not be judged: fewer than 20"),
    ],
)
def test_refused_when_it_may_not_beat_one_or_is_not_calibrated(given: Evaluation, why: str) -> None:
    is_better, found = decide(given)
    assert not is_better and why in found
