"""Who is in a cohort, what became of them, and who was left out and why: counts, and nobody's row."""

from dataclasses import dataclass

import duckdb

from dropout.country import SchoolYear, Target
from dropout.features import snapshot
from dropout.labels import label
from dropout.model.cohort import known_years, snapshot_dates
from dropout.resources import sql
from dropout.warehouse.ledger import Run

# state of a snapshot → what it counts as, and why
MEANING = {
    "stayed": (0, "was found in a valid enrolment on the census day, or had no such exit within the horizon"),
    "completed": (0, "completed the course or the last grade"),
    "left_dropped_out": (1, "a dated exit: dropped out"),
    "left_expelled": (1, "a dated exit: expelled"),
    "left_aged_out": (1, "a dated exit: above the age of schooling"),
    "left_unknown": (1, "an exit for an unknown reason: counted as left, and every metric also given with it as stayed"),
    "left_not_found": (1, "in no valid enrolment of the next school year on its census day, and no exit says why"),
    "out_deceased": (None, "left out: died"),
    "out_transferred_out": (None, "left out: a documented transfer to another system"),
    "out_emigrated": (None, "left out: moved abroad"),
    "out_invalid_enrolment": (None, "left out: never came"),
    "out_left_before": (None, "left out: had left by the as-of date, which became known only later"),
    "out_finishing_unrecorded": (None, "left out: in the last grade, and nobody recorded whether it was completed"),
    "not_mature": (None, "left out for now: the day on which the outcome is known has not come"),
}


@dataclass(frozen=True)
class State:
    """Snapshots of one target and school year that ended in one state, their students, and how many of these returned later."""

    target: str
    school_year: str
    state: str
    counts_as: int | None
    snapshots: int
    students: int
    returned: int
    why: str


def explain(con: duckdb.DuckDBPyConnection, run: Run) -> list[State]:
    """Counts of every state by target and school year, as known on `run.as_of`; snapshots add up to all there are.

    Raises HistoryError when nothing was ever loaded.
    """
    found = []
    for year in known_years(con, run):
        dates = [d for d in snapshot_dates(run.deployment.country, year) if d <= run.as_of]
        if dates:
            snapshot.build(con, dates, run.deployment.country)
            for target in run.deployment.country.targets:
                found += _states(con, run, target, year)
    return sorted(found, key=lambda s: (s.target, s.school_year))


def _states(con: duckdb.DuckDBPyConnection, run: Run, target: Target, year: SchoolYear) -> list[State]:
    label.build(con, target, run.as_of, run.deployment.country)
    rows = con.execute(sql("labels/explained"), {"school_year": year.school_year}).fetchall()
    return [
        State(target, year.school_year, state, MEANING[state][0], snapshots, students, returned, MEANING[state][1])
        for state, snapshots, students, returned in rows
    ]
