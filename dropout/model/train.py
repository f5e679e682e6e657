"""train: builds the frame of past cohorts and fits the boosters that the recipe asks for."""

import hashlib

import duckdb
import numpy as np

from dropout.features.catalogue import load_catalogue
from dropout.model import booster, history
from dropout.model.candidate import Candidate
from dropout.model.cohort import latest_mature
from dropout.model.frame import Floats, Frame
from dropout.model.recipe import OUT_OF_FOLD, Cohort, Plan, recipe_for
from dropout.settings import ModelSettings
from dropout.warehouse.ledger import Counts, Run, log

FOLDS = 5
PLAN = "plan"


def train(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Leaves a sealed candidate per target of the country; with no complete cohort it holds no booster.

    Raises DeploymentError when the key is missing.
    """
    candidates = {t: Candidate(run.deployment, t) for t in run.deployment.country.targets}
    for candidate in candidates.values():
        candidate.begin()
    counts: Counts = {"targets": len(candidates), "cohorts": 0, "snapshots": 0, "boosters": 0}
    for target, (complete, running) in history.build(con, run, candidates).items():
        plan = _fit(con, run, candidates[target], complete, running)
        candidates[target].write_record(PLAN, plan)
        candidates[target].seal()
        counts["cohorts"] += len(plan.cohorts)
        counts["snapshots"] += sum(c.snapshots for c in plan.cohorts)
        counts["boosters"] += len(plan.recipe.fits)
        log.info("target trained", target=target, recipe=plan.recipe.name, cohorts=len(plan.cohorts))
    return counts


def _fit(con: duckdb.DuckDBPyConnection, run: Run, candidate: Candidate, complete: list[Cohort], running: Cohort | None) -> Plan:
    """Fits and stores the boosters of one target."""
    judged_by = running if running is not None and history.is_usable(running) else None
    recipe = recipe_for([c.school_year for c in complete], judged_by.school_year if judged_by else None)
    settings = run.deployment.settings.model
    text = ""
    for name, years in recipe.fits.items():
        rows = candidate.rows(years)
        text = fit_rows(rows, settings)
        candidate.write_booster(name, text)
        if name == recipe.promoted:
            features = [f.name for f in load_catalogue().model_features]
            candidate.write_record("golden", booster.make_golden(text, rows.matrix(features), settings.seed))
    if recipe.needs_folds:
        rows = candidate.rows(recipe.fits[recipe.promoted])
        candidate.write_numbers(OUT_OF_FOLD, out_of_fold(rows, settings))
    digest = hashlib.sha256((text or f"no model {candidate.target}").encode()).hexdigest()
    return Plan(
        target=candidate.target,
        trained_as_of=str(run.as_of),
        version=f"{candidate.target}-{run.as_of}-{digest[:8]}",
        latest_mature=latest_mature(con, run, candidate.target),
        cohorts=complete,
        running=judged_by.school_year if judged_by else None,
        recipe=recipe,
    )


def fit_rows(rows: Frame, settings: ModelSettings) -> str:
    """A booster as text, fitted on every snapshot of `rows`, each student weighing 1 per cohort."""
    features = load_catalogue().model_features
    x = rows.matrix([f.name for f in features])
    return booster.fit(x, rows.label, rows.weight, features, settings)


def folds(rows: Frame, seed: int) -> np.ndarray:
    """Fold 0…FOLDS-1 of each row; all snapshots of a student are in one fold."""
    students, index = np.unique(rows.student_key, return_inverse=True)
    of_student = np.random.default_rng(seed).permutation(len(students)) % FOLDS
    return of_student[index]


def out_of_fold(rows: Frame, settings: ModelSettings) -> Floats:
    """Log-odds of each row from the booster that did not see its student."""
    fold, raw = folds(rows, settings.seed), np.empty(len(rows))
    names = [f.name for f in load_catalogue().model_features]
    for k in range(FOLDS):
        text = fit_rows(rows.take(fold != k), settings)
        raw[fold == k] = booster.raw_scores(booster.load(text), rows.take(fold == k).matrix(names), settings.threads)
    return raw
