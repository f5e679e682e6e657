"""Invariant 4: a kill at any point leaves either the old publication or the new one, whole; the next run just works."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dropout.publish.manifest import verify
from tests.flows.conftest import NIGHT, District, run_night
from tests.places import ask

NIGHT_SCRIPT = """
import sys, datetime as dt
from pathlib import Path
from dropout.settings import open_deployment
from flows.verbs import night, perform, running
from dropout.logs import configure
configure("json")
def stop_at(run, name):
    counts = perform(run, name)
    if name == sys.argv[2]:
        print("reached", flush=True)
        import time; time.sleep(60)
    return counts
with running(open_deployment(Path(sys.argv[1])), "nightly", dt.date.fromisoformat(sys.argv[3])) as run:
    night(run, stop_at)
"""


def kill_after(place: Path, verb: str) -> None:
    """Starts a night in a process of its own and kills it when `verb` is done."""
    process = subprocess.Popen([sys.executable, "-c", NIGHT_SCRIPT, str(place), verb, str(NIGHT)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"reached\n"
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("verb", ["land", "load", "recalibrate", "explain"])
def test_a_kill_after_a_step(district: District, verb: str) -> None:
    current = (district.place.published / "current").resolve()
    kill_after(district.place.root, verb)
    assert (district.place.published / "current").resolve() == current
    verify(current)
    run_night(district.place, NIGHT)
    verify((district.place.published / "current").resolve())
    assert ask(district.place, "select count(*) from ops.run where status = 'died'") == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize("milliseconds", range(500, 8500, 500))
def test_a_kill_at_any_time(district: District, milliseconds: int) -> None:
    """The long matrix, for `make prove`: killed after so many milliseconds, wherever that is."""
    script = [sys.executable, "-m", "dropout", "nightly", "--plain", "--dir", str(district.place.root), "--date", str(NIGHT)]
    process = subprocess.Popen(script, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(milliseconds / 1000)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    verify((district.place.published / "current").resolve())
    run_night(district.place, NIGHT)
    verify((district.place.published / "current").resolve())
