"""gate: the checks between scoring and publishing. One that fails keeps the last publication."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np

from dropout.country import Country
from dropout.errors import GateError
from dropout.fairness.accept import REMEDY as ACCEPT
from dropout.fairness.accept import acceptance, note_use
from dropout.fairness.audit import audit
from dropout.model.registry import correction_on
from dropout.monitor.drift import psi, psi_bound
from dropout.monitor.night import Publication, attached, last_publication, tonight
from dropout.resources import sql
from dropout.settings import GateSettings
from dropout.warehouse.ledger import Counts, Run

# A list five weeks old has had a reason to change; what differs from it is news, not an accident of the night.
COMPARABLE_DAYS = 35
FEW_STUDENTS = 10  # below it a share says nothing (and counts are not shown, design of disclosure control)

Why = Literal[
    "first_publication", "long_ago", "other_target", "other_year", "other_method", "other_model", "recalibrated", "few_students",
    "accepted",
]  # fmt: skip
BY_HAND = "If the change is real, publish by hand: dropout publish."


@dataclass(frozen=True)
class Check:
    """One check: what was found against which bound; `why` where it was skipped, `cause` and `remedy` where it failed."""

    name: str
    is_passed: bool
    found: float | None = None
    bound: float | None = None
    why: Why | None = None
    cause: str = ""
    remedy: str = ""

    @property
    def status(self) -> str:
        """passed, failed or skipped."""
        return "skipped" if self.why else "passed" if self.is_passed else "failed"

    def count(self) -> dict[str, Any]:
        """The check as the ledger keeps it."""
        return {"status": self.status, "found": self.found, "bound": self.bound, "why": self.why}


@dataclass(frozen=True)
class Scored:
    """Students of the list target on one night, and what ranked them."""

    student_count: int
    abstained_count: int
    method: str | None
    model_version: str | None
    school_year: str | None
    list_target: str | None


def gate(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Checks tonight's scores: fresh, volume, abstained, churn, drift. Returns check → status, found, bound, why.

    Without an earlier publication the last two and volume are skipped, and say so. Raises GateError naming
    every check that failed with its numbers; nothing is published then, and the last publication stays.
    """
    tonight(con, run)
    bounds = run.deployment.settings.gate
    now = _scored(con, "gate_scored")
    if not now.student_count:
        raise GateError(
            "tonight's output is not published: no student was scored; the last publication stays",
            where=f"gate, as of {run.as_of}",
            cause="No student is enrolled on this date, or the steps snapshot and score did not run for it.",
            remedy="Choose a date within a school year with --date, and look at the newest delivery.",
        )
    last = last_publication(con, run)
    checks = [_fresh(con, run), _abstained(now, bounds), _groups(con, run, now)]
    if last is None:
        checks += [Check(name, True, why="first_publication") for name in ("volume", "churn", "drift")]
    else:
        with attached(con, last):
            before = _scored(con, "gate_last_scored")
            why = _incomparable(run, last, now, before)
            checks += [
                _volume(now, before, bounds),
                _churn(con, why, bounds),
                _drift(con, why or _other_chances(con, run, last, now, before)),
            ]
    failed = [check for check in checks if check.status == "failed"]
    if failed:
        raise GateError(
            f"tonight's output is not published: {len(failed)} of {len(checks)} checks failed "
            f"({', '.join(c.name for c in failed)}); the last publication stays",
            where=f"gate, as of {run.as_of}",
            cause="; ".join(f"{c.name}: {c.cause}" for c in failed),
            remedy=" ".join(dict.fromkeys(c.remedy for c in failed)),
        )
    return {check.name: check.count() for check in checks}


def _groups(con: duckdb.DuckDBPyConnection, run: Run, now: Scored) -> Check:
    """The groups and pairs of groups that are out of bounds: none, or the operator has accepted them for this date."""
    found, given = audit(con, run, now.list_target or ""), acceptance(con, run.as_of)
    if found.outside and given is not None:
        note_use(con, run, found, given)
    why: Why | None = None if found.is_measured else "few_students"
    count, cause = len(found.groups), f"{len(found.groups)} groups out of bounds: {'; '.join(found.outside)}"
    return Check("groups", not count, count, 0, "accepted" if count and given else why, cause, ACCEPT)


def _scored(con: duckdb.DuckDBPyConnection, name: str) -> Scored:
    row = con.execute(sql(f"marts/{name}")).fetchone()
    assert row is not None  # an aggregate
    return Scored(*row)


def _incomparable(run: Run, last: Publication, now: Scored, before: Scored) -> Why | None:
    """Why tonight's list and chances cannot be held against the last ones."""
    if (run.as_of - last.as_of).days > COMPARABLE_DAYS:
        return "long_ago"
    if now.list_target != before.list_target:
        return "other_target"
    if now.school_year != before.school_year:
        return "other_year"
    return "other_method" if now.method != before.method else None


