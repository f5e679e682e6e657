"""Reasons of the absence rule: its own two lines, in the order in which it uses them."""

import numpy as np

from dropout.explain.classes import class_means
from dropout.explain.reasons import Reasons
from dropout.features.catalogue import load_catalogue
from dropout.model.baselines import absence_rule
from dropout.model.frame import Frame

LINES = ("absences_unexcused_28d_count", "absence_share_year")


def rule_reasons(rows: Frame) -> Reasons:
    """The unexcused days for whom the first line flags, then the year's absence for whoever missed a day.

    `log_odds` is 0: a rule has none. Unknown values are no reason.
    """
    catalogue, means = load_catalogue(), class_means(rows, LINES)
    holds = np.stack([absence_rule(rows) >= 1, rows.column(LINES[1]) > 0], axis=1)
    row, line = np.nonzero(holds)
    rank = np.cumsum(holds, axis=1, dtype=np.int64)[row, line]
    values = np.stack([rows.column(name) for name in LINES], axis=1)
    concepts = np.array([catalogue.by_name[name].concept for name in LINES], dtype=object)
    unknown = np.full(len(row), np.nan)  # a rule has no refits
    return Reasons(
        row=row,
        direction=np.full(len(row), "raises", dtype=object),
        reason_rank=rank,
        concept=concepts[line],
        feature=np.array(LINES, dtype=object)[line],
        log_odds=np.zeros(len(row)),
        value=values[row, line],
        class_mean=means[row, line],
        stability=unknown,
        log_odds_low=unknown,
        log_odds_high=unknown,
    )
