"""Where the version in force is not whole, the last good one serves, and says so; where none is, the last publication stays."""

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout.errors import ModelError
from dropout.explain.explain import explain
from dropout.model import booster
from dropout.model.registry import CARD, load, promoted
from dropout.model.score import score
from dropout.model.seal import SEAL, seal
from dropout.model.season import is_due
from dropout.privacy.keys import read_key
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_versions import with_earlier
from tests.model_world import TARGET, after_a_season

NIGHT = dt.date(2024, 12, 2)


@pytest.fixture
def night(tmp_path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Run]]:
    made = after_a_season(tmp_path / "d", range(2021, 2025), 1.0, NIGHT)
    with connect(made) as con:
        yield con, Run(made, "nightly", NIGHT)


Night = tuple[duckdb.DuckDBPyConnection, Run]


def harm(made: Deployment, version: str) -> None:
    path = made.models / version / "model.txt"
    path.write_bytes(path.read_bytes()[:-300])


def versions(con: duckdb.DuckDBPyConnection) -> list[tuple[str]]:
    return con.execute("select distinct model_version from night.score where target = ?", [TARGET]).fetchall()


def test_the_last_good_one_serves_and_the_operator_is_told(night: Night) -> None:
    con, run = night
    in_force = with_earlier(con, run.deployment, "oldest", 20)
    with_earlier(con, run.deployment, "newer", 10)
    whole = score(con, run)
    assert TARGET not in whole and versions(con) == [(in_force,)]
    was_due = is_due(con, run)

    harm(run.deployment, in_force)
    counts = score(con, run)
    assert counts[TARGET] == "older" and counts["listed"] == whole["listed"]
    assert versions(con) == [("newer",)]
    assert con.execute("select in_force, served, state, since from night.serving where target = ?", [TARGET]).fetchall() == [
        (in_force, "newer", "older", dt.date(2023, 12, 4))
    ]
    [(what, place)] = con.execute("select what, place from ops.notice").fetchall()
    assert "the last good one serves: newer" in what and place == in_force
    assert explain(con, run)["reasons"] > 0  # reasons are of the version that gave the chances
    assert promoted(con, TARGET) == in_force  # a person decides what comes next
    assert is_due(con, run) == was_due  # no season writes over what was done to the files

    harm(run.deployment, "newer")
    score(con, run)
    assert versions(con) == [("oldest",)]


def test_where_none_is_whole_nothing_is_scored_and_a_season_is_due(night: Night) -> None:
    con, run = night
    in_force = with_earlier(con, run.deployment, "older", 10)
    score(con, run)
    before = con.execute("select * from night.score order by all").fetchall()
    for version in (in_force, "older"):
        harm(run.deployment, version)
    with pytest.raises(ModelError, match="altered") as raised:
        score(con, run)
    assert raised.value.where == in_force and raised.value.exit_code == 31
    assert con.execute("select * from night.score order by all").fetchall() == before
    assert is_due(con, run)


def test_what_a_person_stopped_or_what_came_later_does_not_come_back(night: Night) -> None:
    con, run = night
    in_force = with_earlier(con, run.deployment, "stopped", 10)
    with_earlier(con, run.deployment, "later", -10)  # it was in force after, and lost to the one that is
    con.execute("insert into ops.suspension values ('stopped', ?, '2024-01-01', 'unfair', '2024-02-01')", [TARGET])
    harm(run.deployment, in_force)
    with pytest.raises(ModelError):
        score(con, run)


def test_a_version_that_reads_features_that_are_no_more_does_not_serve(night: Night) -> None:
    con, run = night
    in_force = with_earlier(con, run.deployment, "older", 10)
    path = run.deployment.models / "older" / CARD
    card = json.loads(path.read_text())
    card["features"][0] = "a_feature_of_before"
    path.write_text(json.dumps(card))
    seal(path.parent, read_key(run.deployment))
    harm(run.deployment, in_force)
    with pytest.raises(ModelError):
        score(con, run)


def test_a_sealed_text_that_ends_its_process_ends_only_the_child(night: Night) -> None:
    """Whole by seal and card, as if another LightGBM had written it: the parent lives on, with the older version."""
    con, run = night
    in_force = with_earlier(con, run.deployment, "older", 10)
    folder = run.deployment.models / in_force
    text = (folder / "model.txt").read_bytes()[:900]
    (folder / "model.txt").write_bytes(text)
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"booster_sha256": hashlib.sha256(text).hexdigest()}))
    seal(folder, read_key(run.deployment))
    score(con, run)
    assert versions(con) == [("older",)]
    assert "cannot be loaded" in con.execute("select what from ops.notice").fetchall()[0][0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, str]:
    """A deployment, the version in force, and a refit beside its trees, under the same seal."""
    made = after_a_season(tmp_path_factory.mktemp("property") / "d", range(2021, 2025), 1.0, NIGHT)
    with connect(made) as con:
        version = promoted(con, TARGET)
    assert version is not None
    shutil.copy(made.models / version / "model.txt", made.models / version / "refit_1.txt")
    seal(made.models / version, read_key(made))
    assert load(made, version).trees is not None
    return made, version


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_and_any_flipped_bit_of_any_file_is_refused(
    whole: tuple[Deployment, str], data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, version = whole
    path = data.draw(st.sampled_from(sorted((made.models / version).iterdir())), "file")
    content = path.read_bytes()
    meant = len(content) - (path.name == SEAL)  # the seal's last byte ends its line
    place = data.draw(st.integers(0, meant - 1), "place")
    bit = data.draw(st.none() | st.integers(0, 7), "bit")  # None: the file is cut there
    flipped = content[:place] + bytes([content[place] ^ (1 << (bit or 0))]) + content[place + 1 :]
    monkeypatch.setattr(booster, "load", lambda text: pytest.fail("LightGBM was given what was not verified"))
    path.write_bytes(content[:place] if bit is None else flipped)
    try:
        with pytest.raises(ModelError):
            load(made, version)
    finally:
        path.write_bytes(content)
