"""The run ledger: what ran, on what, with which result. Counts and hashes only, never a row."""

import datetime as dt
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import structlog

from dropout import __version__
from dropout.errors import DropoutError
from dropout.settings import Deployment

Counts = dict[str, Any]
log = structlog.get_logger("dropout")


@dataclass(frozen=True)
class Run:
    """One run of a verb or a flow: its number, its kind, and the date it speaks for."""

    deployment: Deployment
    kind: str
    as_of: dt.date
    run_id: str = field(default_factory=lambda: f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{os.urandom(3).hex()}")


def settings_sha256(deployment: Deployment) -> str:
    """Hash of the settings in force, so that two runs can be compared."""
    return hashlib.sha256(deployment.settings.model_dump_json().encode()).hexdigest()


@cache
def code_version() -> str:
    """Version of the package, with the commit when it runs from a checkout."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return __version__
    git = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=here, capture_output=True, text=True)  # noqa: S607
    return f"{__version__}+{git.stdout.strip()}" if git.returncode == 0 else __version__


def open_run(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Records that `run` began, once; a run that a kill left open is marked `died`."""
    con.execute("update ops.run set status = 'died' where status = 'running' and run_id <> ?", [run.run_id])
    con.execute(
        "insert or ignore into ops.run (run_id, kind, as_of_date, status, started_at, code_version, settings_sha256) "
        "values (?, ?, ?, 'running', ?, ?, ?)",
        [run.run_id, run.kind, run.as_of, _now(), code_version(), settings_sha256(run.deployment)],
    )


def close_run(con: duckdb.DuckDBPyConnection, run: Run, status: str, exit_code: int = 0) -> None:
    """Records how `run` ended: done, kept (the gate kept the last publication), refused or failed; and on which deliveries."""
    con.execute(
        "update ops.run set status = ?, exit_code = ?, finished_at = ?, "
        "seconds = date_diff('millisecond', started_at, ?::timestamp) / 1000, inputs_sha256 = (select "
        "sha256(string_agg(delivery_id, ' ' order by delivery_id)) from ops.delivery where status = 'loaded') where run_id = ?",
        [status, exit_code, (now := _now()), now, run.run_id],
    )


@contextmanager
def step(con: duckdb.DuckDBPyConnection, run: Run, name: str) -> Iterator[Counts]:
    """Records one verb of `run`: seconds, counts (the dictionary it yields), and how it ended."""
    open_run(con, run)
    counts: Counts = {}
    began, clock, status = _now(), time.perf_counter(), "failed"
    log.info("step started", step=name, run_id=run.run_id)
    try:
        yield counts
        status = "done"
    except DropoutError as error:
        counts["error"] = type(error).__name__
        raise
    finally:
        seconds = round(time.perf_counter() - clock, 3)
        con.execute(
            "insert into ops.step (run_id, ordinal, step, status, started_at, seconds, counts) values "
            "(?, (select count(*) from ops.step where run_id = ?), ?, ?, ?, ?, ?)",
            [run.run_id, run.run_id, name, status, began, seconds, json.dumps(counts, sort_keys=True, default=str)],
        )
        log.info("step " + status, step=name, run_id=run.run_id, seconds=seconds, **counts)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def notice(con: duckdb.DuckDBPyConnection, run: Run, step: str, error: DropoutError) -> None:
    """Records what a step left out while the run goes on: a stopped file, a delivery that waits, a school without data."""
    log.warning(error.what, step=step, run_id=run.run_id, where=error.where, cause=error.cause, remedy=error.remedy)
    con.execute(
        "insert into ops.notice values (?, ?, ?, ?, ?, ?, ?)",
        [run.run_id, step, error.where, error.what, error.cause, error.remedy, _now()],
    )
