"""One connection to the warehouse, with the identity store or the staging file attached when a step needs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import duckdb

from dropout.errors import DeploymentError, LockedError
from dropout.quiet import NOTHING_FROM_OUTSIDE
from dropout.resources import resource
from dropout.settings import Deployment
from dropout.warehouse import key_id, swap
from dropout.warehouse.lock import exclusive

Attached = Literal["identity", "staging"]


@contextmanager
def connect(deployment: Deployment, *, attach: tuple[Attached, ...] = ()) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-write connection to `warehouse.duckdb`, migrated; `attach` adds `identity` or `staging` as catalogs.

    DuckDB writes one attached file per transaction, so a step commits file by file in an order that a
    crash between two of them cannot harm. Raises LockedError while another process holds the file, and DeploymentError
    when the pseudonyms in it were made with another key than the deployment's.
    """
    con = _open_settled(deployment)
    try:
        migrate(con)
        key_id.verify(con, deployment)
        for name in attach:
            path = getattr(deployment, name)
            con.execute(f"attach '{_quoted(path)}' as {name}")
            path.chmod(0o600)
        yield con
    finally:
        con.close()


@contextmanager
def read_only(con: duckdb.DuckDBPyConnection, path: Path, catalog: str) -> Iterator[None]:
    """Another database as `catalog`, only to look into; raises DeploymentError when it cannot be opened."""
    try:
        con.execute(f"attach '{_quoted(path)}' as {catalog} (read_only)")
    except duckdb.Error as error:
        raise DeploymentError(
            "the file cannot be opened", where=path.name, cause=type(error).__name__, remedy="Restore it from a copy."
        ) from None
    try:
        yield
    finally:
        con.execute(f"detach {catalog}")


def _open_settled(deployment: Deployment) -> duckdb.DuckDBPyConnection:
    """The warehouse, after any moves that were promised are made: what is opened before is only half of something."""
    path, spill, memory_mb = deployment.warehouse, deployment.work / "tmp", deployment.settings.intake.memory_mb
    if not swap.is_promised(deployment.root):
        con = _open(path, spill, memory_mb)
        if not swap.is_promised(deployment.root):  # nor was it promised just before the file was open
            return con
        con.close()
    with exclusive(deployment):
        return _open(path, spill, memory_mb)


def _open(path: Path, spill: Path, memory_mb: int) -> duckdb.DuckDBPyConnection:
    spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        limits = {
            **NOTHING_FROM_OUTSIDE,
            "memory_limit": f"{memory_mb}MiB",
            # not encrypted: DuckDB's wheel has no module that can write encrypted files, and a spill would end in an error
            "temp_directory": str(spill),
        }
        con = duckdb.connect(str(path), config=limits)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise LockedError(
                "the warehouse is open in another process",
                where=path.name,
                remedy="Wait until that run has ended; close other programs that opened the file.",
            ) from None
        raise DeploymentError("the warehouse cannot be opened", where=path.name, cause=str(error)) from None
    path.chmod(0o600)
    con.execute("set TimeZone='UTC'; set enable_progress_bar=false")
    return con


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def migrate(con: duckdb.DuckDBPyConnection) -> int:
    """Applies the numbered files of `sql/migrations` that this warehouse has not seen; returns how many."""
    con.execute("create table if not exists migration (number integer primary key, name varchar, applied_at timestamp)")
    done = {number for (number,) in con.execute("select number from migration").fetchall()}
    pending = [p for p in sorted(resource("sql/migrations").glob("*.sql")) if int(p.name[:4]) not in done]
    for path in pending:
        con.execute("begin")
        con.execute(path.read_text(encoding="utf-8"))
        con.execute("insert into migration values (?, ?, now()::timestamp)", [int(path.name[:4]), path.stem])
        con.execute("commit")
    return len(pending)
