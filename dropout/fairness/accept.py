"""accept: the operator's choice to publish lists though a group is out of bounds: for one date, with a reason, by name."""

import datetime as dt
from dataclasses import dataclass

import duckdb

from dropout.errors import GateError
from dropout.fairness.audit import GroupAudit, audit
from dropout.privacy.audit import Facts, record, user_name
from dropout.warehouse.ledger import Run, log

LONGEST = 500  # characters of a reason
REMEDY = (
    "Look at these groups in the model card and with: dropout status. Where the difference is right, publish with: "
    'dropout nightly --accept-audit "REASON" (kept, and shown in report and model card). Bounds: [fairness] in dropout.toml.'
)


@dataclass(frozen=True)
class Acceptance:
    """Why, by whom and when the lists of one date were accepted."""

    reason: str
    who: str
    accepted_at: dt.datetime


def accept(con: duckdb.DuckDBPyConnection, as_of: dt.date, reason: str) -> Acceptance:
    """Keeps that the lists of `as_of` may be published out of bounds. Counts for that date only.

    A difference that is there to stay is a matter of the settings. Raises GateError for an empty reason.
    """
    words = " ".join(reason.split())[:LONGEST]
    if not words:
        raise GateError("a reason is needed to accept the group audit", remedy='Give it with: --accept-audit "REASON"')
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    given = Acceptance(words, user_name(), now)
    con.execute(
        "insert or replace into ops.audit_acceptance (as_of_date, reason, who, accepted_at) values (?, ?, ?, ?)",
        [as_of, given.reason, given.who, now],
    )
    return given


def acceptance(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> Acceptance | None:
    """What was accepted for `as_of`, or None."""
    found = con.execute("select reason, who, accepted_at from ops.audit_acceptance where as_of_date = ?", [as_of]).fetchone()
    return Acceptance(*found) if found else None


def note_use(con: duckdb.DuckDBPyConnection, run: Run, found: GroupAudit, given: Acceptance) -> None:
    """Keeps beside the acceptance, and in the audit log, what it let through."""
    con.execute(
        "update ops.audit_acceptance set model_version = ?, student_groups = ? where as_of_date = ?",
        [found.model_version, ", ".join(found.groups), run.as_of],
    )
    log.warning("group audit accepted", as_of=str(run.as_of), run_id=run.run_id, who=given.who, groups=found.groups)
    facts: Facts = {"accepted": "group audit", "as_of": str(run.as_of), "groups": len(found.groups), "reason": given.reason}
    record(con, run.deployment, "accepted", run_id=run.run_id, facts=facts)


def hold(con: duckdb.DuckDBPyConnection, run: Run, target: str) -> None:
    """Raises GateError where a group is out of bounds on tonight's lists and nobody accepted it: no list passes by hand either.

    What the gate of this very run has let through is not measured again.
    """
    passed = "select 1 from ops.step where run_id = ? and step = 'gate' and status = 'done'"
    if con.execute(passed, [run.run_id]).fetchone():
        return
    found = audit(con, run, target)
    given = acceptance(con, run.as_of)
    if found.outside and given is None:
        raise GateError(
            f"tonight's output is not published: {len(found.groups)} groups of students are out of bounds; "
            "the last publication stays",
            where=f"group audit, as of {run.as_of}",
            cause="; ".join(found.outside),
            remedy=REMEDY,
        )
    if found.outside and given is not None:
        note_use(con, run, found, given)
