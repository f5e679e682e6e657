"""Champion and challenger: a new season's model takes the place of the model in force only if it wins where both can be judged.

The champion is the model that was in force before the season. It is judged on the challenger's cohort, on the same
rows and lists, with its own trees and calibrator, unless it learned from that cohort.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np

from dropout.errors import ModelError
from dropout.model import booster
from dropout.model.candidate import Candidate
from dropout.model.comparison import Comparison, Gain
from dropout.model.evaluation import CALIBRATION_ERROR_AT_MOST, Evaluation, LastSeason
from dropout.model.frame import Frame
from dropout.model.groups import Audit, out_of_bounds
from dropout.model.rankings import LAST_SEASON, Ranking
from dropout.model.recipe import OUT_OF_FOLD, Plan, Stage
from dropout.model.registry import Model, is_tainted, load
from dropout.resources import sql
from dropout.settings import Deployment, ModelSettings

Verdict = Literal["promoted", "champion", "absence_rule"]


@dataclass(frozen=True)
class Champion:
    """The model that was in force before the season; `model` is None where `why_not` says that it cannot be used."""

    version: str
    model: Model | None
    why_not: str = ""

    def why_not_on(self, school_year: str, rows: Frame) -> str:
        """Why it cannot be judged on these rows of the cohort `school_year`; empty when it can."""
        if self.model is None:
            return self.why_not
        card = self.model.card
        if school_year in {c.school_year for c in (*card.cohorts, card.running) if c is not None}:
            return f"it learned from {school_year}"
        lacking = [name for name in card.features if name not in rows.names]
        if lacking:
            return f"features that it reads are no more: {', '.join(lacking)}"
        return ""

    def ranked(self, stage: Stage, rows: Frame, threads: int) -> dict[str, Ranking]:
        """The ranking `last_season` of `rows`; none where it cannot be judged on them."""
        if self.model is None or self.why_not_on(stage.school_year, rows):
            return {}
        card, trees = self.model.card, self.model.trees
        assert trees is not None and card.calibrator is not None
        raw = booster.raw_scores(trees, rows.matrix(card.features), threads)
        return {LAST_SEASON: Ranking(raw, card.calibrator.chance(raw))}


def find_champion(con: duckdb.DuckDBPyConnection, deployment: Deployment, plan: Plan) -> Champion | None:
    """The model in force before the season of `plan`; None where there was none, or a rule.

    A season that is repeated meets the champion that it met the first time, and so comes to the same end.
    """
    found = con.execute(sql("model/before"), {"target": plan.target, "as_of": plan.trained_as_of}).fetchall()
    if not found or found[0][0] is None or found[0][1] != "model":
        return None
    version = str(found[0][0])
    if is_tainted(con, version):
        return Champion(version, None, "it learned from a pupil who was forgotten since")
    try:
        model = load(deployment, version)
    except ModelError as error:
        return Champion(version, None, f"it cannot be used: {error.what}")
    if model.card.trained_as_of > plan.trained_as_of:
        return Champion(version, None, "it was trained later than this season, and knows what was not known yet")
    return Champion(version, model)


def champion_facts(
    champion: Champion | None, candidate: Candidate, stage: Stage, main: Comparison, side: Comparison, settings: ModelSettings
) -> dict[str, Any]:
    """What the Evaluation tells of the champion; `main` judged `stage`, `side` the calibration."""
    if champion is None:
        return {}
    why_not = champion.why_not_on(stage.school_year, main.rows)
    if why_not or champion.model is None:
        return not_judged(champion, why_not)
    error = side.calibration_error(LAST_SEASON).value if LAST_SEASON in side.ranked else np.nan
    last_season = LastSeason(
        version=champion.version,
        is_judged_booster=_sha256(candidate, stage) == champion.model.card.booster_sha256,
        gains=main.gains(LAST_SEASON),
        calibration_error=round(error, 6) if np.isfinite(error) else None,
        groups_out_of_bounds=_out_of_bounds(main, side, settings),
    )
    return {"last_season": last_season, "champion_gains": main.gains(over=(LAST_SEASON,))}


def _out_of_bounds(main: Comparison, side: Comparison, settings: ModelSettings) -> list[str]:
    """Groups on which the champion errs too much; chances that cannot be told are left to the lists."""
    chances = Audit(side, LAST_SEASON).calibrated() if LAST_SEASON in side.ranked else []
    return out_of_bounds([*Audit(main, LAST_SEASON).found(), *chances], settings)


def not_judged(champion: Champion | None, why_not: str) -> dict[str, Any]:
    """What the Evaluation tells of a champion that could not be judged: which it was, and why."""
    return {} if champion is None else {"last_season": LastSeason(version=champion.version, why_not=why_not)}


def _sha256(candidate: Candidate, stage: Stage) -> str:
    if stage.booster == OUT_OF_FOLD:
        return OUT_OF_FOLD
    return hashlib.sha256(candidate.booster(stage.booster).encode()).hexdigest()


def settle(evaluation: Evaluation, is_better: bool, why: str) -> tuple[Verdict, str]:
    """What goes into force, and why. `is_better` and `why` are the decision on the challenger alone.

    1. Without a champion that could be judged on the cohort, the challenger or the absence rule, by `is_better`.
    2. A challenger that is better than the baselines takes the champion's place when its trees are the champion's
       (the same recipe, one cohort on), when it finds more on the two kinds of list together, or when the champion
       no longer holds. Otherwise the champion stays.
    3. When the challenger is not, a champion that still holds stays; else the absence rule goes into force.

    A champion holds when it surely finds more than each baseline, as a challenger must, its calibration error is within
    bounds where that can be told, and so are its errors on every group.
    """
    champion = evaluation.last_season
    if champion is None or champion.why_not:
        return ("promoted" if is_better else "absence_rule"), why
    name = f"last season's model ({champion.version})"
    lost, gain = _why_lost(champion), sum(g.value for g in evaluation.champion_gains)
    against = _named(evaluation.champion_gains)
    if is_better and champion.is_judged_booster:
        return "promoted", f"{why}; it is {name}, rolled one cohort forward"
    if is_better and gain > 0:
        return "promoted", f"{why}; it found more than {name}: {against}"
    if is_better and lost:
        return "promoted", f"{why}; {name} found as many or more ({against}), but {lost}"
    if is_better:
        share = f"{evaluation.judged_share:.0%} of the students"
        return "champion", f"does not find more of those who left than {name}, which stays in force: {against}, at {share}"
    if lost:
        return "absence_rule", f"{why}; and {name} {lost}"
    return "champion", f"{why}; {name} does better than every baseline on {evaluation.cohort} and stays in force"


def _why_lost(champion: LastSeason) -> str:
    """Why the champion no longer holds; empty when it does."""
    behind = [g for g in champion.gains if not g.low > 0]
    if behind:
        names = "; ".join(f"{g.baseline} on {g.lists}: {_ends(g)}" for g in behind)
        return f"no longer surely finds more of those who left than {names}"
    error = champion.calibration_error
    if error is not None and error > CALIBRATION_ERROR_AT_MOST:
        return f"now has a calibration error of {error:.3f}, more than {CALIBRATION_ERROR_AT_MOST}"
    if champion.groups_out_of_bounds:
        return f"now errs too much on groups of students: {'; '.join(champion.groups_out_of_bounds)}"
    return ""


def _named(gains: list[Gain]) -> str:
    return ", ".join(f"{_ends(g)} on {g.lists}" for g in gains)


def _ends(gain: Gain) -> str:
    value, low, high = (f"{100 * number:+.1f} points" for number in (gain.value, gain.low, gain.high))
    return f"{value} ({low} to {high})"
