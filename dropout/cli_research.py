"""`dropout research-extract`: a de-identified school year for a research platform."""

import datetime as dt
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from dropout.settings import open_deployment
from dropout.warehouse.ledger import Run


def research_extract(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    school_year: Annotated[
        str | None, typer.Option(help="School year, e.g. 2024-2025; else the latest whose outcomes are known.")
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", "-C", help="Deployment folder; else DROPOUT_DIR, this folder, or the only one below it."),
    ] = None,
    date: Annotated[
        dt.datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The date to speak for; else today.")
    ] = None,
) -> None:
    """Write a school year without anybody who could be found: Parquet, CSV, data sheet and manifest, checked."""
    from dropout.privacy.audit import record
    from dropout.research.extract import write
    from dropout.warehouse.connect import connect
    from dropout.warehouse.lock import exclusive

    deployment = open_deployment(directory)
    day = date.date() if date else dt.datetime.now(ZoneInfo(deployment.timezone)).date()
    with exclusive(deployment), connect(deployment) as con:
        facts = write(con, Run(deployment, "research", day), folder, school_year)
        record(con, deployment, "research_exported", facts={"school_year": facts.school_year, "k": facts.k or 0})
    few = "few" if facts.pupils_left_out is None else str(facts.pupils_left_out)
    told = f"{folder}: {facts.school_year}, about {facts.pupils} pupils, each among {facts.k} or more alike; left out: {few}"
    Console(highlight=False).print(told, soft_wrap=True)
