"""From the number a family knows to the pseudonym under which everything is kept."""

from dataclasses import dataclass

import duckdb

from dropout.errors import UnknownStudentError
from dropout.extracts.normal import normal
from dropout.privacy import pseudonym
from dropout.privacy.keys import read_key
from dropout.settings import Deployment


@dataclass(frozen=True)
class Student:
    """One pupil: the number as the extracts have it, and the pseudonym."""

    student_id: str
    student_key: int

    @property
    def hexadecimal(self) -> str:
        """The pseudonym as published files write it."""
        return f"{self.student_key:015x}"


def pseudonym_of(con: duckdb.DuckDBPyConnection, deployment: Deployment, number: str) -> Student:
    """The pupil with student number `number`, spelt as `read` spells numbers; whether anything is held is not looked at.

    Raises UnknownStudentError for a number of no characters, DeploymentError when there is no key.
    """
    student_id = normal(number)
    if not student_id:
        raise unknown()
    pseudonym.install(con, read_key(deployment))
    [(key,)] = con.execute("select pseudonym(?)", [student_id]).fetchall()
    return Student(student_id, int(key))


def unknown() -> UnknownStudentError:
    """The error for a number under which nothing is held; it does not repeat the number."""
    return UnknownStudentError(
        "nothing is held under this student number",
        cause="No table, no line set aside and no received file has it.",
        remedy="Check the number as the school system writes it, letters and leading zeros too; a pupil may have an older one.",
    )
