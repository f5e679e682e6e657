"""What a pupil is compared with: the mean of the class tonight."""

from collections.abc import Iterable

import numpy as np

from dropout.model.frame import Floats, Frame

CLASS_AT_LEAST = 5  # students with a known value; the mean of fewer is no comparison, and may tell on one


def class_means(rows: Frame, names: Iterable[str]) -> Floats:
    """Mean of each feature over the student's class tonight, rows × names; NaN where fewer than five are known."""
    pair = np.array([f"{s}\0{c}" for s, c in zip(rows.school_id, rows.class_id, strict=True)])
    _, group = np.unique(pair, return_inverse=True)
    is_in_class = rows.class_id != ""
    means = []
    for name in names:
        value = rows.column(name)
        known = ~np.isnan(value) & is_in_class
        count = np.bincount(group, weights=known)
        total = np.bincount(group, weights=np.where(known, value, 0))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(count >= CLASS_AT_LEAST, total / count, np.nan)
        means.append(np.where(is_in_class, mean[group], np.nan))
    return np.stack(means, axis=1)
