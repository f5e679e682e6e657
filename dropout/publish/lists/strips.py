"""What the pages draw: each listed pupil's school days and marks of this year, from the very tables the features are made of."""

from dataclasses import dataclass

import duckdb
import polars as pl

from dropout.features.snapshot import rules
from dropout.resources import sql
from dropout.warehouse.ledger import Run

WINDOW = 28  # registers; that of absences_unexcused_28d_count, so that strip and reason say the same number
TABLES = ("enrolled", "school_day", "cohort", "absence_day")


@dataclass(frozen=True)
class Known:
    """All listed pupils of all schools, as known tonight; see sql/marts/list_day.sql and list_mark.sql for the columns."""

    days: pl.DataFrame
    marks: pl.DataFrame


def known(con: duckdb.DuckDBPyConnection, run: Run) -> Known:
    """Reads temp table `this_night` and the warehouse; needs no step before it but the scores, so `dropout publish` works alone.

    The features' own statements are run again, absences for the listed pupils only; marks for all, since a class has a mean.
    """
    rules(con, [run.as_of], run.deployment.country)
    try:
        _table(con, "enrolled", "features/cohort")
        _table(con, "school_day", "marts/list_school_day")
        _table(con, "cohort", "marts/list_enrolled")
        _table(con, "absence_day", "features/absence_day")
        days = con.sql(sql("marts/list_day")).pl()
        con.execute("create or replace temp table cohort as from enrolled")
        # a view: its ranks of assessments are not needed here and then not computed
        con.execute(f"create or replace temp view grade_known as {sql('features/grade_known')}")
        return Known(days, con.sql(sql("marts/list_mark")).pl())
    finally:
        con.execute("drop view if exists grade_known")
        for name in TABLES:
            con.execute(f"drop table if exists temp.{name}")


def _table(con: duckdb.DuckDBPyConnection, name: str, statement: str) -> None:
    con.execute(f"create or replace temp table {name} as {sql(statement)}")


def last_registers(days: pl.DataFrame) -> pl.DataFrame:
    """One row per student with a taken register: what the last WINDOW of them say.

    Columns: student_key, registers (how many were taken since the pupil's entry, at most WINDOW), since (the first one's
    date), unexcused and excused (days, parts of days count in part), late (days).
    """
    excused = pl.col("absent_share") - pl.col("unexcused_share")
    return (
        days.filter(pl.col("registers_ago") < WINDOW)
        .group_by("student_key", maintain_order=True)
        .agg(
            registers=pl.len(),
            since=pl.col("date").min(),
            unexcused=pl.col("unexcused_share").sum(),
            excused=excused.sum(),
            late=pl.col("is_late").sum(),
        )
    )
