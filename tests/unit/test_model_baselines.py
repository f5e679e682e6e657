"""The three baselines, by hand, on a tiny frame."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from dropout.model.baselines import EDGES, abc_flags, absence_rule, fit_bands, school_rate
from dropout.model.frame import from_arrow

# unexcused of 28 | registers of 28 | absent of the year | incidents | failing | absence rule            | flags
ROWS = [
    (3.0, 28.0, 0.08, 0.0, 0.0, 1.08, 0.0),  # 3/28 = 0.107: first group
    (2.0, 28.0, 0.25, 0.0, 1.0, 0.25, 2.0),  # 2/28 = 0.071: second group, by the year's share
    (2.0, 20.0, 0.10, 2.0, 3.0, 1.10, 3.0),  # 2/20 = 0.10: first group; a tenth is enough for the flag
    (None, None, 0.30, None, None, 0.30, 1.0),  # nothing known of the last 28: the year alone
    (None, 0.0, None, None, None, -1.0, 0.0),  # no register taken: unknown, last
    (0.0, 28.0, 0.0, 1.0, 0.0, 0.0, 1.0),
]
COLUMNS = (
    "absences_unexcused_28d_count",
    "registers_taken_28d_count",
    "absence_share_year",
    "incidents_year_count",
    "marks_failing_count",
)


def table(**more: list[object]) -> pa.Table:
    n = len(next(iter(more.values()))) if more else len(ROWS)
    given: dict[str, object] = {
        "student_key": list(range(n)),
        "as_of_date": [dt.date(2024, 1, 1)] * n,
        "school_year": ["2023-2024"] * n,
        "school_id": ["S"] * n,
        "class_id": ["C"] * n,
    }
    return pa.table({**given, **more})


ROWS_FRAME = from_arrow(table(**{name: [row[i] for row in ROWS] for i, name in enumerate(COLUMNS)}))


def test_absence_rule_puts_unexcused_first_then_the_years_share() -> None:
    assert absence_rule(ROWS_FRAME) == pytest.approx([row[5] for row in ROWS])


def test_flags_are_counted_and_unknown_is_none() -> None:
    assert abc_flags(ROWS_FRAME).tolist() == [row[6] for row in ROWS]


def test_school_rate_is_that_of_the_past_and_overall_for_a_new_school() -> None:
    past = from_arrow(table(school_id=["A", "A", "B", "B", "B", "B"], label=[1.0, 0.0, 1.0, 0.0, 0.0, 0.0]))
    now = from_arrow(table(school_id=["A", "B", "new"]))
    assert school_rate(past, now) == pytest.approx([1 / 2, 1 / 4, 2 / 6])


def test_bands_are_shares_that_left_and_never_fall() -> None:
    # band 1 (below 5 %): 100 students, 10 left; band 2 (5–10 %): 100, 8 left; band 5 (flagged, below 5 %): 50, 20 left.
    # Each gets one more student with the overall rate 38/250 = 0.152; bands 1 and 2 contradict the order and are pooled:
    # (10.152/101 · 100 + 8.152/101 · 100) / 200 = 0.0906; band 5: 20.152/51 = 0.3951
    label = [1.0] * 10 + [0.0] * 90 + [1.0] * 8 + [0.0] * 92 + [1.0] * 20 + [0.0] * 30
    past = from_arrow(table(label=label))
    score = np.repeat([0.01, 0.07, 1.02], [100, 100, 50])
    bands = fit_bands(past, score, EDGES, seed=7)
    assert bands.chance(np.array([0.01, 0.07, 1.02])) == pytest.approx([0.0906, 0.0906, 0.3951], abs=1e-4)
    assert (np.diff(bands.rates) >= 0).all()
    low, high = bands.bounds(score)
    assert (low <= bands.chance(score)).all() and (bands.chance(score) <= high).all()
    assert low[-1] < 0.36 and high[-1] > 0.43  # 50 students tell little
