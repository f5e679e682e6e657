"""The night as a Prefect flow: one task per verb."""

import datetime as dt
from pathlib import Path

from prefect import flow

from dropout.settings import open_deployment
from flows.tracked import as_tasks, publish_counts
from flows.verbs import night, running


@flow(name="nightly", flow_run_name="nightly-{date}")
def nightly(deployment: str, date: str = "") -> None:
    """Runs the night of the deployment folder `deployment` as of `date` (ISO; empty: today in its time zone)."""
    as_of = dt.date.fromisoformat(date) if date else None
    with running(open_deployment(Path(deployment)), "nightly", as_of) as run:
        publish_counts(run, night(run, as_tasks()))
