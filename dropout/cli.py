"""The command line: one command per verb, the flows, and what an operator asks in between."""

import datetime as dt
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from dropout import (
    __version__,
    cli_backtest,
    cli_keys,
    cli_oversight,
    cli_privacy,
    cli_proof,
    cli_research,
    cli_source,
)
from dropout.errors import DropoutError
from dropout.logs import LogFormat, configure
from dropout.settings import Deployment, open_deployment

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="School-dropout early warning: extracts in, lists and tables out, every night.",
)
app.add_typer(cli_source.app, name="source")
app.add_typer(cli_proof.labels, name="labels")
app.add_typer(cli_proof.prove, name="prove")
app.command()(cli_backtest.backtest)
app.command("research-extract")(cli_research.research_extract)
app.add_typer(cli_privacy.audit, name="audit")
app.command()(cli_privacy.access)
app.command()(cli_privacy.sheet)
app.command()(cli_oversight.suspend)
app.command()(cli_oversight.resume)
app.command()(cli_oversight.contest)
app.add_typer(cli_keys.key, name="key")
app.command()(cli_keys.doctor)
out = Console(highlight=False, width=None if sys.stdout.isatty() else 200)  # a pipe has no width to wrap at
DirOption = Annotated[
    Path | None, typer.Option("--dir", "-C", help="Deployment folder; else DROPOUT_DIR, this folder, or the only one below it.")
]
DateOption = Annotated[
    dt.datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The date to speak for; else today.")
]


@app.callback()
def options(
    log_format: Annotated[LogFormat, typer.Option(help="Lines for people (text) or machines (json), on stderr.")] = "text",
) -> None:
    """Options of every command."""
    configure(log_format)


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    country: Annotated[str, typer.Option(help="Country pack: morocco, generic, oulad.")] = "generic",
) -> None:
    """Make a deployment: commented settings, folders with the right permissions, and its own key."""
    from dropout.deploy import init as make

    deployment = make(folder, country)
    out.print(f"{deployment.root} is ready. Keep a safe copy of secrets/hmac.key: it cannot be made again.", soft_wrap=True)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Folder to fill with deliveries/ and truth/.")],
    students: Annotated[int, typer.Option(min=200)] = 12_000,
    years: Annotated[int, typer.Option(min=1, max=12)] = 4,
    seed: int = 7,
    first_year: int = 2022,
    every: Annotated[str, typer.Option(help="A delivery every week or month.")] = "month",
) -> None:
    """Write the deliveries of a simulated Moroccan district, and apart from them its truth."""
    from dropout.simulate import simulate as make

    if every not in ("week", "month"):
        raise typer.BadParameter("week or month", param_hint="--every")
    counts = make(folder, students=students, years=years, seed=seed, first_year=first_year, every=every)  # type: ignore[arg-type]
    out.print(f"{folder}/deliveries: " + ", ".join(f"{k} {v}" for k, v in counts.items()), soft_wrap=True)


@app.command()
def load(
    paths: Annotated[list[Path] | None, typer.Argument(help="With --as-history: folders, zips or files to take in.")] = None,
    as_history: Annotated[
        bool, typer.Option(help="Rows were known when they happened (or on the delivery's date), not today.")
    ] = False,
    directory: DirOption = None,
    date: DateOption = None,
) -> None:
    """Merge checked rows into the warehouse; with --as-history PATHS land, read, check and load past deliveries."""
    from flows.verbs import perform, running

    if bool(paths) != as_history:
        raise typer.BadParameter("give PATHS together with --as-history, or neither")
    with running(open_deployment(directory), "history" if as_history else "load", _day(date)) as run:
        if as_history:
            perform(run, "land", paths=paths, as_history=True)
            perform(run, "read")
            perform(run, "check")
        perform(run, "load")


def _verb(name: str, says: str) -> None:
    def command(directory: DirOption = None, date: DateOption = None) -> None:
        from flows.verbs import perform, running

        with running(open_deployment(directory), name, _day(date)) as run:
            perform(run, name)

    app.command(name, help=says + " (one step of the flows, to redo it alone)")(command)


def _add_verbs() -> None:
    from flows.verbs import VERBS

    for name, verb in VERBS.items():
        if name not in ("load", "publish"):
            _verb(name, verb.says)


_add_verbs()
AcceptOption = Annotated[
    str | None,
    typer.Option(help="Publish though a group of students is out of bounds, and why; kept, and shown in report and model card."),
]
EngineOption = Annotated[bool, typer.Option("--prefect/--plain", help="As a Prefect flow, or the same steps without Prefect.")]


@app.command()
def publish(directory: DirOption = None, date: DateOption = None, accept_audit: AcceptOption = None) -> None:
    """Build and verify a generation, then swap it in (one step of the flows, to redo it alone)."""
    from flows.verbs import perform, running

    _accept(open_deployment(directory), _day(date), accept_audit)
    with running(open_deployment(directory), "publish", _day(date)) as run:
        perform(run, "publish")


