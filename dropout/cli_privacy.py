"""`dropout access`, `sheet` and `audit …`: what is held on one pupil, a page for its family, and the log of who did what."""

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table

from dropout.privacy.audit import What
from dropout.settings import open_deployment

if TYPE_CHECKING:
    from dropout.privacy.audit import Entry

audit = typer.Typer(no_args_is_help=True, help="The audit log: who did what, when; shown, and held against itself.")
DATE = "%Y-%m-%d"
FAULTY = 11  # exit code: the deployment is not whole
NumberArgument = Annotated[
    str, typer.Argument(help="Number of the pupil in the school system; - asks for it, so that no history keeps it.")
]
DirOption = Annotated[
    Path | None, typer.Option("--dir", "-C", help="Deployment folder; else DROPOUT_DIR, this folder, or the only one below it.")
]


def access(
    student_id: NumberArgument,
    to: Annotated[Path | None, typer.Option(help="New folder to write to; else one below work/handed_out.")] = None,
    directory: DirOption = None,
) -> None:
    """Write all that is held on one pupil, with what each column means: held.json for machines, held.html to read."""
    from dropout.access.access import export
    from dropout.warehouse.connect import connect

    deployment = open_deployment(directory)
    with connect(deployment) as con:
        done = export(con, deployment, _asked(student_id), to)
    console = _console()
    table = Table("in", "table", "rows", title="Held on this pupil", title_justify="left")
    for place, name, count in done.counts:
        table.add_row(place, name, str(count))
    console.print(table)
    console.print(f"Received files and lists that have the number: {done.file_count}")
    console.print(f"Written: {done.folder}. Hand it over, then remove it.")
    if done.unreadable:
        console.print(f"Not whole, could not be opened: {', '.join(done.unreadable)}")
        raise typer.Exit(FAULTY)


def sheet(
    student_id: NumberArgument,
    lang: Annotated[str, typer.Option(help="ar, fr or en; else the deployment's language.")] = "",
    to: Annotated[Path | None, typer.Option(help="New file to write to; else one below work/handed_out.")] = None,
    directory: DirOption = None,
) -> None:
    """Write one page for a pupil's family: what is held, what was computed, who saw it, how to correct or contest it."""
    from dropout.access.sheet import write
    from dropout.warehouse.connect import connect

    deployment = open_deployment(directory)
    with connect(deployment) as con:
        path = write(con, deployment, _asked(student_id), lang, to)
    _console().print(f"Written: {path}. Print it or save it as PDF from a browser, then remove it.")


@audit.command()
def verify(
    head: Annotated[str, typer.Option(help="A head that an earlier verify printed and that was kept elsewhere.")] = "",
    directory: DirOption = None,
) -> None:
    """Find any edit, deletion, reordering or truncation of the audit log; exit code 11 if there is one."""
    from dropout.privacy.audit_verify import verify as hold
    from dropout.warehouse.connect import connect

    deployment = open_deployment(directory)
    with connect(deployment) as con:
        found = hold(con, deployment, head)
    console = _console()
    for fault in found.faults:
        console.print(f"✗ {fault}")
    if found.is_torn:
        console.print("The last line has no end: a crash tore it. The next entry closes it and vouches for it.")
    console.print(f"{len(found.entries)} entries, head {found.head}")
    if found.faults:
        console.print("Somebody changed the log, or put an older copy in its place. Compare it with a copy kept elsewhere.")
        raise typer.Exit(FAULTY)


@audit.command()
def show(
    what: Annotated[str, typer.Option(help=f"Only entries of this kind: {', '.join(get_args(What))}.")] = "",
    who: Annotated[str, typer.Option(help="Only entries of this user.")] = "",
    run: Annotated[str, typer.Option(help="Only entries of this run.")] = "",
    since: Annotated[dt.datetime | None, typer.Option(formats=[DATE], help="Only entries from this date on (UTC).")] = None,
    last: Annotated[int, typer.Option(min=1, help="At most the last so many.")] = 50,
    directory: DirOption = None,
) -> None:
    """Print the newest entries of the audit log."""
    from dropout.privacy.audit_verify import entries

    if what and what not in get_args(What):
        raise typer.BadParameter(f"one of {', '.join(get_args(What))}", param_hint="--what")

    def is_wanted(entry: "Entry") -> bool:
        is_since = since is None or entry.time >= since.date().isoformat()
        return is_since and what in ("", entry.what) and who in ("", entry.who) and run in ("", entry.run_id)

    found = [entry for entry in entries(open_deployment(directory)) if is_wanted(entry)][-last:]
    table = Table("no", "time (UTC)", "who", "what", "run", "facts")
    for entry in found:
        facts = ", ".join(f"{name} {value}" for name, value in entry.facts.items())
        table.add_row(str(entry.ordinal), entry.time[:19], entry.who, entry.what, entry.run_id, facts)
    _console().print(table)


def _asked(student_id: str) -> str:
    return str(typer.prompt("Student number")) if student_id == "-" else student_id


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
