"""`dropout labels explain` and `dropout prove leaks`: what an auditor asks first."""

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from dropout.settings import open_deployment
from dropout.warehouse.ledger import Run

labels = typer.Typer(no_args_is_help=True, help="Outcomes: who counts as having left, and who is left out.")
prove = typer.Typer(no_args_is_help=True, help="Proofs that can be run on your own data.")
DirOption = Annotated[
    Path | None, typer.Option("--dir", "-C", help="Deployment folder; else DROPOUT_DIR, this folder, or the only one below it.")
]
DateOption = Annotated[
    dt.datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The date to speak for; else today.")
]


@labels.callback()
def _labels() -> None:
    """Outcomes: who counts as having left, and who is left out."""


@prove.callback()
def _prove() -> None:
    """Proofs that can be run on your own data."""


@labels.command()
def explain(directory: DirOption = None, date: DateOption = None) -> None:
    """Count who is in each cohort, what became of them, and who was left out and why."""
    from dropout.model.outcomes import explain as count
    from dropout.warehouse.connect import connect
    from dropout.warehouse.lock import exclusive

    run = _run(directory, date)
    with exclusive(run.deployment), connect(run.deployment) as con:
        found = count(con, run)
    columns = ("target", "school year", "state", "counts as", "snapshots", "students", "returned", "why")
    words = {0: "stayed", 1: "left", None: "left out"}
    rows = [(s.target, s.school_year, s.state, words[s.counts_as], s.snapshots, s.students, s.returned, s.why) for s in found]
    _show(f"Outcomes as known on {run.as_of}", columns, rows)


@prove.command()
def leaks(directory: DirOption = None, date: DateOption = None) -> None:
    """Plant signals that only the future could know in a copy of the warehouse, and show that no score moves."""
    from dropout.canary import prove_leaks
    from dropout.warehouse.lock import exclusive

    run = _run(directory, date)
    with exclusive(run.deployment):
        found = prove_leaks(run)
    columns = ("canary", "what was planted", "rows", "must be", "in features", "in the booster", "in tonight's scores", "verdict")
    rows = []
    for f in found:
        verdict = ("as it must be" if f.rows else "nothing to plant") if f.is_good else "LEAK" if f.rows else "no control"
        rows.append((f.canary, f.says, f"{f.rows:,}", f.must_be, f.features, f.booster, f.scores, verdict))
    _show(f"Leak canaries as of {run.as_of}", columns, rows)
    if not all(f.is_good for f in found):
        raise typer.Exit(31)


def _run(directory: Path | None, date: dt.datetime | None) -> Run:
    deployment = open_deployment(directory)
    day = date.date() if date else dt.datetime.now(ZoneInfo(deployment.timezone)).date()
    return Run(deployment, "proof", day)


def _show(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(str(value) for value in row))
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 200).print(table)
