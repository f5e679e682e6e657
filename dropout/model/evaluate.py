"""evaluate: the model beside simpler means and rivals, on a cohort that neither its booster nor its calibrator saw."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from dropout.country import Country
from dropout.model.abstention import abstention_records
from dropout.model.calibrate import CALIBRATORS, Calibrators
from dropout.model.candidate import Candidate
from dropout.model.champion import Champion, champion_facts, find_champion, not_judged
from dropout.model.comparison import CALIBRATION, Comparison, Record
from dropout.model.evaluation import EVALUATION, Evaluation
from dropout.model.frame import Floats, Frame
from dropout.model.group_records import by_group, proxy_notice
from dropout.model.lead import lead_records, school_calendar
from dropout.model.random_split import random_split_record
from dropout.model.rankings import LAST_SEASON, RIVALS, rankings
from dropout.model.recipe import FEWEST_EVENTS, Plan, Stage
from dropout.model.sensitive import sensitive_records
from dropout.model.stages import scored
from dropout.model.train import PLAN
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse.ledger import Counts, Run
from dropout.warehouse.store import insert, transaction

Capacity = Callable[[Frame], Floats]


@dataclass(frozen=True)
class Beside:
    """What a cohort is judged by beside the candidate: schools' capacities, school days, and the model in force before."""

    capacity: Capacity
    calendar: np.busdaycalendar
    champion: Champion | None


