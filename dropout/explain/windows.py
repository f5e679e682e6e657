"""What the last weeks and the months before tell alike is credited to both: the Shapley value of two windows."""

import numpy as np

from dropout.model.frame import Floats, Frame

NOW, PATTERN = "attendance_now", "attendance_pattern"


def shared_by_windows(rows: Frame, concepts: dict[str, Floats]) -> dict[str, Floats]:
    """The same sums by concept, where what recent absence raises is divided between these weeks and the year.

    A pupil who misses a fifth of the days has often done so for months. Both windows tell it, but trees split on
    the one that tells it best, so that all credit goes there, whatever the pupil's past. Let the last weeks alone
    tell T, which is what the trees took from them, and the pupil's earlier absence alone p × T, where p is the share
    of days missed earlier this year over that of the last 28. Both together tell T. The Shapley value of that game
    (Shapley 1953) is p/2 × T for the pattern and the rest for these weeks: as much for each where nothing
    changed, nothing for the pattern where the past is clean. p is cut at 2; it is 0 where the past is not known.
    What lowers the chance stays where it is. Concepts still sum to the score.
    """
    if NOW not in concepts or PATTERN not in concepts:
        return concepts
    recent = rows.column("absence_share_28d")
    earlier = recent - rows.column("absence_own_past_difference")
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((recent > 0) & (earlier > 0), earlier / recent, 0.0)  # a comparison with NaN is False
    moved = np.maximum(concepts[NOW], 0.0) * np.minimum(ratio, 2.0) / 2.0
    return {**concepts, NOW: concepts[NOW] - moved, PATTERN: concepts[PATTERN] + moved}
