"""At most so many rows, by drawing students: all snapshots of a student come along, or none."""

import numpy as np

from dropout.model.frame import Frame


def some_students(rows: Frame, at_most: int, seed: int) -> Frame:
    """`rows`, or of more than `at_most` those of students drawn by `seed` until the next one would be too many."""
    if len(rows) <= at_most:
        return rows
    _, student = np.unique(rows.student_key, return_inverse=True)
    snapshots = np.bincount(student)
    order = np.random.default_rng(seed).permutation(len(snapshots))
    drawn = order[np.cumsum(snapshots[order]) <= at_most]
    return rows.take(np.isin(student, drawn))
