"""Some of many rows, from all over them."""

from collections.abc import Iterable
from typing import TypeVar

Row = TypeVar("Row")
ROWS = 20_000  # looked at of one file: enough for a way of writing that stands on one row in a thousand


def evenly(rows: Iterable[Row], at_most: int) -> list[Row]:
    """At most `at_most` of `rows` at equal distances, first and last among them; how many there are need not be known."""
    kept: list[Row] = []
    step, last = 1, None
    for place, row in enumerate(rows):
        last = (place, row)
        if place % step == 0:
            if len(kept) == at_most:  # twice the distance from here on, and among those that are kept
                kept, step = kept[::2], step * 2
                if place % step:
                    continue
            kept.append(row)
    if last and last[0] % step:
        kept[at_most - 1 :] = [last[1]]
    return kept
