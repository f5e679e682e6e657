"""Counts that a snapshot holds without naming them: days behind a share, so that words can be checked in the register.

A share of a window times the registers taken in it is the days, to the rounding of a FLOAT (the words round to 0.1:
half-days and lessons are parts of a day). No column of a snapshot is added for words alone.
"""

from dataclasses import dataclass

import polars as pl

from dropout.features.catalogue import Unit


@dataclass(frozen=True)
class Count:
    """A number for words: its unit and how it follows from a snapshot's columns; NULL where one of these is."""

    unit: Unit
    of: pl.Expr


def _days(share: str, window: str) -> pl.Expr:
    """Days that `share` is of the registers taken in `window`."""
    return _float(share) * _float(f"registers_taken_{window}_count")


def _float(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64)


# Registers of the window before the last 28: as sql/features/attendance.sql, there is one only from the 29th register on.
_REGISTERS_BEFORE = pl.when(_float("registers_taken_56d_count") > 28).then(_float("registers_taken_56d_count") - 28)

COUNTS = {
    "days_missed_7d": Count("days", _days("absence_share_7d", "7d")),
    "days_missed_28d": Count("days", _days("absence_share_28d", "28d")),
    "days_present_28d": Count("days", _float("registers_taken_28d_count") - _days("absence_share_28d", "28d")),
    "days_missed_28d_before": Count(
        "days",
        pl.when(_REGISTERS_BEFORE.is_not_null()).then(_days("absence_share_56d", "56d") - _days("absence_share_28d", "28d")),
    ),
    "days_late_28d": Count("days", _days("lateness_share_28d", "28d")),
    "registers_taken_28d_before_count": Count("days", _REGISTERS_BEFORE),
    "absence_share_earlier": Count("share", _float("absence_share_28d") - _float("absence_own_past_difference")),
    # sql/features/marks.sql: an assessment that is not exempt is marked or missing
    "assessments_given_count": Count("count", _float("assessments_marked_count") + _float("assessments_missing_count")),
}
