"""The doctor finds each thing that is not as it must be, says what to do, and mends modes alone."""

import fcntl
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dropout.cli import app
from dropout.deploy import init
from dropout.doctor import whole
from dropout.doctor.examine import examine
from dropout.doctor.finding import Finding
from dropout.model.seal import SEAL
from dropout.privacy import audit
from dropout.privacy.keys import write_key
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.key_id import FILE, id_of
from dropout.warehouse.swap import Move, promise
from tests.keyed_district import KEY, SPOILT, keyed_district
from tests.publish_district import begun


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment with nothing to be done: published, its runs closed."""
    place = keyed_district(tmp_path_factory.mktemp("doctor") / "place")
    shutil.rmtree(place.models)
    with connect(place) as con:
        con.execute("update ops.run set status = 'done'")
        audit.record(con, place, "accepted", facts={"files": 1})
    for path in (place.root, *place.root.rglob("*")):
        if path.is_dir() and "published" not in path.parts:
            path.chmod(0o700)
    (place.root / "dropout.toml").write_text('[deployment]\ncountry = "morocco"\n', encoding="utf-8")
    return place


@pytest.fixture
def place(made: Deployment, tmp_path: Path) -> Deployment:
    umask = os.umask(0o077)
    shutil.copytree(made.root, tmp_path / "place", symlinks=True)
    os.umask(umask)
    return Deployment(tmp_path / "place", made.settings)


def about(place: Deployment) -> list[tuple[str, str]]:
    return [(f.about, f.where) for f in examine(place).findings]


def only(place: Deployment) -> Finding:
    (finding,) = examine(place).findings
    assert finding.remedy
    return finding


def test_nothing_to_be_done(place: Deployment) -> None:
    assert examine(place).findings == ()
    assert examine(place).looked_at == ("modes", "disk", "leftovers", "key", "models", "publication", "audit log", "runs")


@pytest.mark.parametrize(
    ("path", "mode", "then", "says"),
    [
        ("secrets", 0o750, 0o700, "the group may read one file or folder: up to 0750"),
        ("secrets/hmac.key", 0o604, 0o600, "anybody may read one file or folder: up to 0604"),
        ("identity.duckdb", 0o640, 0o600, "the group may read one file or folder: up to 0640"),
        ("identity.duckdb", 0o602, 0o600, "anybody may write one file or folder: up to 0602"),
        ("raw", 0o755, 0o700, "anybody may read one file or folder: up to 0755"),
        ("audit/audit.jsonl", 0o660, 0o600, "the group may write one file or folder: up to 0660"),
        ("work", 0o711, 0o700, "anybody may read one file or folder: up to 0711"),
        ("published", 0o755, 0o750, "anybody may read one file or folder: up to 0755"),
        ("published/current/report.html", 0o644, 0o640, "anybody may read one file or folder: up to 0644"),
        ("published/current/analytics.duckdb", 0o660, 0o640, "the group may write one file or folder: up to 0660"),
        ("published/current/lists/S1", 0o750, 0o700, "the group may read one file or folder: up to 0750"),
        ("published/current/lists/S1/S1_2025-03-10.csv", 0o640, 0o600, "the group may read one file or folder: up to 0640"),
        (".", 0o777, 0o755, "anybody may write one file or folder: up to 0777"),
        ("dropout.toml", 0o666, 0o644, "anybody may write one file or folder: up to 0666"),
    ],
)
def test_a_mode_that_is_too_open_is_found_and_mended(place: Deployment, path: str, mode: int, then: int, says: str) -> None:
    place.raw.mkdir(mode=0o700, exist_ok=True)
    (place.root / path).chmod(mode)
    found = [f for f in examine(place).findings if f.about == "modes"]
    assert [f.what for f in found] == [says]
    assert found[0].remedy == "dropout doctor --mend"
    done = examine(place, is_mending=True)
    assert len(done.mended) == 1
    assert not [f for f in done.findings if f.about == "modes"]
    assert (place.root / path).stat().st_mode & 0o777 == then


def test_a_finding_names_no_received_file(place: Deployment) -> None:
    path = place.raw / "ab12" / "Amal Bennani.csv"
    path.parent.mkdir(mode=0o700, parents=True)
    path.parent.parent.chmod(0o700)
    path.touch(0o600)
    path.chmod(0o644)
    assert only(place) == Finding("modes", "raw", "anybody may read one file or folder: up to 0644", "dropout doctor --mend")


def test_a_link_is_not_followed(place: Deployment, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o777)
    (tmp_path / "elsewhere").chmod(0o777)
    (place.work / "link").symlink_to(tmp_path / "elsewhere")
    assert examine(place, is_mending=True).findings == ()
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o777


def test_files_of_another_user(place: Deployment) -> None:
    if os.getuid():
        pytest.skip("only root can give a file away")
    os.chown(place.warehouse, 12345, -1)
    assert ("owner", "warehouse.duckdb*") in about(place)


def test_a_key_that_is_missing_short_or_another(place: Deployment) -> None:
    path = place.secrets / FILE
    write_key(path, bytes(32))
    assert only(place).what.startswith(f"the warehouse belongs to key {id_of(KEY)}, and the key here is {id_of(bytes(32))}")
    write_key(path, KEY[:16])
    assert about(place) == [("warehouse", f"secrets/{FILE}")]
    path.unlink()
    assert (only(place).about, only(place).what) == ("key", "the key is missing or damaged")


def test_an_identity_store_of_another_key(place: Deployment) -> None:
    with connect(place, attach=("identity",)) as con:
        con.execute("update identity.student set student_key = student_key + 1 where student_id in ('J100000020', 'J100000021')")
    assert only(place).what == "2 pseudonyms were made with another key"


def test_a_run_that_holds_it_and_one_that_died(place: Deployment) -> None:
    with connect(place) as con:
        begun(con, place, run_id="r9")
    assert only(place) == Finding("run", "warehouse.duckdb", "a run (nightly) died", "Run it again: dropout nightly")
    handle = os.open(place.root / ".lock", os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert only(place).about == "lock"
    finally:
        os.close(handle)


def test_too_little_room(place: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(whole.shutil, "disk_usage", lambda _: usage(1 << 40, 1 << 40, 100 << 20))
    assert only(place).what.startswith("100 MiB are free, and 20")  # 2048 for spills, and a few for the small databases


def test_a_model_in_force_that_was_altered(place: Deployment) -> None:
    folder = place.models / SPOILT
    folder.mkdir(mode=0o700, parents=True)
    place.models.chmod(0o700)
    for name in (SEAL, "model.txt"):
        (folder / name).touch(0o600)
    with connect(place) as con:
        con.execute(
            "insert into ops.model values (?, 'leaves_by_next_year', 'model', 'promoted', date '2025-01-01', null, 'x', '{}')",
            [SPOILT],
        )
    assert only(place).about == "model"
    assert "altered after it was made" in only(place).what


def test_an_altered_publication_and_one_that_is_gone(place: Deployment) -> None:
    with (place.published / "current" / "report.html").open("a") as file:
        file.write(" ")
    assert only(place).what == "a file differs from its hash in the manifest"
    (place.published / "current").unlink()
    assert only(place).what == "nothing is there, though something was published"


def test_an_audit_log_that_was_changed_or_torn(place: Deployment) -> None:
    path = audit.log_path(place)
    whole_log = path.read_bytes()
    path.write_bytes(whole_log + b'{"half')
    assert only(place).what == "the last line has no end: a crash tore it"
    path.write_bytes(whole_log.replace(b'"files":1', b'"files":2'))
    assert only(place).what == "line 1: the entry was changed"


@pytest.mark.parametrize(
    "name",
    [
        "work/read-abc/text", "work/canary-x/warehouse.duckdb", "work/backtest/x", "work/tmp/duckdb_temp_storage-0.tmp",
        "warehouse.duckdb.next", "secrets/hmac.key.next", "published/generations/.g.partial/a", "models/.m.partial/a",
        "models/candidate-x/a", "raw/.landing-x/a", "work/handed_out/x/held.json",
        "secrets/forgetting.json",
    ],
)  # fmt: skip
def test_leftovers(place: Deployment, name: str) -> None:
    umask = os.umask(0o077)
    (place.root / name).parent.mkdir(parents=True, exist_ok=True)
    (place.root / name).touch()
    os.umask(umask)
    assert only(place).about == "leftover"
    assert (place.root / name).exists()  # to find is not to remove


def test_a_promise_is_told_and_not_kept_by_looking(place: Deployment) -> None:
    promise(place.root, [Move(act="remove", path="work/x")])
    assert only(place).where == ".swap.json"
    assert examine(place).findings
    with connect(place):
        pass
    assert examine(place).findings == ()


def test_the_command(place: Deployment) -> None:
    (place.secrets / FILE).chmod(0o644)
    shown = CliRunner().invoke(app, ["doctor", "--dir", str(place.root)])
    assert shown.exit_code == 11
    assert "secrets" in shown.output
    shown = CliRunner().invoke(app, ["doctor", "--mend", "--dir", str(place.root)])
    assert shown.exit_code == 0, shown.output
    assert "mended: secrets: modes of 1" in shown.output
    shown = CliRunner().invoke(app, ["key", "show", "--dir", str(place.root)])
    assert id_of(KEY) in shown.output
    shown = CliRunner().invoke(app, ["key", "rotate", "--yes", "--dir", str(place.root)])
    assert shown.exit_code == 0, shown.output
    assert f"in place of {id_of(KEY)}: 65 pupils, 0 models" in shown.output
    assert KEY.hex() not in shown.output
    assert CliRunner().invoke(app, ["doctor", "--dir", str(place.root)]).exit_code == 0


def test_what_init_makes_is_closed_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        place = init(tmp_path / "new", "morocco")
        with connect(place):
            pass
    finally:
        os.umask(umask)
    assert examine(place).findings == ()
    assert {p.name: oct(p.stat().st_mode & 0o777) for p in place.root.iterdir()} == {
        "dropout.toml": "0o640", "inbox": "0o700", "raw": "0o700", "secrets": "0o700", "models": "0o700", "work": "0o700",
        "sources": "0o700", "published": "0o750", "warehouse.duckdb": "0o600", ".lock": "0o600",
    }  # fmt: skip
