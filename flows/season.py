"""The season as a Prefect flow: one task per verb."""

import datetime as dt
from pathlib import Path

from prefect import flow

from dropout.settings import open_deployment
from flows.tracked import as_tasks, publish_counts
from flows.verbs import running
from flows.verbs import season as season_verbs


@flow(name="season", flow_run_name="season-{date}")
def season(deployment: str, date: str = "") -> None:
    """Runs the season of the deployment folder `deployment` as of `date` (ISO; empty: today in its time zone)."""
    as_of = dt.date.fromisoformat(date) if date else None
    with running(open_deployment(Path(deployment)), "season", as_of) as run:
        publish_counts(run, season_verbs(run, as_tasks()))
