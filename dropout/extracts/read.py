"""read: text → typed rows under pseudonyms; identity goes to its own store; lines = rows + rejects."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from dropout.contracts.contract import Contract, load_contracts
from dropout.contracts.ddl import quoted, staging_columns, staging_ddl
from dropout.errors import ExtractError
from dropout.extracts.source import Source, SourceFile, load_source
from dropout.extracts.text import Reject, read_cells
from dropout.extracts.typed import type_cells
from dropout.privacy import identity, pseudonym
from dropout.privacy.keys import read_key
from dropout.resources import sql
from dropout.warehouse.ledger import Counts, Run


@dataclass(frozen=True)
class Delivery:
    """A landed delivery, as the ledger knows it."""

    no: int
    folder: Path
    name: str
    source: Source
    known_at: str  # SQL for the date its rows were known, given the row's event date as `event_date`


def read(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Reads every delivery that is landed and not yet loaded into `staging.read.*`. Needs identity and staging attached.

    Counts lines, rows and rejects. A file that cannot be read at all refuses its delivery: the others are read,
    then ExtractError is raised for the first one refused.
    """
    pseudonym.install(con, read_key(run.deployment))
    identity.create(con)
    _clear_staging(con)
    counts: Counts = {"deliveries": 0, "files": 0, "lines": 0, "rows": 0, "rejects": 0, "refused": 0}
    refusal: ExtractError | None = None
    for delivery in _waiting(con, run):
        try:
            for key, value in _read_delivery(con, run, delivery).items():
                counts[key] += value
            counts["deliveries"] += 1
        except ExtractError as error:
            _forget_staged(con, delivery.no)
            con.execute("update ops.delivery set status = 'refused' where delivery_no = ?", [delivery.no])
            counts["refused"] += 1
            error.where = f"{delivery.name}/{error.where}" if error.where else delivery.name
            refusal = refusal or error
    if refusal:
        raise type(refusal)(refusal.what, where=refusal.where, cause=refusal.cause, remedy=refusal.remedy)
    return counts


def _waiting(con: duckdb.DuckDBPyConnection, run: Run) -> list[Delivery]:
    rows = con.execute(
        "select delivery_no, delivery_id, name, source, is_history, delivered_on, arrived_on from ops.delivery "
        "where status in ('landed', 'read', 'checked') order by name, delivery_no"
    ).fetchall()
    found = []
    for no, folder, name, source_name, is_history, delivered_on, arrived_on in rows:
        source = load_source(source_name)
        if not is_history:
            known_at = f"date '{arrived_on}'"
        elif delivered_on:
            known_at = f"date '{delivered_on}'"
        else:
            known_at = f"coalesce(event_date + {source.reporting_lag_days}, date '1900-01-01')"
        found.append(Delivery(no, run.deployment.raw / folder, name, source, known_at))
    return found


def _clear_staging(con: duckdb.DuckDBPyConnection) -> None:
    """Staging is made anew from `raw/` at each read: what a crash left there is worth nothing."""
    con.execute("create schema if not exists staging.read; create schema if not exists staging.checked")
    for contract in load_contracts().values():
        con.execute(staging_ddl(contract, "staging.read"))


def _forget_staged(con: duckdb.DuckDBPyConnection, delivery_no: int) -> None:
    for table in load_contracts():
        con.execute(f"delete from staging.read.{table} where delivery_no = ?", [delivery_no])


def _read_delivery(con: duckdb.DuckDBPyConnection, run: Run, delivery: Delivery) -> Counts:
    con.execute("delete from ops.reject where file_id in (select file_id from ops.file where delivery_no = ?)", [delivery.no])
    con.execute("delete from ops.file where delivery_no = ?", [delivery.no])
    run.deployment.work.mkdir(mode=0o700, exist_ok=True)
    counts = {"files": 0, "lines": 0, "rows": 0, "rejects": 0}
    with tempfile.TemporaryDirectory(dir=run.deployment.work, prefix="read-") as work:
        for path in sorted(delivery.folder.iterdir()):
            kind = delivery.source.file_for(path.name)
            if kind is None:
                raise ExtractError("the source no longer knows this file", where=path.name, remedy="Restore it in the source.")
            lines, rejects = _read_file(con, path, delivery, kind, Path(work))
            counts["files"] += 1
            counts["lines"] += lines
            counts["rows"] += lines - rejects
            counts["rejects"] += rejects
    for table in delivery.source.derive:
        _derive(con, delivery, load_contracts()[table])
    con.execute("update ops.delivery set status = 'read' where delivery_no = ?", [delivery.no])
    return counts


