"""When things run: the night and the season, as verbs in order."""

import dropout  # noqa: F401 (before Prefect: it switches its telemetry off)