def _accept(deployment: Deployment, day: dt.date | None, reason: str | None) -> None:
    """Keeps the operator's acceptance of the group audit, before the run that it lets through."""
    if reason is None:
        return
    from dropout.fairness.accept import accept
    from dropout.warehouse.connect import connect
    from dropout.warehouse.lock import exclusive

    with exclusive(deployment), connect(deployment) as con:
        accept(con, day or dt.datetime.now(ZoneInfo(deployment.timezone)).date(), reason)


@app.command()
def nightly(
    directory: DirOption = None, date: DateOption = None, prefect: EngineOption = True, accept_audit: AcceptOption = None
) -> None:
    """Run the night: intake, a season if one is due, then score, explain, gate and publish."""
    from flows.verbs import night

    _accept(open_deployment(directory), _day(date), accept_audit)
    _flow("nightly", night, open_deployment(directory), _day(date), prefect)
    from dropout.status import where_to_look

    for line in where_to_look(open_deployment(directory)):
        out.print(line, soft_wrap=True)


@app.command()
def season(directory: DirOption = None, date: DateOption = None, prefect: EngineOption = True) -> None:
    """Run the season: train, calibrate, evaluate, refit and promote, whether or not one is due."""
    from flows.verbs import season as verbs

    _flow("season", verbs, open_deployment(directory), _day(date), prefect)


def _flow(kind: str, verbs: Callable[..., Any], deployment: Deployment, day: dt.date | None, is_prefect: bool) -> None:
    if not is_prefect:
        from flows.verbs import perform, running

        with running(deployment, kind, day) as run:
            verbs(run, perform)
        return
    from flows.home import at_home

    at_home(deployment)
    from importlib import import_module

    getattr(import_module(f"flows.{kind}"), kind)(str(deployment.root), str(day or ""))


@app.command()
def serve(directory: DirOption = None) -> None:
    """Serve the night on its schedule (cron and time zone from the settings) until stopped."""
    from flows.home import at_home
    from flows.server import own_server

    deployment = open_deployment(directory)
    at_home(deployment)
    with own_server():
        from flows.serve import serve as run_forever

        run_forever(deployment)


@app.command()
def status(directory: DirOption = None) -> None:
    """Show the last runs, deliveries, promoted models and the current publication."""
    from dropout.status import status_tables

    for title, columns, rows in status_tables(open_deployment(directory)):
        _show(title, columns, rows)


@app.command()
def quarantine(directory: DirOption = None) -> None:
    """Show the rows that broke a contract, by delivery, table and rule, with a place to look at."""
    from dropout.contracts.quarantine import quarantine_summary
    from dropout.warehouse.connect import connect

    with connect(open_deployment(directory)) as con:
        rows = quarantine_summary(con)
    if not rows:
        out.print("Nothing is in quarantine.")
        return
    columns = list(asdict(rows[0]))
    _show("Quarantine", columns, [tuple(asdict(row).values()) for row in rows])


@app.command()
def answers(
    days: Annotated[int, typer.Option(min=1, help="Answers that came back in so many days.")] = 30,
    directory: DirOption = None,
    date: DateOption = None,
) -> None:
    """Show whom counselors say a list was wrong about (disagree, not at this school), so that the register can be mended."""
    from dropout.publish.answers.mend import to_mend
    from dropout.warehouse.connect import connect

    with connect(open_deployment(directory)) as con:
        columns, rows = to_mend(con, _day(date) or dt.date.today(), days)
    if not rows:
        out.print(f"No answer of the last {days} days says that a list was wrong.")
        return
    _show("Lists were wrong about", columns, rows)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to make; a demo that is there already is made anew.")] = Path("demo"),
    students: Annotated[int, typer.Option(min=200)] = 12_000,
) -> None:
    """Run the whole night on a simulated district, from nothing to lists, page and tables."""
    from flows.demo import demo as run

    for line in run(folder, students):
        out.print(line, soft_wrap=True)


@app.command()
def card(
    model_version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Any version on record; else the one in force for the lists.")
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder to write the two files into.")] = Path(),
    directory: DirOption = None,
) -> None:
    """Write the model card of a version, promoted, retired or refused, as Markdown and as a page."""
    from dropout.model.registry import promoted
    from dropout.publish.model_card.card import write_on_demand
    from dropout.warehouse.connect import connect

    deployment = open_deployment(directory)
    with connect(deployment) as con:
        chosen = model_version or promoted(con, deployment.country.list_target) or "none in force"
        for path in write_on_demand(con, deployment, chosen, folder):
            out.print(str(path), soft_wrap=True)


def _show(title: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    table = Table(title=title, title_justify="left", show_lines=False)
    for column in columns:
        table.add_column(column.replace("_", " "))
    for row in rows:
        table.add_row(*("" if v is None else str(v) for v in row))
    out.print(table)


def _day(value: dt.datetime | None) -> dt.date | None:
    return value.date() if value else None


def main() -> None:
    """Entry point: an error of ours is shown without a traceback and ends with its exit code."""
    os.umask(0o077)  # what others may read is opened by name (published/)
    try:
        app(standalone_mode=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except DropoutError as error:
        Console(stderr=True, highlight=False).print(f"[red]error[/] {type(error).__name__}", soft_wrap=True)
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    raise SystemExit(code)
