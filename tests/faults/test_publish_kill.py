"""Invariant 4: a kill at any point of publish leaves the old generation or the new one, whole; the next run just works."""

import csv
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dropout.model.earlier import earlier_lists
from dropout.publish import charts, manifest
from dropout.publish.publish import publish
from dropout.publish.words import LIST_COLUMNS
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.publish_district import NIGHT, begun, district, scored

ROOT = Path(__file__).parents[2]
NEXT = NIGHT + dt.timedelta(days=1)
OLD, NEW = f"{NIGHT}-r1", f"{NEXT}-r2"

# name → (module, function, which call, killed before or after it, what current must be then)
POINTS = {
    "before the folder is made": ("dropout.publish.generation", "begin", 1, "before", OLD),
    "in an empty folder": ("dropout.publish.generation", "begin", 1, "after", OLD),
    "with half of the marts": ("dropout.publish.marts", "_comment", 3, "before", OLD),
    "with the marts still open": ("dropout.publish.marts", "build", 1, "after", OLD),
    "with half of the lists": ("dropout.publish.lists.write", "_store", 2, "after", OLD),
    "before the report": ("dropout.publish.report", "write", 1, "before", OLD),
    "without a manifest": ("dropout.publish.manifest", "write", 1, "before", OLD),
    "before the disk has it": ("dropout.publish.generation", "seal", 1, "before", OLD),
    "before the rename": ("os", "rename", 1, "before", OLD),
    "renamed, not linked": ("os", "rename", 1, "after", OLD),
    "linked under another name": ("os", "replace", 1, "before", OLD),
    "swapped, not recorded": ("os", "replace", 1, "after", NEW),
    "recorded, not pruned": ("dropout.publish.generation", "prune", 1, "before", NEW),
    "half pruned": ("dropout.publish.generation", "_remove", 1, "before", NEW),
}

# A fresh process that has started no threads forks one child per point; each child publishes and is killed on the way.
WORKER = """
import datetime, importlib, json, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.publish_district import begun
from dropout.publish import charts, publish
from dropout.settings import Deployment, Settings
from dropout.warehouse.connect import connect

charts.svg = lambda *chart, **size: "<svg></svg>"  # drawing takes half a second and has no part in this

def kill_at(module, name, call, when):
    home = importlib.import_module(module)
    real, calls = getattr(home, name), [0]
    def stopped(*args, **kwargs):
        calls[0] += 1
        if calls[0] == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if calls[0] == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(home, name, stopped)

ended = {}
for root, (module, name, call, when) in json.loads(sys.argv[2]).items():
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        settings = Settings.model_validate_json((Path(root) / "settings.json").read_text())
        deployment = Deployment(Path(root), settings)
        with connect(deployment) as con:
            run = begun(con, deployment, datetime.date.fromisoformat(sys.argv[3]), "r2")
            kill_at(module, name, call, when)
            publish.publish(con, run)
        os._exit(0)
    ended[root] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(ended))
"""


FULL_DISK = """
import datetime, os, resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from dropout.errors import PublishError
from dropout.publish.publish import publish
from dropout.settings import Deployment, Settings
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.publish_district import begun

root = Path(sys.argv[2])
deployment = Deployment(root, Settings.model_validate_json((root / "settings.json").read_text()))
with connect(deployment) as con:
    run = begun(con, deployment, datetime.date.fromisoformat(sys.argv[3]), "r2")
    con.execute("checkpoint")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        publish(con, run)
    except PublishError as error:
        print(error, flush=True)
        os._exit(41)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deployment]:
    """A deployment per point: one night published, the next one killed while it was being published."""
    home = tmp_path_factory.mktemp("kill")
    first = district(home / "first", night={"keep_generations": 2})
    with connect(first) as con:
        for day, run_id in ((NIGHT - dt.timedelta(days=2), "r0"), (NIGHT, "r1")):
            scored(con, day)
            publish(con, begun(con, first, day, run_id))
        scored(con, NEXT, shift=1)
    (first.root / "settings.json").write_text(first.settings.model_dump_json(), encoding="utf-8")
    roots, stops = {}, {}
    for place, (point, (*stop, _)) in enumerate(POINTS.items()):
        root = home / f"point-{place}"
        shutil.copytree(first.root, root, symlinks=True)
        roots[point], stops[str(root)] = Deployment(root, first.settings), stop
    ended = subprocess.run(
        [sys.executable, "-c", WORKER, str(ROOT), json.dumps(stops), NEXT.isoformat()],
        capture_output=True, text=True, timeout=120, check=True, env={**os.environ, "POLARS_MAX_THREADS": "1"},
    )  # fmt: skip
    exit_codes = json.loads(ended.stdout.splitlines()[-1])
    assert set(exit_codes.values()) == {-signal.SIGKILL}, exit_codes  # every point was reached
    return roots


@pytest.mark.parametrize("point", POINTS)
def test_a_kill(point: str, killed: dict[str, Deployment], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "svg", lambda *chart, **size: "<svg></svg>")
    deployment, expected = killed[point], POINTS[point][-1]
    current = deployment.published / "current"
    assert current.resolve().name == expected
    assert manifest.verify(current)["generation_id"] == expected

    with connect(deployment) as con:
        # the next night's lists are cut with those that schools hold, recorded or not; 12 students are on each
        earlier_lists(con, Run(deployment, "nightly", NEXT + dt.timedelta(days=1)))
        last = con.execute("select generation_id, count(*) from earlier_entry where list_age = 1 group by 1").fetchall()
        assert last == [(expected, 12)]

        result = publish(con, begun(con, deployment, NEXT, "r3"))
        entries = con.execute("select generation_id, count(*) from ops.list_entry group by 1 order by 1").fetchall()
        assert entries == [(g, 12) for (g,) in con.execute("select generation_id from ops.generation order by 1").fetchall()]
        recorded = [g for (g,) in con.execute("select generation_id from ops.generation order by published_at").fetchall()]
    assert result["listed"] == 12
    assert current.resolve().name == f"{NEXT}-r3"
    manifest.verify(current)
    assert recorded[-1] == f"{NEXT}-r3"
    assert (NEW in recorded) == (expected == NEW)
    assert [p.name for p in deployment.published.iterdir() if p.name.startswith(".")] == []
    kept = sorted(p.name for p in (deployment.published / "generations").iterdir())
    assert len(kept) == 2 and not any(name.startswith(".") for name in kept)
    with (current / "lists/S1" / f"S1_{NEXT}.csv").open(encoding="utf-8-sig", newline="") as file:
        changes = [row[LIST_COLUMNS.index("change")] for row in csv.reader(file, delimiter=";")][1:]
    assert changes[3] == "nouveau sur la liste" and changes[0].startswith(
        "toujours sur la liste"
    )  # held against the list of the 10th


def test_a_full_disk_keeps_the_old_generation(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands in for a full disk: no file may grow beyond 200 kB, the analysts' file needs more."""
    deployment = district(tmp_path)
    with connect(deployment) as con:
        scored(con)
        publish(con, begun(con, deployment))
        scored(con, NEXT)
    (tmp_path / "settings.json").write_text(deployment.settings.model_dump_json(), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(ROOT), str(tmp_path), NEXT.isoformat()], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 41, ended.stderr
    assert "the last publication stays" in ended.stdout
    assert manifest.verify(deployment.published / "current")["generation_id"] == OLD
    assert [p.name for p in (deployment.published / "generations").iterdir()] == [OLD]
    with connect(deployment) as con:
        assert publish(con, begun(con, deployment, NEXT, "r3"))["listed"] == 12
