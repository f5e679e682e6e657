"""Which reasons a student gets, by hand: one class of six, a few features, contributions written down."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from dropout.explain.classes import class_means
from dropout.explain.contributions import by_concept
from dropout.explain.reasons import Reasons, choose, points
from dropout.explain.rule import rule_reasons
from dropout.features.catalogue import load_catalogue
from dropout.model.frame import Frame, from_arrow

CATALOGUE = load_catalogue()
Given = dict[str, list[float | None]]


def frame(features: Given, classes: list[str | None] | None = None) -> Frame:
    n = len(next(iter(features.values())))
    keys = {
        "student_key": list(range(n)),
        "as_of_date": [dt.date(2024, 1, 1)] * n,
        "school_year": ["2023-2024"] * n,
        "school_id": ["S"] * n,
        "class_id": classes or ["C"] * n,
    }
    return from_arrow(pa.table({**keys, **features}))


def reasons(features: Given, found: list[list[float]]) -> list[tuple[int, str, int, str, str]]:
    """(row, direction, rank, concept, feature) for a frame and the contributions of its features, base appended."""
    rows, names = frame(features), list(features)
    contributions = np.hstack([np.array(found), np.full((len(found), 1), -2.0)])
    concepts = by_concept(contributions, [CATALOGUE.by_name[n].concept for n in names])
    chosen = choose(rows, contributions, concepts, names, CATALOGUE)
    return listed(chosen)


def listed(chosen: Reasons) -> list[tuple[int, str, int, str, str]]:
    columns = (chosen.row, chosen.direction, chosen.reason_rank, chosen.concept, chosen.feature)
    return sorted(zip(*(c.tolist() for c in columns), strict=True))  # type: ignore[arg-type]


def test_one_reason_per_concept_by_its_strongest_fitting_feature() -> None:
    # pupil 0: more absent than the class (means 0.15 and 0.1), low marks; the others stand for the class
    features: Given = {
        "absence_share_7d": [0.4, 0.1, 0.1, 0.1, 0.1, 0.1],
        "absence_share_28d": [0.1, 0.1, 0.1, 0.1, 0.1, 0.1],  # stronger, but not above the class: not said
        "mark_mean_year_share": [0.3, 0.6, 0.6, 0.6, 0.6, 0.6],
    }
    found = [[0.2, 0.5, 0.3]] + [[0.0, 0.0, 0.0]] * 5
    assert reasons(features, found) == [
        (0, "raises", 1, "attendance_now", "absence_share_7d"),
        (0, "raises", 2, "marks", "mark_mean_year_share"),
    ]


def test_a_concept_below_a_tenth_of_log_odds_is_no_reason() -> None:
    features: Given = {"absence_share_7d": [0.4, 0.1, 0.1, 0.1, 0.1, 0.1]}
    assert reasons(features, [[0.0999]] + [[0.0]] * 5) == []
    assert len(reasons(features, [[0.1001]] + [[0.0]] * 5)) == 1


def test_what_is_unknown_or_cannot_change_is_never_a_reason() -> None:
    features: Given = {"absence_share_7d": [None, 0.1, 0.1, 0.1, 0.1, 0.1], "is_repeater": [1.0, 0, 0, 0, 0, 0]}
    # 2.0 of background counts, in one line that names nothing
    assert reasons(features, [[2.0, 2.0]] + [[0.0, 0.0]] * 5) == [(0, "background", 1, "background", "")]


def test_what_goes_well_needs_words_of_praise_and_a_value_no_worse_than_the_class() -> None:
    features: Given = {
        "mark_mean_year_share": [0.8, 0.5, 0.5, 0.5, 0.5, 0.5],
        "absence_share_28d": [0.02, 0.02, 0.02, 0.02, 0.02, 0.02],
        "assessments_missing_count": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],  # the catalogue has no praise for it
    }
    assert reasons(features, [[-0.3, -0.4, -0.5]] + [[0.3, 0.0, 0.0]] + [[0.0, 0.0, 0.0]] * 4) == [
        (0, "lowers", 1, "attendance_now", "absence_share_28d"),
        (0, "lowers", 2, "marks", "mark_mean_year_share"),
        (1, "raises", 1, "marks", "mark_mean_year_share"),  # 0.50 is below the class's 0.55
    ]


def test_at_most_four_raise_and_two_lower_strongest_first() -> None:
    features: Given = {
        "absence_share_7d": [0.4],
        "absence_share_year": [0.4],
        "mark_mean_year_share": [0.3],
        "assessments_missing_share": [0.5],
        "incidents_year_count": [3.0],
        "schools_changed_count": [2.0],
    }
    found = reasons(features, [[0.11, 0.12, 0.4, 0.5, 0.6, 0.7]])  # attendance, in two concepts, sums to 0.23
    assert [(rank, concept) for _, _, rank, concept, _ in found] == [
        (1, "mobility"),
        (2, "conduct"),
        (3, "missing_work"),
        (4, "marks"),
    ]


def test_concepts_of_one_theme_stand_together_and_compete_by_their_sum() -> None:
    features: Given = {
        "absence_share_7d": [0.4] * 3,
        "absence_share_year": [0.4] * 3,
        "mark_mean_year_share": [0.3] * 3,
        "incidents_year_count": [3.0] * 3,
    }
    found = [
        [0.3, 0.4, 0.6, 0.2],  # attendance 0.7 before marks 0.6, though each of its concepts is weaker
        [0.3, 0.2, 0.6, 0.2],  # attendance 0.5 after marks
        [0.55, 0.09, 0.6, 0.2],  # 0.09 is too little to be said, and does not help its theme: 0.55, not 0.64
    ]
    first = [[c for row, _, _, c, _ in reasons(features, found) if row == i] for i in range(3)]
    assert first == [
        ["attendance_pattern", "attendance_now", "marks", "conduct"],
        ["marks", "attendance_now", "attendance_pattern", "conduct"],
        ["marks", "attendance_now", "conduct"],
    ]


def test_of_what_goes_well_each_concept_counts_for_itself() -> None:
    features: Given = {
        "absence_share_28d": [0.0],
        "absence_share_year": [0.0],
        "mark_mean_year_share": [0.9],
    }
    found = reasons(features, [[-0.3, -0.2, -0.4]])
    assert [concept for _, _, _, concept, _ in found] == ["marks", "attendance_now"]


@pytest.mark.parametrize(
    ("name", "value", "class_mean", "raises", "lowers"),
    [
        ("absence_share_28d", 0.2, 0.1, True, False),
        ("absence_share_28d", 0.1, 0.1, False, True),
        ("absence_share_28d", 0.0, None, False, True),  # "missed 0 %" raises nothing
        ("absence_share_28d", 0.2, None, True, True),
        ("absence_trend_difference", -0.05, -0.10, False, False),  # falls, but less than the class's: no word fits
        ("absence_trend_difference", 0.05, -0.10, True, False),
        ("mark_mean_year_share", 0.4, 0.6, True, False),
        ("mark_mean_year_share", 0.4, None, True, True),
        ("absence_week_edge_share", 0.9, 0.1, True, False),  # free in the model, but its words speak of more
        ("absence_share_28d", None, 0.1, False, False),
    ],
)
def test_words_must_fit_the_value(name: str, value: float | None, class_mean: float | None, raises: bool, lowers: bool) -> None:
    v, mean = (np.array([np.nan if n is None else n]) for n in (value, class_mean))
    feature = CATALOGUE.by_name[name]
    assert [bool(points(feature, v, mean, d)[0]) for d in ("raises", "lowers")] == [raises, lowers]


def test_class_mean_is_that_of_known_values_and_needs_five() -> None:
    # class C: five known (mean 0.2) and one unknown; class D: four only; no class: no mean
    values = [0.1, 0.1, 0.2, 0.3, 0.3, None, 0.5, 0.5, 0.5, 0.5, 0.9]
    rows = frame({"absence_share_28d": values}, ["C"] * 6 + ["D"] * 4 + [None])
    means = class_means(rows, ["absence_share_28d"])[:, 0]
    assert means[:6] == pytest.approx([0.2] * 6)
    assert np.isnan(means[6:]).all()


def test_the_rules_reasons_are_its_two_lines() -> None:
    rows = frame(
        {
            "absences_unexcused_28d_count": [5.0, 1.0, 0.0, None],
            "registers_taken_28d_count": [28.0, 28.0, 28.0, None],
            "absence_share_year": [0.1, 0.05, 0.0, None],
        }
    )
    assert listed(rule_reasons(rows)) == [
        (0, "raises", 1, "attendance_now", "absences_unexcused_28d_count"),
        (0, "raises", 2, "attendance_pattern", "absence_share_year"),
        (1, "raises", 1, "attendance_pattern", "absence_share_year"),
    ]
