"""How good the lists of the last season were: per school what became of those named, and of all what an evaluation found."""

import datetime as dt
from dataclasses import dataclass

import duckdb
import polars as pl

from dropout.contracts.ddl import create_core
from dropout.country import Target
from dropout.features import snapshot
from dropout.labels import label
from dropout.model.cohort import mature_years
from dropout.resources import sql
from dropout.warehouse.ledger import Run

YEAR = dt.timedelta(weeks=52)  # the same weekday
SEASONS = 2  # until last season's outcomes are known, in autumn, the one before it is told


@dataclass(frozen=True)
class Judged:
    """Share who left of the lists that tonight's ranking would have cut in `cohort`, with its interval; an evaluation's."""

    cohort: str
    precision: float
    low: float | None
    high: float | None


def last_season(con: duckdb.DuckDBPyConnection, run: Run) -> pl.DataFrame:
    """One row per school that had a list of about this date in an earlier season, and whose outcomes are known by now.

    Columns: school_id, school_year, list_date, named_count (pupils on that list), listed_count (of these, whose outcome
    is known: not who died, emigrated or moved with documents), left_count (of these, who left in the sense of the
    target), returned_count (of who left, enrolled again later), unknown_exit_count (of who left, for an unknown reason).
    That list is the newest up to the same weekday 52 weeks before tonight, of the school year of that day: one list is
    what a counselor has in hand, and who is on lists early in a year differs from who is late in it. In autumn, while
    those outcomes are not known, it is the list 104 weeks before. Lists of another target do not count. A school without
    such a list has no row. Reads temp table `this_night`; makes temp tables `snapshot` and `label`, and drops them.
    """
    create_core(con)
    [(target,)] = con.execute("select list_target from this_night").fetchall()
    asked = _asked(con, run, target)
    con.execute(
        "create or replace temp table season_asked as select unnest($years) as school_year, unnest($dates)::date as asked_on",
        {"years": [year for year, _ in asked], "dates": [date for _, date in asked]},
    )
    con.execute(f"create or replace temp table snapshot as {sql('marts/list_year_ago')}")
    dates = [date for (date,) in con.execute("select distinct as_of_date from snapshot order by 1").fetchall()]
    snapshot.rules(con, [*dates, run.as_of], run.deployment.country)
    label.build(con, target, run.as_of, run.deployment.country)
    found: pl.DataFrame = con.sql(sql("marts/list_precision")).pl()
    for table in ("snapshot", "label", "exit_after", "season_asked"):
        con.execute(f"drop table temp.{table}")
    return found


def _asked(con: duckdb.DuckDBPyConnection, run: Run, target: Target) -> list[tuple[str, dt.date]]:
    """School years whose outcomes are known, each with the date of the list that is asked about."""
    mature = mature_years(con, run, target)
    dates = [run.as_of - seasons * YEAR for seasons in range(1, SEASONS + 1)]
    return [(year.school_year, date) for date in dates for year in mature if year.start_date <= date <= year.end_date]


def judged(con: duckdb.DuckDBPyConnection) -> Judged | None:
    """What the evaluation of tonight's model or rule says of its lists, for schools without a list a year ago; None without one.

    Reads temp table `this_night`. The cohort was never learned from by what was judged on it.
    """
    row = con.execute(sql("marts/list_judged")).fetchone()
    return Judged(*row) if row else None
