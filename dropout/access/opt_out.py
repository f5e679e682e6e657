"""opt-out: nothing is predicted of a pupil, or of a school's pupils, from the next night on; the records stay."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import duckdb

from dropout.access.student import pseudonym_of, unknown
from dropout.errors import UnknownStudentError
from dropout.privacy import audit
from dropout.settings import Deployment

SAME = "student_key is not distinct from ? and school_id is not distinct from ?"


@dataclass(frozen=True)
class Whom:
    """A pupil by pseudonym, or a school: one of the two."""

    student_key: int | None = None
    school_id: str | None = None


def whom(con: duckdb.DuckDBPyConnection, deployment: Deployment, number: str, school_id: str) -> Whom:
    """The pupil with student number `number`, or else the school `school_id`.

    Raises UnknownStudentError when no enrolment has the one or the other: a mistyped number would protect nobody.
    """
    one = Whom(pseudonym_of(con, deployment, number).student_key) if number else Whom(None, school_id)
    question = "select 1 from core.enrolment where student_key is not distinct from coalesce(?, student_key) "
    question += "and school_id = coalesce(?, school_id) limit 1"
    if con.execute(question, [one.student_key, one.school_id]).fetchall():
        return one
    if number:
        raise unknown()
    raise UnknownStudentError("no enrolment names this school", remedy="Give its code as the school system writes it.")


def opt_out(con: duckdb.DuckDBPyConnection, deployment: Deployment, one: Whom) -> bool:
    """From the next night on nothing is predicted of `one`, and no model learns from it; whether that is new."""
    is_new = not _is_out(con, one)
    if is_new:
        today = dt.datetime.now(ZoneInfo(deployment.timezone)).date()
        con.execute("insert into ops.opt_out values (?, ?, ?)", [one.student_key, one.school_id, today])
    _record(con, deployment, "opted_out", one, is_new=is_new)
    return is_new


def opt_in(con: duckdb.DuckDBPyConnection, deployment: Deployment, one: Whom) -> bool:
    """Takes an opt-out back; whether there was one. A pupil of a school that opted out stays out with the school."""
    was_out = _is_out(con, one)
    con.execute(f"delete from ops.opt_out where {SAME}", [one.student_key, one.school_id])
    _record(con, deployment, "opted_in", one, is_new=was_out)
    return was_out


def _is_out(con: duckdb.DuckDBPyConnection, one: Whom) -> bool:
    return bool(con.execute(f"select 1 from ops.opt_out where {SAME}", [one.student_key, one.school_id]).fetchall())


def _record(con: duckdb.DuckDBPyConnection, deployment: Deployment, what: audit.What, one: Whom, *, is_new: bool) -> None:
    facts: audit.Facts = {"is_new": is_new}
    if one.school_id is not None:
        facts |= {"school_id": one.school_id}
    audit.record(con, deployment, what, student_key=one.student_key, facts=facts)
