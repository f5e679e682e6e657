"""judge: replayed nights whose outcomes are known by now, by cohort, with the evaluation's own metrics."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout.backtest.lists import churn_records, lead_records
from dropout.country import Country, Target
from dropout.features import snapshot
from dropout.labels import label
from dropout.model.cohort import mature_years
from dropout.model.comparison import Comparison, Record
from dropout.model.frame import Bools, Floats, Frame, from_arrow
from dropout.model.rankings import BASELINES, Ranking
from dropout.model.recipe import FEWEST_EVENTS
from dropout.privacy import pseudonym
from dropout.privacy.keys import read_key
from dropout.resources import sql
from dropout.settings import ModelSettings
from dropout.warehouse.ledger import Run, log

Truth = Callable[[Sequence[dt.date]], pa.Table]  # student_id, as_of_date, true_risk: what only a simulation knows
TRUTH, TRUTH_TARGET = "true_hazard", "leaves_by_next_year"
GONE = 1.0  # true risk of who has left in truth already, and nobody knows yet
ENROLLED = "truly_enrolled=yes"  # student_group: the others, among whom the true hazard is the best that can be reached


@dataclass(frozen=True)
class Replayed(Frame):
    """Rows of replayed nights: whom a night abstained from is known, not worked out."""

    is_abstained: Bools

    def is_thin(self, taken_registers_at_least: int) -> Bools:
        """Rows on which the night abstained, for thin data or because the school had fallen silent."""
        return self.is_abstained


def judge(con: duckdb.DuckDBPyConnection, run: Run, target: Target, truth: Truth | None = None) -> list[Record]:
    """Rows for `ops.evaluation` of `target` from `night.replayed`, by what is known on `run.as_of`; none where nothing is.

    `run` stands on the copy. Each cohort needs FEWEST_EVENTS students who left, and stayed.
    """
    found: list[Record] = []
    years = con.execute("select distinct school_year from night.replayed where target = ? order by 1", [target]).fetchall()
    mature = {y.school_year for y in mature_years(con, run, target)}
    for (school_year,) in years:
        # a dated outcome matures night by night; the next year's rolls come for all of them at once, or are not whole
        if target == "leaves_by_next_year" and school_year not in mature:
            log.info("outcomes are not known yet", target=target, cohort=school_year)
            continue
        found += _cohort(con, run, target, school_year, truth if target == TRUTH_TARGET else None)
    return found


def _cohort(con: duckdb.DuckDBPyConnection, run: Run, target: Target, school_year: str, truth: Truth | None) -> list[Record]:
    country, settings = run.deployment.country, run.deployment.settings.model
    where: dict[str, str] = {"target": target, "school_year": school_year}
    dates = label_nights(con, where, run.as_of, country)
    con.execute(f"create or replace temp table judged as {sql('backtest/judged')}", where)
    table = con.table("judged").to_arrow_table()
    rows, left = _rows(table), table.filter(pc.equal(table["label"], 1))
    students, events = (len(t["student_key"].unique()) for t in (table, left))
    if min(events, students - events) < FEWEST_EVENTS:
        log.info(
            "too few students left, or stayed, to judge by", target=target, cohort=school_year, students=students, left=events
        )
        return []
    ranked, capacity = {name: _ranking(table, name) for name in ("model", *BASELINES)}, _numbers(table, "capacity")
    if truth is not None:
        risk = _true_risk(con, run, truth, dates)
        known = np.where(np.isnan(risk), GONE, risk)
        ranked[TRUTH] = Ranking(known, known)
    compared = Comparison(rows, ranked, capacity, settings)
    found = compared.records(school_year, str)
    if truth is not None:
        among = _among(compared, capacity, ~np.isnan(risk), settings)
        found += [dataclasses.replace(r, student_group=ENROLLED) for r in among.records(school_year, str)]
    found += compared.gain_records(school_year) + compared.unknown_as_stayed(school_year)
    found += compared.reliability_records(school_year)
    if target == country.list_target:
        found += lead_records(con, where, run.as_of, country.school_days, settings.seed)
        found += churn_records(con, where, settings.seed)
    return found


def _among(compared: Comparison, capacity: Floats, chosen: Bools, settings: ModelSettings) -> Comparison:
    """The same rankings on the chosen rows alone."""
    ranked = {name: Ranking(r.score[chosen], r.chance[chosen]) for name, r in compared.ranked.items()}
    return Comparison(compared.rows.take(chosen), ranked, capacity[chosen], settings)


def label_nights(con: duckdb.DuckDBPyConnection, where: dict[str, str], known_on: dt.date, country: Country) -> list[dt.date]:
    """Temp tables `label` and `exit_after` for the nights of one cohort, as known on `known_on`; returns those nights.

    `where` names the target and the school year.
    """
    con.execute(f"create or replace temp table snapshot as {sql('backtest/cohort')}", where)
    dates = [d for (d,) in con.execute("select distinct as_of_date from snapshot order by 1").fetchall()]
    a_year_on = dates[-1] + dt.timedelta(days=366)  # nights of one autumn ask for the next year's rolls all the same
    snapshot.rules(con, [*dates, a_year_on], country)
    label.build(con, cast(Target, where["target"]), known_on, country)
    return dates


def _rows(table: pa.Table) -> Replayed:
    frame = from_arrow(table)
    parts = {f.name: getattr(frame, f.name) for f in dataclasses.fields(Frame)}
    return Replayed(**parts, is_abstained=np.asarray(table["is_abstained"].to_numpy(zero_copy_only=False), dtype=np.bool_))


def _ranking(table: pa.Table, name: str) -> Ranking:
    return Ranking(_numbers(table, f"score_{name}"), _numbers(table, f"chance_{name}"))


def _numbers(table: pa.Table, name: str) -> Floats:
    return np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=np.float64)


def _true_risk(con: duckdb.DuckDBPyConnection, run: Run, truth: Truth, dates: Sequence[dt.date]) -> Floats:
    """The true risk of each judged row of the cohort, in their order, NaN where the student had left in truth.

    Student numbers become pseudonyms as at the door; the identity store is not opened.
    """
    pseudonym.install(con, read_key(run.deployment))
    con.register("told", truth(dates))
    try:
        con.execute(
            "create or replace temp table true_risk as "
            "select pseudonym(student_id) as student_key, as_of_date, true_risk from told"
        )
    finally:
        con.unregister("told")
    return _numbers(con.sql(sql("backtest/true_risk")).to_arrow_table(), "true_risk")
