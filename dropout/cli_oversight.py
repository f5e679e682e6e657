"""`dropout suspend`, `resume` and `contest`: what people decide about a model and about what is said of a pupil."""

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from dropout.publish.oversight.words import ANSWER_CODES, WHY_CODES
from dropout.settings import open_deployment

DirOption = Annotated[
    Path | None, typer.Option("--dir", "-C", help="Deployment folder; else DROPOUT_DIR, this folder, or the only one below it.")
]


def suspend(
    why: Annotated[
        str, typer.Option(help="The reason, for the audit log, which keeps it for good: no name, number or phone of a person.")
    ],
    version: Annotated[str, typer.Option(help="Only this version in force; else all of them.")] = "",
    directory: DirOption = None,
) -> None:
    """Stop the models in force at once: the lists are published anew by the absence rule, without a chance, and say so."""
    from flows.oversight import suspend as stop

    stopped = stop(open_deployment(directory), why, version)
    console = _console()
    console.print(f"Suspended: {', '.join(stopped)}." if stopped else "Suspended already; the lists were published again.")
    console.print("Hand out the new lists, and take back those with chances. It ends with: dropout resume")


def resume(directory: DirOption = None) -> None:
    """End every suspension: from the next night on the lists follow the models in force again."""
    from flows.oversight import resume as again

    versions = again(open_deployment(directory))
    _console().print(f"Resumed: {', '.join(versions)}; from the next night on." if versions else "Nothing is suspended.")


def contest(
    student_id: Annotated[
        str, typer.Argument(help="Number of the pupil in the school system; - asks for it, so that no history keeps it.")
    ],
    why: Annotated[str, typer.Option(help=f"The family contests, because: {', '.join(WHY_CODES)}.")] = "",
    answer: Annotated[str, typer.Option(help=f"What it waited for was decided: {', '.join(ANSWER_CODES)}.")] = "",
    date: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of it; else today.")] = None,
    directory: DirOption = None,
) -> None:
    """Record that a family contests what is said of a pupil, or the answer; the next lists say so until it is answered."""
    from dropout.access import contest as recorded
    from dropout.warehouse.connect import connect

    if bool(why) == bool(answer):
        raise typer.BadParameter("give either --why or --answer")
    deployment = open_deployment(directory)
    number = str(typer.prompt("Student number")) if student_id == "-" else student_id
    day = date.date() if date else dt.datetime.now(ZoneInfo(deployment.timezone)).date()
    with connect(deployment) as con:
        if why:
            recorded.contest(con, deployment, number, why, day)
        else:
            recorded.answer(con, deployment, number, answer, day)
    _console().print("Recorded.")


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
