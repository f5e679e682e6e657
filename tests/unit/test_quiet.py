"""Telemetry is off, library by library, as the library itself sees it; and no other library that has some came in."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import dropout
from dropout.contracts.judge import Judge
from dropout.quiet import ENVIRONMENT, NOTHING_FROM_OUTSIDE

ROOT = Path(dropout.__file__).parents[1]
SAYS_YES = {"PREFECT_SERVER_ANALYTICS_ENABLED": "true", "DO_NOT_TRACK": "0", "OTEL_SDK_DISABLED": "false"}


def asked(script: str) -> str:
    """What a new process prints that imports our package first, though its environment asks for telemetry and is no CI's."""
    kept = {k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ}
    env = kept | SAYS_YES | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", f"import dropout\n{script}"], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_prefect_sends_nothing_from_client_or_server() -> None:
    script = (
        "from prefect.settings import get_current_settings as now\n"
        "from prefect._internal.analytics.enabled import is_telemetry_enabled\n"
        "from prefect._internal.analytics.client import _amplitude_client\n"
        "s = now()\n"
        "print(s.server.analytics_enabled, s.cloud.enable_orchestration_telemetry, s.telemetry.enable_resource_metrics,\n"
        "      is_telemetry_enabled(), _amplitude_client)"
    )
    assert asked(script) == "False False False False None"


def test_importing_the_flows_sets_it_before_prefect() -> None:
    script = (
        "import os, sys\ndel os.environ['DO_NOT_TRACK'], sys.modules['dropout'], sys.modules['dropout.quiet']\n"
        "import flows\nprint(os.environ['DO_NOT_TRACK'])"
    )
    assert asked(script) == "1"


def test_great_expectations_has_no_analytics() -> None:
    with duckdb.connect() as con:
        assert Judge(con)._context.config.analytics_enabled is False
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"


def test_opentelemetry_exports_nothing() -> None:
    """Prefect and FastAPI bring its API along; without an SDK, and with it disabled, spans go nowhere."""
    script = (
        "from opentelemetry import trace\nimport fastapi, importlib.util\n"
        "span = trace.get_tracer('t').start_span('s')\n"
        "print(span.is_recording(), importlib.util.find_spec('opentelemetry.exporter') is None,\n"
        "      fastapi.FastAPI()._telemetry['auto_configure'])"
    )
    assert asked(script) == "False True False"


def test_duckdb_fetches_no_extension_and_needs_none() -> None:
    with duckdb.connect(config=NOTHING_FROM_OUTSIDE) as con:
        for name in NOTHING_FROM_OUTSIDE:
            assert con.execute("select current_setting(?)", [name]).fetchall() == [(False,)]
        with pytest.raises(duckdb.Error):
            con.execute("select * from read_csv('https://192.0.2.1/x.csv')")  # it would have to load httpfs
        built_in = con.execute(
            "select extension_name from duckdb_extensions() where install_mode = 'STATICALLY_LINKED'"
        ).fetchall()
    assert {("icu",), ("json",), ("parquet",)} <= set(built_in)  # dates by time zone, JSON and Parquet: all that we use


def test_every_connection_to_duckdb_is_made_so() -> None:
    calls = []
    for path in [*(ROOT / "dropout").rglob("*.py"), *(ROOT / "flows").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "duckdb.connect":
                calls.append((path.name, ast.unparse(node)))
    assert len(calls) >= 3
    for name, call in calls:
        assert "NOTHING_FROM_OUTSIDE" in call or (name, "config=" in call) in (("connect.py", True), ("databases.py", True)), (
            name,
            call,
        )


def test_the_warehouse_is_opened_so(tmp_path: Path) -> None:
    from tests.publish_district import connect, district

    with connect(district(tmp_path)) as con:
        for name in NOTHING_FROM_OUTSIDE:
            assert con.execute("select current_setting(?)", [name]).fetchall() == [(False,)]


# libraries whose purpose is to report home; a lock that brings one needs a line in quiet.py and here
REPORTERS = (
    r"posthog|sentry|amplitude|segment|mixpanel|scarf|rudder|snowplow|statsd|datadog|ddtrace|newrelic|bugsnag|rollbar|analytics"
)
KNOWN = {"amplitude-analytics": "DO_NOT_TRACK"}  # Prefect's client


def test_no_library_that_reports_home_came_in_unseen() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9._-]+)==", lock, flags=re.MULTILINE)
    assert {name for name in pinned if re.search(REPORTERS, name)} == set(KNOWN)
    assert set(KNOWN.values()) <= set(ENVIRONMENT)
    assert not [name for name in pinned if name.startswith("opentelemetry-exporter")]
