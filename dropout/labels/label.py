"""Labels for snapshots: an outcome, its horizon, and NULL until the day it is mature (never 0 before)."""

import datetime as dt

import duckdb

from dropout.country import Country, Target
from dropout.resources import sql

HORIZON_DAYS = {"leaves_within_60_days": 60}


def build(con: duckdb.DuckDBPyConnection, target: Target, known_on: dt.date, country: Country) -> None:
    """Creates temp table `label` for the rows of temp table `snapshot`, as known on `known_on`.

    Columns: student_key, as_of_date, target, label (1 left, 0 did not, NULL out of the cohort or not yet
    mature), state (why), is_unknown_exit, matures_on, left_so_far (a dated dropout exit is already known,
    also where the label is not mature), is_returned (counts as left, and was enrolled again later; the label
    stays). Deaths, documented transfers, emigration and invalid enrolments are out of the cohort; completers
    are 0; an exit for an unknown reason counts as 1 and is marked, so that an evaluation can be given both ways.
    Who had left by the as-of date, which that night did not know yet, is out of the cohort of a dated target.
    Beside it stays temp table `exit_after`: the last exit after each snapshot, and the first one for dropping out.
    Needs the temp tables that `features.snapshot.build` made.
    """
    con.execute(
        "create or replace temp table labelling as select $target as target, $known_on::date as known_on, "
        "$lag::integer as lag_days, $horizon::integer as horizon_days, $last::integer as last_grade",
        {
            "target": target,
            "known_on": known_on,
            "lag": country.label_lag_days,
            "horizon": HORIZON_DAYS.get(target),
            "last": country.last_grade,
        },
    )
    rule = "leaves_by_next_year" if target == "leaves_by_next_year" else "leaves_dated"
    steps = {"enrolment_known": "enrolment_known", "exit_after": "exit_after", "judged": rule, "returned": "returned"}
    for table, file in {**steps, "label": "label"}.items():
        con.execute(f"create or replace temp table {table} as {sql(f'labels/{file}')}")
    for table in steps.keys() - {"exit_after"}:
        con.execute(f"drop table {table}")
