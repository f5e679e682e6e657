"""`dropout source …`: describe the extracts of a school system, from sample files."""

import datetime as dt
import re
import sys
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from dropout.country import Country, load_country
from dropout.errors import DeploymentError, SettingsError
from dropout.settings import open_deployment

app = typer.Typer(no_args_is_help=True, help="Describe the extracts of a school system: draft a source from samples.")
FILE = "source.yaml"
IN_CHECKOUT = Path("data_contracts/sources")
DirOption = Annotated[
    Path | None, typer.Option("--dir", "-C", help="Deployment folder; else DROPOUT_DIR, this folder, or the only one below it.")
]


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the source: small letters, digits and _.")],
    files: Annotated[list[Path], typer.Argument(help="Sample files as they arrive; gzip and zip are looked into.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write NAME/source.yaml in; else the deployment's sources/.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a source of this name.")] = False,
    directory: DirOption = None,
) -> None:
    """Draft a source.yaml from sample files: encoding, columns, dates, codes, and questions where the samples do not say."""
    from dropout.extracts.draft.draft import draft

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise typer.BadParameter("small letters, digits and _, beginning with a letter", param_hint="NAME")
    target = (out or _folder(directory)) / name / FILE
    if target.exists() and not force:
        raise SettingsError(
            "there is a source of this name already", where=str(target), remedy="Choose another name, or --force."
        )
    drafted = draft(name, files)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(drafted.text, encoding="utf-8")
    console = Console(highlight=False, markup=False, soft_wrap=True)
    table = Table("file", "its column", "our table", "our column")
    for sample, ours, header, column in drafted.columns:
        table.add_row(sample, header, ours, column)
    console.print(table)
    for names, rows in drafted.looked_at:
        console.print(f"{names}: {rows:,} rows looked at")
    last = None
    for number, (entry, question) in enumerate(drafted.questions, start=1):
        if entry != last:
            console.print(entry or "All files")
        console.print(f"  {number}. {question}")
        last = entry
    console.print(
        f"Written: {target}, with {len(drafted.questions)} questions. Answer them there, then: dropout source check {name} FILES"
    )
    if drafted.refusal:
        console.print(f"It does not load before they are answered: {drafted.refusal}")


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="Name of the source.")],
    files: Annotated[list[Path], typer.Argument(help="Sample files as they arrive; a folder or zip of them.")],
    directory: DirOption = None,
) -> None:
    """Dry run: what each column became, rows, rejects by reason, coverage, and what the first night would load."""
    from dropout.trial import trial

    found = trial(_country_with(name, directory), files)
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 200)
    for title, columns, rows in found.tables:
        table = Table(*columns, title=title, title_justify="left")
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row))
        console.print(table)
    console.print(found.verdict)
    if not found.is_good:
        raise typer.Exit(20)


@app.command()
def accept(directory: DirOption = None) -> None:
    """Accept changed columns that stopped a file, and what a full file leaves out in great part; the next night acts on it."""
    from dropout.extracts.drift import accept as accept_columns
    from dropout.extracts.excess import accept as accept_deletions
    from dropout.privacy.audit import record
    from dropout.warehouse.connect import connect
    from dropout.warehouse.lock import exclusive

    deployment = open_deployment(directory)
    with exclusive(deployment), connect(deployment) as con:
        files = [*accept_columns(con, dt.datetime.now(ZoneInfo(deployment.timezone)).date()), *accept_deletions(con)]
        record(con, deployment, "accepted", facts={"files": len(files)})  # a count: a file's name can hold a person's
    Console(highlight=False, markup=False).print(f"Accepted: {', '.join(files)}" if files else "No file waits for that.")


def _country_with(name: str, directory: Path | None) -> Country:
    """The deployment's country (else the generic one) with the source `name` alone."""
    try:
        country = open_deployment(directory).country
    except DeploymentError:
        if directory:
            raise
        country = load_country("generic")
    own = _folder(directory) / name / FILE
    return country.model_copy(update={"sources": [str(own) if own.exists() else name]})


def _folder(directory: Path | None) -> Path:
    """Where sources are kept: in the deployment, else in the checkout this folder is, else here."""
    try:
        return open_deployment(directory).root / "sources"
    except DeploymentError:
        if directory:
            raise
    return IN_CHECKOUT if IN_CHECKOUT.is_dir() else Path()
