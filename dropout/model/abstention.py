"""Abstention judged: how many students the model says nothing of, what became of them, and what it would have said."""

from collections.abc import Callable

import numpy as np

from dropout.model import metrics
from dropout.model.comparison import ALL, FEWEST_HEADS, Comparison, Record, heads, record
from dropout.model.frame import Bools
from dropout.model.groups import ranked_within
from dropout.model.metrics import Value


def abstention_records(comparison: Comparison, cohort: str, group_of: Callable[[str], str]) -> list[Record]:
    """Rows for `ops.evaluation`, by as-of date and over all; `group_of` names a night."""
    found = []
    for night, rows in {**comparison.nights, ALL: np.ones(len(comparison.rows), dtype=np.bool_)}.items():
        counts, name = heads(comparison.rows, rows), ALL if night == ALL else group_of(night)
        found += [record(v, cohort, name, "model", counts) for v in abstention_values(comparison, rows)]
    return found


def abstention_values(comparison: Comparison, rows: Bools) -> list[Value]:
    """Share of the snapshots abstained from, share of those who left, share of all who left that they are, and their AUC.

    The AUC is the model's, had it not abstained; given where at least FEWEST_HEADS of these students left and stayed.
    """
    outcomes, thin = comparison.outcomes, rows & ~comparison.outcomes.is_listable
    total, label = outcomes.total, outcomes.label
    with np.errstate(invalid="ignore", divide="ignore"):
        abstained, left = total(thin.astype(np.float64)), total(thin * label)
        found = [
            metrics.value("abstained_share", None, abstained / total(rows.astype(np.float64))),
            metrics.value("left_among_abstained_share", None, left / total(rows * label)),
        ]
        if thin.any():
            found.append(metrics.value("abstained_left_share", None, left / abstained))
        students, events = heads(comparison.rows, thin)
        if min(events, students - events) >= FEWEST_HEADS:
            pairs = ranked_within(comparison, thin)
            found.append(metrics.value("abstained_auc", None, pairs["pairs right"] / pairs["pairs"]))
    return found
