"""The key, and whether a deployment is as it must be: `dropout key`, `dropout doctor`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dropout.settings import open_deployment

key = typer.Typer(no_args_is_help=True, help="The key that pseudonyms are made with: which one it is, and giving it another.")
DirOption = Annotated[
    Path | None, typer.Option("--dir", "-C", help="Deployment folder; else DROPOUT_DIR, this folder, or the only one below it.")
]
FAULTY = 11  # exit code: the deployment is not whole


@key.command()
def show(directory: DirOption = None) -> None:
    """Print the id of the key in force (never the key) and since when, and the ids of the keys before it."""
    from dropout.privacy.rotations import history
    from dropout.warehouse.connect import connect

    with connect(open_deployment(directory)) as con:
        rows = history(con)
    table = Table("key", "since (UTC)", "pupils then", "without a number", title="Keys, the newest first", title_justify="left")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


@key.command()
def rotate(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    directory: DirOption = None,
) -> None:
    """Make a new key, and all that the old one made anew: pseudonyms, the current publication, the seals of models."""
    from dropout.rekey.rotate import rotate as renew

    deployment = open_deployment(directory)
    if not yes:
        typer.confirm("Earlier generations go, and copies made before need the old key. Go on?", abort=True)
    done = renew(deployment)
    console = _console()
    console.print(f"Key {done.key_id} is in force, in place of {done.before}: {done.students} pupils, {done.models} models.")
    if done.unnumbered:
        console.print(f"Without a number in the identity store: {done.unnumbered}; deliveries cannot add to them any more.")
    for name in done.unsealed:
        console.print(f"Not sealed again, for its seal was broken before: models/{name}")
    console.print("Keep a safe copy of secrets/hmac.key. Destroy copies of the old one with the last backup that needs it.")


def doctor(
    mend: Annotated[bool, typer.Option("--mend", help="Set the modes of files and folders that are too open.")] = False,
    directory: DirOption = None,
) -> None:
    """Check that the deployment is whole and closed to others; a table of what is not, with what to do, and exit code 11."""
    from dropout.doctor.examine import examine

    deployment = open_deployment(directory)
    console = _console()
    examined = examine(deployment, is_mending=mend)
    for line in examined.mended:
        console.print(f"mended: {line}")
    if not examined.findings:
        console.print(f"{deployment.root}: nothing to be done. Looked at: {', '.join(examined.looked_at)}.")
        return
    table = Table("about", "where", "what", "what to do", title="To be done", title_justify="left", show_lines=True)
    for finding in examined.findings:
        table.add_row(finding.about, finding.where, finding.what, finding.remedy)
    console.print(table)
    raise typer.Exit(FAULTY)


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
