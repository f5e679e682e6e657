"""Counts that are shown: small ones hidden, a lonely hidden one joined by the next smallest, the rest rounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout.privacy.disclosure import LEAST, NEAREST, protected


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([], []),
        ([9], [None]),
        ([10], [10]),
        ([12, 13, 18], [10, 15, 20]),
        ([3, 4, 40], [None, None, 40]),
        ([3, 40, 22, 61], [None, 40, None, 60]),  # 3 alone could be found from a total
        ([0, 0, 11], [None, None, 10]),
    ],
)
def test_protected(counts: list[int], shown: list[int | None]) -> None:
    assert protected(counts) == shown


@given(st.lists(st.integers(0, 60), min_size=2, max_size=12))
def test_no_small_count_is_shown_and_none_is_hidden_alone(counts: list[int]) -> None:
    shown = protected(counts)
    assert all(count >= LEAST for count, s in zip(counts, shown, strict=True) if s is not None)
    assert all(
        s % NEAREST == 0 and abs(s - count) <= NEAREST / 2 for count, s in zip(counts, shown, strict=True) if s is not None
    )
    assert shown.count(None) != 1
