"""train: builds the frame of past cohorts and fits the boosters that the recipe asks for."""

import hashlib

import duckdb
import numpy as np

from dropout.features.catalogue import load_catalogue
from dropout.model import booster, first_year, history
from dropout.model.candidate import Candidate
from dropout.model.frame import Floats, Frame, Ints, concatenated
from dropout.model.recipe import Cohort, Plan, Recipe, recipe_for
from dropout.model.search import search
from dropout.model.unseen import with_unseen_part
from dropout.settings import ModelSettings
from dropout.warehouse.ledger import Counts, Run, log

FOLDS = 5
SOME_FOLDS = 2  # of several cohorts: two fifths of their students are enough to fit a map, and each fold costs a fit
PLAN = "plan"


def train(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Leaves a sealed candidate per target of the country; with no complete cohort it holds no booster.

    Raises HistoryError when nothing was ever loaded, DeploymentError when the key is missing.
    """
    candidates = {t: Candidate(run.deployment, t) for t in run.deployment.country.targets}
    for candidate in candidates.values():
        candidate.begin()
    counts: Counts = {"targets": len(candidates), "cohorts": 0, "snapshots": 0, "boosters": 0, "search_trials": 0}
    for target, (complete, running) in history.build(con, run, candidates).items():
        candidate = candidates[target]
        followed = running if running is not None and history.is_usable(running) else None
        recipe = recipe_for([c.school_year for c in complete], followed.school_year if followed else None)
        if not complete and (within := first_year.build(con, run, target, candidate)) is not None:
            complete, recipe = [within.cohort], within.recipe
        searched = search(con, target, [c.school_year for c in complete], candidate.rows, run.deployment.settings.model)
        settings = searched.applied(run.deployment.settings.model) if searched else run.deployment.settings.model
        digest = _fit(candidate, recipe, followed, settings)
        plan = Plan(
            target=target,
            trained_as_of=str(run.as_of),
            version=f"{target}-{run.as_of}-{digest[:8]}",
            latest_mature=first_year.newest_outcomes(con, run, target, complete),
            cohorts=complete,
            running=followed,
            recipe=recipe,
            search=searched,
        )
        candidate.write_record(PLAN, plan)
        candidate.seal()
        counts["cohorts"] += len(complete)
        counts["snapshots"] += sum(c.snapshots for c in complete)
        counts["boosters"] += len(recipe.fits)
        counts["search_trials"] += len(searched.trials) if searched else 0
        log.info("target trained", target=target, recipe=recipe.name, cohorts=len(complete))
    return counts


def _fit(candidate: Candidate, recipe: Recipe, running: Cohort | None, settings: ModelSettings) -> str:
    """Fits and stores the boosters of one target; returns the sha256 of the one to be promoted."""
    text = f"no model for {candidate.target}"
    for name, years in recipe.fits.items():
        rows, weight = training_rows(candidate, years, running)
        text = fit_rows(rows, weight, settings)
        candidate.write_booster(name, text)
        if name == recipe.promoted:
            features = [f.name for f in load_catalogue().model_features]
            candidate.write_record("golden", booster.make_golden(text, rows.matrix(features), settings.seed))
    for stage in recipe.folded:
        made = SOME_FOLDS if stage.earlier else FOLDS
        candidate.write_numbers(stage.folds_name, out_of_fold(candidate.rows(stage.school_years), settings, made))
    return hashlib.sha256(text.encode()).hexdigest()


def training_rows(candidate: Candidate, years: list[str], running: Cohort | None) -> tuple[Frame, Floats]:
    """The snapshots of `years` and their weights; of the running one, what was seen of it."""
    past = candidate.rows([y for y in years if running is None or y != running.school_year])
    if running is None or running.school_year not in years:
        return past, past.weight
    rows, weight = with_unseen_part(candidate.rows([running.school_year]), past)
    return concatenated([past, rows]), np.concatenate([past.weight, weight])


def fit_rows(rows: Frame, weight: Floats, settings: ModelSettings) -> str:
    """A booster as text, fitted on every snapshot of `rows`."""
    features = load_catalogue().model_features
    x = rows.matrix([f.name for f in features])
    return booster.fit(x, rows.label, weight, features, settings)


def folds(rows: Frame, seed: int) -> Ints:
    """Fold 0…FOLDS-1 of each row; all snapshots of a student are in one fold."""
    students, index = np.unique(rows.student_key, return_inverse=True)
    of_student = np.random.default_rng(seed).permutation(len(students)) % FOLDS
    return of_student[index].astype(np.int64)


def out_of_fold(rows: Frame, settings: ModelSettings, made: int = FOLDS) -> Floats:
    """Log-odds of each row from the booster that did not see its student; NaN in the folds after the first `made`."""
    fold, raw = folds(rows, settings.seed), np.full(len(rows), np.nan)
    names = [f.name for f in load_catalogue().model_features]
    for k in range(made):
        text = fit_rows(rows.take(fold != k), rows.weight[fold != k], settings)
        raw[fold == k] = booster.raw_scores(booster.load(text), rows.take(fold == k).matrix(names), settings.threads)
    return raw
