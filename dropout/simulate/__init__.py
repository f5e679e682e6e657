"""A simulated district with a known truth: deliveries for the pipeline, and a truth that it never reads."""

from pathlib import Path
from typing import Any

import polars as pl

from dropout.simulate.district import simulate
from dropout.simulate.leading import compare_reasons
from dropout.simulate.ranking import compare
from dropout.simulate.truth import true_risk

__all__ = ["judge", "judge_reasons", "simulate", "true_risk"]


def judge(truth_dir: Path, scored: pl.DataFrame) -> dict[str, Any]:
    """How good `scored` (student_id, as_of_date, chance) is, on the rows of pupils who are truly enrolled that day.

    Any date of the simulated years will do. Returns auc, best_auc (of the true risk on the same rows),
    share_of_reachable = (auc − 0.5) / (best_auc − 0.5), calibration_error (mean gap between chance and
    outcome over ten bins of equal size), n and events. For proofs; the pipeline never reads the truth.
    """
    rows = scored.select("student_id", pl.col("as_of_date").cast(pl.Date), "chance").drop_nulls()
    return compare(rows, true_risk(truth_dir, rows["as_of_date"].unique().sort().to_list()))


def judge_reasons(truth_dir: Path, said: pl.DataFrame) -> dict[str, Any]:
    """How often what is said of pupils (student_id, as_of_date, concepts: a list of names) holds the true leading cause.

    Returns named (share) and n of those whose leading cause can be talked about (attendance_now, attendance_pattern,
    marks, mobility), named_of_all and n_all of all who are truly enrolled that day – background and none can
    never be named –, and causes: n and named of each. A share of nobody is None. For proofs, as `judge` is.
    """
    rows = said.select("student_id", pl.col("as_of_date").cast(pl.Date), "concepts")
    return compare_reasons(rows, true_risk(truth_dir, rows["as_of_date"].unique().sort().to_list()))
