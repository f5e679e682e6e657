"""calibrate: fits the maps from log-odds to chances, on cohorts that the boosters did not see."""

import duckdb

from dropout.model import calibrator
from dropout.model.calibrator import Calibrator
from dropout.model.candidate import Candidate
from dropout.model.recipe import Plan, Stage
from dropout.model.stages import scored
from dropout.model.train import PLAN
from dropout.settings import ModelSettings
from dropout.strict import Strict
from dropout.warehouse.ledger import Counts, Run

CALIBRATORS = "calibrators"


class Calibrators(Strict):
    """The map that is judged, and the one that goes with the promoted booster."""

    judged: Calibrator
    final: Calibrator


def calibrate(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Adds calibrators to each candidate; a candidate without a booster needs none.

    Raises ModelError when a candidate is missing or altered.
    """
    settings, counts = run.deployment.settings.model, {"calibrators": 0}
    for target in run.deployment.country.targets:
        candidate = Candidate(run.deployment, target).open()
        plan = candidate.record(PLAN, Plan)
        judged, final = plan.recipe.judged_calibrator, plan.recipe.final_calibrator
        if judged is None or final is None:
            continue
        maps = Calibrators(judged=_fitted(candidate, plan, judged, settings), final=_fitted(candidate, plan, final, settings))
        candidate.write_record(CALIBRATORS, maps)
        candidate.seal()
        counts["calibrators"] += 2
    return counts


def _fitted(candidate: Candidate, plan: Plan, stage: Stage, settings: ModelSettings) -> Calibrator:
    found = scored(candidate, plan, stage, settings)
    rows = found.rows
    return calibrator.fit(found.raw, rows.label, rows.weight, rows.cluster, settings.seed)
