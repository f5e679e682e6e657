"""contest: a family contests what is said of a pupil, and a person answers it. Codes and dates; what was said stays outside."""

import datetime as dt

import duckdb

from dropout.access.student import Student, pseudonym_of, unknown
from dropout.errors import SettingsError, UnknownStudentError
from dropout.privacy import audit
from dropout.publish.oversight.words import ANSWER_CODES, WHY_CODES
from dropout.settings import Deployment
from dropout.warehouse.store import transaction


def contest(con: duckdb.DuckDBPyConnection, deployment: Deployment, number: str, why: str, on: dt.date) -> None:
    """Records that the family of the pupil with student number `number` contests, for the reason `why` (WHY_CODES), on day `on`.

    The same day again replaces the reason. Lists of that day and later say so until it is answered. Raises
    SettingsError for another code, UnknownStudentError when nobody of that number is enrolled or was.
    """
    _need(why, WHY_CODES)
    student = _known(con, deployment, number)
    with transaction(con):
        con.execute("insert or replace into ops.contest values (?, ?, ?, null, null)", [student.student_key, on, why])
        audit.record(con, deployment, "contested", student_key=student.student_key, facts={"why": why, "on": str(on)})


def answer(con: duckdb.DuckDBPyConnection, deployment: Deployment, number: str, code: str, on: dt.date) -> int:
    """Records the answer `code` (ANSWER_CODES) to everything the pupil's family contested and nobody answered; returns how many.

    Raises SettingsError for another code, UnknownStudentError when nothing of that pupil waits for an answer.
    """
    _need(code, ANSWER_CODES)
    student = _known(con, deployment, number)
    with transaction(con):
        answered = con.execute(
            "update ops.contest set answered_on = ?, answer_code = ? where student_key = ? and answered_on is null returning 1",
            [on, code, student.student_key],
        ).fetchall()
        if not answered:
            raise UnknownStudentError(
                "nothing of this pupil waits for an answer", remedy="dropout access shows what was contested."
            )
        audit.record(con, deployment, "contest_answered", student_key=student.student_key, facts={"answer": code, "on": str(on)})
    return len(answered)


def _need(code: str, codes: tuple[str, ...]) -> None:
    if code not in codes:
        raise SettingsError("not a code of a contestation", remedy=f"One of: {', '.join(codes)}.")


def _known(con: duckdb.DuckDBPyConnection, deployment: Deployment, number: str) -> Student:
    student = pseudonym_of(con, deployment, number)
    if not con.execute("select 1 from core.enrolment where student_key = ? limit 1", [student.student_key]).fetchone():
        raise unknown()
    return student
