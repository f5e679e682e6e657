"""Altered, cut, swapped or foreign models never reach LightGBM; a crash between two steps is made good."""

import datetime as dt
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from dropout.errors import ModelError
from dropout.model import booster, tried
from dropout.model import promote as promoting
from dropout.model.calibrate import calibrate
from dropout.model.candidate import Candidate
from dropout.model.evaluate import evaluate
from dropout.model.promote import promote
from dropout.model.registry import load, promoted
from dropout.model.season import is_due
from dropout.model.train import train
from dropout.model.tried import try_in_child
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import TARGET, World, deployment

NIGHT = dt.date(2024, 12, 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment after a season, and `candidate/`: its models folder before promote."""
    made = deployment(tmp_path_factory.mktemp("whole") / "d")
    with pytest.MonkeyPatch.context() as patch, connect(made) as con:
        World(made, range(2022, 2025), students=900, signal=1.5).stands_in(con, patch)
        run = Run(made, "season", NIGHT)
        for verb in (train, calibrate, evaluate):
            verb(con, run)
        shutil.copytree(made.models, made.root / "candidate")
        promote(con, run)
        con.execute("checkpoint")
    return made


@pytest.fixture
def made(whole: Deployment, tmp_path: Path) -> Deployment:
    shutil.copytree(whole.root, tmp_path / "d")
    return Deployment(tmp_path / "d", whole.settings)


@pytest.fixture
def con(made: Deployment) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(made) as opened:
        yield opened


def edit(folder: Path) -> None:
    path = folder / "model.txt"
    path.write_text(path.read_text().replace("leaf_value=", "leaf_value=9", 1))


def cut(folder: Path) -> None:
    path = folder / "model.txt"
    path.write_bytes(path.read_bytes()[:900])


def edit_card(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text().replace('"slope": ', '"slope": 1', 1))


def remove_seal(folder: Path) -> None:
    (folder / "model.hmac").unlink()


def add(folder: Path) -> None:
    (folder / "more.txt").write_text("x")


def change_key(folder: Path) -> None:
    key = folder.parent.parent / "secrets" / "hmac.key"
    key.write_text("ab" * 32 + "\n")


@pytest.mark.parametrize("harm", [edit, cut, edit_card, remove_seal, add, change_key, shutil.rmtree], ids=lambda f: f.__name__)
def test_whatever_was_done_to_it_lightgbm_never_sees_it(
    made: Deployment, con: duckdb.DuckDBPyConnection, harm: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = promoted(con, TARGET)
    assert version is not None and load(made, version).trees is not None
    harm(made.models / version)
    monkeypatch.setattr(booster, "load", lambda text: pytest.fail("LightGBM was given an unverified model"))
    with pytest.raises(ModelError) as raised:
        load(made, version)
    assert "dropout season" in str(raised.value) and raised.value.exit_code == 31
    assert is_due(con, Run(made, "nightly", NIGHT))


def test_an_altered_candidate_is_refused_by_every_verb(made: Deployment, con: duckdb.DuckDBPyConnection) -> None:
    shutil.rmtree(made.models)
    (made.root / "candidate").rename(made.models)
    booster_file = Candidate(made, TARGET).folder / "m1.txt"
    booster_file.write_text(booster_file.read_text().replace("split_gain=", "split_gain=1", 1))
    for verb in (calibrate, evaluate, promote):
        with pytest.raises(ModelError, match="altered"):
            verb(con, Run(made, "season", NIGHT))


def test_a_model_that_ends_its_process_ends_only_the_child(made: Deployment, con: duckdb.DuckDBPyConnection) -> None:
    version = promoted(con, TARGET)
    assert version is not None
    cut(made.models / version)
    with pytest.raises(ModelError, match="cannot be loaded"):
        try_in_child(made.models / version)


def test_a_process_tries_the_same_bytes_once_in_a_child(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, begun, run = promoted(con, TARGET), [], subprocess.run
    assert version is not None
    monkeypatch.setattr(tried, "_TRIED", set())
    monkeypatch.setattr(tried.subprocess, "run", lambda *words, **more: begun.append(1) or run(*words, **more))
    load(made, version)
    load(made, version)
    assert begun == [1]
    card = made.models / version / "model.json"
    card.write_text(card.read_text() + "\n")  # other bytes, though they say the same
    try_in_child(made.models / version)
    assert begun == [1, 1]


def test_a_child_that_does_not_end_is_ended(whole: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    [folder] = [p for p in whole.models.iterdir() if p.name.startswith(TARGET)]
    monkeypatch.setattr(tried, "_TRIED", set())
    monkeypatch.setattr(tried, "SECONDS", 0.05)  # an interpreter alone takes as long to start
    with pytest.raises(ModelError, match=r"did not end within 0\.05 seconds"):
        try_in_child(folder)


def test_a_child_may_not_take_all_memory(whole: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    [folder] = [p for p in whole.models.iterdir() if p.name.startswith(TARGET)]
    monkeypatch.setattr(tried, "_TRIED", set())
    hog = "import dropout.model.tried as t; t.MEMORY_BYTES = 100 << 20; t.child(sys.argv[2])"  # libraries alone need more
    monkeypatch.setattr(tried, "LAUNCH", f"import sys; sys.path.insert(0, sys.argv[1]); {hog}")
    with pytest.raises(ModelError, match="A trial process ended with code"):
        try_in_child(folder)


@pytest.mark.parametrize("where", ["_place", "_record", "remove"])
def test_a_kill_during_promote_leaves_the_old_or_the_new_and_the_next_run_works(
    made: Deployment, con: duckdb.DuckDBPyConnection, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promoting, "try_in_child", lambda folder: None)
    version, run = promoted(con, TARGET), Run(made, "season", NIGHT)
    con.execute("delete from ops.model")
    shutil.rmtree(made.models)
    shutil.copytree(made.root / "candidate", made.models)
    with monkeypatch.context() as patch:
        target = Candidate if where == "remove" else promoting
        real = getattr(target, where)

        def killed(*given: object) -> None:
            if where == "_place":
                real(*given)
            raise KeyboardInterrupt

        patch.setattr(target, where, killed)
        with pytest.raises(KeyboardInterrupt):
            promote(con, run)
    assert promoted(con, TARGET) in (None, version)
    promote(con, run)
    assert promoted(con, TARGET) == version and load(made, str(version)).trees is not None
    assert sorted(p.name for p in made.models.iterdir()) == sorted(
        v for (v,) in con.execute("select version from ops.model where status = 'promoted'").fetchall()
    )
