"""Nothing is told to anybody: what the libraries would send home is switched off, in one place, before they are imported.

Nobody's data is in what they would send; but a ministry's machine does not call strangers, and a night on a machine
without a network must not wait for one. `import dropout` applies this, so that no order of imports comes before it.
"""

import os

# Per library that has telemetry, or settings that would turn some on. docs/operate.md names them.
ENVIRONMENT = {
    "DO_NOT_TRACK": "1",  # Prefect's client (Amplitude); others honour it too (consoledonottrack.com)
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # Prefect's server: a heartbeat to sens-o-matic.prefect.io
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "GX_ANALYTICS_ENABLED": "false",  # Great Expectations; contracts/judge.py says so to its context as well
    "OTEL_SDK_DISABLED": "true",  # OpenTelemetry, which Prefect and FastAPI bring along
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
}

# For every connection to DuckDB: what the wheel has built in (ICU, JSON, Parquet) is all there is.
NOTHING_FROM_OUTSIDE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}


def apply() -> None:
    """Sets ENVIRONMENT for this process and all it starts, whatever stood there."""
    os.environ.update(ENVIRONMENT)
