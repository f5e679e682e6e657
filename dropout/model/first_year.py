"""The first school year: no cohort is complete, but short horizons have ended for the as-of dates of the first months.

For a target with a horizon in days, those dates stand in for cohorts, strictly forward in time: judged is the last date
whose outcomes are known by now; fitted are the dates whose outcomes were known on the judged date, as they were known then.
The first of each month would be too few dates before summer, so these are every second week of the year.
"""

import datetime as dt
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from dropout.country import Country, SchoolYear, Target
from dropout.features import snapshot
from dropout.labels import label
from dropout.labels.label import HORIZON_DAYS
from dropout.model import opted_out
from dropout.model.candidate import Candidate
from dropout.model.cohort import known_years, latest_mature, open_from
from dropout.model.history import counted, is_usable
from dropout.model.recipe import Cohort, Recipe, rule_within_year, within_year
from dropout.resources import sql
from dropout.warehouse.ledger import Run

EVERY_DAYS = 14  # so that a year of ten months has some twenty dates, of which a late winter's night can use a handful
UNTIL = " to "


@dataclass(frozen=True)
class Within:
    """What a season learns within a running school year: all of its dates with known outcomes, and what is done with them."""

    cohort: Cohort
    recipe: Recipe


def as_of_dates(country: Country, year: SchoolYear) -> list[dt.date]:
    """Every second week from the year's start on, each moved to the next weekday with school; not the start itself."""
    steps = range(EVERY_DAYS, (year.end_date - year.start_date).days + 1, EVERY_DAYS)
    found = {open_from(year.start_date + dt.timedelta(days=n), country) for n in steps}
    return sorted(d for d in found if d <= year.end_date)


def known_by(country: Country, target: Target, dates: list[dt.date], day: dt.date) -> list[dt.date]:
    """Those of `dates` whose outcomes are known by `day`: the horizon is over, and the country's lag."""
    wait = dt.timedelta(days=HORIZON_DAYS[target] + country.label_lag_days)
    return [d for d in dates if d + wait <= day]


def parts(country: Country, target: Target, year: SchoolYear, day: dt.date) -> tuple[list[dt.date], list[dt.date]]:
    """All as-of dates of `year` whose outcomes are known by `day`, and those whose were known on the last of them."""
    known = known_by(country, target, as_of_dates(country, year), day)
    return known, known_by(country, target, known, known[-1]) if known else []


def build(con: duckdb.DuckDBPyConnection, run: Run, target: Target, candidate: Candidate) -> Within | None:
    """Writes the frame of the running school year into `candidate`; None where nothing can be said yet.

    That is: the target has no horizon in days, or of the dates with known outcomes fewer than FEWEST_EVENTS students
    left or stayed. A model is trained only where as many did on the fitted dates and on the judged one.
    """
    if target not in HORIZON_DAYS:
        return None
    country, year = run.deployment.country, known_years(con, run)[-1]
    known, fitted = parts(country, target, year, run.as_of)
    if not known:
        return None
    snapshot.build(con, known, country)
    all_rows = labelled(con, run, target, year, run.as_of)
    whole = _counted(run, year, all_rows, f"{year.school_year}{UNTIL}{known[-1]}", known[-1])
    if whole is None or not is_usable(whole):
        return None
    candidate.write_rows(whole.school_year, all_rows)
    judged_rows = _between(all_rows, known[-1], known[-1])
    judged = _counted(run, year, judged_rows, f"{year.school_year} as of {known[-1]}", known[-1])
    if not fitted or judged is None or not is_usable(judged):
        return Within(whole, rule_within_year())
    past_rows = _between(labelled(con, run, target, year, known[-1]), fitted[0], fitted[-1])
    past = _counted(run, year, past_rows, f"{year.school_year}{UNTIL}{fitted[-1]}", fitted[-1])
    if past is None or not is_usable(past):
        return Within(whole, rule_within_year())
    candidate.write_rows(judged.school_year, judged_rows)
    candidate.write_rows(past.school_year, past_rows)
    return Within(whole, within_year(past.school_year, judged.school_year, whole.school_year))


def newest_outcomes(con: duckdb.DuckDBPyConnection, run: Run, target: Target, cohorts: list[Cohort]) -> str | None:
    """What a season on `run.as_of` would learn from at the latest, for a version that learnt from `cohorts`.

    The latest mature school year; while none of `cohorts` is a whole one, also the last as-of date within the newest
    school year whose outcomes are known: `2024-2025 to 2025-01-20`. None when nothing is known.
    """
    mature = latest_mature(con, run, target)
    if target not in HORIZON_DAYS or any(not c.until for c in cohorts):
        return mature
    year = known_years(con, run)[-1]
    known, _ = parts(run.deployment.country, target, year, run.as_of)
    if not known:
        return mature
    return f"{f'{mature}, ' if mature else ''}{year.school_year}{UNTIL}{known[-1]}"


def has_news(newest: str | None, seen: str | None) -> bool:
    """Whether a season would learn more than the version that has `seen` its newest outcomes, or less (an earlier night).

    Within a school year a month counts, not every second week.
    """
    if newest is None or seen is None or not (UNTIL in newest and UNTIL in seen):
        return newest != seen
    return newest[:-3] != seen[:-3] or newest < seen


def labelled(con: duckdb.DuckDBPyConnection, run: Run, target: Target, year: SchoolYear, known_on: dt.date) -> pa.Table:
    """The rows of temp table `snapshot` with their outcomes as known on `known_on`."""
    label.build(con, target, known_on, run.deployment.country)
    con.execute("create or replace temp table label_then as from label")
    opted_out.build(con, "snapshot")
    return con.sql(sql("model/frame"), params={"school_year": year.school_year}).to_arrow_table()


def _between(rows: pa.Table, first: dt.date, last: dt.date) -> pa.Table:
    dates = rows.column("as_of_date")
    return rows.filter(pc.and_(pc.greater_equal(dates, pa.scalar(first)), pc.less_equal(dates, pa.scalar(last))))


def _counted(run: Run, year: SchoolYear, rows: pa.Table, name: str, last: dt.date) -> Cohort | None:
    cohort = counted(run, year, rows)
    return cohort.model_copy(update={"school_year": name, "until": str(last)}) if cohort else None
