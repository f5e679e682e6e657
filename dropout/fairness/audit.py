"""audit: measures tonight's lists by group, and the newest lists whose outcomes have come, and keeps both in `ops.list_audit`."""

import datetime as dt
from dataclasses import dataclass
from typing import cast

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout.contracts.ddl import create_core
from dropout.country import SchoolYear, Target
from dropout.fairness.measured import LISTED_RATIO, Listed, Measure, on_the_night, once_known
from dropout.features import snapshot
from dropout.labels import label
from dropout.labels.label import HORIZON_DAYS
from dropout.model.cohort import mature_years
from dropout.model.frame import from_arrow
from dropout.resources import sql
from dropout.warehouse.ledger import Run
from dropout.warehouse.store import insert, transaction

LISTS, OUTCOMES = "lists", "outcomes"


@dataclass(frozen=True)
class GroupAudit:
    """What was measured for the lists of `target` that `model_version` ranked tonight."""

    model_version: str
    outside: list[str]  # each group that is out of bounds, with its numbers; no count of students
    groups: list[str]  # their names
    is_measured: bool  # whether any group was large enough


def audit(con: duckdb.DuckDBPyConnection, run: Run, target: str) -> GroupAudit:
    """Measures, replaces tonight's rows of `ops.list_audit`, and says what is out of bounds.

    Outcomes are those of the newest first list of a month that are known by now (`leaves_by_next_year`: of a school year
    that is complete). They count against tonight only where the same version ranked those lists.
    """
    create_core(con)  # an older warehouse may lack a table, or a column that is asked for
    seed, bounds = run.deployment.settings.model.seed, run.deployment.settings.fairness
    version, listed = _listed(con, run, target, run.as_of)
    rows = _rows(run.as_of, target, version, LISTS, run.as_of, on_the_night(listed, seed, bounds)) if listed else []
    rows += _outcomes(con, run, target, version)
    with transaction(con):
        con.execute("delete from ops.list_audit where as_of_date = ? and target = ?", [run.as_of, target])
        if rows:
            insert(con, "ops.list_audit", pa.Table.from_pylist(rows))
    outside = [row for row in rows if row["is_out_of_bounds"]]
    return GroupAudit(
        version,
        [_said(row) for row in outside],
        list(dict.fromkeys(str(row["student_group"]) for row in outside)),
        any(row["student_group"] != "all" for row in rows),
    )


def _listed(con: duckdb.DuckDBPyConnection, run: Run, target: str, date: dt.date) -> tuple[str, Listed | None]:
    """Temp tables `snapshot` and `listed` of `date`; the version that ranked, and its students, or None without chances."""
    snapshot.rules(con, [date], run.deployment.country)
    con.execute(f"create or replace temp table snapshot as {sql('features/cohort')}")
    con.execute(f"create or replace temp table listed as {sql('fairness/listed')}", {"as_of": date, "target": target})
    table = con.table("listed").to_arrow_table()
    version = table["model_version"][0].as_py() if table.num_rows else ""
    return version, _as_listed(table)


def _as_listed(table: pa.Table) -> Listed | None:
    """Students with their groups; None where no chance is known, as in a first school year."""
    if not table.num_rows or table["chance"].null_count == table.num_rows:
        return None
    chance, expected = (np.asarray(table[name].to_numpy(), dtype=np.float64) for name in ("chance", "expected"))
    is_listed = np.asarray(pc.cast(table["is_listed"], pa.float64()).to_numpy(), dtype=np.float64)
    return Listed(from_arrow(table), chance, is_listed, expected)


def _outcomes(con: duckdb.DuckDBPyConnection, run: Run, target: str, version: str) -> list[dict[str, object]]:
    """Rows of the newest lists whose outcomes are known; none where there are none."""
    dates = con.execute(sql("fairness/list_dates"), {"target": target, "as_of": run.as_of}).fetchall()
    years = None if target in HORIZON_DAYS else mature_years(con, run, cast(Target, target)) if dates else []
    known = [(date, ranked) for date, ranked in dates if _is_known(run, target, date, years)]
    if not known:
        return []
    date, ranked = known[0]
    _, listed = _listed(con, run, target, date)
    if listed is None:
        return []
    label.build(con, cast(Target, target), run.as_of, run.deployment.country)
    table = con.sql(sql("fairness/outcomes")).to_arrow_table()
    found = _as_listed(table)
    if found is None:
        return []
    measures = once_known(found, run.deployment.settings.model.seed, run.deployment.settings.fairness)
    rows = _rows(run.as_of, target, ranked, OUTCOMES, date, measures)
    return rows if ranked == version else [{**row, "is_out_of_bounds": False} for row in rows]


def _is_known(run: Run, target: str, date: dt.date, years: list[SchoolYear] | None) -> bool:
    if years is not None:
        return any(year.start_date <= date <= year.end_date for year in years)
    return date + dt.timedelta(days=HORIZON_DAYS[target] + run.deployment.country.label_lag_days) <= run.as_of


def _rows(
    as_of: dt.date, target: str, version: str, kind: str, measured_on: dt.date, measures: list[Measure]
) -> list[dict[str, object]]:
    return [
        {
            "as_of_date": as_of,
            "target": target,
            "model_version": version,
            "measured_on": measured_on,
            "kind": kind,
            "student_group": m.student_group,
            "metric": m.value.metric,
            **{end: _finite(getattr(m.value, end)) for end in ("value", "low", "high")},
            "student_count": m.students,
            "event_count": m.events,
            "is_out_of_bounds": m.is_out_of_bounds,
            "is_told": m.is_told,
        }
        for m in measures
    ]


def _finite(number: float) -> float | None:
    return round(float(number), 8) if np.isfinite(number) else None


def _said(row: dict[str, object]) -> str:
    value, low, high = (float(cast(float, row[name])) for name in ("value", "low", "high"))
    if row["metric"] == LISTED_RATIO:
        return f"{row['student_group']}: {value:.2f} times the places that its chances ask for ({low:.2f} to {high:.2f})"
    points = f"{100 * value:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
    return (
        f"{row['student_group']}: leavers found by the lists of {row['measured_on']}, less those of all in its schools: {points}"
    )
