"""The verbs by name, and how one is performed: on its own connection, written into the ledger."""

import datetime as dt
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

from dropout.errors import ContractError, DropoutError, ExtractError, GateError, UnexpectedError
from dropout.privacy import audit, rotations
from dropout.settings import Deployment
from dropout.warehouse.connect import Attached, connect
from dropout.warehouse.ledger import Counts, Run, close_run, log, open_run, step
from dropout.warehouse.lock import exclusive


@dataclass(frozen=True)
class Verb:
    """Where a verb lives (imported only when used: some libraries take seconds) and the files it needs attached."""

    module: str
    says: str
    attach: tuple[Attached, ...] = ()
    ahead: str = ""  # a module that the next verb needs and that takes seconds to import: begun meanwhile


VERBS = {
    "land": Verb("dropout.extracts.land", "Copy each delivery of the inbox once into raw/, under its hash."),
    "read": Verb(
        "dropout.extracts.read",
        "Turn landed files into typed rows under pseudonyms.",
        ("identity", "staging"),
        ahead="dropout.contracts.judge",
    ),
    "check": Verb("dropout.contracts.check", "Hold the rows against the contracts; broken ones go to quarantine.", ("staging",)),
    "load": Verb("dropout.extracts.load", "Merge checked rows into the warehouse.", ("staging",)),
    "purge": Verb(
        "dropout.erasure.purge", "Remove what is older than it may be, and lines that the door kept out.", ("identity",)
    ),
    "train": Verb("dropout.model.train", "Train candidate models on past cohorts."),
    "calibrate": Verb("dropout.model.calibrate", "Fit chances and intervals on a later cohort."),
    "evaluate": Verb("dropout.model.evaluate", "Judge the candidates forward in time, at capacity, beside the baselines."),
    "refit": Verb("dropout.explain.refit", "Fit the candidates again on halves of their students, to tell which reasons hold."),
    "promote": Verb("dropout.model.promote", "Promote a candidate that beats the baselines; else the absence rule."),
    "snapshot": Verb("dropout.features.snapshot", "Compute every enrolled student's features as of the date."),
    "recalibrate": Verb("dropout.model.recalibrate", "Hold chances of a short horizon against outcomes newly known."),
    "score": Verb("dropout.model.score", "Give each student a calibrated chance, and cut the lists at capacity."),
    "explain": Verb("dropout.explain.explain", "Turn exact SHAP contributions into reasons."),
    "gate": Verb("dropout.monitor.gate", "Decide whether tonight's output may be published."),
    "publish": Verb("dropout.publish.publish", "Build and verify a generation, then swap it in."),
}
NIGHT_INTAKE = ("land", "read", "check", "load", "purge")
SEASON = ("train", "calibrate", "evaluate", "refit", "promote")
NIGHT_OUTPUT = ("snapshot", "recalibrate", "score", "explain", "gate", "publish")
Perform = Callable[[Run, str], Counts]


def perform(run: Run, name: str, **options: Any) -> Counts:
    """Performs verb `name`; its counts go into the ledger and come back."""
    verb = VERBS[name]
    function = getattr(import_module(verb.module), name)
    if verb.ahead:
        Thread(target=import_module, args=(verb.ahead,), daemon=True).start()
    with connect(run.deployment, attach=verb.attach) as con, step(con, run, name) as counts:
        counts.update(_told_by_place(function, con, run, options))
        audit.record_verb(con, run, name, counts)
    return counts


def _told_by_place(function: Callable[..., Counts], con: Any, run: Run, options: dict[str, Any]) -> Counts:
    """Runs a verb; raises UnexpectedError for what is no error of ours, with its kind and where in the code it arose.

    A library's own text can quote a cell, and Prefect keeps what an exception says. The machine's errors pass: a full
    disk has no person in it, and is best told in its own words.
    """
    try:
        return function(con, run, **options)
    except (DropoutError, OSError, MemoryError):
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        ours = [f for f in traceback.extract_tb(error.__traceback__) if "/dropout/" in f.filename] or [last]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        remedy = "Report this place and kind; the last publication stays."
        raise UnexpectedError(f"an unexpected {type(error).__name__}", where=where, remedy=remedy) from None


def night(run: Run, do: Perform) -> dict[str, Counts]:
    """The night: what arrived goes in, a season runs if one is due, lists and tables come out."""
    done = {name: do(run, name) for name in NIGHT_INTAKE}
    import_module("dropout.erasure.purge").compact(run.deployment)
    if not is_in_school_year(run):
        log.info("no school year on this date: the last publication stays", as_of=str(run.as_of))
        return done
    if season_is_due(run):
        done |= season(run, do)
    return done | {name: do(run, name) for name in NIGHT_OUTPUT}


def season(run: Run, do: Perform) -> dict[str, Counts]:
    """The season: candidates are trained, calibrated, judged, fitted again on halves, and promoted or not."""
    return {name: do(run, name) for name in SEASON}


def is_in_school_year(run: Run) -> bool:
    """Whether the date lies in a school year of the country; outside of one nobody is enrolled, and nothing is listed."""
    years = run.deployment.country.years(run.as_of.year - 1, run.as_of.year)
    return any(y.start_date <= run.as_of <= y.end_date for y in years)


def season_is_due(run: Run) -> bool:
    """No model yet for a target of the country, or a cohort is complete that the promoted one has not seen."""
    is_due = import_module("dropout.model.season").is_due
    with connect(run.deployment) as con:
        return bool(is_due(con, run))


@contextmanager
def running(deployment: Deployment, kind: str, as_of: dt.date | None) -> Iterator[Run]:
    """One run under the deployment's lock: opened in the ledger, and closed there however it ends."""
    run = Run(deployment, kind, as_of or dt.datetime.now(ZoneInfo(deployment.timezone)).date())
    with exclusive(deployment), _closed():
        import_module("flows.forget").finish(deployment)  # what was to be erased when a process died
        with connect(deployment) as con:
            open_run(con, run)
            rotations.tell(con, deployment)
            audit.record(con, deployment, "run_begun", run_id=run.run_id, facts={"kind": kind, "as_of_date": str(run.as_of)})
        status, code = "failed", 1
        try:
            yield run
            status, code = "done", 0
        except DropoutError as error:
            refused = isinstance(error, ExtractError | ContractError)
            status = "kept" if isinstance(error, GateError) else "refused" if refused else "failed"
            code = error.exit_code
            raise
        finally:
            with connect(deployment) as con:
                close_run(con, run, status, code)
                audit.record(con, deployment, "run_ended", run_id=run.run_id, facts={"status": status, "exit_code": code})


@contextmanager
def _closed() -> Iterator[None]:
    """What a run writes is its owner's alone, also where no command line set the umask; published/ is opened by name."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
