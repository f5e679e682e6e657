"""Which school years a season learns from: their as-of dates, and the day on which their outcomes are known."""

import datetime as dt
from itertools import pairwise

import duckdb

from dropout.country import Country, SchoolYear, Target
from dropout.errors import HistoryError
from dropout.labels.label import HORIZON_DAYS
from dropout.resources import sql
from dropout.warehouse.ledger import Run


def snapshot_dates(country: Country, year: SchoolYear) -> list[dt.date]:
    """The as-of dates of `year`: the first weekday with school of each listed month, or days after its start.

    Holidays are not looked up: a snapshot of a closed day is the one of the last open day before it.
    """
    rule = country.snapshot
    if rule.days_from_start:
        found = [year.start_date + dt.timedelta(days=n) for n in rule.days_from_start]
    else:
        firsts = (dt.date(y, m, 1) for y in range(year.start_date.year, year.end_date.year + 1) for m in rule.months)
        found = [open_from(max(d, year.start_date), country) for d in firsts if _same_or_later(d, year.start_date)]
    return sorted({d for d in found if year.start_date <= d <= year.end_date})


def _same_or_later(first: dt.date, start: dt.date) -> bool:
    return (first.year, first.month) >= (start.year, start.month)


def open_from(date: dt.date, country: Country) -> dt.date:
    """`date`, or the next weekday on which schools open."""
    while date.isoweekday() not in country.school_days:
        date += dt.timedelta(days=1)
    return date


def matures_on(country: Country, target: Target, year: SchoolYear) -> dt.date:
    """The day from which every snapshot of `year` has a known outcome."""
    lag = dt.timedelta(days=country.label_lag_days)
    if target == "leaves_by_next_year":
        return year.census_date + lag
    horizon = HORIZON_DAYS.get(target)
    if horizon is None:
        return year.end_date + lag
    return max(snapshot_dates(country, year)) + dt.timedelta(days=horizon) + lag


def known_years(con: duckdb.DuckDBPyConnection, run: Run) -> list[SchoolYear]:
    """School years that have begun by `run.as_of` and have enrolments known by then, the earliest first.

    Raises HistoryError when nothing was ever loaded.
    """
    if not con.execute("from duckdb_tables() where schema_name = 'core' and table_name = 'enrolment'").fetchall():
        raise HistoryError(
            "nothing has been loaded yet", where="core.enrolment", remedy="Load past deliveries: dropout load --as-history PATHS"
        )
    rows = con.sql(sql("model/school_years"), params={"as_of": run.as_of}).fetchall()
    students = {year: count for year, count in rows}
    past = run.deployment.country.years(run.as_of.year - 40, run.as_of.year)
    return sorted((y for y in past if y.start_date <= run.as_of and y.school_year in students), key=lambda y: y.start_date)


def mature_years(con: duckdb.DuckDBPyConnection, run: Run, target: Target) -> list[SchoolYear]:
    """The known school years whose outcomes are all known by `run.as_of`, the earliest first.

    For `leaves_by_next_year` the next year's rolls must be here, with at least half as many students:
    without them everybody would seem to have left.
    """
    country, years = run.deployment.country, known_years(con, run)
    mature = [y for y in years if matures_on(country, target, y) <= run.as_of]
    if target != "leaves_by_next_year":
        return mature
    rolls = dict(con.sql(sql("model/school_years"), params={"as_of": run.as_of}).fetchall())
    following = dict(pairwise(years))
    return [y for y in mature if y in following and 2 * rolls[following[y].school_year] >= rolls[y.school_year]]


def latest_mature(con: duckdb.DuckDBPyConnection, run: Run, target: Target) -> str | None:
    """Name of the latest mature school year; None when there is none."""
    years = mature_years(con, run, target)
    return years[-1].school_year if years else None
