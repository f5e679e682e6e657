"""promote: a candidate that beats the three simpler means, and the model in force, takes its place.

Otherwise that model stays, or, where it no longer beats them either, the absence rule goes into force, by name.
"""

import datetime as dt
import hashlib
import json
import shutil
from pathlib import Path

import duckdb
import lightgbm as lgb

from dropout.country import Target
from dropout.durable import sync
from dropout.errors import ModelError
from dropout.features.catalogue import load_catalogue
from dropout.model.baselines import EDGES, Bands, absence_rule, fit_bands
from dropout.model.booster import Golden
from dropout.model.calibrate import CALIBRATORS, Calibrators
from dropout.model.candidate import Candidate, to_json
from dropout.model.card import Card
from dropout.model.champion import Verdict, settle
from dropout.model.evaluation import CALIBRATION_ERROR_AT_MOST, EVALUATION, Evaluation
from dropout.model.recipe import Plan
from dropout.model.registry import BOOSTER, CARD, promoted, read_card, refit_name
from dropout.model.seal import seal
from dropout.model.train import PLAN
from dropout.model.tried import try_in_child
from dropout.privacy.keys import read_key
from dropout.settings import Deployment, ModelSettings
from dropout.warehouse.ledger import Counts, Run, log
from dropout.warehouse.store import transaction


