"""purge: what is older than contracts and settings let it be goes, and so does what the door kept out of tonight's files.

Limits move with the month, so that the files are built anew once a month and not every night.
"""

import datetime as dt
import shutil
from dataclasses import dataclass

import duckdb

from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import create_core, quoted
from dropout.erasure import databases, received
from dropout.extracts import suppressed
from dropout.extracts.answers import remarks
from dropout.privacy import audit, identity
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse.ledger import Counts, Run

MARK = "compact"  # a file of work/: rows were deleted, and their bytes wait for the files to be built anew
NIGHTLY = ("score", "concept", "reason", "list_entry")
RUNS = {"run": "started_at", "step": "started_at", "notice": "noticed_at"}


@dataclass(frozen=True)
class Limit:
    """The day before which things are old, by how many years they are kept."""

    month: dt.date

    def before(self, years: int) -> dt.date:
        """The first day of this month, `years` years ago."""
        return self.month.replace(year=self.month.year - years)


def purge(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Deletes what is too old as of the run's date, and cuts suppressed lines out of `raw/`. Needs identity attached.

    Returns counts by kind; where anything went, an entry of the audit log has them. The bytes go when the files are
    built anew, which `compact` does when nobody has them open.
    """
    deployment, settings = run.deployment, run.deployment.settings.privacy
    create_core(con)
    identity.create(con)
    remarks.create(con)
    today = min(run.as_of, dt.date.today())  # a date ahead of the clock must not empty the warehouse
    limit = Limit(today.replace(day=1))
    (deployment.work / MARK).touch(mode=0o600)
    _ended(con, deployment, today)
    counts: Counts = {"identities": _identities(con, limit), "remarks": _remarks(con, limit)}
    counts["aside"] = _aside(con, limit.before(settings.aside_years))
    counts["students"], counts["rows"] = _students(con, limit)
    counts["rows"] += _dated(con, limit)
    counts["lists"] = _lists(con, limit.before(settings.lists_years))
    counts["runs"] = sum(
        _changed(con, f"delete from ops.{table} where {column} < ?", [limit.before(settings.runs_years)])
        for table, column in RUNS.items()
    )
    if not any(counts.values()):
        (deployment.work / MARK).unlink()
    counts["deliveries"] = _deliveries(con, deployment, limit.before(settings.raw_years))
    suppressed.prepare(con, deployment)
    counts |= received.cut_suppressed(con, deployment)
    if told := {name: int(count) for name, count in counts.items() if count}:
        audit.record(con, deployment, "purged", run_id=run.run_id, facts={**told})
    return counts


def compact(deployment: Deployment) -> bool:
    """Builds the databases anew where a purge has deleted rows and that is not done yet; nobody may have them open."""
    mark = deployment.work / MARK
    if not mark.exists():
        return False
    databases.compact(deployment)
    mark.unlink()
    return True


def _ended(con: duckdb.DuckDBPyConnection, deployment: Deployment, today: dt.date) -> None:
    """Temp table `ended`: when each pupil's last enrolment ended."""
    years = deployment.country.years(today.year - 60, today.year + 1)
    values = {"years": [y.school_year for y in years], "ends": [y.end_date for y in years]}
    con.execute(f"create or replace temp table ended as {sql('retention/ended')}", values)


def _identities(con: duckdb.DuckDBPyConnection, limit: Limit) -> int:
    """Names, numbers and phones of pupils who left long ago."""
    retention = load_contracts()["student"].retention
    assert retention is not None
    years = min(retention.identity_years or retention.years, retention.years)
    old = "select student_key from ended where ended_on < ?"
    return _changed(con, f"delete from identity.student where student_key in ({old})", [limit.before(years)])


def _remarks(con: duckdb.DuckDBPyConnection, limit: Limit) -> int:
    retention = load_contracts()["followup"].retention
    assert retention is not None
    return _changed(con, "delete from identity.remark where list_date < ?", [limit.before(retention.years)])


def _aside(con: duckdb.DuckDBPyConnection, before: dt.date) -> int:
    old = "select {} from ops.delivery where arrived_on < ?"
    files = f"select file_id from ops.file where delivery_no in ({old.format('delivery_no')})"
    return _changed(con, f"delete from identity.reject_line where file_id in ({files})", [before]) + _changed(
        con, f"delete from ops.quarantine where delivery_no in ({old.format('delivery_no')})", [before]
    )


def _students(con: duckdb.DuckDBPyConnection, limit: Limit) -> tuple[int, int]:
    """Pupils whose last enrolment ended long ago, from every table; how many, and with how many rows."""
    retention = load_contracts()["student"].retention
    assert retention is not None
    before = limit.before(retention.years)
    keys = [k for (k,) in con.execute("select student_key from ended where ended_on < ?", [before]).fetchall()]
    if not keys:
        return 0, 0
    [(catalog,)] = con.execute("select current_database()").fetchall()
    return len(keys), databases.delete_students(con, str(catalog), keys)


def _dated(con: duckdb.DuckDBPyConnection, limit: Limit) -> int:
    """Rows of tables with an event date; enrolments and students go by the pupil."""
    count = 0
    for contract in load_contracts().values():
        if contract.retention is None or contract.event_date is None or contract.table == "enrolment":
            continue
        before, event = limit.before(contract.retention.years), quoted(contract.event_date)
        table = quoted(contract.table)
        count += _changed(con, f"delete from core.{table} where coalesce({event}, known_at) < ?", [before])
        day = event if contract.event_date in contract.key else "known_at"
        count += _changed(con, f"delete from gone.{table} where {day} < ?", [before])
    return count


def _lists(con: duckdb.DuckDBPyConnection, before: dt.date) -> int:
    tables = [f"night.{name}" for name in NIGHTLY] + ["ops.list_entry"]
    return sum(_changed(con, f"delete from {table} where as_of_date < ?", [before]) for table in tables)


def _deliveries(con: duckdb.DuckDBPyConnection, deployment: Deployment, before: dt.date) -> int:
    """Folders of received files that arrived long ago; the ledger still knows them, so that the same bytes stay known."""
    old = con.execute(
        "select delivery_id from ops.delivery where arrived_on < ? and status in ('loaded', 'refused') order by 1", [before]
    ).fetchall()
    folders = [deployment.raw / name for (name,) in old if (deployment.raw / name).is_dir()]
    for folder in folders:
        hidden = folder.with_name(f".landing-{folder.name}")  # half a folder looks like none, and landing clears it
        folder.rename(hidden)
        shutil.rmtree(hidden)
    return len(folders)


def _changed(con: duckdb.DuckDBPyConnection, statement: str, values: list[object]) -> int:
    row = con.execute(statement, values).fetchone()
    return int(row[0]) if row else 0
