"""The commands as a user types them: exit codes, words on stderr, each verb alone, and the Prefect flow."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from dropout.deploy import init
from dropout.errors import LockedError
from tests.flows.conftest import NIGHT, District
from tests.places import ask, deliver

NIGHT_VERBS = ("land", "read", "check", "load", "purge", "snapshot", "recalibrate", "score", "explain", "gate", "publish")
UNKNOWN = "code_massar;date;seance;statut;minutes\n" + "X1;02/03/2026;journée;retard;5\n" * 30  # nobody's pupil


def dropout(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DROPOUT_", "PREFECT_"))} | environment
    return subprocess.run(
        [sys.executable, "-m", "dropout", *words], cwd=cwd, env=env, capture_output=True, text=True, timeout=300
    )


def test_every_verb_is_a_command_and_together_they_are_the_night(district: District) -> None:
    last = [p for p in district.deliveries if p.name <= str(NIGHT)][-1]
    shutil.copytree(last, district.place.inbox / "copy")
    for verb in NIGHT_VERBS:
        done = dropout(verb, "--date", str(NIGHT), cwd=district.place.root)
        assert done.returncode == 0, done.stderr
    kinds = ask(district.place, "select kind, status from ops.run order by started_at desc limit 11")
    assert kinds[0] == ("publish", "done")
    assert {k for k, _ in kinds} == set(NIGHT_VERBS)


def test_the_night_as_a_prefect_flow(district: District) -> None:
    done = dropout("--log-format", "json", "nightly", "--date", str(NIGHT), cwd=district.place.root)
    assert done.returncode == 0, done.stderr
    assert "analytics.duckdb" in done.stdout
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    steps = [e["step"] for e in events if e["event"] == "step done"]
    assert steps == list(NIGHT_VERBS)
    with sqlite3.connect(district.place.work / "prefect" / "prefect.db") as con:
        flows = con.execute("select name, state_type from flow_run").fetchall()
        artifacts = con.execute("select data from artifact where key = 'nightly-counts'").fetchall()
    assert flows == [(f"nightly-{NIGHT}", "COMPLETED")]
    assert len(artifacts) == 1
    assert "| publish |" in artifacts[0][0]


def test_an_error_has_its_exit_code_and_says_what_to_do(district: District, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    assert dropout("status", cwd=nowhere).returncode == 11
    deliver(district.place.inbox, "bad", {"absences.csv": UNKNOWN})
    done = dropout("nightly", "--plain", "--date", str(NIGHT), cwd=district.place.root)
    assert done.returncode == 21
    assert "Remedy: Correct the export and deliver it again" in done.stderr
    assert "Traceback" not in done.stderr
    (district.place.root / "dropout.toml").write_text("[night]\ncapacty = 3\n")
    done = dropout("status", cwd=district.place.root)
    assert done.returncode == 10
    assert "'capacity'" in done.stderr


def test_a_failing_night_under_prefect_keeps_its_exit_code(district: District) -> None:
    deliver(district.place.inbox, "bad", {"absences.csv": UNKNOWN})
    done = dropout("nightly", "--date", str(NIGHT), cwd=district.place.root)
    assert done.returncode == 21
    assert "unknown_student" in done.stderr


@pytest.mark.slow
def test_serve_runs_the_night_on_its_schedule(district: District) -> None:
    """Every minute, for `make prove`: a night of today begins, and the gate keeps the old publication as its data is stale."""
    before = ask(district.place, "select count(*) from ops.run")
    env = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")} | {"DROPOUT_NIGHT__CRON": "* * * * *"}
    words = [sys.executable, "-m", "dropout", "serve", "--dir", str(district.place.root)]
    process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(40):
            time.sleep(5)
            with suppress(LockedError):
                if ask(district.place, "select count(*) from ops.run where status <> 'running'") > before:
                    break
        else:
            raise AssertionError("no night ran in 200 seconds")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert ask(district.place, "select kind from ops.run order by started_at desc limit 1") == [("nightly",)]


def test_status_and_quarantine_show_tables_without_students(district: District) -> None:
    status = dropout("status", cwd=district.place.root)
    assert "Promoted" in status.stdout
    shown = dropout("quarantine", cwd=district.place.root)
    assert "unknown_student" in shown.stdout


def test_the_deployment_below_is_found_as_the_readme_does_it(tmp_path: Path) -> None:
    init(tmp_path / "O", "oulad")
    assert dropout("status", cwd=tmp_path).returncode == 0
