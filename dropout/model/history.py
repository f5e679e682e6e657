"""Builds the frame: snapshots of past school years with their outcomes, one school year at a time to bound memory."""

import datetime as dt
from collections.abc import Iterable

import duckdb
import numpy as np
import pyarrow as pa

from dropout.contracts.ddl import create_core
from dropout.country import SchoolYear, Target
from dropout.features import snapshot
from dropout.labels import label
from dropout.model import opted_out
from dropout.model.candidate import Candidate
from dropout.model.cohort import known_years, mature_years, snapshot_dates
from dropout.model.frame import from_arrow
from dropout.model.recipe import FEWEST_EVENTS, Cohort, StateCount
from dropout.resources import sql
from dropout.warehouse.ledger import Run


def build(
    con: duckdb.DuckDBPyConnection, run: Run, candidates: dict[Target, Candidate]
) -> dict[Target, tuple[list[Cohort], Cohort | None]]:
    """Writes each candidate's frame; per target: the complete cohorts, and the running one when only one is complete.

    A cohort is complete when all its outcomes are known and at least FEWEST_EVENTS students left and stayed.
    Features are built once per school year for all targets; rows of a date know what that date knew.
    """
    years = known_years(con, run)
    create_core(con)  # an older warehouse may lack a table, or a column that the audit asks for
    mature = {t: [y.school_year for y in mature_years(con, run, t)] for t in candidates}
    complete: dict[Target, list[Cohort]] = {t: [] for t in candidates}
    for year in years:
        ages = {t: _age(run, _next_running(year, years, mature[t])) for t in candidates if year.school_year in mature[t]}
        for target, cohort in _write_year(con, run, year, candidates, ages).items():
            if cohort is not None and is_usable(cohort):
                complete[target].append(cohort)
    running: dict[Target, Cohort | None] = dict.fromkeys(candidates)
    for year in years:
        alone = [t for t in candidates if len(complete[t]) == 1]
        following = [t for t in alone if _next_running(_year(years, complete[t][0]), years, mature[t]) == year]
        running.update(_write_year(con, run, year, candidates, dict.fromkeys(following, _age(run, year))))
    return {t: (complete[t], running[t]) for t in candidates}


def is_usable(cohort: Cohort) -> bool:
    """Whether enough students left, and stayed, to learn from the cohort or to judge by it."""
    return min(cohort.events, cohort.students - cohort.events) >= FEWEST_EVENTS


def _year(years: list[SchoolYear], cohort: Cohort) -> SchoolYear:
    return next(y for y in years if y.school_year == cohort.school_year)


def _next_running(year: SchoolYear, years: list[SchoolYear], mature: list[str]) -> SchoolYear | None:
    """The first later school year whose outcomes are not all known yet."""
    return next((y for y in years if y.start_date > year.start_date and y.school_year not in mature), None)


def _age(run: Run, year: SchoolYear | None) -> dt.timedelta | None:
    return None if year is None else run.as_of - year.start_date


def _write_year(
    con: duckdb.DuckDBPyConnection,
    run: Run,
    year: SchoolYear,
    candidates: dict[Target, Candidate],
    ages: dict[Target, dt.timedelta | None],
) -> dict[Target, Cohort | None]:
    """Writes one school year for the targets of `ages`: how old the running cohort is, to see this one at that age."""
    country = run.deployment.country
    dates = [d for d in snapshot_dates(country, year) if d <= run.as_of]
    if not dates or not ages:
        return {}
    snapshot.build(con, dates, country)
    opted_out.build(con, "snapshot")
    found: dict[Target, Cohort | None] = {}
    for target, age in ages.items():
        label.build(con, target, run.as_of if age is None else min(run.as_of, year.start_date + age), country)
        con.execute("create or replace temp table label_then as from label")
        label.build(con, target, run.as_of, country)
        table = con.sql(sql("model/frame"), params={"school_year": year.school_year}).to_arrow_table()
        candidates[target].write_rows(year.school_year, table)
        cohort = counted(run, year, table)
        found[target] = cohort and cohort.model_copy(update={"states": _states(con, year)})
    return found


def counted(run: Run, year: SchoolYear, table: pa.Table) -> Cohort | None:
    """Students, snapshots and leavers of rows of one school year; None where no row can be judged yet."""
    frame = from_arrow(table)
    is_running = bool(np.isnan(frame.label).any())
    rows = frame.with_outcome_so_far(run.as_of) if is_running else frame
    if not len(rows):
        return None
    left = rows.label == 1
    return Cohort(
        school_year=year.school_year,
        start_date=str(year.start_date),
        end_date=str(year.end_date),
        students=_distinct(rows.student_key),
        snapshots=len(rows),
        events=_distinct(rows.student_key[left]),
        unknown_exits=_distinct(rows.student_key[rows.is_unknown_exit]),
    )


def _states(con: duckdb.DuckDBPyConnection, year: SchoolYear) -> list[StateCount]:
    """What became of everybody enrolled on the cohort's dates, the left out too; reads `label` and `snapshot`."""
    rows = con.execute(sql("labels/explained"), {"school_year": year.school_year}).fetchall()
    return [StateCount(state=state, snapshots=n, students=m, returned=r) for state, n, m, r in rows]


def _distinct(keys: Iterable[int]) -> int:
    return len(np.unique(np.asarray(keys)))
