"""The rankings that an evaluation puts side by side, on the same rows, from the same past."""

from dataclasses import dataclass

import numpy as np

from dropout.model.baselines import EDGES, abc_flags, absence_rule, fit_bands, school_rate
from dropout.model.calibrator import Calibrator
from dropout.model.candidate import Candidate
from dropout.model.frame import Floats, Frame
from dropout.model.logistic import chances, logistic_scores
from dropout.model.recipe import OUT_OF_FOLD, Plan, Stage
from dropout.model.stages import Scored, is_first_half
from dropout.model.train import folds
from dropout.settings import ModelSettings

BASELINES = ("absence_rule", "abc_flags", "school_rate")  # to be beaten before a model goes into force
LAST_SEASON = "last_season"  # the model in force before the season, where it can be judged (champion.py)
RIVALS = (LAST_SEASON, "logistic_regression")  # shown beside them
FLAG_EDGES = (0.5, 1.5, 2.5)


@dataclass(frozen=True)
class Ranking:
    """A score to rank by and a chance, per row."""

    score: Floats
    chance: Floats


def rankings(
    candidate: Candidate, plan: Plan, stage: Stage, judged: Scored, calibrator: Calibrator, settings: ModelSettings
) -> dict[str, Ranking]:
    """`model`, the BASELINES and the logistic regression on the judged rows; what they know is what the booster saw."""
    past, rates = _past(candidate, plan, stage, judged.rows, settings)
    found = {"model": Ranking(judged.raw, calibrator.chance(judged.raw))}
    for name, rule, edges in (("absence_rule", absence_rule, EDGES), ("abc_flags", abc_flags, FLAG_EDGES)):
        bands = fit_bands(past, rule(past), edges, settings.seed)
        found[name] = Ranking(rule(judged.rows), bands.chance(rule(judged.rows)))
    found["school_rate"] = Ranking(rates, rates)
    raw = logistic_scores(candidate, plan, stage, judged.rows, settings)
    found["logistic_regression"] = Ranking(raw, chances(raw))
    return found


def _past(candidate: Candidate, plan: Plan, stage: Stage, rows: Frame, settings: ModelSettings) -> tuple[Frame, Floats]:
    """The rows that the baselines learn from, and the school's rate for each judged row.

    Out of fold the past is the cohort itself: rules learn from the other half, a school's rate from its students
    in the other folds, since the other half has other schools.
    """
    if stage.booster != OUT_OF_FOLD:
        past = candidate.rows(plan.recipe.fits[stage.booster])
        return past, school_rate(past, rows)
    whole = candidate.rows([stage.school_year])
    fold, rates = folds(whole, settings.seed), np.empty(len(whole))
    for k in np.unique(fold):
        rates[fold == k] = school_rate(whole.take(fold != k), whole.take(fold == k))
    judged = is_first_half(whole, settings.seed) == (stage.part == "a")
    return whole.take(~judged), rates[judged]
