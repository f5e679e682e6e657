"""`dropout forget`, `opt-out` and `opt-in`: a pupil out of everything, or out of predictions."""

import re
from pathlib import Path
from typing import Annotated, get_args

import typer

from dropout.cli_privacy import DirOption, NumberArgument, _asked, _console
from dropout.erasure.journal import Why
from dropout.settings import open_deployment

WhyOption = Annotated[str, typer.Option(help=f"Why: {', '.join(get_args(Why))}.")]


def forget(
    student_id: Annotated[str, typer.Argument(help=NumberArgument.__metadata__[0].help)] = "",
    why: WhyOption = "",
    file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A file with a number on each line.")] = None,
    directory: DirOption = None,
) -> None:
    """Take a pupil out of every file of the deployment, publish anew without, and keep later deliveries from bringing it back."""
    from flows.forget import forget as begin

    if why not in get_args(Why):
        raise typer.BadParameter(f"one of {', '.join(get_args(Why))}", param_hint="--why")
    if bool(student_id) == bool(file):
        raise typer.BadParameter("give a number, or --file with numbers")
    lines = file.read_text(encoding="utf-8-sig").splitlines() if file else [_asked(student_id)]
    deployment = open_deployment(directory)
    counts = begin(deployment, [line for line in lines if re.search(r"\S", line)], why)  # type: ignore[arg-type]
    console = _console()
    console.print("Forgotten: " + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()))
    if not counts.get("published_anew", 0) and counts.get("generations", 0):
        console.print("Nothing could be published anew: there are no lists until the next night.")
    if counts.get("files_left", 0):
        console.print("Workbooks not loaded yet still have the pupil: the next night takes them in without, and removes them.")
    if found := sum(1 for path in deployment.inbox.rglob("*") if path.is_file()):
        console.print(f"Not looked into: {found} files of the inbox; what they say of the pupil is dropped when they are taken.")
    console.print("Not reached from here:")
    for place in deployment.settings.privacy.backups or ("backups: none is named in [privacy] backups",):
        console.print(f"  {place}")
    console.print("  what was handed out: lists, exports, files copied elsewhere; logs kept by the system")


SchoolOption = Annotated[str, typer.Option("--school", help="All pupils of this school, now and later.")]
SomeNumber = Annotated[str, typer.Argument(help="Number of the pupil in the school system; - asks for it.")]


def opt_out(student_id: SomeNumber = "", school: SchoolOption = "", directory: DirOption = None) -> None:
    """Predict nothing of a pupil, or of a school's pupils, from the next night on; their records stay."""
    is_new = _opt("opt_out", student_id, school, directory)
    _console().print("Opted out: no chance, no list and no training from the next night on." if is_new else "Was out already.")


def opt_in(student_id: SomeNumber = "", school: SchoolOption = "", directory: DirOption = None) -> None:
    """Take an opt-out back, from the next night on."""
    was_out = _opt("opt_in", student_id, school, directory)
    _console().print("In again from the next night on." if was_out else "Was not out.")


def _opt(act: str, student_id: str, school: str, directory: Path | None) -> bool:
    from dropout.access import opt_out
    from dropout.warehouse.connect import connect
    from dropout.warehouse.lock import exclusive

    if bool(student_id) == bool(school):
        raise typer.BadParameter("give a number, or --school with a school's code")
    deployment = open_deployment(directory)
    with exclusive(deployment), connect(deployment) as con:
        one = opt_out.whom(con, deployment, _asked(student_id) if student_id else "", school)
        return bool(getattr(opt_out, act)(con, deployment, one))
