"""The cut of a list at the school's capacity: who stands on the last list stays before a newcomer who is hardly ahead."""

import numpy as np

from dropout.model.frame import Bools, Floats, Frame, Ints

# Log-odds by which a newcomer must be ahead of who is on the last list: nine in ten listed pupils move by less from one
# night to the next, and the lists' precision does not surely suffer (docs/decisions/0018-hysteresis.md). The absence
# rule has no margin: its score moves by a fraction of a day, and each one tried cost it precision; equal scores stay.
KEPT_LOG_ODDS = 0.2


def ranks(by: Floats, rows: Frame, last: Bools, first: Bools | None = None) -> Ints:
    """Place in the school, 1 the highest `by`; of equal ones those in `first`, then by student_key; those in `last` come last."""
    _, school = np.unique(rows.school_id.astype(str), return_inverse=True)
    later = np.zeros(len(rows), dtype=np.bool_) if first is None else ~first
    order = np.lexsort((rows.student_key, later, -by, last, school))
    starts = np.append(True, np.diff(school[order]) != 0)
    position = np.arange(len(order))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = position - np.maximum.accumulate(np.where(starts, position, 0)) + 1
    return rank


def cut(by: Floats, rows: Frame, worth: Bools, stays: Bools, capacity: Floats, margin: float) -> Bools:
    """Whom the lists hold: of each school at most `capacity` of those `worth` a place.

    Those on the school's last list (`stays`) count as `margin` higher than they are, so that they give way only to a
    newcomer who is ahead by more; nobody who is not `worth` a place takes or keeps one.
    """
    return np.asarray(worth & (ranks(by + margin * stays, rows, ~worth, stays) <= capacity), dtype=np.bool_)
