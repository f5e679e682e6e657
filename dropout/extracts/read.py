"""read: files → typed rows under pseudonyms; identity goes to its own store; lines = rows + rejects + set aside."""

import errno
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import quoted
from dropout.errors import DropoutError, ExtractError
from dropout.extracts import drift, suppressed
from dropout.extracts.answers import reading, remarks
from dropout.extracts.confined import Limits
from dropout.extracts.rejected import keep_rejects
from dropout.extracts.sheet import Sheet
from dropout.extracts.siblings import joined
from dropout.extracts.source import LISTS, Source, SourceFile, assign, learn, load_source
from dropout.extracts.stage import clear, forget, stage
from dropout.extracts.take import Taken, open_sheet, take
from dropout.extracts.whole import drop, fits, forget_whole, table_name, take_whole
from dropout.privacy import identity, pseudonym
from dropout.privacy.keys import read_key
from dropout.resources import sql
from dropout.warehouse.deadline import deadline
from dropout.warehouse.ledger import Counts, Run, notice

MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)  # no room, or no more files may be open
RECORDS = (
    "ops.reject",
    "ops.file",
    "ops.suppressed",
    "identity.reject_line",
)  # what the ledger and the identity store hold of a file


@dataclass(frozen=True)
class Delivery:
    """A landed delivery, as the ledger knows it; `arrived_on` is when its rows were known, were it not history."""

    no: int
    folder: Path
    name: str
    known_at: str  # SQL for the date its rows were known, given the row's event date as `event_date`
    is_history: bool


@dataclass(frozen=True)
class Entry:
    """One file of a delivery, and one way in which it is read."""

    name: str
    source: Source
    kind: SourceFile


