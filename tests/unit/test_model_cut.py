"""The cut of a list: who is on the last list stays before a newcomer hardly ahead, and never more than the capacity."""

import numpy as np
import numpy.typing as npt
import pytest

from dropout.model.cut import KEPT_LOG_ODDS, cut, ranks
from dropout.model.frame import Frame


def frame(schools: list[str]) -> Frame:
    """One row per school named, with student_key 1, 2, …; what a cut does not read is empty."""
    n, nothing = len(schools), np.zeros(len(schools))
    flags, text = nothing.astype(np.bool_), np.array(schools, dtype=object)
    return Frame(
        (), np.empty((n, 0), np.float32), np.arange(1, n + 1), np.full(n, np.datetime64("2025-03-10")), text, text, text,
        nothing, flags, flags, flags, np.empty((n, 0), object), np.full(n, np.datetime64("NaT")),
    )  # fmt: skip


def listed(
    by: list[float], stays: list[int] = [], *, unworthy: list[int] = [], capacity: int = 2, margin: float = 0.2,  # noqa: B006
    schools: str = "",
) -> list[int]:  # fmt: skip
    """Student keys on the lists; `stays` and `unworthy` are student keys."""
    keys = np.arange(1, len(by) + 1)
    flags: tuple[npt.NDArray[np.bool_], ...] = (~np.isin(keys, unworthy), np.isin(keys, stays))
    rows = frame(list(schools or "A" * len(by)))
    found = cut(np.array(by), rows, flags[0], flags[1], np.full(len(by), float(capacity)), margin)
    return keys[found].tolist()


def test_without_a_last_list_the_highest_are_listed_and_equal_ones_by_pseudonym() -> None:
    assert listed([0.1, 0.5, 0.3, 0.3]) == [2, 3]


def test_who_is_on_the_last_list_stays_before_a_newcomer_hardly_ahead() -> None:
    # ranks by score: 1 (1.0), 2 (0.5), 3 (0.4); 3 was listed, counts as 0.6 and stays with rank 3 = capacity + 1
    by = [1.0, 0.5, 0.4]
    assert listed(by, [1, 3]) == [1, 3]
    rows = frame(["A"] * 3)
    assert ranks(np.array(by), rows, np.zeros(3, np.bool_)).tolist() == [1, 2, 3]


def test_a_newcomer_surely_ahead_comes_in() -> None:
    assert listed([1.0, 0.61, 0.4], [1, 3]) == [1, 2]  # 0.61 > 0.4 + 0.2


@pytest.mark.parametrize(("newcomer", "expected"), [(1.25, [2]), (1.5, [1])])
def test_of_a_rule_a_newcomer_must_exceed(newcomer: float, expected: list[int]) -> None:
    """Equal scores: the one on the last list stays, though the newcomer has the lower pseudonym."""
    assert listed([newcomer, 1.25], [2], capacity=1, margin=0.0) == expected


def test_never_more_than_the_capacity_though_more_were_listed() -> None:
    """A school whose capacity fell from 4 to 2 keeps the highest two of its last list."""
    assert listed([0.4, 0.3, 0.2, 0.1], [1, 2, 3, 4]) == [1, 2]


def test_who_is_not_worth_a_place_neither_keeps_nor_takes_one() -> None:
    # 1 was listed and is not worth it any more; it does not hold a place that 3 could have
    assert listed([0.9, 0.8, 0.7], [1], unworthy=[1]) == [2, 3]
    assert listed([0.9, 0.8, 0.7], [1], unworthy=[1, 3]) == [2]


def test_schools_are_cut_apart() -> None:
    # A: 1 (0.9) and 3 (0.1); B: 2 (0.5) stays before 4 (0.6)
    assert listed([0.9, 0.5, 0.1, 0.6], [2], capacity=1, schools="ABAB") == [1, 2]


def test_the_margin_is_the_one_that_was_measured() -> None:
    """docs/decisions/0018-hysteresis.md"""
    assert KEPT_LOG_ODDS == 0.2
