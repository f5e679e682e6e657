"""A kill at any point of a rotation leaves the old key in force, whole, or the new one once the next command has run."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dropout.access.access import acts
from dropout.access.student import pseudonym_of
from dropout.doctor.examine import examine
from dropout.doctor.whole import CHECKS
from dropout.model.seal import verify as verify_seal
from dropout.monitor.night import current
from dropout.privacy import audit
from dropout.privacy.audit_verify import entries
from dropout.privacy.keys import read_key
from dropout.privacy.rotations import tell
from dropout.publish import manifest
from dropout.rekey.rotate import rotate
from dropout.settings import Deployment
from dropout.warehouse import swap
from dropout.warehouse.connect import connect
from tests.keyed_district import KEY, MODEL, keyed_district

ROOT = Path(__file__).parents[2]
OLD, NEW = "old", "new"
NUMBER = "J100000020"
# name → (module, function, which call, killed before or after it, which key must be in force)
POINTS = {
    "before anything is built": ("dropout.rekey.rotate", "used", 1, "before", OLD),
    "with one of the databases": ("dropout.rekey.rotate", "copy", 1, "after", OLD),
    "with half of the warehouse": ("dropout.rekey.copied", "_copy_table", 30, "before", OLD),
    "with both databases": ("dropout.rekey.publication", "rebuild", 1, "before", OLD),
    "with half of the publication": ("dropout.rekey.publication", "_copy", 5, "after", OLD),
    "before the seals": ("dropout.rekey.rotate", "_seals", 1, "before", OLD),
    "before the key is written": ("dropout.rekey.rotate", "write_key", 1, "before", OLD),
    "not promised yet": ("dropout.warehouse.swap", "promise", 1, "before", OLD),
    "promise written under another name": ("os", "replace", 1, "before", OLD),
    "promised, nothing moved": ("os", "replace", 1, "after", NEW),
    "databases of two keys": ("os", "replace", 2, "after", NEW),
    "databases moved": ("os", "replace", 3, "after", NEW),
    "models moved": ("os", "replace", 4, "after", NEW),
    "hidden publication linked": ("os", "replace", 5, "after", NEW),
    "before the publication has its name": ("os", "rename", 1, "before", NEW),
    "before the key is moved": ("os", "replace", 7, "before", NEW),
    "moved, not told": ("dropout.rekey.rotate", "tell", 1, "before", NEW),
}
WORKER = """
import importlib, json, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from dropout.rekey import rotate
from dropout.settings import Deployment, Settings

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
for root, stop in json.loads(sys.argv[2]).items():
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        kill_at(*stop)
        rotate.rotate(Deployment(Path(root), Settings.model_validate_json((Path(root) / "settings.json").read_text())))
        os._exit(0)
    ended[root] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(ended))
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deployment]:
    """A deployment per point, each killed while it was given a new key."""
    home = tmp_path_factory.mktemp("rotate-kill")
    first = keyed_district(home / "first")
    with connect(first) as con:
        audit.record(con, first, "sheet_written", student_key=pseudonym_of(con, first, NUMBER).student_key)
    (first.root / "settings.json").write_text(first.settings.model_dump_json(), encoding="utf-8")
    roots, stops = {}, {}
    for place, (point, (*stop, _)) in enumerate(POINTS.items()):
        root = home / f"point-{place}"
        shutil.copytree(first.root, root, symlinks=True)
        roots[point], stops[str(root)] = Deployment(root, first.settings), stop
    ended = subprocess.run(
        [sys.executable, "-c", WORKER, str(ROOT), json.dumps(stops)],
        capture_output=True, text=True, timeout=240, check=True, env={**os.environ, "POLARS_MAX_THREADS": "1"},
    )  # fmt: skip
    exit_codes = json.loads(ended.stdout.splitlines()[-1])
    assert set(exit_codes.values()) == {-signal.SIGKILL}, exit_codes  # every point was reached
    return roots


@pytest.mark.parametrize("point", POINTS)
def test_a_kill(point: str, killed: dict[str, Deployment]) -> None:
    place, must_be = killed[point], POINTS[point][-1]
    assert swap.is_promised(place.root) == (must_be == NEW and point != "moved, not told")
    now = current(place)
    assert now
    manifest.verify(now.folder)  # an analyst reads a whole publication before any other command runs
    with connect(place, attach=("identity",)) as con:
        key = read_key(place)
        assert (key == KEY) == (must_be == OLD)
        student = pseudonym_of(con, place, NUMBER)
        query = "select count(*) from core.grade inner join identity.student using (student_key) where student_id = ?"
        rows = con.execute(query, [NUMBER])
        assert rows.fetchall() == [(1,)]
        assert con.execute("select count(*) from core.grade where student_key = ?", [student.student_key]).fetchall() == [(1,)]
        assert [a["what"] for a in acts(con, place, student)] == ["sheet_written"]
        assert tell(con, place) == (1 if must_be == NEW else 0)
    with connect(place) as con:
        for check in CHECKS.values():  # key, publication, audit log, runs; the model below is no real one
            assert [f for f in check(con, place) if f.about not in ("model", "run")] == []
    now = current(place)
    assert now
    manifest.verify(now.folder)
    verify_seal(place.models / MODEL, key, "")
    assert [e.what for e in entries(place)].count("key_rotated") == (must_be == NEW)


@pytest.mark.parametrize("point", ["with half of the warehouse", "databases of two keys", "moved, not told"])
def test_after_it_a_rotation_just_works(point: str, killed: dict[str, Deployment], tmp_path: Path) -> None:
    shutil.copytree(killed[point].root, tmp_path / "place", symlinks=True)
    place = Deployment(tmp_path / "place", killed[point].settings)
    done = rotate(place)
    # 64 pupils and, unless it went with the first rotation, the row aside of a number that no register has
    assert done.students == (65 if POINTS[point][-1] == OLD else 64)
    assert not list(place.root.rglob("*.next"))
    assert not [f for f in examine(place).findings if f.about in ("key", "publication", "audit", "leftover", "files")]
