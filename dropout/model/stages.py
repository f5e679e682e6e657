"""The rows and scores that a stage of the recipe names."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from dropout.features.catalogue import load_catalogue
from dropout.model import booster
from dropout.model.candidate import Candidate
from dropout.model.frame import Bools, Floats, Frame
from dropout.model.recipe import OUT_OF_FOLD, Plan, Stage
from dropout.settings import ModelSettings


@dataclass(frozen=True)
class Scored:
    """Rows with known outcome and their log-odds from a booster that did not see them."""

    rows: Frame
    raw: Floats


def scored(candidate: Candidate, plan: Plan, stage: Stage, settings: ModelSettings) -> Scored:
    """What `stage` names; of a running cohort, the outcome so far."""
    rows = candidate.rows(stage.school_years)
    if plan.running is not None and stage.school_year == plan.running.school_year:
        rows = rows.with_outcome_so_far(dt.date.fromisoformat(plan.trained_as_of))
    if stage.booster == OUT_OF_FOLD:
        raw = candidate.numbers(stage.folds_name)
        is_scored = ~np.isnan(raw)  # of several cohorts not every fold is scored
        rows, raw = rows.take(is_scored), raw[is_scored]
    else:
        names = [f.name for f in load_catalogue().model_features]
        model = booster.load(candidate.booster(stage.booster))
        raw = booster.raw_scores(model, rows.matrix(names), settings.threads)
    if stage.part == "all":
        return Scored(rows, raw)
    chosen = is_first_half(rows, settings.seed) == (stage.part == "a")
    return Scored(rows.take(chosen), raw[chosen])


def is_first_half(rows: Frame, seed: int) -> Bools:
    """Half of the clusters (schools; classes or students where they are few), drawn by `seed`."""
    cluster = rows.cluster
    order = np.random.default_rng(seed).permutation(int(cluster.max()) + 1)
    return np.asarray((order % 2 == 0)[cluster], dtype=np.bool_)
