"""Disclosure control of counts that are shown: small ones hidden, also where a total would give them away; others rounded."""

from collections.abc import Sequence

LEAST = 10  # a smaller count could point at a pupil
NEAREST = 5


def protected(counts: Sequence[int]) -> list[int | None]:
    """`counts` of one column: None below LEAST, the rest rounded to NEAREST.

    Where a single count is hidden the next smallest is hidden too: a total would give away one alone.
    """
    hidden = {i for i, count in enumerate(counts) if count < LEAST}
    if len(hidden) == 1 and len(counts) > 1:
        hidden.add(min((i for i in range(len(counts)) if i not in hidden), key=lambda i: counts[i]))
    return [None if i in hidden else NEAREST * round(count / NEAREST) for i, count in enumerate(counts)]
