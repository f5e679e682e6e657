"""Suspend and resume: what a person decides about a model takes effect under the deployment's lock, and at once."""

from dropout.model import suspension
from dropout.monitor.night import current
from dropout.privacy import audit
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from dropout.warehouse.store import transaction
from flows.verbs import perform, running

AGAIN = ("snapshot", "score", "explain", "publish")  # no gate: what it would keep is the publication that is to go


def suspend(deployment: Deployment, why: str, version: str = "") -> list[str]:
    """Suspends `version`, or all in force, and publishes the last publication's date anew, without a chance; returns versions.

    Recorded first, then published: where publishing fails, no later night speaks by the model either, and the same
    command again publishes. Raises what `model.suspension.suspend` and the verbs do, LockedError while a night runs.
    """
    last = current(deployment)
    with running(deployment, "suspend", last.as_of if last else None) as run:
        with connect(deployment) as con, transaction(con):
            stopped = suspension.suspend(con, why, version)
            for each in stopped:
                facts: audit.Facts = {"version": each, "why": suspension.told(why)}
                audit.record(con, deployment, "suspended", run_id=run.run_id, facts=facts)
        if last:
            _publish_again(run)
    return stopped


def _publish_again(run: Run) -> None:
    for verb in AGAIN:
        perform(run, verb)


def resume(deployment: Deployment) -> list[str]:
    """Ends every suspension; returns the versions. Lists with chances come with the next night, which passes the gate."""
    with running(deployment, "resume", None) as run, connect(deployment) as con, transaction(con):
        again = suspension.resume(con)
        for version in again:
            audit.record(con, deployment, "resumed", run_id=run.run_id, facts={"version": version})
    return again
