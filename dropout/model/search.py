"""search: a bounded, seeded search over the trees' settings, on cohorts that neither calibrate the judged model nor judge it.

Candidates are fitted on earlier cohorts and stopped early on a later one, where their order of students within a night is
compared too. What is found replaces the settings only where its gain is sure: the whole interval of the paired difference
in AUC, by resampling schools, lies above 0. So a search cannot make a model worse by chance. The judged cohort is never
seen. Trials are proposed by a tree-structured Parzen estimator (Bergstra et al. 2011; Akiba et al. 2019, Optuna).
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from pydantic import ValidationError

from dropout.country import Target
from dropout.features.catalogue import load_catalogue
from dropout.model import booster, metrics
from dropout.model.frame import Floats, Frame
from dropout.model.metrics import Outcomes, Sums
from dropout.model.resample import draws, interval
from dropout.model.subsample import some_students
from dropout.resources import sql
from dropout.settings import ModelSettings
from dropout.strict import Strict

MOST_ROWS = 200_000
MOST_TREES = 1000
Rows = Callable[[list[str]], Frame]  # the rows of cohorts


class Trial(Strict):
    """One choice of settings: AUC within the nights of the cohort it was stopped on."""

    leaves: int
    depth: int
    learning_rate: float
    rows_in_leaf_at_least: int
    l2: float
    feature_share: float
    trees: int
    auc: float


class Search(Strict):
    """What was tried, on what, and whether it was taken; `trials[0]` are the settings as they stand."""

    key: str  # of rows, settings and search space: a season repeated finds the same search again
    fitted: list[str]
    stopped_on: str
    trials: list[Trial]
    best: int  # number of the trial with the highest AUC
    gain: float  # of the best over the settings as they stand, with its interval
    gain_low: float
    gain_high: float
    is_taken: bool
    is_cut_by_time: bool  # the budget ended before all trials were made: another machine may find another best

    def applied(self, settings: ModelSettings) -> ModelSettings:
        """The settings to train with."""
        if not self.is_taken:
            return settings
        return settings.model_copy(update=self.trials[self.best].model_dump(exclude={"auc"}))


@dataclass(frozen=True)
class _Ground:
    """Rows to fit on, and rows to stop and compare on, with their resamples."""

    fitted: Frame
    stopped: Frame
    settings: ModelSettings

    def outcomes(self) -> Outcomes:
        rows = self.stopped
        return Outcomes(
            label=rows.label,
            cluster=rows.cluster,
            school=np.zeros(len(rows), dtype=np.int64),
            capacity=np.zeros(len(rows)),
            is_listable=np.ones(len(rows), dtype=np.bool_),
            draws=draws(int(rows.cluster.max()) + 1, self.settings.seed),
        )


def years_for(complete: list[str]) -> tuple[list[str], str] | None:
    """Cohorts to fit on, and the one to stop on: before the last two, where history allows; None with fewer than three.

    With three cohorts the second one also calibrates what is judged, on the third.
    """
    if len(complete) < 3:
        return None
    last = len(complete) - (3 if len(complete) >= 4 else 2)
    return complete[:last], complete[last]


def search(
    con: duckdb.DuckDBPyConnection, target: Target, complete: list[str], rows: Rows, settings: ModelSettings
) -> Search | None:
    """The search for one target, made or found again in `ops.model`; None where settings or history allow none.

    `complete` are the complete cohorts, the earliest first.
    """
    years = years_for(complete)
    if years is None or not settings.search_trials or not settings.search_seconds:
        return None
    fitted, stopped = years
    ground = _Ground(
        some_students(rows(fitted), MOST_ROWS, settings.seed),
        some_students(rows([stopped]), MOST_ROWS, settings.seed),
        settings,
    )
    key = _key(ground)
    return _made_before(con, target, key) or _searched(ground, key, fitted, stopped)


def _key(ground: _Ground) -> str:
    settings = ground.settings.model_dump_json(exclude={"threads", "resamples"})  # nothing that a trial finds hangs on them
    digest = hashlib.sha256(settings.encode())
    digest.update("\0".join(f.name for f in load_catalogue().model_features).encode())
    for rows in (ground.fitted, ground.stopped):
        for column in (rows.values, rows.student_key, rows.as_of_date, rows.label):
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _made_before(con: duckdb.DuckDBPyConnection, target: Target, key: str) -> Search | None:
    for (text,) in con.execute(sql("model/search_made"), {"target": target, "key": key}).fetchall():
        try:
            return Search.model_validate_json(text)
        except ValidationError:  # of another version of the program
            continue
    return None


def _searched(ground: _Ground, key: str, fitted: list[str], stopped: str) -> Search:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    outcomes, settings = ground.outcomes(), ground.settings
    found: list[tuple[Trial, Sums]] = [_tried(ground, outcomes, settings, settings.trees)]
    began = time.monotonic()

    def objective(trial: optuna.Trial) -> float:
        tried = _tried(ground, outcomes, settings.model_copy(update=_proposed(trial)), None)
        found.append(tried)
        return tried[0].auc

    sampler = optuna.samplers.TPESampler(seed=settings.seed, multivariate=True, n_startup_trials=8)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    left = settings.search_seconds - (time.monotonic() - began)
    study.optimize(objective, n_trials=settings.search_trials, timeout=left)
    trials = [t for t, _ in found]
    best = int(np.argmax([t.auc for t in trials]))
    gain = _gain(found[best][1], found[0][1])
    low, high = interval(gain)
    ends = [round(float(v), 6) for v in np.nan_to_num((gain[0], low, high), nan=0.0)]
    return Search(
        key=key,
        fitted=fitted,
        stopped_on=stopped,
        trials=trials,
        best=best,
        gain=ends[0],
        gain_low=ends[1],
        gain_high=ends[2],
        is_taken=ends[1] > 0,
        is_cut_by_time=len(trials) <= settings.search_trials,
    )


def _proposed(trial: Any) -> dict[str, Any]:
    """Settings from the search space: shallow and deep trees, few and many rows to a leaf, all or a third of the features."""
    return {
        "leaves": trial.suggest_int("leaves", 4, 32, log=True),
        "depth": trial.suggest_int("depth", 2, 7),
        "learning_rate": round(trial.suggest_float("learning_rate", 0.02, 0.08, log=True), 4),
        "rows_in_leaf_at_least": trial.suggest_int("rows_in_leaf_at_least", 50, 2000, log=True),
        "l2": round(trial.suggest_float("l2", 1.0, 100.0, log=True), 2),
        "feature_share": round(trial.suggest_float("feature_share", 0.3, 1.0), 2),
    }


def _tried(ground: _Ground, outcomes: Outcomes, settings: ModelSettings, trees: int | None) -> tuple[Trial, Sums]:
    """A booster of `trees`, or of as many as the cohort to stop on asks for, and its order of that cohort."""
    features = load_catalogue().model_features
    names = [f.name for f in features]
    rows, later = ground.fitted, ground.stopped
    fitted = booster.fit_until(
        booster.Rows(rows.matrix(names), rows.label, rows.weight),
        booster.Rows(later.matrix(names), later.label, later.weight),
        features,
        settings.model_copy(update={"trees": trees or MOST_TREES}),
        is_stopped=trees is None,
    )
    sums = _ranked(later, outcomes, fitted.raw)
    shown = settings.model_dump(include=set(Trial.model_fields) - {"auc", "trees"})
    auc = float(sums["pairs right"][0] / sums["pairs"][0])
    return Trial.model_validate({**shown, "trees": trees or fitted.trees, "auc": round(auc, 6)}), sums


def _ranked(rows: Frame, outcomes: Outcomes, raw: Floats) -> Sums:
    nights = [rows.as_of_date == d for d in np.unique(rows.as_of_date)]
    return metrics.added([metrics.ranked_sums(raw[n], outcomes.take(n)) for n in nights])


def _gain(best: Sums, own: Sums) -> Floats:
    """Difference in AUC, paired in each resample."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(best["pairs right"] / best["pairs"] - own["pairs right"] / own["pairs"], dtype=np.float64)
