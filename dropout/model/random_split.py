"""What a random split would have claimed: the same trees, with the same student's other snapshots on both sides.

Published models are often judged so. The number is shown beside the one judged forward in time and decides nothing.
"""

import numpy as np

from dropout.features.catalogue import load_catalogue
from dropout.model import booster, metrics
from dropout.model.candidate import Candidate
from dropout.model.comparison import ALL, Record
from dropout.model.frame import Bools, Floats, Frame
from dropout.model.metrics import Outcomes
from dropout.model.recipe import Plan, Stage
from dropout.model.subsample import some_students
from dropout.model.train import fit_rows
from dropout.settings import ModelSettings

METRIC = "auc_random_split"
MOST_ROWS = 200_000
TESTED = 0.2


def random_split_record(candidate: Candidate, plan: Plan, judged: Stage, settings: ModelSettings) -> Record:
    """AUC within nights on a random fifth of the snapshots of all complete cohorts up to the judged one."""
    years = [c.school_year for c in plan.cohorts]
    if judged.school_year in years:
        years = years[: years.index(judged.school_year) + 1]
    rows = some_students(candidate.rows(years), MOST_ROWS, settings.seed)
    tested, raw = split_by_row(rows, settings)
    auc = auc_within_nights(tested, raw)
    return Record(
        cohort=judged.school_year,
        as_of_group=ALL,
        ranking="model",
        metric=METRIC,
        size_share=None,
        value=round(auc, 8) if np.isfinite(auc) else None,
        low=None,
        high=None,
        student_count=len(np.unique(tested.student_key)),
        event_count=len(np.unique(tested.student_key[tested.label == 1])),
    )


def split_by_row(rows: Frame, settings: ModelSettings) -> tuple[Frame, Floats]:
    """A random fifth of `rows`, and its log-odds from a booster fitted on the other four fifths."""
    is_tested: Bools = np.random.default_rng(settings.seed).random(len(rows)) < TESTED
    text = fit_rows(rows.take(~is_tested), rows.weight[~is_tested], settings)
    tested = rows.take(is_tested)
    x = tested.matrix(f.name for f in load_catalogue().model_features)
    return tested, booster.raw_scores(booster.load(text), x, settings.threads)


def auc_within_nights(rows: Frame, raw: Floats) -> float:
    """Share of the pairs of one night, one who left and one who stayed, in the right order; NaN where there is none."""
    nothing = np.zeros(len(rows), dtype=np.int64)
    outcomes = Outcomes(
        label=rows.label,
        cluster=nothing,
        school=nothing,
        capacity=np.zeros(len(rows)),
        is_listable=np.ones(len(rows), dtype=np.bool_),
        draws=np.ones((1, 1)),  # the sample itself and no resample: there is no interval to give
    )
    nights = [rows.as_of_date == d for d in np.unique(rows.as_of_date)]
    sums = metrics.added([metrics.night_sums(raw[n], raw[n], outcomes.take(n), (), TESTED) for n in nights])
    return next(v.value for v in metrics.values(sums, (), TESTED) if v.metric == "auc")
