"""Promoted models: which one is in force for a target, and loading it, only after its seal was verified."""

import dataclasses
import datetime as dt
import hashlib
from dataclasses import dataclass

import duckdb
import lightgbm as lgb
from pydantic import ValidationError

from dropout.country import Country, Target
from dropout.errors import ModelError
from dropout.model import booster
from dropout.model.card import Card
from dropout.model.recalibration import NO_CORRECTION, Correction
from dropout.model.seal import verify
from dropout.model.tried import try_in_child
from dropout.privacy.keys import read_key
from dropout.resources import sql
from dropout.settings import Deployment

CARD, BOOSTER = "model.json", "model.txt"
REMEDY = "Restore models/ from a copy, or train anew with: dropout season"


@dataclass(frozen=True)
class Model:
    """A promoted model: its card, its trees unless it is the absence rule, and what outcomes since made of its chances."""

    card: Card
    trees: lgb.Booster | None
    correction: Correction = NO_CORRECTION


def promoted(con: duckdb.DuckDBPyConnection, target: Target) -> str | None:
    """Version in force for `target`, or None."""
    found = con.execute("select version from ops.model where target = ? and status = 'promoted'", [target]).fetchall()
    return str(found[0][0]) if found else None


def is_tainted(con: duckdb.DuckDBPyConnection, version: str) -> bool:
    """Whether `version` learned from a pupil who was forgotten since: it serves until the next season, no longer."""
    return bool(con.execute("select 1 from ops.tainted where version = ?", [version]).fetchall())


def list_target(con: duckdb.DuckDBPyConnection, country: Country) -> Target:
    """The target that lists are cut by: the country's, unless only another one can say a chance.

    In a first school year the country's target may have no more than the absence rule with rates unknown, while one
    with a short horizon has a model already, or the rule with measured rates (first_year.py). A model comes first.
    """
    forces = dict(con.execute(sql("model/in_force")).fetchall())
    if forces.get(country.list_target) != "rates_unknown":
        return country.list_target
    others = [t for t in country.targets if forces.get(t) in ("model", "rates_known")]
    return min(others, key=lambda t: forces[t] != "model", default=country.list_target)


def read_card(deployment: Deployment, version: str) -> Card:
    """The card of `version`; raises ModelError when its folder is missing or altered."""
    folder = deployment.models / version
    verify(folder, read_key(deployment), REMEDY)
    try:
        return Card.model_validate_json((folder / CARD).read_text(encoding="utf-8"))
    except ValidationError:
        raise ModelError("another version of the program wrote this card", where=f"{version}/{CARD}", remedy=REMEDY) from None


def card_on_record(con: duckdb.DuckDBPyConnection, version: str) -> Card:
    """The card of `version` as the ledger holds it, without examples and calibrator; raises ModelError when it cannot be read."""
    rows = con.execute("select card from ops.model where version = ?", [version]).fetchall()
    try:
        return Card.model_validate_json(rows[0][0])
    except (IndexError, ValidationError):
        raise ModelError("another version of the program wrote this card", where=f"ops.model: {version}", remedy=REMEDY) from None


def load(deployment: Deployment, version: str) -> Model:
    """The model `version`, verified, tried in a process of its own, and its examples replayed.

    Raises ModelError when anything is amiss. A process tries the same bytes once (tried.py).
    """
    card = read_card(deployment, version)
    if card.method == "absence_rule":
        return Model(card, None)
    folder = deployment.models / version
    try_in_child(folder)
    text = (folder / BOOSTER).read_bytes()
    if hashlib.sha256(text).hexdigest() != card.booster_sha256:  # the file was changed after its seal was verified
        raise ModelError("the model is not the one of its card", where=f"{version}/{BOOSTER}", remedy=REMEDY)
    trees = booster.load(text.decode("utf-8"))
    assert card.golden is not None
    booster.replay(trees, card.golden, version)
    return Model(card, trees)


def refit_name(number: int) -> str:
    """File of the refit `number`, from 1, beside the model."""
    return f"refit_{number}.txt"


def load_refits(deployment: Deployment, model: Model) -> list[lgb.Booster]:
    """The refits of a loaded `model`, none where it has none; raises ModelError unless each is the one its card names.

    `load` has verified the seal over the whole folder; the card's hash holds what is read here against what was read then.
    """
    found = []
    for number, expected in enumerate(model.card.refits, start=1):
        path = deployment.models / model.card.version / refit_name(number)
        text = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(text).hexdigest() != expected:
            where = f"{model.card.version}/{path.name}"
            raise ModelError("a refit of the model is missing, or not the one of its card", where=where, remedy=REMEDY)
        found.append(booster.load(text.decode("utf-8")))
    return found


def load_on(con: duckdb.DuckDBPyConnection, deployment: Deployment, version: str, as_of: dt.date) -> Model:
    """As `load`, with the correction of its chances that counts on the night of `as_of`."""
    return dataclasses.replace(load(deployment, version), correction=correction_on(con, version, as_of))


def correction_on(con: duckdb.DuckDBPyConnection, version: str, as_of: dt.date) -> Correction:
    """The newest correction of `version` made by a night of `as_of` or before (recalibrate.py)."""
    rows = con.execute(sql("model/correction"), {"version": version, "as_of": as_of}).fetchall()
    return Correction(kind=rows[0][0], intercept=rows[0][1], slope=rows[0][2]) if rows else NO_CORRECTION
