"""Leak canaries: signals that only the future could know are planted in a copy of the warehouse; no score may move.

Each canary is planted by itself. Then a season is trained and tonight's students are scored, as on the warehouse as it
is; features, boosters and scores must be the same to the last bit. A control plants the first signal as if it had been
known in time: it must be seen, or the test would pass blindly. (Kaufman et al. 2012, Leakage in data mining, TKDD 6.)
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

import duckdb
import numpy as np

from dropout.errors import HistoryError
from dropout.features import snapshot
from dropout.features.catalogue import load_catalogue
from dropout.model import booster
from dropout.model.candidate import Candidate
from dropout.model.night import tonight
from dropout.model.recipe import Plan
from dropout.model.train import PLAN, train
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run

WHEN_OVER = "end_date + 1"  # after the last snapshot of the year
IN_TIME = "start_date + 21"
SEEN = "seen"
UNSEEN = "unseen"
TRIALS = 2  # of a search, for each season: enough to see whether it would move
COPIED = ("dropout.toml", "warehouse.duckdb", "secrets")


@dataclass(frozen=True)
class Canary:
    """A signal: what it is, the tables it is planted in (statement → core table), and when its rows were known."""

    name: str
    says: str
    plants: tuple[tuple[str, str], ...]
    known_at: str = WHEN_OVER
    must_be: str = UNSEEN


CANARIES = (
    Canary("outcome", "a mark that copies the outcome, known after the year", (("outcome", "grade"),)),
    Canary("late_marks", "marks entered after the exit", (("late_marks", "grade"),)),
    Canary(
        "rows_after_exit",
        "absences and registers of the days after the exit",
        (("absences_after", "attendance"), ("registers_after", "register")),
    ),
    Canary("late_exit", "an exit early in the year that became known after it", (("late_exit", "enrolment"),)),
    Canary("future", "everything that became known after tonight, taken away", ()),
    Canary("control", "the mark that copies the outcome, known in time", (("outcome", "grade"),), IN_TIME, SEEN),
)


@dataclass(frozen=True)
class Found:
    """What became of one canary. `rows` planted (or taken away); 0: there was nothing to plant, and nothing is proved."""

    canary: str
    says: str
    rows: int
    must_be: str
    features: str
    booster: str
    scores: str

    @property
    def is_good(self) -> bool:
        """Whether all that was planted was seen, or unseen, as it must be; a control must at least move the features."""
        if not self.rows:
            return self.must_be == UNSEEN
        if self.must_be == SEEN:
            return self.features == SEEN
        return {self.features, self.booster, self.scores} == {UNSEEN}


@dataclass(frozen=True)
class State:
    """Digests of a season and a night."""

    features: str
    booster: str
    scores: str


def prove_leaks(run: Run) -> list[Found]:
    """Plants every canary in copies of the deployment, for the target of the lists; the deployment itself is only read.

    Raises HistoryError where no school year is complete by `run.as_of`: there is nothing to train on.
    """
    with _copy(run) as copy:
        before = _state(copy)
    found = []
    for canary in CANARIES:
        with _copy(run) as copy:
            rows = _plant(copy, canary)
            now = _state(copy) if rows else before
        changed = [SEEN if a != b else UNSEEN for a, b in zip(vars(before).values(), vars(now).values(), strict=True)]
        found.append(Found(canary.name, canary.says, rows, canary.must_be, *changed))
    return found


@contextmanager
def _copy(run: Run) -> Iterator[Run]:
    """A run on a copy of what a season reads; it is thrown away."""
    run.deployment.work.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=run.deployment.work, prefix="canary-") as folder:
        for name in COPIED:
            path = run.deployment.root / name
            (shutil.copytree if path.is_dir() else shutil.copy)(path, Path(folder) / name)
        model = run.deployment.settings.model
        few = model.model_copy(update={"search_trials": min(model.search_trials, TRIALS)})
        yield Run(Deployment(Path(folder), run.deployment.settings.model_copy(update={"model": few})), "canary", run.as_of)


def _plant(run: Run, canary: Canary) -> int:
    """Plants a canary; returns its rows."""
    with connect(run.deployment) as con:
        if not canary.plants:
            return _cut_off_the_future(con, run)
        snapshot.rules(con, [run.as_of], run.deployment.country)
        told = {"as_of": run.as_of, "last_grade": run.deployment.country.last_grade}
        con.execute(f"create temp table leaver as {sql('canary/leaver')}", told)
        count = 0
        for statement, table in canary.plants:
            rows = Template(sql(f"canary/{statement}")).substitute(known_at=canary.known_at)
            con.execute(f"create temp table plant as {rows}")
            if table == "enrolment":  # the version that it corrects stands until then
                con.execute(
                    "update core.enrolment as e set known_until = p.known_at from plant as p "
                    "where e.student_key = p.student_key and e.school_id = p.school_id and e.school_year = p.school_year "
                    "and e.entry_date = p.entry_date and e.known_until is null"
                )
            con.execute(f"insert into core.{table} by name from plant")
            count += _count(con, "plant")
            con.execute("drop table plant")
    return count


def _cut_off_the_future(con: duckdb.DuckDBPyConnection, run: Run) -> int:
    """Takes away every version that became known after tonight, and opens those that it closed; returns the rows touched."""
    tables = con.execute(
        "select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'core'"
    )
    touched = 0
    for (table,) in tables.fetchall():
        touched += _count(con, f"core.{table} where known_at > date '{run.as_of}' or known_until > date '{run.as_of}'")
        con.execute(f"delete from core.{table} where known_at > date '{run.as_of}'")
        con.execute(f"update core.{table} set known_until = null where known_until > date '{run.as_of}'")
    return touched


def _state(run: Run) -> State:
    """Trains a season and scores tonight."""
    with connect(run.deployment) as con:
        snapshot.snapshot(con, run)
        train(con, run)
        night = tonight(con, run.as_of)
    candidate = Candidate(run.deployment, run.deployment.country.list_target)
    plan = candidate.record(PLAN, Plan)
    if not plan.recipe.promoted:
        raise HistoryError(
            f"no school year is complete by {run.as_of}",
            remedy="Choose a later --date: canaries need a season that trains a model.",
        )
    frame = candidate.rows([c.school_year for c in plan.cohorts])
    text = candidate.booster(plan.recipe.promoted)
    names = [f.name for f in load_catalogue().model_features]
    scores = booster.raw_scores(booster.load(text), night.matrix(names), run.deployment.settings.model.threads)
    order = np.lexsort((frame.as_of_date, frame.student_key))
    return State(
        features=_digest(frame.values[order], frame.student_key[order], night.values),
        booster=_digest(np.frombuffer(text.encode(), np.uint8)),
        scores=_digest(scores),
    )


def _digest(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
