"""forget: a pupil out of every file of the deployment, stage by stage; each can be done again, and a kill is finished later.

A tombstone comes first, so that nothing of the pupil comes in again meanwhile. Then received files, warehouse,
identity store, work files; flows/forget.py publishes anew and takes the old generations away. Whatever copies there
are elsewhere cannot be reached from here: the settings name them, and the operator is told.
"""

import datetime as dt
import shutil
from pathlib import Path

import duckdb

from dropout.access import found, held
from dropout.access.student import Student, pseudonym_of, unknown
from dropout.contracts.ddl import literal
from dropout.erasure import databases, journal, received
from dropout.erasure.journal import Journal, Stage, Why
from dropout.errors import UnknownStudentError
from dropout.extracts.answers import remarks
from dropout.model.candidate import Candidate
from dropout.privacy import audit, identity, tombstone
from dropout.privacy.keys import TOMBSTONES, make_key
from dropout.quiet import NOTHING_FROM_OUTSIDE
from dropout.settings import Deployment
from dropout.warehouse.connect import connect

KEPT_IN_WORK = ("prefect",)  # Prefect's own records: run numbers, dates and counts


def begin(deployment: Deployment, numbers: list[str], why: Why, on: dt.date) -> Journal:
    """Writes down who is to be forgotten; from here on every command finishes it. The caller holds the lock.

    Raises UnknownStudentError, and begins nothing, when nothing is held under one of `numbers` and no tombstone has it.
    """
    make_key(deployment, TOMBSTONES)
    with connect(deployment) as con:
        tombstone.install(con, deployment)
        students = {s.student_id: s for s in (pseudonym_of(con, deployment, number) for number in numbers)}
        lost = [place for place, s in enumerate(students.values(), start=1) if not _is_held(con, deployment, s)]
    if lost:
        raise _unknown(lost, len(students))
    made = Journal(numbers=sorted(students), why=why, began_on=str(on))
    journal.write(deployment, made)
    return made


def _is_held(con: duckdb.DuckDBPyConnection, deployment: Deployment, student: Student) -> bool:
    """Whether there is anything to forget; a pupil of whom only a tombstone is left may be named again."""
    known = "select 1 from ops.tombstone where mark = tombstone(?)"
    if con.execute(known, [student.student_id]).fetchall():
        return True
    return bool(held.gather(con, deployment, student).tables or found.find(deployment, student.student_id))


def _unknown(places: list[int], count: int) -> UnknownStudentError:
    if count == 1:
        return unknown()
    named = ", ".join(map(str, places))
    error = unknown()
    return UnknownStudentError(
        f"nothing is held under {len(places)} of {count} student numbers: those on place {named}",
        cause=error.cause, remedy=f"{error.remedy} Nobody was forgotten.",
    )  # fmt: skip


def erase(deployment: Deployment, pending: Journal) -> Journal:
    """Does what is not done yet, up to the publications; returns the journal as it then stands."""
    for stage, act in (
        ("suppressed", _suppress), ("raw", _cut_raw), ("warehouse", _empty_warehouse), ("identity", _empty_identity),
        ("work", _clear_work),
    ):  # fmt: skip
        if stage not in pending.done:
            pending = done(deployment, pending, stage, act(deployment, pending))  # type: ignore[arg-type]
    return pending


def done(deployment: Deployment, pending: Journal, stage: Stage, counts: dict[str, int]) -> Journal:
    """Writes down that `stage` is done."""
    after = pending.with_stage(stage, counts)
    journal.write(deployment, after)
    return after


def end(deployment: Deployment, pending: Journal) -> None:
    """The last stage: an entry in the audit log, which names nobody, and the journal with the numbers goes."""
    with connect(deployment) as con:
        facts: audit.Facts = {"why": pending.why, "pupils": len(pending.numbers), **pending.counts}
        audit.record(con, deployment, "forgotten", facts=facts)
    journal.remove(deployment)


def _suppress(deployment: Deployment, pending: Journal) -> dict[str, int]:
    """Tombstones; what is read but not loaded is read anew, without these pupils; models that learned from them are marked."""
    with connect(deployment) as con:
        tombstone.install(con, deployment)
        tombstone.put_up(con, pending.numbers, dt.date.fromisoformat(pending.began_on))
        con.execute("update ops.delivery set status = 'landed' where status in ('read', 'checked')")
        con.execute(
            "insert or ignore into ops.tainted select version from ops.model where method = 'model' and status <> 'refused'"
        )
    return {}


def _cut_raw(deployment: Deployment, pending: Journal) -> dict[str, int]:
    with connect(deployment) as con:
        return received.take_out(
            con, deployment, pending.numbers, received.lines_of_students(con, _keys(con, deployment, pending))
        )


def _empty_warehouse(deployment: Deployment, pending: Journal) -> dict[str, int]:
    with connect(deployment) as con:
        keys = _keys(con, deployment, pending)
        [(catalog,)] = con.execute("select current_database()").fetchall()
        rows = databases.delete_students(con, str(catalog), keys) + databases.delete_quarantined(con, keys)
        databases.blot_out(con, pending.numbers)
    databases.rebuild(deployment, deployment.warehouse)
    return {"rows": rows}


def _empty_identity(deployment: Deployment, pending: Journal) -> dict[str, int]:
    if not deployment.identity.exists():
        return {}
    with connect(deployment, attach=("identity",)) as con:
        identity.create(con)
        remarks.create(con)
        keys = _keys(con, deployment, pending)
        con.execute("detach identity")
    with duckdb.connect(config=NOTHING_FROM_OUTSIDE) as con:
        con.execute(f"attach {literal(deployment.identity)} as store; use store")
        rows = databases.delete_students(con, "store", keys) + databases.delete_rejected(con, pending.numbers)
        con.execute("use memory; detach store")
    databases.rebuild(deployment, deployment.identity)
    return {"identity_rows": rows}


def _clear_work(deployment: Deployment, pending: Journal) -> dict[str, int]:
    """Staging, spilled and handed-out files, half-made models; what of them is needed is made again from what is left."""
    handed_out = deployment.work / "handed_out"
    count = len(list(handed_out.iterdir())) if handed_out.is_dir() else 0
    for path in deployment.work.glob("*"):
        if path.name not in KEPT_IN_WORK:
            _remove(path)
    for target in deployment.country.targets:
        Candidate(deployment, target).remove()
    for left in [*deployment.models.glob(".*.partial"), *deployment.raw.glob(".landing-*")]:
        _remove(left)
    return {"handed_out": count}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _keys(con: duckdb.DuckDBPyConnection, deployment: Deployment, pending: Journal) -> list[int]:
    return [pseudonym_of(con, deployment, number).student_key for number in pending.numbers]
