"""The night on a schedule, in one process: cron and time zone from the settings, one run at a time."""

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.schedules import Cron

from dropout.settings import Deployment
from flows.nightly import nightly


def serve(deployment: Deployment) -> None:
    """Serves the nightly flow until the process is stopped; a night that finds another one running is cancelled."""
    nightly.serve(
        name=f"nightly-{deployment.settings.deployment.name}",
        parameters={"deployment": str(deployment.root)},
        schedules=[Cron(deployment.settings.night.cron, timezone=deployment.timezone)],
        global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
    )
