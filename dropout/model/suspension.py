"""Suspension: a person stops a model at once. Nothing learned from outcomes speaks until a person resumes it.

It is of a target, not of one version: a season may train and promote another version meanwhile, and lists still follow
the absence rule, without a chance, until `resume`.
"""

import datetime as dt
import re
from typing import Any

import duckdb

from dropout.country import Target
from dropout.errors import ModelError
from dropout.model.card import Card
from dropout.model.registry import Model
from dropout.resources import sql

LONGEST_WHY = 500
# a student's number or a phone (six digits or more, also in groups; a date may stand), an address
_PERSONAL = re.compile(r"(?<!\d)(?!\d{4}-\d{2}-\d{2}(?!\d))\d(?:[ .-]?\d){5,}|@")


def suspend(con: duckdb.DuckDBPyConnection, why: str, version: str = "") -> list[str]:
    """Records that `version` in force, or every one where none is named, is suspended because of `why`.

    Returns those that were not yet. Raises ModelError when `version` is not in force, when none is, and for a `why` that
    says nothing, is longer than LONGEST_WHY letters, or holds what looks like a person's number or address.
    """
    said = told(why)
    forces = con.execute("select target, version from ops.model where status = 'promoted' order by target").fetchall()
    chosen = [(target, v) for target, v in forces if version in ("", v)]
    if not chosen:
        raise ModelError(
            "no such version is in force" if version else "no model is in force",
            where=version,
            cause=f"In force: {', '.join(v for _, v in forces) or 'none'}.",
            remedy="dropout status shows the versions in force; without --version all of them are suspended.",
        )
    already, now = suspended(con), dt.datetime.now(dt.UTC).replace(tzinfo=None)
    new = [(v, target) for target, v in chosen if target not in already]
    for v, target in new:
        con.execute("insert into ops.suspension values (?, ?, ?, ?, null)", [v, target, now, said])
    return [v for v, _ in new]


def told(why: str) -> str:
    """`why` on one line; raises ModelError where it is empty, too long, or seems to name a person."""
    said = " ".join(why.split())
    if not 0 < len(said) <= LONGEST_WHY or _PERSONAL.search(said):
        raise ModelError(
            "a suspension needs a reason, and no person in it",
            cause="It is kept in the audit log, which nobody can change or erase.",
            remedy=f"Say why with --why in at most {LONGEST_WHY} letters: no name, number, phone or address of a person.",
        )
    return said


def resume(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Ends every suspension; returns the versions that had been stopped. What is in force speaks from the next night on."""
    stopped = con.execute("select version from ops.suspension where resumed_at is null order by version").fetchall()
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    con.execute("update ops.suspension set resumed_at = ? where resumed_at is null", [now])
    return [v for (v,) in stopped]


def suspended(con: duckdb.DuckDBPyConnection) -> dict[Target, dt.datetime]:
    """Since when (UTC) each suspended target is."""
    return dict(con.execute(sql("model/suspended")).fetchall())


def rule_instead(version: str, target: Target) -> Model:
    """The absence rule with rates unknown, under the name of the `version` that it stands in for.

    It needs nothing of the version's files: also what is damaged, or of another program, can be suspended.
    """
    facts: Any = {"version": version, "target": target, "method": "absence_rule", "bands": None}
    card: Card = Card.model_construct(**facts)
    return Model(card, None)