def _read_file(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery, kind: SourceFile, work: Path) -> tuple[int, int]:
    """One file into staging (or, for a raw kind, into temp table `raw_<name>`); returns its lines and rejects."""
    cells = read_cells(con, path, delivery.source, kind, work)
    rejects = cells.rejects + type_cells(con, delivery.source, kind.types(), kind.codes, kind.constants)
    file_id = _record(con, path.name, delivery.no, kind, cells.line_count, rejects)
    if kind.raw:
        con.execute(f"create or replace temp table raw_{kind.raw} as select {file_id} as file_id, * from typed")
    else:
        _stage(con, f"(select {file_id} as file_id, * from typed)", delivery, load_contracts()[kind.table], set(kind.types()))
    return cells.line_count, len(rejects)


def _record(con: duckdb.DuckDBPyConnection, name: str, no: int, kind: SourceFile, lines: int, rejects: list[Reject]) -> int:
    row = con.execute("select nextval('ops.file_number')").fetchone()
    assert row is not None
    file_id = int(row[0])
    con.execute(
        "insert into ops.file values (?, ?, ?, ?, ?, ?, ?)",
        [file_id, no, name, kind.label, lines, lines - len(rejects), len(rejects)],
    )
    if rejects:
        line, column, reason = zip(*rejects, strict=True)
        table = pa.table({"line": line, "column_name": column, "reason": reason})
        con.register("found_rejects", table)
        con.execute(f"insert into ops.reject select {file_id}, line, column_name, reason from found_rejects")
        con.unregister("found_rejects")
    return file_id


def _derive(con: duckdb.DuckDBPyConnection, delivery: Delivery, contract: Contract) -> None:
    """Rows of one of our tables from the raw files of a delivery, by the source's own statement."""
    statement = sql(f"staging/{delivery.source.source}/{contract.table}")
    con.execute(f"create or replace temp table derived as {statement}")
    given = {str(c[0]) for c in con.execute("describe derived").fetchall()}
    _stage(con, "derived", delivery, contract, given)
    con.execute("drop table derived")


def _stage(con: duckdb.DuckDBPyConnection, origin: str, delivery: Delivery, contract: Contract, given: set[str]) -> None:
    """Inserts canonical rows of `origin` (with file_id and line) into staging, and their identity into its store."""
    event = f'"{contract.event_date}"' if contract.event_date else "null::date"
    known_at = delivery.known_at.replace("event_date", event)
    values = []
    for name, column in contract.warehouse_columns.items():
        extract = column.source or name
        if extract not in given:
            values.append("null")
        elif column.pii == "pseudonym":
            values.append(f'pseudonym("{extract}")')
        elif name == "birth_year":
            values.append("year(birth_date)")
        else:
            values.append(f'"{extract}"')
    columns = ", ".join(quoted(c) for c in staging_columns(contract))
    con.execute(
        f"insert into staging.read.{contract.table} ({columns}) "
        f"select {', '.join(values)}, {known_at}, {delivery.no}, file_id, line from {origin}"
    )
    if contract.identity_columns and "student_id" in given:
        held = ", ".join(f'"{c}"' if c in given else f'null as "{c}"' for c in identity.COLUMNS)
        con.execute(
            f"create or replace temp table identity_row as select pseudonym(student_id) as student_key, {held}, "
            f"{known_at} as known_at, line from {origin} where student_id is not null"
        )
        identity.remember(con, "identity_row")
        con.execute("drop table identity_row")
