"""snapshot: every enrolled student's features as of a date, from the statements in `sql/features`."""

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb

from dropout.country import Country
from dropout.features.catalogue import load_catalogue
from dropout.resources import sql
from dropout.warehouse.ledger import Counts, Run

STEPS = (
    "cohort",
    "school_day",
    "class_attendance",
    "absence_day",
    "attendance_denominator",
    "absence_streak",
    "total_period",
    "attendance_total",
    "attendance",
    "grade_known",
    "class_assessment",
    "mark_term",
    "mark_subject",
    "marks",
    "conduct",
    "enrolment_past",
    "absence_previous_year",
    "class_left",
    "activity",
)
KEYS = ("student_key", "as_of_date", "school_year", "school_id", "class_id", "grade_level")


def snapshot(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Stores tonight's snapshot as `night.snapshot`, and its registers as `night.class_day`, in place of the last ones."""
    with built(con, [run.as_of], run.deployment.country):
        con.execute("create or replace table night.snapshot as select * from snapshot order by student_key")
        con.execute(f"create or replace table night.class_day as {sql('features/class_day')}")
    row = con.execute("select count(*), count(distinct school_id), count(distinct class_id) from night.snapshot").fetchone()
    assert row is not None
    return {"students": row[0], "schools": row[1], "classes": row[2]}


def build(con: duckdb.DuckDBPyConnection, as_of_dates: Iterable[dt.date], country: Country) -> None:
    """Creates temp table `snapshot`: one row per date of `as_of_dates` and student enrolled on it.

    Keys as in KEYS, then one FLOAT per feature of the catalogue; NULL where a feature is not known. A row
    uses only what had happened and was known by its own date (`known_at <= as_of_date < known_until`).
    """
    with built(con, as_of_dates, country):
        pass


@contextmanager
def built(con: duckdb.DuckDBPyConnection, as_of_dates: Iterable[dt.date], country: Country) -> Iterator[None]:
    """As `build`; what the snapshot is made of stands as temp tables inside the block."""
    dates = sorted(set(as_of_dates))
    rules(con, dates, country)
    for name in STEPS:
        con.execute(f"create or replace temp table {name} as {sql(f'features/{name}')}")
    columns = ", ".join(f"{f.name}::float as {f.name}" for f in load_catalogue().features)
    con.execute(
        f"create or replace temp table snapshot as select {', '.join(KEYS)}, {columns} "
        f"from ({sql('features/snapshot')}) order by as_of_date, student_key"
    )
    yield
    for name in STEPS:
        con.execute(f"drop table {name}")


def rules(con: duckdb.DuckDBPyConnection, dates: list[dt.date], country: Country) -> None:
    """The small tables the statements read beside the warehouse: dates, school years, and the country's rules."""
    con.execute("create or replace temp table as_of as select unnest($dates)::date as as_of_date", {"dates": dates})
    first = min((d.year for d in dates), default=2000) - 12
    # one more than the dates need: labels look for students in the year that follows
    years = country.years(first, max((d.year for d in dates), default=2000) + 1)
    con.execute(
        "create or replace temp table school_year as select unnest($name) as school_year, unnest($start)::date as start_date, "
        "unnest($end)::date as end_date, unnest($census)::date as census_date, unnest($no)::integer as year_no",
        {
            "name": [y.school_year for y in years],
            "start": [y.start_date for y in years],
            "end": [y.end_date for y in years],
            "census": [y.census_date for y in years],
            "no": list(range(len(years))),
        },
    )
    con.execute(
        "create or replace temp table country_rule as select $share::double as pass_share, $age::integer as age_in_grade_1",
        {"share": country.pass_share, "age": country.age_in_grade_1},
    )
    edges = {min(country.school_days), max(country.school_days)}
    con.execute("create or replace temp table week_edge as select unnest($days)::integer as weekday", {"days": sorted(edges)})
