"""What a running cohort adds to training, by hand: who has not left yet counts as part left, part stayed."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from dropout.model.frame import Frame, from_arrow
from dropout.model.unseen import with_unseen_part

AUTUMN, SPRING = dt.date(2023, 10, 2), dt.date(2024, 3, 1)


def frame(rows: list[tuple[int, dt.date, float | None, bool]], column: str) -> Frame:
    """Rows of (student, date, label, whether the exit was known by then, or is known so far)."""
    same = {name: ["x"] * len(rows) for name in ("school_year", "school_id", "class_id")}
    keys = {"student_key": [r[0] for r in rows], "as_of_date": [r[1] for r in rows]}
    return from_arrow(
        pa.table({**keys, **same, "label": pa.array([r[2] for r in rows], pa.float64()), column: [r[3] for r in rows]})
    )


# Of ten students four left after autumn's snapshot, three of them by the age that the running cohort has now: seen 3/4,
# rate 4/10. After spring's, one of nine left, later than that: seen 0.
PAST = frame(
    [(i, AUTUMN, float(i < 4), i < 3) for i in range(10)] + [(i, SPRING, float(i == 3), False) for i in range(1, 10)],
    "left_by_then",
)


def test_those_who_stayed_so_far_are_part_left() -> None:
    running = frame([(1, AUTUMN, None, True), (2, AUTUMN, None, False)], "left_so_far")
    rows, weight = with_unseen_part(running, PAST)
    # still to leave: (1 - 3/4) · 4/10 / (1 - 3/4 · 4/10) = 0.1 / 0.7
    found = sorted(zip(rows.student_key.tolist(), rows.label.tolist(), weight.tolist(), strict=True))
    assert found == [(1, 1.0, 1.0), (2, 0.0, pytest.approx(6 / 7)), (2, 1.0, pytest.approx(1 / 7))]


def test_the_expected_share_of_leavers_is_that_of_the_past_when_as_many_left_so_far() -> None:
    # ten students, three left so far, as in the past by that age: in expectation four will have left
    running = frame([(i, AUTUMN, None, i < 3) for i in range(10)], "left_so_far")
    rows, weight = with_unseen_part(running, PAST)
    assert weight.sum() == pytest.approx(10)
    assert weight[rows.label == 1].sum() == pytest.approx(4)


def test_snapshots_of_which_too_little_was_seen_are_left_out() -> None:
    running = frame([(1, AUTUMN, None, False), (1, SPRING, None, False)], "left_so_far")
    rows, _ = with_unseen_part(running, PAST)
    assert set(rows.as_of_date.astype(str)) == {str(AUTUMN)}


def test_weights_add_up_to_one_student_each() -> None:
    running = frame([(1, AUTUMN, None, False), (2, AUTUMN, None, True)], "left_so_far")
    rows, weight = with_unseen_part(running, PAST)
    assert [weight[rows.student_key == k].sum() for k in (1, 2)] == pytest.approx([1, 1])
    assert (weight > 0).all() and np.isin(rows.label, (0, 1)).all()
