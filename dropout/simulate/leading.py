"""Which cause raises each pupil's true risk most, week by week, and whether what was said of the pupil names it."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dropout.simulate.course import Lived
from dropout.simulate.hazard import CAUSES, SHOCK, STEADY, WITHDRAWING, Hazard, causes, risk_after_week

LEADING = ("attendance_now", "attendance_pattern", *CAUSES, "none")
CHANGEABLE = ("attendance_now", "attendance_pattern", "marks", "mobility")  # what a counselor can talk about
_TELLING = 0.3  # log-odds that a cause must add before it is called the leading one
Floats = NDArray[np.float64]


def leading_by_week(hazard: Hazard, lived: Lived) -> NDArray[np.int8]:
    """Places in LEADING, pupils of the roll × weeks: what raises the risk most once the week's end is reached.

    Attendance is measured against the same pupil in a steady state, the other causes against the same pupil with
    that cause at its average.
    """
    year, roll, ability = lived.year, lived.roll, lived.own.ability
    why = causes(hazard, roll, ability, lived.own.poverty)
    versions = {"": why.total()} | {cause: why.total(without=cause) for cause in CAUSES}
    after = {name: risk_after_week(hazard, v, roll.grade, ability, year.week_count) for name, v in versions.items()}
    everyone, leading = np.arange(len(roll)), np.empty((len(roll), year.week_count), dtype=np.int8)
    for week in range(year.week_count):
        state = lived.course.state[:, week].astype(np.int64)
        risk = {name: _log_odds(after[name][week, everyone, state]) for name in versions}
        by_state = risk[""] - _log_odds(after[""][week, everyone, np.full(len(roll), STEADY)])
        is_acute = (state == WITHDRAWING) | (state == SHOCK)
        added = np.stack([by_state * is_acute, by_state * ~is_acute, *(risk[""] - risk[cause] for cause in CAUSES)])
        leading[:, week] = np.where(added.max(axis=0) < _TELLING, LEADING.index("none"), added.argmax(axis=0))
    return leading


def compare_reasons(said: pl.DataFrame, truth: pl.DataFrame) -> dict[str, Any]:
    """How often `said` names the `leading_cause` of `truth`, on the rows both have; see `dropout.simulate.judge_reasons`."""
    both = said.join(truth.select("student_id", "as_of_date", "leading_cause"), on=["student_id", "as_of_date"], how="inner")
    both = both.with_columns(is_named=pl.col("concepts").list.contains(pl.col("leading_cause")))
    can_change = both.filter(pl.col("leading_cause").is_in(CHANGEABLE))
    return {
        "named": can_change["is_named"].mean(),
        "n": len(can_change),
        "named_of_all": both["is_named"].mean(),
        "n_all": len(both),
        "causes": {
            cause: {"n": len(rows), "named": rows["is_named"].mean()}
            for cause in LEADING
            if len(rows := both.filter(pl.col("leading_cause") == cause))
        },
    }


def _log_odds(chance: Floats) -> Floats:
    return np.asarray(np.log(chance) - np.log1p(-chance))