def read(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Reads every delivery that is landed and not yet loaded into `staging.read.*`. Needs identity and staging attached.

    Counts deliveries, files, lines, rows, rejects, lines set aside, and files stopped. A file that cannot be read, or is not what
    its source sent before, is stopped: it is recorded with the reason, and the rest of its delivery goes on. An
    attended load of history stops nothing in silence: all is read, then ExtractError is raised for the first
    such file, and nothing of its delivery is kept.
    """
    learn(run.deployment.country)
    pseudonym.install(con, read_key(run.deployment))
    identity.create(con)
    remarks.create(con)
    clear(con)
    suppressed.prepare(con, run.deployment)
    counts: Counts = dict.fromkeys(("deliveries", "files", "lines", "rows", "rejects", "aside", "suppressed", "stopped"), 0)
    refusal: ExtractError | None = None
    for delivery in _waiting(con, run):
        found, stops = _read_delivery(con, run, delivery)
        for key, value in found.items():
            counts[key] += value
        is_refused = bool(stops) and (delivery.is_history or found["files"] == len(stops))
        if is_refused:
            forget(con, delivery.no)
            forget_whole(con, delivery.no)
            refusal = refusal or (stops[0] if delivery.is_history else None)
        status = "refused" if is_refused else "read"
        con.execute("update ops.delivery set status = ? where delivery_no = ?", [status, delivery.no])
        counts["deliveries"] += not is_refused
        _count_suppressed(con, delivery.no, counts)
    if refusal:
        raise refusal
    return counts


def _count_suppressed(con: duckdb.DuckDBPyConnection, delivery_no: int, counts: Counts) -> None:
    """Rows of pupils who were forgotten are no rows: only once all of a delivery is read is it known how many."""
    suppressed.drop_rejects(con, delivery_no)
    question = "select coalesce(sum(suppressed_count), 0) from ops.file where delivery_no = ?"
    [(found,)] = con.execute(question, [delivery_no]).fetchall()
    counts["suppressed"] += int(found)
    counts["rows"] -= int(found)


def _waiting(con: duckdb.DuckDBPyConnection, run: Run) -> list[Delivery]:
    # what waited is known from the night on which it goes in: no snapshot before it has seen it
    con.execute(
        "update ops.delivery set arrived_on = $as_of where status = 'landed' and not is_history and arrived_on < $as_of",
        {"as_of": run.as_of},
    )
    rows = con.execute(
        "select delivery_no, delivery_id, name, source, is_history, delivered_on, arrived_on from ops.delivery "
        "where status in ('landed', 'read', 'checked') order by name, delivery_no"
    ).fetchall()
    found = []
    for no, folder, name, source_name, is_history, delivered_on, arrived_on in rows:
        if not is_history:
            known_at = f"date '{arrived_on}'"
        elif delivered_on:
            known_at = f"date '{delivered_on}'"
        else:
            # a mark without a date cannot have been known before it came; a school or student is no event
            known_at = f"coalesce(event_date + {load_source(source_name).reporting_lag_days}, date '{arrived_on}')"
        found.append(Delivery(no, run.deployment.raw / folder, name, known_at, is_history))
    return found


def _read_delivery(con: duckdb.DuckDBPyConnection, run: Run, delivery: Delivery) -> tuple[Counts, list[ExtractError]]:
    """Everything a delivery brings: raw files first, then table by table, students before what refers to them.

    Returns its counts and what stopped; a source whose raw files are not whole stops all of its files.
    """
    con.execute("delete from ops.file where delivery_no = ? and status = 'stopped'", [delivery.no])
    run.deployment.work.mkdir(mode=0o700, exist_ok=True)
    names = sorted(str(p.relative_to(delivery.folder)) for p in delivery.folder.rglob("*") if p.is_file())
    sources = assign(run.deployment.country, names)
    entries = [Entry(n, s, kind) for n, s in sources.items() for kind in s.kinds_for(n)]
    order = ["", *load_contracts()]
    entries.sort(key=lambda e: (order.index(e.kind.table), e.name))
    distinct = {s.source: s for s in sources.values()}
    for source in distinct.values():
        _make_raw(con, source)
    counts = dict.fromkeys(("files", "lines", "rows", "rejects", "aside", "stopped"), 0)
    stops = [_stop(con, run, delivery, name, _unknown(run, name)) for name in names if name not in sources]
    broken = set()
    with tempfile.TemporaryDirectory(dir=run.deployment.work, prefix="read-") as work:
        for entry in entries:
            try:
                for key, value in _read_or_undo(con, run, delivery, entry, Path(work)).items():
                    counts[key] += value
            except ExtractError as error:
                stops.append(_stop(con, run, delivery, entry.name, error, entry))
                broken |= {entry.source.source} if entry.kind.raw else set()
    for source in distinct.values():
        if source.derive and source.source in broken and len(entries) == 1:
            continue  # it has been told already
        if source.derive and source.source in broken:
            whole = ExtractError("files that the others need were stopped", remedy="Mend those first; they are read together.")
            stops += [_stop(con, run, delivery, "", whole)] * len(entries)
        else:
            for table in source.derive:
                _derive(con, run, delivery, source, table)
    return counts | {"files": counts["files"] + len(stops), "stopped": len(stops)}, stops


def _unknown(run: Run, name: str) -> ExtractError:
    return ExtractError(
        f"no source of '{run.deployment.country.country}' knows this file",
        where=name,
        remedy="Map it with: dropout source new, rename it as a source expects, or leave it out of the delivery.",
    )


def _stop(
    con: duckdb.DuckDBPyConnection, run: Run, delivery: Delivery, name: str, error: ExtractError, entry: Entry | None = None
) -> ExtractError:
    """Records a stopped file in the ledger and as a notice; returns the error with the delivery's name in it."""
    error.where = f"{delivery.name}/{error.where}" if error.where else delivery.name
    if name:
        label, source = (entry.kind.label, entry.source.source) if entry else ("", None)
        con.execute(
            "insert into ops.file (file_id, delivery_no, file, source_file, line_count, row_count, reject_count, source, status, "
            "why) values (nextval('ops.file_number'), ?, ?, ?, 0, 0, 0, ?, 'stopped', ?)",
            [delivery.no, name, label, source, f"{error.what}. {error.cause}".strip()],
        )
    notice(con, run, "read", error)
    return error


def _read_or_undo(con: duckdb.DuckDBPyConnection, run: Run, delivery: Delivery, entry: Entry, work: Path) -> Counts:
    """One file, or ExtractError and nothing of it: whatever goes wrong in a file is that file's end, not the night's.

    Our other errors, a lack of memory or disk, and a database that is beyond use are not a file's doing, and pass.
    """
    file_id = _file_number(con, delivery, entry)
    try:
        return _read_file(con, run, delivery, entry, work, file_id)
    except ExtractError:
        _undo(con, entry, file_id)
        raise
    except Exception as error:
        if _is_beyond_a_file(error):
            raise
        _undo(con, entry, file_id)
        raise ExtractError(
            "the file cannot be read",
            where=entry.name,
            cause=f"An unexpected {type(error).__name__}.",  # its text may hold a person's values
            remedy="Export it again; if it stops again, report this file's structure.",
        ) from None


def _is_beyond_a_file(error: Exception) -> bool:
    """Whether `error` would meet any other file too."""
    if isinstance(error, OSError):
        return error.errno in MACHINE
    return isinstance(error, DropoutError | MemoryError | duckdb.FatalException)


def _undo(con: duckdb.DuckDBPyConnection, entry: Entry, file_id: int) -> None:
    """Takes out what a file that is stopped has left in staging and in the ledger."""
    kind = entry.kind
    tables = [f"raw_{kind.raw}"] if kind.raw else [f"staging.read.{kind.table}", f"staging.gone.{kind.table}"]
    for table in (*tables, *RECORDS):
        con.execute(f"delete from {table} where file_id = ?", [file_id])
    if kind.contract:
        drop(con, f"staging.whole.{quoted(table_name(kind.contract, file_id))}")


def _read_file(con: duckdb.DuckDBPyConnection, run: Run, delivery: Delivery, entry: Entry, work: Path, file_id: int) -> Counts:
    """One file into staging (or, for a raw kind, into temp table `raw_<name>`)."""
    kind, settings = entry.kind, run.deployment.settings
    path = delivery.folder / entry.name
    limits = Limits(settings.intake.memory_mb << 20, settings.intake.file_seconds)
    with deadline(con, limits.seconds, entry.name):
        whole = None
        if fits(path, kind, is_history=delivery.is_history):
            whole = take_whole(con, path, kind, entry.name, delivery.known_at, delivery.no, file_id)
        sheet, taken = whole or _sheet_and_rows(con, path, entry, work, limits)
        if entry.source.source != LISTS:  # counselors add and drop columns as they like
            drift.verify_headers(con, entry.source, kind, sheet.header, entry.name, is_attended=delivery.is_history)
        drift.verify_values(con, kind, taken.table, entry.name, settings.contracts.broken_at_most)
        rows, lost = joined(con, taken.rows, kind, entry.name)
        counts = {"lines": taken.line_count, "rejects": taken.reject_count + lost, "aside": taken.aside_count}
        _record(con, delivery, entry, file_id, counts, taken.encoding)
        keep_rejects(con, sheet, file_id)
        rows = f"select {file_id} as file_id, * from ({rows})"
        if kind.raw:
            con.execute(f"insert into raw_{kind.raw} by name {rows}")
        elif not whole:
            _stage(con, rows, delivery, entry)
    return counts | {"files": 1, "rows": counts["lines"] - counts["rejects"] - counts["aside"]}


def _sheet_and_rows(con: duckdb.DuckDBPyConnection, path: Path, entry: Entry, work: Path, limits: Limits) -> tuple[Sheet, Taken]:
    sheet = open_sheet(con, path, entry.kind, work, limits)
    return sheet, take(con, sheet, entry.kind, entry.name)


def _stage(con: duckdb.DuckDBPyConnection, rows: str, delivery: Delivery, entry: Entry) -> None:
    known_at = delivery.known_at
    if entry.kind.known_at and delivery.is_history:
        known_at = f"coalesce(known_at, {known_at})"
    stage(con, rows, load_contracts()[entry.kind.table], known_at, delivery.no)


def _file_number(con: duckdb.DuckDBPyConnection, delivery: Delivery, entry: Entry) -> int:
    """The file's number: a new one, or the one it had when its delivery was read before, of which nothing else is left."""
    place = [delivery.no, entry.name, entry.kind.label]
    known = con.execute("select file_id from ops.file where delivery_no = ? and file = ? and source_file = ?", place).fetchall()
    [(number,)] = known or con.execute("select nextval('ops.file_number')").fetchall()
    for table in RECORDS:
        con.execute(f"delete from {table} where file_id = ?", [number])
    return int(number)


def _record(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, entry: Entry, file_id: int, counts: Counts, encoding: str
) -> None:
    """The file's line in the ledger: lines, rejects and lines set aside."""
    kind, rows = entry.kind, counts["lines"] - counts["rejects"] - counts["aside"]
    con.execute(
        "insert into ops.file (file_id, delivery_no, file, source_file, line_count, row_count, reject_count, aside_count, "
        "source, attendance_mode, contents, encoding) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [file_id, delivery.no, entry.name, kind.label, counts["lines"], rows, counts["rejects"], counts["aside"],
         entry.source.source, kind.attendance_mode, kind.contents, encoding],
    )  # fmt: skip


def _make_raw(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Empty temp tables for the raw files of a source: a file that the delivery leaves out has no rows."""
    for kind in source.files:
        if kind.raw:
            fields = ", ".join(f"{quoted(name)} {type_}" for name, type_ in kind.fields.items())
            con.execute(
                f"create or replace temp table raw_{kind.raw} (file_id integer, line bigint, {fields}, is_deleted boolean)"
            )


def _derive(con: duckdb.DuckDBPyConnection, run: Run, delivery: Delivery, source: Source, table: str) -> None:
    """Rows of one of our tables from the raw files of a delivery, by the source's own statement."""
    is_list = source.source == LISTS
    if is_list:
        reading.prepare(con, run.as_of)
    con.execute(f"create or replace temp table derived as {sql(f'staging/{source.source}/{table}')}")
    if is_list:  # free text goes no further
        remarks.keep(con, delivery.known_at)
        for column in remarks.PRIVATE:
            con.execute(f"alter table derived drop column {column}")
    stage(con, "select * from derived", load_contracts()[table], delivery.known_at, delivery.no)
    con.execute("drop table derived")
