"""refit: the candidate is fitted again on halves of its students, and the reasons of its lists are held against that."""

import duckdb
import pyarrow as pa

from dropout.country import Target
from dropout.explain.judged_reasons import METRICS, reason_records
from dropout.model.candidate import Candidate
from dropout.model.comparison import Record
from dropout.model.evaluate import Capacity, capacities
from dropout.model.evaluation import EVALUATION, Evaluation
from dropout.model.recipe import OUT_OF_FOLD, Plan
from dropout.model.refits import refits
from dropout.model.train import PLAN, training_rows
from dropout.settings import Deployment
from dropout.warehouse.ledger import Counts, Run
from dropout.warehouse.store import insert, transaction


def refit(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Leaves `model.resamples` refits of the model to be promoted in each candidate that lists may be cut by.

    Writes to `ops.evaluation` what stability does to the lists of the judged cohort, by refits of the judged model. A
    second call changes nothing. Raises ModelError when a candidate is missing, altered or not yet evaluated.
    """
    counts: Counts = {"refits": 0, "judged": 0, "values": 0}
    candidates = {t: Candidate(run.deployment, t).open() for t in run.deployment.country.targets}
    plans = {t: c.record(PLAN, Plan) for t, c in candidates.items()}
    capacity = capacities(con, run)
    for target in _listed_by(run.deployment.country.list_target, plans):
        candidate, plan = candidates[target], plans[target]
        settings = plan.settings(run.deployment.settings.model)
        rows, weight = training_rows(candidate, plan.recipe.fits[plan.recipe.promoted], plan.running)
        counts["refits"] += candidate.write_refits(plan.recipe.promoted, refits(rows, weight, settings))
        candidate.seal()
        records = _judged(run.deployment, candidate, plan, capacity) if settings.resamples else []
        _store(con, plan, records)
        counts["judged"] += bool(records)
        counts["values"] += len(records)
    return counts


def _listed_by(list_target: Target, plans: dict[Target, Plan]) -> list[Target]:
    """The targets with a model that lists may be cut by: the country's, else whichever has one (registry.list_target)."""
    if plans[list_target].recipe.fits:
        return [list_target]
    return [t for t, plan in plans.items() if plan.recipe.fits]


def _judged(deployment: Deployment, candidate: Candidate, plan: Plan, capacity: Capacity) -> list[Record]:
    """The evaluation's rows on reasons; none where nothing was judged, or out of fold: there no one model was."""
    stage = plan.recipe.judged
    if stage is None or stage.booster == OUT_OF_FOLD or candidate.record(EVALUATION, Evaluation).why_not:
        return []
    settings = plan.settings(deployment.settings.model)
    rows, weight = training_rows(candidate, plan.recipe.fits[stage.booster], plan.running)
    return reason_records(candidate, plan, list(refits(rows, weight, settings)), capacity, settings)


def _store(con: duckdb.DuckDBPyConnection, plan: Plan, records: list[Record]) -> None:
    """Replaces this version's rows on reasons."""
    with transaction(con):
        con.execute(
            "delete from ops.evaluation where version = ? and metric in (select unnest(?))", [plan.version, list(METRICS)]
        )
        if records:
            rows = [{"version": plan.version, "target": plan.target, **vars(r)} for r in records]
            insert(con, "ops.evaluation", pa.Table.from_pylist(rows))
