"""`make bench`: what a night costs, as ratios within one run. Numbers go into the docs with this command beside them."""

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from dropout.deploy import init
from dropout.logs import configure
from dropout.settings import Deployment
from dropout.simulate import simulate
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from flows.verbs import night, perform, season_is_due

ROWS = 3_000_000
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
    """A canonical attendance CSV, read, checked and loaded, against a bare scan of it into a table of text."""
    place = init(folder / "intake", "generic")
    delivery = folder / "2025-02-01"
    delivery.mkdir()
    con = duckdb.connect()
    con.execute(f"create table s as select 'S' || i as student_id, i // 30 as class from range({ROWS // 150}) r(i)")
    con.execute(f"copy (select student_id from s) to '{delivery}/student.csv' (header)")
    con.execute(
        "create table e as select student_id, 'A' || class // 20 as school_id, '2024-2025' as school_year, 7 as grade_level, "
        "'C' || class as class_id, '2024-09-02' as entry_date, null as exit_date, null as exit_reason from s"
    )
    con.execute(f"copy (select distinct school_id from e) to '{delivery}/school.csv' (header)")
    con.execute(f"copy e to '{delivery}/enrolment.csv' (header)")
    con.execute(
        "copy (select student_id, date '2024-09-02' + d::int as date, 'day' as session, "
        "if(hash(student_id, d) % 12 = 0, 'absent_unexcused', 'present') as status from s, range(150) t(d)) "
        f"to '{delivery}/attendance.csv' (header)"
    )
    seconds: dict[str, float] = {}
    with timed(seconds, "bare"):
        con.execute(f"create table bare as select * from read_csv('{delivery}/attendance.csv', all_varchar=true)")
    con.close()
    run = Run(place, "bench", dt.date(2025, 2, 1))
    perform(run, "land", paths=[delivery], as_history=False)
    for verb in ("read", "check", "load"):
        with timed(seconds, verb):
            perform(run, verb)
    row(f"bare DuckDB read_csv of {ROWS:,} attendance rows, all text", seconds["bare"])
    for verb in ("read", "check", "load"):
        row(f"{verb} of the same", seconds[verb], seconds["bare"], "bare read_csv")
    total = sum(seconds[v] for v in ("read", "check", "load"))
    row("read, check and load", total, seconds["bare"], "bare read_csv")


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
