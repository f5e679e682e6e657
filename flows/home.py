"""Where Prefect keeps its own records: inside the deployment, quiet; what it would send home, quiet.py has switched off."""

import os

from dropout.settings import Deployment


def at_home(deployment: Deployment) -> None:
    """Sets Prefect's environment; call it before Prefect is imported. An API that the operator named is kept."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("PREFECT_LOGGING_SERVER_LEVEL", "CRITICAL")
    if not os.environ.get("PREFECT_API_URL"):
        os.environ.pop("PREFECT_API_URL", None)  # an empty one breaks Prefect
        os.environ.setdefault("PREFECT_HOME", str(deployment.root / "work" / "prefect"))
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "90")
