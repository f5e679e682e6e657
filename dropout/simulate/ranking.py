"""How well chances rank and how far they are off, measured against the truth."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

_BINS = 10


def auc(chance: NDArray[np.float64], left: NDArray[np.int8]) -> float:
    """Chance that one who left was ranked above one who stayed; ties count half. NaN when either is missing."""
    events = int(left.sum())
    others = len(left) - events
    if not events or not others:
        return float("nan")
    rank = pl.Series(chance).rank("average").to_numpy()
    return float((rank[left == 1].sum() - events * (events + 1) / 2) / (events * others))


def calibration_error(chance: NDArray[np.float64], left: NDArray[np.int8]) -> float:
    """Mean gap between chance and outcome over ten bins of equal size, by chance; 0 is perfect."""
    bins = [part for part in np.array_split(np.argsort(chance, kind="stable"), _BINS) if len(part)]
    return sum(abs(float(chance[part].mean() - left[part].mean())) * len(part) for part in bins) / max(1, len(chance))


def best_reachable(risk: pl.DataFrame) -> dict[str, Any]:
    """Size, events, base rate and AUC of the true risk: over all, per school year and per as-of date."""
    known = risk.drop_nulls("left_by_next_year")

    def each(column: str) -> dict[str, Any]:
        parts = known.partition_by(column, as_dict=True)
        return {str(key[0]): _best(rows) for key, rows in sorted(parts.items())}

    return {"all": _best(known), "school_years": each("school_year"), "as_of_dates": each("as_of_date")}


def _best(rows: pl.DataFrame) -> dict[str, Any]:
    chance, left = rows["true_risk_by_next_year"].to_numpy(), rows["left_by_next_year"].to_numpy()
    return {"n": len(rows), "events": int(left.sum()), "base_rate": float(left.mean()), "best_auc": auc(chance, left)}


def compare(scored: pl.DataFrame, truth: pl.DataFrame) -> dict[str, Any]:
    """AUC of `scored` beside that of `truth` on the rows both have; see `dropout.simulate.judge`."""
    both = scored.join(truth.drop_nulls("left_by_next_year"), on=["student_id", "as_of_date"], how="inner")
    chance, left = both["chance"].to_numpy(), both["left_by_next_year"].to_numpy()
    model, best = auc(chance, left), auc(both["true_risk_by_next_year"].to_numpy(), left)
    return {
        "auc": model,
        "best_auc": best,
        "share_of_reachable": (model - 0.5) / (best - 0.5),
        "calibration_error": calibration_error(chance, left),
        "n": len(both),
        "events": int(left.sum()),
    }
