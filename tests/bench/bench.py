"""`make bench`: what a night costs, as ratios within one run. Numbers go into the docs with this command beside them."""

import datetime as dt
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from dropout.deploy import init
from dropout.logs import configure
from dropout.settings import Deployment
from dropout.simulate import simulate
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from flows.verbs import VERBS, night, perform, season_is_due

PUPILS, DAYS = 200_000, 150
STUDENTS = 12_000
NIGHT = dt.date(2026, 3, 2)
out = Table("what", "seconds", "ratio", "to")


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - began


def row(what: str, seconds: float, against: float | None = None, name: str = "") -> None:
    out.add_row(what, f"{seconds:.2f}", f"{seconds / against:.2f}" if against else "", name)


def intake(folder: Path) -> None:
    """A year of 200,000 pupils, 1.1 GB of French CSV: read, reconciled, checked, loaded.

    Against a bare DuckDB `read_csv` of the file of attendance into a table of text; libraries are imported before either.
    """
    place = init(folder / "intake", "morocco")
    delivery = folder / "2025-03-01"
    delivery.mkdir()
    alone(_write_year, delivery)
    seconds = alone(_read_bare, delivery / "absences.csv", folder / "bare.duckdb")
    taken_in, peak = alone(_take_in, place, delivery)
    seconds |= taken_in
    size = (delivery / "absences.csv").stat().st_size
    row(f"bare DuckDB read_csv of {PUPILS * DAYS:,} attendance rows ({size / 1e9:.2f} GB), all text", seconds["bare"])
    for verb in ("read", "check", "load"):
        row(f"{verb} of the same", seconds[verb], seconds["bare"], "bare read_csv")
    total = sum(seconds[v] for v in ("read", "check", "load"))
    row("read, check and load", total, seconds["bare"], "bare read_csv")
    out.add_row("peak memory of their process", f"{peak / 2**30:.2f} GiB", "", "")


def alone(function: Callable[..., Any], *args: Any) -> Any:
    """Calls `function` in a process of its own, so that the peak of memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def _read_bare(path: Path, target: Path) -> dict[str, float]:
    seconds: dict[str, float] = {}
    with duckdb.connect(str(target)) as con, timed(seconds, "bare"):
        con.execute("set enable_progress_bar=false")
        con.execute(f"create table bare as select * from read_csv('{path}', all_varchar=true)")
    return seconds


def _take_in(place: Deployment, delivery: Path) -> tuple[dict[str, float], int]:
    """Seconds of read, check and load, and the peak of this process's memory in bytes."""
    configure("json")
    for name in ("read", "check", "load"):
        import_module(VERBS[name].module)
    import_module(VERBS["read"].ahead)
    run = Run(place, "bench", dt.date(2025, 5, 1))
    perform(run, "land", paths=[delivery], as_history=False)
    seconds: dict[str, float] = {}
    for verb in ("read", "check", "load"):
        with timed(seconds, verb):
            perform(run, verb)
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _write_year(delivery: Path) -> None:
    """Four files of a delivery; attendance has a line per pupil and day: code, day as dd/mm/yyyy, minutes of lateness."""
    header = "(header, delimiter ';')"
    day = "strftime(date '2024-09-02' + (d * 7 // 5)::int, '%d/%m/%Y')"
    with duckdb.connect() as con:
        con.execute("set enable_progress_bar=false")
        con.execute(f"create table s as select 'S' || lpad(i::varchar, 7, '0') as id, i // 30 as class from range({PUPILS}) r(i)")
        con.execute(
            f"copy (select id as code_massar, 'Aya' as prenom, 'A' as nom from s) to '{delivery}/eleves.csv' {header};"
            "copy (select distinct 'E' || class // 20 as code_etablissement, 'x' as nom_etablissement from s) "
            f"to '{delivery}/etablissements.csv' {header};"
            "copy (select id as code_massar, 'E' || class // 20 as code_etablissement, '2024-2025' as annee_scolaire, "
            "7 as niveau, 'C' || class as classe, '02/09/2024' as date_inscription, null as date_sortie, "
            "null as motif_sortie from s) "
            f"to '{delivery}/inscriptions.csv' {header};"
            f"copy (select id as code_massar, {day} as date, 'matin' as seance, case when hash(id, d) % 12 = 0 then "
            "'absence non justifiée' when hash(id, d) % 31 = 0 then 'retard' else 'présent' end as statut, "
            "case when hash(id, d) % 12 <> 0 and hash(id, d) % 31 = 0 then 15 end as minutes "
            f"from s, range({DAYS}) t(d)) to '{delivery}/absences.csv' {header}"
        )


def nights(folder: Path) -> None:
    """The night with a season and without one, against the simulation of its data."""
    seconds: dict[str, float] = {}
    with timed(seconds, "simulate"):
        simulate(folder / "simulated", students=STUDENTS, years=4, seed=7, first_year=2022)
    place = init(folder / "district", "morocco")
    past = [p for p in sorted((folder / "simulated" / "deliveries").iterdir()) if p.name <= str(NIGHT)]
    history = Run(place, "bench", NIGHT)
    with timed(seconds, "history"):
        perform(history, "land", paths=past, as_history=True)
        for verb in ("read", "check", "load"):
            perform(history, verb)
    assert season_is_due(history)
    for name in ("first night, with its season", "second night"):
        with timed(seconds, name):
            night(Run(place, "bench", NIGHT), perform)
    row(f"simulate {STUDENTS:,} students x 4 years", seconds["simulate"])
    row("load 3.5 years of history", seconds["history"], seconds["simulate"], "simulate")
    row("first night, with its season", seconds["first night, with its season"], seconds["second night"], "second night")
    row("second night", seconds["second night"])
    verbs(place)


def verbs(place: Deployment) -> None:
    """The second night's verbs, from the ledger."""
    with connect(place) as con:
        found = con.execute(
            "select step, seconds from ops.step "
            "where run_id = (select run_id from ops.run order by started_at desc limit 1) order by ordinal"
        ).fetchall()
    total = sum(s for _, s in found)
    for step, seconds in found:
        row(f"  {step}", seconds, total, "second night")


def main() -> None:
    configure("json")
    parts: list[Callable[[Path], None]] = [intake, nights]
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            part(Path(folder))
    Console(width=110).print(out)


if __name__ == "__main__":
    main()