def _fresh(con: duckdb.DuckDBPyConnection, run: Run) -> Check:
    """The newest record against the last school day: holidays do not make data old."""
    newest = con.execute(sql("marts/gate_newest_event")).fetchone()
    at_most = run.deployment.settings.gate.fresh_within_days
    remedy = "Look whether deliveries arrive in inbox/ and were loaded: dropout status."
    if newest is None or newest[0] is None:
        return Check("fresh", False, None, at_most, cause="no attendance, register or grade is known", remedy=remedy)
    school_day = _last_school_day(con, run.as_of, run.deployment.country)
    days = max(0, (school_day - newest[0]).days)
    cause = f"the newest record is of {newest[0]}, {days} days before the last school day {school_day} (at most {at_most})"
    return Check("fresh", days <= at_most, days, at_most, cause=cause, remedy=remedy)


def _last_school_day(con: duckdb.DuckDBPyConnection, as_of: dt.date, country: Country) -> dt.date:
    """The delivered calendar's, if it reaches `as_of`; else `as_of`, or outside a school year the end of the last one."""
    row = con.execute(sql("marts/gate_calendar")).fetchone()
    if row and row[0] and row[1] >= as_of:
        last_school_day: dt.date = row[0]
        return last_school_day
    begun = [y.end_date for y in country.years(as_of.year - 2, as_of.year) if y.start_date <= as_of]
    return min(as_of, max(begun, default=as_of))


def _abstained(now: Scored, bounds: GateSettings) -> Check:
    share, most = now.abstained_count / now.student_count, bounds.abstained_at_most
    cause = f"{now.abstained_count} of {now.student_count} students got no chance ({share:.0%}, at most {most:.0%})"
    remedy = "Look at coverage by school in the last report and at what was left out: dropout quarantine."
    return Check("abstained", share <= most, round(share, 4), most, cause=cause, remedy=remedy)


def _volume(now: Scored, before: Scored, bounds: GateSettings) -> Check:
    """Neither far fewer students than last time nor, within a school year, far more (rows counted twice)."""
    if not before.student_count:
        return Check("volume", True, why="few_students")
    share, least = now.student_count / before.student_count, bounds.volume_at_least
    is_too_many = now.school_year == before.school_year and share * least > 1
    bound = f"at most {1 / least:.0%}" if is_too_many else f"at least {least:.0%}"
    cause = f"{now.student_count} students against {before.student_count} in the last publication ({share:.0%}, {bound})"
    remedy = f"Look whether a file of the last delivery was cut, missing or doubled: dropout status. {BY_HAND}"
    return Check("volume", share >= least and not is_too_many, round(share, 4), least, cause=cause, remedy=remedy)


def _churn(con: duckdb.DuckDBPyConnection, why: Why | None, bounds: GateSettings) -> Check:
    row = con.execute(sql("marts/gate_listed_again")).fetchone()
    enrolled, again = row or (0, 0)
    if why or enrolled < FEW_STUDENTS:
        return Check("churn", True, why=why or "few_students")
    share, least = again / enrolled, bounds.listed_again_at_least
    cause = f"{again} of the last list's {enrolled} students still enrolled are listed again ({share:.0%}, at least {least:.0%})"
    remedy = f"Look at what the last deliveries corrected. {BY_HAND}"
    return Check("churn", share >= least, round(share, 4), least, cause=cause, remedy=remedy)


def _other_chances(con: duckdb.DuckDBPyConnection, run: Run, last: Publication, now: Scored, before: Scored) -> Why | None:
    """Why chances can differ from the last ones though no student does."""
    if now.model_version != before.model_version:
        return "other_model"
    corrections = [correction_on(con, now.model_version or "", date) for date in (last.as_of, run.as_of)]
    return None if corrections[0] == corrections[1] else "recalibrated"


def _drift(con: duckdb.DuckDBPyConnection, why: Why | None) -> Check:
    last, current = (
        np.asarray(con.execute(sql(f"marts/{name}")).fetchnumpy()["chance"], dtype=np.float64)
        for name in ("gate_last_chances", "gate_chances")
    )
    if why or min(len(last), len(current)) < FEW_STUDENTS:
        return Check("drift", True, why=why or "few_students")
    index, bound = psi(last, current), psi_bound(len(last), len(current))
    cause = f"the chances have shifted: population stability index {index:.2f} (at most {bound:.2f})"
    remedy = f"Look at coverage and at what the last deliveries brought. {BY_HAND}"
    return Check("drift", index <= bound, round(index, 4), round(bound, 4), cause=cause, remedy=remedy)