def evaluate(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Writes `ops.evaluation` for each candidate, and what promotion needs into the candidate.

    Raises ModelError when a candidate is missing, altered or not calibrated.
    """
    counts: Counts = {"judged": 0, "values": 0}
    candidates = [Candidate(run.deployment, target).open() for target in run.deployment.country.targets]
    capacity, calendar = capacities(con, run), school_calendar(con, run)
    for candidate in candidates:
        plan = candidate.record(PLAN, Plan)
        if plan.recipe.judged is None:
            continue
        beside = Beside(capacity, calendar, find_champion(con, run.deployment, plan))
        summary, records = _judge(run.deployment, candidate, plan, beside)
        candidate.write_record(EVALUATION, summary)
        candidate.seal()
        _store(con, plan, records)
        proxy_notice(con, run, candidate.target, summary.proxies_flagged)
        counts["judged"] += not summary.why_not
        counts["values"] += len(records)
    return counts


def capacities(con: duckdb.DuckDBPyConnection, run: Run) -> Capacity:
    """A function that gives each row its school's capacity as known on the run's date, else the setting's."""
    known = dict(con.sql(sql("model/capacity"), params={"as_of": run.as_of}).fetchall())
    default = run.deployment.settings.night.capacity
    return lambda rows: np.array([known.get(s, default) for s in rows.school_id], dtype=np.float64)


def _judge(deployment: Deployment, candidate: Candidate, plan: Plan, beside: Beside) -> tuple[Evaluation, list[Record]]:
    stage, calibration = plan.recipe.judged, plan.recipe.judged_calibration
    assert stage is not None and calibration is not None
    main = _comparison(deployment, candidate, plan, stage, beside)
    summary = _summary(main.rows, stage, plan)
    if min(summary.events, summary.students - summary.events) < FEWEST_EVENTS:
        why = f"fewer than {FEWEST_EVENTS} students left, or stayed, in what there is of {stage.school_year} to judge by"
        return summary.model_copy(update={"why_not": why, **not_judged(beside.champion, why)}), []
    group_of = night_names(deployment.country)
    side, side_cohort = main, stage.school_year
    if plan.recipe.is_outcome_so_far:  # chances speak of the whole period: they cannot be judged on a part of it
        side = _comparison(deployment, candidate, plan, calibration, beside)
        side_cohort = f"{calibration.school_year} out of fold"
    audited, facts_of_groups = by_group(main, side, stage.school_year, side_cohort, group_of, deployment.settings)
    claimed = random_split_record(candidate, plan, stage, plan.settings(deployment.settings.model))
    records = [
        *_rankings_records(main, side, stage.school_year, side_cohort, group_of),
        *main.gain_records(stage.school_year),
        *main.gain_records(stage.school_year, over=RIVALS),
        *main.gain_records(stage.school_year, LAST_SEASON),
        *main.unknown_as_stayed(stage.school_year),
        *side.reliability_records(calibration.school_year),
        *lead_records(main, stage.school_year, beside.calendar),
        *abstention_records(main, stage.school_year, group_of),
        *audited,
        *sensitive_records(candidate, plan, stage, main, beside.capacity(main.rows), plan.settings(deployment.settings.model)),
        claimed,
    ]
    facts = {
        **_measured(main, side, calibration.school_year),
        **facts_of_groups,
        "auc_random_split": claimed.value,
        **champion_facts(beside.champion, candidate, stage, main, side, deployment.settings.model),
    }
    return summary.model_copy(update=facts), records


def _rankings_records(
    main: Comparison, side: Comparison, cohort: str, side_cohort: str, group_of: Callable[[str], str]
) -> list[Record]:
    """Every ranking's metrics; how well chances are calibrated is told of `side`."""
    if side is main:
        return main.records(cohort, group_of)
    ranked = [r for r in main.records(cohort, group_of) if r.metric not in CALIBRATION]
    return ranked + side.records(side_cohort, group_of, CALIBRATION)


def _measured(main: Comparison, side: Comparison, calibration_cohort: str) -> dict[str, Any]:
    """What promotion is decided on."""
    values = {name: main.values(name) for name in main.ranked}
    error = side.calibration_error("model").value
    return {
        "judged_share": main.judged_share,
        "auc": {n: v["auc"] for n, v in values.items() if "auc" in v},
        "recall": {n: v["recall_in_schools"] for n, v in values.items()},
        "gains": main.gains(),
        "calibration_cohort": calibration_cohort,
        "calibration_error": round(error, 6) if np.isfinite(error) else None,
    }


def _comparison(deployment: Deployment, candidate: Candidate, plan: Plan, stage: Stage, beside: Beside) -> Comparison:
    settings = deployment.settings.model
    found = scored(candidate, plan, stage, settings)
    maps = candidate.record(CALIBRATORS, Calibrators)
    ranked = rankings(candidate, plan, stage, found, maps.judged, settings)
    if beside.champion is not None:
        ranked |= beside.champion.ranked(stage, found.rows, settings.threads)
    return Comparison(found.rows, ranked, beside.capacity(found.rows), settings)


def _summary(rows: Frame, stage: Stage, plan: Plan) -> Evaluation:
    def students(chosen: np.ndarray) -> int:
        return len(np.unique(rows.student_key[chosen]))

    return Evaluation(
        cohort=stage.school_year,
        is_outcome_so_far=plan.recipe.is_outcome_so_far,
        students=students(np.ones(len(rows), dtype=np.bool_)),
        events=students(rows.label == 1),
        unknown_exits=students(rows.is_unknown_exit),
    )


def night_names(country: Country) -> Callable[[str], str]:
    """How an as-of date is named in `ops.evaluation`: `day 60` of the year, or the month `2025-03`."""
    if not country.snapshot.days_from_start:
        return lambda night: night[:7]

    def name(night: str) -> str:
        date = dt.date.fromisoformat(night)
        elapsed = [(date - y.start_date).days for y in country.years(date.year - 1, date.year)]
        return next((f"day {n}" for n in elapsed if n in country.snapshot.days_from_start), night)

    return name


def _store(con: duckdb.DuckDBPyConnection, plan: Plan, records: list[Record]) -> None:
    """Replaces the evaluation of this version."""
    rows = [{"version": plan.version, "target": plan.target, **vars(r)} for r in records]
    with transaction(con):
        con.execute("delete from ops.evaluation where version = ?", [plan.version])
        if rows:
            insert(con, "ops.evaluation", pa.Table.from_pylist(rows))
