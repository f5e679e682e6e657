"""What recent absence raises is divided between these weeks and the year, by the pupil's own past: by hand."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from dropout.explain.windows import shared_by_windows
from dropout.model.frame import Frame, from_arrow


def frame(recent: list[float | None], own_past: list[float | None]) -> Frame:
    n = len(recent)
    columns = {
        "student_key": list(range(n)),
        "as_of_date": [dt.date(2024, 1, 1)] * n,
        "school_year": ["2023-2024"] * n,
        "school_id": ["S"] * n,
        "class_id": ["C"] * n,
        "absence_share_28d": pa.array(recent, pa.float64()),
        "absence_own_past_difference": pa.array(own_past, pa.float64()),
    }
    return from_arrow(pa.table(columns))


@pytest.mark.parametrize(
    ("recent", "own_past", "now", "pattern"),
    [
        (0.4, 0.4, 1.2, 0.1),  # never absent before: nothing of 1.2 is the pattern's
        (0.4, 0.2, 0.9, 0.4),  # half as often before: 1/2 ÷ 2 × 1.2 = 0.3 moves
        (0.4, 0.0, 0.6, 0.7),  # as often before: half of 1.2 moves
        (0.2, -0.1, 0.3, 1.0),  # half as often again before: 3/2 ÷ 2 × 1.2 = 0.9 moves
        (0.1, -0.4, 0.0, 1.3),  # five times as often before: all of it, not more
        (0.4, 0.45, 1.2, 0.1),  # rounding has put the past below zero: it counts as clean
        (0.0, -0.3, 1.2, 0.1),  # not absent in these weeks: what raises is not recent absence (lateness)
        (0.4, None, 1.2, 0.1),  # the past is unknown
        (None, None, 1.2, 0.1),
    ],
)
def test_credit_is_shared_by_the_pupils_own_past(
    recent: float | None, own_past: float | None, now: float, pattern: float
) -> None:
    given = {"attendance_now": np.array([1.2]), "attendance_pattern": np.array([0.1])}
    found = shared_by_windows(frame([recent], [own_past]), given)
    assert found["attendance_now"].tolist() == pytest.approx([now])
    assert found["attendance_pattern"].tolist() == pytest.approx([pattern])


def test_what_lowers_stays_where_it_is_and_so_does_all_else() -> None:
    rows = frame([0.1, 0.1], [0.0, 0.0])
    given = {
        "attendance_now": np.array([-0.4, 0.4]),
        "attendance_pattern": np.array([0.2, -0.5]),
        "marks": np.array([0.3, 0.3]),
        "base": np.array([-2.0, -2.0]),
    }
    found = shared_by_windows(rows, given)
    assert found["attendance_now"].tolist() == pytest.approx([-0.4, 0.2])
    assert found["attendance_pattern"].tolist() == pytest.approx([0.2, -0.3])
    assert sum(found.values()) == pytest.approx(sum(given.values()))
    assert given["attendance_now"].tolist() == [-0.4, 0.4]  # the given sums are left alone


def test_a_model_that_knows_one_window_alone_is_left_as_it_is() -> None:
    given = {"attendance_now": np.array([1.0]), "base": np.array([-2.0])}
    assert shared_by_windows(frame([0.4], [0.0]), given) == given
