"""recalibrate: chances of a short horizon, held against the outcomes that matured within the running school year.

Outcomes of a whole school year wait for the season, which fits the map anew. Those of a target with a horizon in days
come month by month; where they say that tonight's chances are too high or too low, the nights after are corrected.
"""

import datetime as dt
import json
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from dropout.contracts.ddl import create_core
from dropout.country import Country, SchoolYear, Target
from dropout.errors import ModelError
from dropout.features import snapshot
from dropout.labels.label import HORIZON_DAYS
from dropout.model import booster, metrics
from dropout.model.cohort import snapshot_dates
from dropout.model.comparison import heads
from dropout.model.first_year import known_by, labelled
from dropout.model.frame import Floats, Frame, from_arrow
from dropout.model.recalibration import NO_CORRECTION, closed_test
from dropout.model.recipe import FEWEST_EVENTS, Cohort
from dropout.model.registry import load
from dropout.resources import sql
from dropout.strict import Strict
from dropout.warehouse.ledger import Counts, Run, log
from dropout.warehouse.store import insert, transaction

TOO_FEW = "too_few"


class Held(Strict):
    """A model in force: what it learned from, and the newest as-of date whose outcomes its chances were held against."""

    target: Target
    version: str
    trained_as_of: dt.date
    cohorts: list[Cohort]
    running_start: dt.date | None
    newest_matured_date: dt.date | None

    def unseen(self, country: Country, year: SchoolYear, as_of: dt.date) -> list[dt.date]:
        """As-of dates of `year` whose outcomes are known by `as_of`, and of which this version has seen none.

        A first school year's version has seen dates up to a day (`until`); one that learned from a running cohort
        has seen who of it had left when it was trained.
        """
        dates = known_by(country, self.target, snapshot_dates(country, year), as_of)
        seen = [dt.date.fromisoformat(c.until or c.end_date) for c in self.cohorts if c.start_date == str(year.start_date)]
        if self.running_start == year.start_date:
            seen.append(self.trained_as_of)
        return [d for d in dates if not seen or d > max(seen)]


def recalibrate(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Adds a row to `ops.recalibration` for each target with a horizon in days and a model, where outcomes are newly known.

    That is once per newest as-of date of the running school year whose horizon and lag are over; all such dates that
    the version has not learned from are taken, with outcomes as known on the day the newest were. So the row is the
    same whichever night makes it. The row counts from its night on, never for an earlier one (registry.load_on).
    With fewer than FEWEST_EVENTS students who left, or stayed, nothing is decided and what counted before goes on.
    """
    country, counts = run.deployment.country, {"targets": 0, "held_against_outcomes": 0}
    kinds: dict[str, str] = {}
    year = _running_year(country, run.as_of)
    for held in _in_force(con, run):
        counts["targets"] += 1
        dates = held.unseen(country, year, run.as_of)
        if not dates or (held.newest_matured_date is not None and held.newest_matured_date >= dates[-1]):
            continue
        try:
            row = _held_against(con, run, held, year, dates)
        except ModelError as error:  # its files are damaged: score tells which version serves instead
            log.warning("chances not held against outcomes", target=held.target, why=error.what)
            continue
        with transaction(con):
            insert(con, "ops.recalibration", pa.Table.from_pylist([row]))
        counts["held_against_outcomes"] += 1
        kinds[held.target] = row["kind"]
        log.info("chances held against outcomes", **{k: v if isinstance(v, int | float) else str(v) for k, v in row.items()})
    return {**counts, **kinds}


def _in_force(con: duckdb.DuckDBPyConnection, run: Run) -> list[Held]:
    """The one query of a night on which nothing is due."""
    found = con.execute(sql("model/held"), {"as_of": run.as_of}).fetchall()
    rows = [dict(zip(Held.model_fields, row, strict=True)) for row in found]
    return [
        Held.model_validate({**row, "cohorts": json.loads(row["cohorts"])})
        for row in rows
        if row["target"] in HORIZON_DAYS and row["target"] in run.deployment.country.targets
    ]


def _running_year(country: Country, as_of: dt.date) -> SchoolYear:
    """The school year that began last by `as_of`."""
    begun = [y for y in country.years(as_of.year - 2, as_of.year) if y.start_date <= as_of]
    return max(begun, key=lambda y: y.start_date)


def _held_against(con: duckdb.DuckDBPyConnection, run: Run, held: Held, year: SchoolYear, dates: list[dt.date]) -> dict[str, Any]:
    """The row for `ops.recalibration`, from the snapshots of `dates` of whom a night would have said a chance."""
    model, settings = load(run.deployment, held.version), run.deployment.settings.model
    rows = _rows(con, run, held.target, year, dates)
    rows = rows.take(~np.isnan(rows.label) & ~rows.is_thin(settings.taken_registers_at_least))
    students, events = heads(rows, np.ones(len(rows), dtype=np.bool_))
    kind, correction = TOO_FEW, NO_CORRECTION
    errors: tuple[float | None, float | None] = (None, None)
    if min(events, students - events) >= FEWEST_EVENTS:
        assert model.trees is not None and model.card.calibrator is not None
        raw = booster.raw_scores(model.trees, rows.matrix(model.card.features), settings.threads)
        chance = model.card.calibrator.chance(raw)
        correction = closed_test(chance, rows.label, rows.weight, rows.cluster, settings.seed)
        kind, errors = correction.kind, (_error(chance, rows), _error(correction.applied(chance), rows))
    return {
        "version": held.version,
        "target": held.target,
        "as_of_date": run.as_of,
        "newest_matured_date": dates[-1],
        "kind": kind,
        "intercept": correction.intercept,
        "slope": correction.slope,
        "student_count": students,
        "event_count": events,
        "calibration_error_before": errors[0],
        "calibration_error_after": errors[1],
    }


def _rows(con: duckdb.DuckDBPyConnection, run: Run, target: Target, year: SchoolYear, dates: list[dt.date]) -> Frame:
    """Snapshots of `dates`, as those nights knew them, with outcomes as known on the day the newest of them matured."""
    country = run.deployment.country
    known_on = dates[-1] + dt.timedelta(days=HORIZON_DAYS[target] + country.label_lag_days)
    create_core(con)  # an older warehouse may lack a table, or a column that the audit asks for
    snapshot.build(con, dates, country)
    return from_arrow(labelled(con, run, target, year, known_on))


def _error(chance: Floats, rows: Frame) -> float:
    """Calibration error over ten bins of equally many snapshots."""
    one, everybody = np.zeros(len(rows), dtype=np.int64), np.ones(len(rows), dtype=np.bool_)
    outcomes = metrics.Outcomes(rows.label, one, one, rows.weight, everybody, np.ones((1, 1)))
    return round(float(metrics.calibration_error(chance, outcomes)[0]), 6)
