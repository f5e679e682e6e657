"""Credit is shared by the pupil's own past, and by what points reached are made of: by hand."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from dropout.explain.credit import missed_work_share, moved, shared_by_windows
from dropout.model.frame import Frame, from_arrow

EARNED = ["mark_earned_year_share", "mark_mean_year_share", "assessments_missing_share"]


def frame(**features: list[float | None]) -> Frame:
    n = len(next(iter(features.values())))
    keys = {
        "student_key": list(range(n)),
        "as_of_date": [dt.date(2024, 1, 1)] * n,
        "school_year": ["2023-2024"] * n,
        "school_id": ["S"] * n,
        "class_id": ["C"] * n,
    }
    return from_arrow(pa.table(keys | {name: pa.array(values, pa.float64()) for name, values in features.items()}))


def absent(recent: float | None, own_past: float | None) -> Frame:
    return frame(absence_share_28d=[recent], absence_own_past_difference=[own_past])


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
    found = shared_by_windows(absent(recent, own_past), given)
    assert found["attendance_now"].tolist() == pytest.approx([now])
    assert found["attendance_pattern"].tolist() == pytest.approx([pattern])


def test_what_lowers_stays_where_it_is_and_so_does_all_else() -> None:
    rows = frame(absence_share_28d=[0.1, 0.1], absence_own_past_difference=[0.0, 0.0])
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
    assert shared_by_windows(absent(0.4, 0.0), given) == given


def pupil_in_a_class(earned: float | None, missed: float | None) -> Frame:
    """The pupil first; four more, so that the class of five reached 0.6 and missed 0.1 on average where the pupil is known."""
    others_earned = [(3.0 - (earned or 0)) / 4] * 4
    others_missed = [(0.5 - (missed or 0)) / 4] * 4
    return frame(mark_earned_year_share=[earned, *others_earned], assessments_missing_share=[missed, *others_missed])


@pytest.mark.parametrize(
    ("earned", "missed", "moves"),
    [
        (0.4, 0.4, 0.8),  # sat 0.6 against 0.9, two thirds, and reached 0.4 against 0.6, two thirds: all of it was missed work
        (0.4, 0.1, 0.0),  # missed no more than the class: all of it is marks
        (0.4, 0.05, 0.0),  # missed less
        (4 / 15, 0.4, 0.4),  # 4/15 ÷ 0.6 is 4/9, two thirds of two thirds: half of the way (in logarithms) was missed work
        (0.55, 0.4, 0.8),  # sat less than it reached less: good marks where there are any; not more than all of it moves
        (0.7, 0.4, 0.0),  # reached more than the class
        (0.0, 0.4, 0.0),  # sat most of them, and reached nothing: marks
        (0.0, 1.0, 0.8),  # sat none
        (None, 0.4, 0.0),
        (0.4, None, 0.0),
    ],
)
def test_points_reached_are_marks_and_work_sat(earned: float | None, missed: float | None, moves: float) -> None:
    # Contributions of points reached, mean mark, assessments missed, and the base; nobody else's counts here.
    found = np.array([[0.8, 0.3, 0.01, -2.0]] + [[0.0, 0.0, 0.0, -2.0]] * 4)
    shared = moved(found, EARNED, missed_work_share(pupil_in_a_class(earned, missed)))
    assert shared[0].tolist() == pytest.approx([0.8 - moves, 0.3, 0.01 + moves, -2.0], abs=1e-6)
    assert shared[1:].tolist() == found[1:].tolist()
    assert found[0, 0] == 0.8  # the given contributions are left alone


def test_points_that_lower_and_classes_hardly_known_share_nothing() -> None:
    found = np.array([[-0.8, 0.3, 0.01, -2.0]] * 5)
    assert moved(found, EARNED, missed_work_share(pupil_in_a_class(0.4, 0.4))).tolist() == found.tolist()
    four = frame(mark_earned_year_share=[0.4, 0.7, 0.7, 0.7], assessments_missing_share=[0.4, 0.0, 0.0, 0.0])
    assert moved(-found[:4], EARNED, missed_work_share(four)).tolist() == (-found[:4]).tolist()


def test_a_model_without_one_of_the_two_is_left_as_it_is() -> None:
    found = np.array([[0.8, 0.3, -2.0]] * 5)
    assert moved(found, EARNED[:2], missed_work_share(pupil_in_a_class(0.4, 0.4))) is found
