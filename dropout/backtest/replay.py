"""replay: the seasons and nights of past dates in their order, each with what was known by its own date and nothing else."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from dropout.backtest.past import Past, past_of
from dropout.country import Country, Target
from dropout.features import snapshot
from dropout.model import calibrate, evaluate, promote, recalibrate, score, train
from dropout.model.candidate import Candidate
from dropout.model.cohort import known_years, matures_on
from dropout.model.frame import Frame
from dropout.model.night import tonight
from dropout.model.rankings import Ranking
from dropout.model.registry import load_on, promoted, read_card
from dropout.model.season import is_due
from dropout.monitor.night import tonight as this_night
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.strict import Strict
from dropout.warehouse.ledger import Run, log
from dropout.warehouse.store import transaction


class Season(Strict):
    """A version that was put in force in the replay, and what it had learned from."""

    version: str
    target: Target
    method: str
    trained_as_of: str
    latest_mature: str | None
    recipe: str
    cohorts: list[str]
    why: str


class Night(Strict):
    """One replayed night; `versions` are those in force on it."""

    date: str
    students: int
    listed: int
    versions: dict[Target, str]


@dataclass
class Replay:
    """What was replayed; each night's rows stand in `night.replayed` of the copy."""

    seasons: list[Season] = field(default_factory=list)
    nights: list[Night] = field(default_factory=list)
    past: dict[Target, Past] = field(default_factory=dict)


def replay(con: duckdb.DuckDBPyConnection, copy: Deployment, dates: Iterable[dt.date], every: int) -> Replay:
    """Goes through `dates` in order: a season on each on which one was due, and a night on every `every`-th date.

    Like the nights themselves, it passes over dates outside of a school year; and over those on which nobody was enrolled yet.
    """
    found, dates = Replay(), list(dates)
    turns = _turning_points(con, Run(copy, "backtest", dates[-1]))
    is_asked = True
    for i, date in enumerate(dates):
        while turns and turns[-1] <= date:
            is_asked = bool(turns.pop())
        if not _is_in_school_year(copy.country, date):
            continue
        run = Run(copy, "backtest", date)
        if is_asked and is_due(con, run):
            _season(con, run, found)
        is_asked = False
        if i % every == 0:
            _night(con, run, found)
    return found


def _turning_points(con: duckdb.DuckDBPyConnection, run: Run) -> list[dt.date]:
    """The dates by `run.as_of` from which `is_due` may say something else, the latest first: between them it need not be asked.

    They are those on which something became known of enrolments, a school year began, or its outcomes matured.
    Raises HistoryError when nothing was ever loaded.
    """
    years, country = known_years(con, run), run.deployment.country
    known = {date for (date,) in con.execute(sql("backtest/enrolment_known_on"), {"as_of": run.as_of}).fetchall()}
    began = {y.start_date for y in years}
    matured = {matures_on(country, target, y) for target in country.targets for y in years}
    return sorted(known | began | matured, reverse=True)


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Every date from `first` to `last`."""
    return (first + dt.timedelta(days=n) for n in range((last - first).days + 1))


def _is_in_school_year(country: Country, date: dt.date) -> bool:
    return any(y.start_date <= date <= y.end_date for y in country.years(date.year - 1, date.year))


def _season(con: duckdb.DuckDBPyConnection, run: Run, found: Replay) -> None:
    """The season's verbs; between the last two the frame of past cohorts is still there to learn from."""
    settings = run.deployment.settings.model
    train.train(con, run)
    calibrate.calibrate(con, run)
    evaluate.evaluate(con, run)
    for target in run.deployment.country.targets:
        found.past[target] = past_of(Candidate(run.deployment, target).open(), settings)
    promote.promote(con, run)
    for target in run.deployment.country.targets:
        version = promoted(con, target)
        assert version is not None  # promote leaves one in force for each
        card = read_card(run.deployment, version)
        told = card.model_dump(include={"version", "target", "method", "trained_as_of", "latest_mature", "recipe", "why"})
        found.seasons.append(Season.model_validate({**told, "cohorts": [c.school_year for c in card.cohorts]}))
        log.info("season replayed", date=str(run.as_of), target=target, method=card.method, cohorts=len(card.cohorts))


def _night(con: duckdb.DuckDBPyConnection, run: Run, found: Replay) -> None:
    """Snapshot, recalibrate and score as on that night; keeps what judging needs."""
    students = snapshot.snapshot(con, run)["students"]
    if not students:
        log.info("nobody was enrolled yet, as far as was known", date=str(run.as_of))
        return
    recalibrate.recalibrate(con, run)
    counts = score.score(con, run)
    _record_lists(con, run)
    rows = tonight(con, run.as_of)
    capacity = evaluate.capacities(con, run)(rows)
    versions: dict[Target, str] = {}
    with transaction(con):
        for target in run.deployment.country.targets:
            version = promoted(con, target)
            assert version is not None  # a season was due, had there been none
            said = score.in_force(rows, load_on(con, run.deployment, version, run.as_of), run.deployment.settings)
            ranked = {"model": Ranking(said.by, said.chance), **found.past[target].rankings(rows)}
            _keep(con, run, ranked_table(rows, target, ranked).append_column("capacity", pa.array(capacity)))
            versions[target] = version
    found.nights.append(Night(date=str(run.as_of), students=students, listed=counts["listed"], versions=versions))
    log.info("night replayed", date=str(run.as_of), students=students, listed=counts["listed"])


def _record_lists(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """The night's lists in `ops.list_entry` of the copy: the next replayed night is cut with them as its last lists."""
    this_night(con, run)
    con.execute(f"insert into ops.list_entry by name {sql('marts/list_entry')}", {"generation_id": f"{run.as_of}-{run.kind}"})


def ranked_table(rows: Frame, target: Target, ranked: dict[str, Ranking]) -> pa.Table:
    """Keys of `rows`, and per ranking the columns `score_<ranking>` and `chance_<ranking>` (NaN: unknown)."""
    columns = {
        "student_key": pa.array(rows.student_key),
        "as_of_date": pa.array(rows.as_of_date),
        "target": pa.array([target] * len(rows), pa.string()),
        "school_year": pa.array(rows.school_year, pa.string()),
        "school_id": pa.array(rows.school_id, pa.string()),
        "class_id": pa.array(rows.class_id, pa.string()),
    }
    for name, ranking in ranked.items():
        columns |= {f"score_{name}": pa.array(ranking.score), f"chance_{name}": pa.array(ranking.chance)}
    return pa.table(columns)


def _keep(con: duckdb.DuckDBPyConnection, run: Run, ranked: pa.Table) -> None:
    there = con.execute("from duckdb_tables() where schema_name = 'night' and table_name = 'replayed'").fetchall()
    into = "insert into night.replayed" if there else "create table night.replayed as"
    con.register("ranked", ranked)
    try:
        con.execute(f"{into} {sql('backtest/replayed')}", {"as_of": run.as_of})
    finally:
        con.unregister("ranked")