def promote(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Puts a version in force for every target that has a candidate; a second call changes nothing.

    The folder `models/<version>/` appears whole (one rename) before the ledger names it; the candidate goes last,
    so a crash in between is made good by calling again. Raises ModelError when a target has neither a candidate
    nor a version in force, or when the candidate was altered or not evaluated.
    """
    counts: Counts = {"promoted": 0, "absence_rule": 0, "unchanged": 0}
    for target in run.deployment.country.targets:
        candidate = Candidate(run.deployment, target)
        if not candidate.exists and promoted(con, target) is not None:
            counts["unchanged"] += 1
            continue
        counts[_promote(con, run.deployment, candidate.open())] += 1
        candidate.remove()
    return counts


def decide(evaluation: Evaluation) -> tuple[bool, str]:
    """Whether the judged model is promoted, and why: it beats each baseline on both kinds of list, and is calibrated.

    To beat means that the whole interval of the paired difference in recall lies above 0.
    """
    if evaluation.why_not:
        return False, f"could not be judged: {evaluation.why_not}"
    share = f"{evaluation.judged_share:.0%} of the students"
    behind = [g for g in evaluation.gains if not g.low > 0]
    if behind:
        names = "; ".join(
            f"{g.baseline} on {g.lists}: {_points(g.value)} ({_points(g.low)} to {_points(g.high)})" for g in behind
        )
        return False, f"does not surely find more of those who left than {names}, at {share}"
    error = evaluation.calibration_error
    if error is None or error > CALIBRATION_ERROR_AT_MOST:
        found = "unknown" if error is None else f"{error:.3f}"
        return False, f"calibration error {found}, more than {CALIBRATION_ERROR_AT_MOST}"
    if evaluation.groups_out_of_bounds:
        return False, f"errs too much on groups of students: {'; '.join(evaluation.groups_out_of_bounds)}"
    least = min(evaluation.gains, key=lambda g: g.low)
    seen = " (outcome seen so far)" if evaluation.is_outcome_so_far else ""
    return True, (
        f"on {evaluation.cohort}{seen} it found more of those who left than every baseline, at {share}: "
        f"at least {_points(least.value)} ({_points(least.low)} to {_points(least.high)}, against {least.baseline}); "
        f"calibration error {error:.3f}"
    )


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f} points"


def _promote(con: duckdb.DuckDBPyConnection, deployment: Deployment, candidate: Candidate) -> str:
    plan = candidate.record(PLAN, Plan)
    verdict: Verdict = "absence_rule"
    why, evaluation = "", None
    if not plan.recipe.fits:
        why = _why_nothing_judged(plan)
    else:
        evaluation = candidate.record(EVALUATION, Evaluation)
        verdict, why = settle(evaluation, *decide(evaluation))
    card = _card(plan.settings(deployment.settings.model), candidate, plan, evaluation, why)
    if verdict == "champion" and evaluation is not None and evaluation.last_season is not None:
        _keep(con, card, evaluation.last_season.version)
        return "unchanged"
    chosen = card if verdict == "promoted" else _as_rule(card)
    # where it is the same again without the pupils who were forgotten, it had learned nothing from them
    con.execute("delete from ops.tainted where version = ?", [chosen.version])
    if promoted(con, candidate.target) == chosen.version and _is_there(deployment, chosen):
        return "unchanged"
    _place(deployment, candidate, plan, chosen)
    with transaction(con):
        _record(con, card.target, chosen)
        if verdict == "absence_rule" and plan.recipe.fits:
            _record_refused(con, card, chosen)
    return verdict


def _why_nothing_judged(plan: Plan) -> str:
    """Why no model was trained: nothing is known yet, or too little within the first school year."""
    if not plan.cohorts:
        return "no school year with enough known outcomes yet; rates are unknown"
    part = plan.cohorts[0]
    return (
        f"no school year is complete, and too few have left yet to judge a model within {part.school_year}; "
        f"rates are those of that part ({part.events} of {part.students} students left)"
    )


def _card(settings: ModelSettings, candidate: Candidate, plan: Plan, evaluation: Evaluation | None, why: str) -> Card:
    common = {
        "version": plan.version,
        "target": plan.target,
        "method": "model",
        "why": why,
        "trained_as_of": plan.trained_as_of,
        "latest_mature": plan.latest_mature,
        "recipe": plan.recipe.name,
        "cohorts": plan.cohorts,
        "running": plan.running,
        "evaluation": evaluation,
        "settings": settings,
        "search": plan.search,
        "bands": _bands(candidate, plan, settings),
    }
    if not plan.recipe.fits:
        return Card.model_validate(common)
    features = load_catalogue().model_features
    text = candidate.booster(plan.recipe.promoted)
    return Card.model_validate(
        {
            **common,
            "features": [f.name for f in features],
            "directions": [f.direction for f in features],
            "calibrator": candidate.record(CALIBRATORS, Calibrators).final,
            "booster_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "refits": [hashlib.sha256(t.encode()).hexdigest() for t in candidate.refits(plan.recipe.promoted)],
            "lightgbm_version": lgb.__version__,
            "golden": candidate.record("golden", Golden),
        }
    )


def _bands(candidate: Candidate, plan: Plan, settings: ModelSettings) -> Bands | None:
    """What the absence rule's bands meant in the complete cohorts."""
    if not plan.cohorts:
        return None
    past = candidate.rows([c.school_year for c in plan.cohorts])
    return fit_bands(past, absence_rule(past), EDGES, settings.seed)


def _as_rule(card: Card) -> Card:
    """The absence rule's card in place of the refused model's."""
    rule = card.model_copy(
        update={
            "method": "absence_rule",
            "why": f"the absence rule is in force, because the model {card.why}" if card.features else card.why,
            "features": [],
            "directions": [],
            "calibrator": None,
            "booster_sha256": "",
            "refits": [],
            "lightgbm_version": "",
            "golden": None,
            "version": "",
        }
    )
    digest = hashlib.sha256(to_json(rule).encode()).hexdigest()
    return rule.model_copy(update={"version": f"{card.target}-{card.trained_as_of}-{digest[:8]}"})


def _is_there(deployment: Deployment, card: Card) -> bool:
    """Whether `models/<version>/` is whole and holds this very card."""
    try:
        return read_card(deployment, card.version) == card
    except ModelError:
        return False


def _place(deployment: Deployment, candidate: Candidate, plan: Plan, card: Card) -> None:
    """Makes `models/<version>/`, whole, by one rename; a folder of that name that is not whole gives way."""
    if _is_there(deployment, card):
        return
    final, partial = deployment.models / card.version, deployment.models / f".{card.version}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    (partial / CARD).write_text(to_json(card), encoding="utf-8")
    if card.method == "model":
        (partial / BOOSTER).write_text(candidate.booster(plan.recipe.promoted), encoding="utf-8")
        for number, text in enumerate(candidate.refits(plan.recipe.promoted), start=1):
            (partial / refit_name(number)).write_text(text, encoding="utf-8")
        try_in_child(partial)
    seal(partial, read_key(deployment))
    _sync(partial)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    _sync(deployment.models)


def _sync(folder: Path) -> None:
    """Makes a folder and its files outlive a power cut."""
    for path in (*(p for p in folder.iterdir() if p.is_file()), folder):
        sync(path)


def _record(con: duckdb.DuckDBPyConnection, target: Target, card: Card) -> None:
    """The version in force; the one before it is retired."""
    con.execute("update ops.model set status = 'retired' where target = ? and status = 'promoted'", [target])
    _write(con, card, "promoted", dt.datetime.now(dt.UTC).replace(tzinfo=None))


def _record_refused(con: duckdb.DuckDBPyConnection, refused: Card, rule: Card) -> None:
    """The refused candidate, and its evaluation a second time under the rule that took its place."""
    _write(con, refused, "refused", None)
    con.execute("delete from ops.evaluation where version = ?", [rule.version])
    con.execute(
        "insert into ops.evaluation by name select * replace (? as version) from ops.evaluation where version = ?",
        [rule.version, refused.version],
    )


def _keep(con: duckdb.DuckDBPyConnection, refused: Card, champion: str) -> None:
    """The champion stays in force, or is again (a season repeated with other settings may lose to it); `refused` is recorded."""
    log.info("the model in force stays", target=refused.target, in_force=champion, refused=refused.version, why=refused.why)
    with transaction(con):
        con.execute(
            "update ops.model set status = if(version = ?, 'promoted', 'retired') "
            "where target = ? and (status = 'promoted' or version = ?)",
            [champion, refused.target, champion],
        )
        _write(con, refused.model_copy(update={"kept": champion}), "refused", None)


def _write(con: duckdb.DuckDBPyConnection, card: Card, status: str, promoted_at: dt.datetime | None) -> None:
    con.execute(
        "insert or replace into ops.model (version, target, method, status, trained_as_of, promoted_at, why, card) "
        "values (?, ?, ?, ?, ?, ?, ?, ?)",
        [card.version, card.target, card.method, status, card.trained_as_of, promoted_at, card.why, _short(card)],
    )


def _short(card: Card) -> str:
    """The card for people: without trees' examples and the calibrator's grid."""
    return json.dumps(card.model_dump(mode="json", exclude={"golden", "calibrator"}), sort_keys=True)
