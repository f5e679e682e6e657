"""suspend and resume: the rule speaks, without a chance and without the model's files, until a person resumes."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dropout.errors import ModelError
from dropout.explain.explain import explain
from dropout.model.registry import promoted
from dropout.model.score import score
from dropout.model.suspension import resume, suspend, suspended
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import TARGET, after_a_season

NIGHT = dt.date(2024, 12, 2)


@pytest.fixture
def night(tmp_path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Run]]:
    made = after_a_season(tmp_path / "d", range(2021, 2025), 1.0, NIGHT)
    with connect(made) as con:
        yield con, Run(made, "nightly", NIGHT)


Night = tuple[duckdb.DuckDBPyConnection, Run]


def test_the_rule_ranks_and_no_chance_is_said(night: Night) -> None:
    con, run = night
    in_force = promoted(con, TARGET)
    listed = score(con, run)["listed"]
    assert suspend(con, "  errs in \n one region ") == sorted(
        v for (v,) in con.execute("select version from ops.model").fetchall()
    )
    assert con.execute("select distinct why from ops.suspension").fetchall() == [("errs in one region",)]
    shutil.rmtree(run.deployment.models)  # nothing of the model is read any more
    counts = score(con, run)
    assert counts[TARGET] == "suspended" and 0 < counts["listed"] <= listed
    assert con.execute(
        "select distinct method, model_version, chance, chance_low, chance_high, raw from night.score where target = ?", [TARGET]
    ).fetchall() == [("absence_rule", in_force, None, None, None, None)]
    # by hand: the rule flags from two unexcused days in 28 on, or a tenth of the year missed; more days go first
    wrong = con.execute(
        "select count(*) from night.score inner join night.snapshot using (student_key) where target = ? and is_listed "
        "and coalesce(absences_unexcused_28d_count, 0) < 1 and coalesce(absence_share_year, 0) < 0.1",
        [TARGET],
    ).fetchall()
    assert wrong == [(0,)]
    assert explain(con, run)["concepts"] == 0  # no contribution of the model is left, only the rule's own lines
    features = {f for (f,) in con.execute("select distinct feature from night.reason").fetchall()}
    assert features <= {"absences_unexcused_28d_count", "absence_share_year"}


def test_a_version_that_a_season_promotes_meanwhile_does_not_speak(night: Night) -> None:
    con, run = night
    suspend(con, "unfair")
    con.execute("update ops.model set version = 'of-the-season' where target = ?", [TARGET])
    score(con, run)
    assert con.execute("select distinct method, model_version from night.score where target = ?", [TARGET]).fetchall() == [
        ("absence_rule", "of-the-season")
    ]


def test_resume_brings_the_chances_back_as_they_were(night: Night) -> None:
    con, run = night
    score(con, run)
    before = con.execute("select * from night.score order by all").fetchall()
    stopped = suspend(con, "unfair")
    score(con, run)
    assert con.execute("select * from night.score order by all").fetchall() != before
    assert resume(con) == sorted(stopped) and resume(con) == [] and suspended(con) == {}
    score(con, run)
    assert con.execute("select * from night.score order by all").fetchall() == before
    assert con.execute("select count(*) from ops.suspension where resumed_at is not null").fetchall() == [(len(stopped),)]


def test_one_version_is_suspended_and_the_other_target_goes_on(night: Night) -> None:
    con, run = night
    other = "leaves_within_60_days"
    version = str(promoted(con, other))
    assert suspend(con, "unfair", version) == [version]
    assert suspend(con, "again", version) == []  # it stands since the first time
    counts = score(con, run)
    assert counts[other] == "suspended" and TARGET not in counts
    with pytest.raises(ModelError, match="no such version is in force"):
        suspend(con, "unfair", "another")


@pytest.mark.parametrize("why", ["", "  ", "x" * 501, "asked by J100000002", "call 06 12 34 56 78", "a@b.ma", "+212612345678"])
def test_a_reason_without_words_or_with_a_person_in_it_is_refused(night: Night, why: str) -> None:
    con, _ = night
    with pytest.raises(ModelError, match="no person in it") as raised:
        suspend(con, why)
    assert not why.strip() or why not in str(raised.value)
    assert suspended(con) == {}


def test_a_reason_may_hold_dates_and_versions(night: Night) -> None:
    con, _ = night
    assert suspend(con, "since 2026-03-02 version leaves_by_next_year-2025-09-01-1a2b lists 14 of 20 from one school")
