"""Credit that trees gave to one feature alone is shared with what that feature also stands for.

Contributions are exact for the trees, and still no fair account of the pupil: of two features that tell the same, trees
take the one that tells it a little better, and a feature made of two things keeps the credit of both. Nothing is added or
lost here: a row's contributions, and its concepts, sum to the score as before. Only what raises the chance is shared.
"""

import numpy as np

from dropout.explain.classes import class_means
from dropout.explain.contributions import by_concept
from dropout.features.catalogue import Catalogue
from dropout.model.frame import Floats, Frame

NOW, PATTERN = "attendance_now", "attendance_pattern"
EARNED, MISSED = "mark_earned_year_share", "assessments_missing_share"


def missed_work_share(rows: Frame) -> Floats:
    """Per row, the share of the way from the class's points reached that is missed work; of whole classes, on one night.

    The share of points reached is the mean mark times the share of assessments sat, so a logarithm takes it apart: how
    far the pupil lies below the class is one part marks and one part missed work. 0 for who reached as much as the
    class or missed no more than it, and where fewer than five of the class are known.
    """
    earned, missed = rows.column(EARNED), rows.column(MISSED)
    mean_earned, mean_missed = class_means(rows, (EARNED, MISSED)).T
    is_shared = (earned < mean_earned) & (missed > mean_missed)  # never where one of them is not known
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.log((1 - missed) / (1 - mean_missed)) / np.log(earned / mean_earned)
    # Who reached nothing at all has infinitely far to the class, all of it missed work where everything was missed.
    return np.where(is_shared, np.where(missed >= 1, 1.0, np.clip(share, 0.0, 1.0)), 0.0)


def moved(found: Floats, features: list[str], share: Floats) -> Floats:
    """`found` with `share` of what each row's points reached raise credited to the assessments missed."""
    if EARNED not in features or MISSED not in features:
        return found
    column, other = features.index(EARNED), features.index(MISSED)
    shared = found.copy()
    credit = np.maximum(found[:, column], 0.0) * share
    shared[:, column] -= credit
    shared[:, other] += credit
    return shared


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


def accounted(
    rows: Frame, found: Floats, share: Floats, features: list[str], catalogue: Catalogue
) -> tuple[Floats, dict[str, Floats]]:
    """Contributions and their sums by concept after both kinds of sharing; `share` is the rows' `missed_work_share`."""
    found = moved(found, features, share)
    return found, shared_by_windows(rows, by_concept(found, [catalogue.by_name[n].concept for n in features]))
