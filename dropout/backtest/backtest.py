"""backtest: replays past seasons and nights in a copy, judges them by what is known now, and writes `ops.evaluation`.

The deployment itself gets the rows and nothing else, all in one transaction at the end; models in force, lists and
publications stay as they are. The same data, dates and settings give the same rows.
"""

import datetime as dt
import json
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from dropout.backtest.judge import Truth, judge
from dropout.backtest.replay import Night, Replay, Season, days, replay
from dropout.backtest.scratch import copied
from dropout.country import Target
from dropout.errors import HistoryError
from dropout.model.comparison import Record
from dropout.strict import Strict
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run, log
from dropout.warehouse.store import insert, transaction

STATUS = "backtest"  # in ops.model: never in force, and no night's report shows it as tonight's
REMEDY = "Choose an earlier --from and --to: outcomes of a night are known months after it."


@dataclass(frozen=True)
class Asked:
    """Which dates to replay, both included, and a night on every how manyth day of them."""

    first: dt.date
    last: dt.date
    every: int = 28

    @property
    def name(self) -> str:
        """What versions of this backtest begin with; a later one of the same dates takes its place."""
        return f"backtest-{self.first}-{self.last}-"


class Told(Strict):
    """The card of a backtest: what was replayed, with which versions, and until when outcomes were known."""

    first: str
    last: str
    every: int
    known_on: str
    seasons: list[Season]
    nights: list[Night]


Shown = dict[Target, list[Record]]


def backtest(run: Run, asked: Asked, truth: Truth | None = None) -> Shown:
    """Replays `asked` and writes what came of it; returns the same rows by target. Call it under the deployment's lock.

    Outcomes are those known on `run.as_of`. `truth` gives a simulation's true risk, which no night ever sees.
    Raises HistoryError when nothing was loaded, no night was in a school year, or no outcome is known yet; then,
    and when it is interrupted, nothing is written.
    """
    with copied(run.deployment) as copy, connect(copy) as con:
        found = replay(con, copy, days(asked.first, asked.last), asked.every)
        if not found.nights:
            raise HistoryError(f"nobody was enrolled on any night from {asked.first} to {asked.last}", remedy=REMEDY)
        judging = Run(copy, STATUS, run.as_of)
        shown = {target: judge(con, judging, target, truth) for target in copy.country.targets}
    shown = {target: records for target, records in shown.items() if records}
    if not shown:
        raise HistoryError(f"no outcome of these nights could be judged by what is known on {run.as_of}", remedy=REMEDY)
    with connect(run.deployment) as con:
        _store(con, run, asked, found, shown)
    log.info("backtest stored", nights=len(found.nights), values=sum(map(len, shown.values())))
    return shown


def _store(con: duckdb.DuckDBPyConnection, run: Run, asked: Asked, found: Replay, shown: Shown) -> None:
    """Replaces what an earlier backtest of the same dates left."""
    with transaction(con):
        for table in ("ops.evaluation", "ops.model"):
            con.execute(f"delete from {table} where starts_with(version, ?)", [asked.name])
        for target, records in shown.items():
            version = f"{asked.name}{target}"
            insert(
                con, "ops.evaluation", pa.Table.from_pylist([{"version": version, "target": target, **vars(r)} for r in records])
            )
            insert(con, "ops.model", pa.Table.from_pylist([_model(run, asked, found, target, version)]))


def _model(run: Run, asked: Asked, found: Replay, target: Target, version: str) -> dict[str, object]:
    """A row of `ops.model`: what the evaluation's version stands for."""
    seasons = [s for s in found.seasons if s.target == target]
    told = Told(
        first=str(asked.first),
        last=str(asked.last),
        every=asked.every,
        known_on=str(run.as_of),
        seasons=seasons,
        nights=found.nights,
    )
    nights, versions = len(found.nights), sorted({n.versions[target] for n in found.nights})
    return {
        "version": version,
        "target": target,
        "method": "model" if any(s.method == "model" and s.version in versions for s in seasons) else "absence_rule",
        "status": STATUS,
        "trained_as_of": dt.date.fromisoformat(max(s.trained_as_of for s in seasons)),
        "promoted_at": None,
        "why": f"replay of {nights} nights, every {asked.every} days, with the versions in force then: {', '.join(versions)}",
        "card": json.dumps(told.model_dump(mode="json"), sort_keys=True),
    }
