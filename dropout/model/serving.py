"""Which version speaks tonight: the one in force; a rule while it is suspended; an earlier one where its files are damaged."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from dropout.country import Target
from dropout.errors import ModelError
from dropout.features.catalogue import load_catalogue
from dropout.model.registry import Model, load, load_on, promoted
from dropout.model.suspension import rule_instead, suspended
from dropout.resources import sql
from dropout.warehouse.ledger import Run, notice

State = Literal["in_force", "suspended", "older"]


@dataclass(frozen=True)
class Served:
    """What speaks for a target tonight. `in_force` is the ledger's version.

    `since` is the day it was suspended on, else the season's date of the one that speaks.
    """

    target: Target
    in_force: str
    model: Model
    state: State
    since: dt.date


def serving(con: duckdb.DuckDBPyConnection, run: Run) -> list[Served]:
    """What speaks tonight for each target that has a version in force, in the country's order.

    A version whose files are not whole, or cannot be loaded, is passed over for the newest earlier one that can, with
    a notice to the operator. Raises ModelError, the damaged one's, when there is none.
    """
    stopped, found = suspended(con), []
    for target in run.deployment.country.targets:
        version = promoted(con, target)
        if version is None:
            continue
        if target in stopped:
            since = stopped[target].replace(tzinfo=dt.UTC).astimezone(ZoneInfo(run.deployment.timezone)).date()
            found.append(Served(target, version, rule_instead(version, target), "suspended", since))
        else:
            found.append(_whole(con, run, target, version))
    return found


def _whole(con: duckdb.DuckDBPyConnection, run: Run, target: Target, version: str) -> Served:
    try:
        model = load_on(con, run.deployment, version, run.as_of)
        return Served(target, version, model, "in_force", dt.date.fromisoformat(model.card.trained_as_of))
    except ModelError as error:
        damage = error
    older = last_good(con, run, target)
    if older is None:
        raise damage
    told = ModelError(
        f"{damage.what}; tonight the last good one serves: {older.card.version}",
        where=damage.where or version,
        cause=damage.cause,
        remedy="Find out who changed it. Restore models/ from a copy, or train anew with: dropout season",
    )
    notice(con, run, "score", told)
    return Served(target, version, older, "older", dt.date.fromisoformat(older.card.trained_as_of))


def last_good(con: duckdb.DuckDBPyConnection, run: Run, target: Target) -> Model | None:
    """The newest version in force before the present one whose files are whole, and whose features are still there."""
    known = load_catalogue().by_name
    for (version,) in con.execute(sql("model/earlier_version"), {"target": target, "as_of": run.as_of}).fetchall():
        try:
            model = load_on(con, run.deployment, version, run.as_of)
        except ModelError:
            continue
        if all(name in known for name in model.card.features):
            return model
    return None


def serving_table(run: Run, served: list[Served]) -> pa.Table:
    """Rows of `night.serving`, one per target."""
    return pa.table(
        {
            "as_of_date": pa.array([run.as_of] * len(served), pa.date32()),
            "target": pa.array([s.target for s in served], pa.string()),
            "in_force": pa.array([s.in_force for s in served], pa.string()),
            "served": pa.array([s.model.card.version for s in served], pa.string()),
            "state": pa.array([s.state for s in served], pa.string()),
            "since": pa.array([s.since for s in served], pa.date32()),
        }
    )


def load_tonight(con: duckdb.DuckDBPyConnection, run: Run, version: str) -> Model:
    """The model that gave tonight's scores of `version`, as `registry.load`; the rule where that stood in for it."""
    stood_in = con.execute(
        "select target from night.serving where as_of_date = ? and served = ? and state = 'suspended'", [run.as_of, version]
    ).fetchone()
    return rule_instead(version, stood_in[0]) if stood_in else load(run.deployment, version)
