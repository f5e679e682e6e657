"""A warehouse in memory with checked rows staged by hand, for tests of the load alone: no files, no readers."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import create_core, gone_ddl, staging_ddl
from dropout.extracts.load import load
from dropout.extracts.source import Source, SourceFile
from dropout.settings import Deployment, Settings
from dropout.warehouse.connect import migrate
from dropout.warehouse.ledger import Counts, Run

Row = Mapping[str, Any]


def staged_warehouse() -> duckdb.DuckDBPyConnection:
    """A migrated warehouse with an empty staging database beside it."""
    con = duckdb.connect()
    con.execute("set threads = 2")
    migrate(con)
    create_core(con)
    con.execute("attach ':memory:' as staging")
    return con


def source(table: str, *, within: Iterable[str] = (), mode: str = "full", name: str = "t") -> Source:
    """A source whose files `full*` are full files of the table, and `part*` increments of it."""
    shared: dict[str, Any] = {"table": table, "columns": {}}
    return Source(
        source=name,
        title="Test",
        attendance_mode=mode,  # type: ignore[arg-type]
        files=[
            SourceFile(match="full*", contents="snapshot", within=list(within), **shared),
            SourceFile(match="part*", **shared),
        ],
    )


@dataclass
class File:
    """One file of a delivery, as `read` and `check` leave it."""

    name: str
    table: str
    rows: list[Row] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    quarantined: list[Row] = field(default_factory=list)  # each with `rules`
    rejects: int = 0
    mode: str | None = None
    status: str = "read"
    source: str = "t"

    @property
    def contents(self) -> str:
        return "snapshot" if self.name.startswith("full") else "increment"


@dataclass
class Sent:
    """One delivery: known on `day`, as history or that night."""

    day: dt.date
    files: list[File]
    is_history: bool = True
    name: str = ""


def arrive(con: duckdb.DuckDBPyConnection, deliveries: Iterable[Sent]) -> Counts:
    """Stages the deliveries, all checked, and loads them at once."""
    con.execute("drop schema if exists staging.checked cascade; drop schema if exists staging.gone cascade")
    con.execute("create schema staging.checked; create schema staging.gone")
    for contract in load_contracts().values():
        con.execute(staging_ddl(contract, "staging.checked"))
        con.execute(gone_ddl(contract, "staging.gone"))
    for name in ("quarantine", "rule_result"):
        con.execute(f"create table staging.checked.{name} as from ops.{name} limit 0")
    day = dt.date(2000, 1, 1)
    for sent in deliveries:
        day = max(day, sent.day)
        _stage(con, sent)
    return load(con, Run(Deployment(Path(), Settings()), "test", day, "r1"))


def _stage(con: duckdb.DuckDBPyConnection, sent: Sent) -> None:
    (no,) = con.execute("select coalesce(max(delivery_no), 0) + 1 from ops.delivery").fetchall()[0]
    con.execute(
        "insert into ops.delivery (delivery_id, delivery_no, name, source, delivered_on, arrived_on, is_history, status, "
        "file_count, byte_count) values (?, ?, ?, ?, ?, ?, ?, 'checked', 1, 1)",
        [str(no), no, sent.name or f"{sent.day}", sent.files[0].source, sent.day, sent.day, sent.is_history],
    )
    for file in sent.files:
        (file_id,) = con.execute("select nextval('ops.file_number')").fetchall()[0]
        con.execute(
            "insert into ops.file (file_id, delivery_no, file, source_file, line_count, row_count, reject_count, source, "
            "attendance_mode, contents, status) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [file_id, no, file.name, file.table, len(file.rows) + file.rejects, len(file.rows), file.rejects, file.source,
             file.mode, file.contents, file.status],
        )  # fmt: skip
        for line, row in enumerate(file.rows, 2):
            meta = {"known_at": sent.day, "delivery_no": no, "file_id": file_id, "line": line}
            _insert(con, f"staging.checked.{file.table}", {**meta, **row})
        for line, row in enumerate(file.gone, 2 + len(file.rows)):
            meta = {"known_at": sent.day, "delivery_no": no, "file_id": file_id, "line": line}
            _insert(con, f"staging.gone.{file.table}", {**meta, **row})
        for line, row in enumerate(file.quarantined, 2):
            data = {k: v for k, v in row.items() if k != "rules"}
            con.execute(
                "insert into staging.checked.quarantine values (?, ?, ?, ?, ?, ?::json::varchar)",
                [no, file.table, file_id, line, row["rules"], str(_json(data))],
            )


def _json(data: Row) -> str:
    import json

    return json.dumps({k: str(v) if isinstance(v, dt.date) else v for k, v in data.items()})


def _insert(con: duckdb.DuckDBPyConnection, table: str, row: Row) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    con.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))
