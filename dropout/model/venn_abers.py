"""Venn–Abers: what isotonic calibration would say of one more student, had that student stayed, and had that student left.

Inductive Venn–Abers predictors (Vovk & Petej 2014, UAI; Vovk, Petej & Fedorova 2015, NeurIPS). For a score s the pair
is p0(s) and p1(s): the isotonic fit at s of the calibration evidence with the student added as stayed, and as left. One
of the two is calibrated whatever the distribution, provided that students are exchangeable. The pair is wide where there
is little evidence, also where all of it points one way and a resample could not show anything else.
"""

import numpy as np
from sklearn.isotonic import isotonic_regression

from dropout.model.frame import Floats

# A snapshot weighs 1 / (as-of dates), so that a student seen all year weighs 1. It is students who are exchangeable, not
# their near-copies: whoever is added weighs as much as a whole student, not as much as one night of one.
ONE_STUDENT = 1.0


def pairs(left: Floats, stayed: Floats) -> tuple[Floats, Floats]:
    """p0 and p1 of each bin (both increasing, p0 < p1) from the weight of those who left and who stayed in it.

    Bins lie in the order of their scores, and the added student joins the bin of its own score: a score that is rounded
    to bins is a score too, so the guarantee is that of the rounded one. No bin may be empty.
    """
    bins = len(left)
    total = left + stayed + np.eye(bins) * ONE_STUDENT  # row i: the student is added to bin i
    as_stayed, as_left = left / total, (left + np.eye(bins) * ONE_STUDENT) / total
    return _diagonal(as_stayed, total), _diagonal(as_left, total)


def _diagonal(rates: Floats, weights: Floats) -> Floats:
    """The isotonic fit of row i at bin i."""
    fits = (isotonic_regression(r, sample_weight=w, y_min=0, y_max=1) for r, w in zip(rates, weights, strict=True))
    return np.array([fit[i] for i, fit in enumerate(fits)], dtype=np.float64)
