"""Champion and challenger: who stays, who goes, as a table; which version is the champion; when a season is due."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from dropout.errors import ModelError
from dropout.model import champion as champions
from dropout.model import season
from dropout.model.card import Card
from dropout.model.champion import Champion, find_champion, not_judged, settle
from dropout.model.comparison import Comparison, Gain
from dropout.model.evaluation import Evaluation, LastSeason
from dropout.model.rankings import BASELINES, LAST_SEASON, RIVALS, Ranking
from dropout.model.recipe import Cohort, Plan, Recipe, Stage
from dropout.model.registry import Model
from dropout.settings import Deployment, ModelSettings
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import TARGET, deployment
from tests.unit.test_model_comparison import frame

LISTS = ("the district's list", "the schools' lists")


def gain(baseline: str, lists: str, value: float, low: float = 0.01) -> Gain:
    return Gain(baseline=baseline, lists=lists, value=value, low=low, high=value + 0.05)


def evaluation(
    over_champion: tuple[float, float] = (0.0, 0.0), *, low: float = 0.01, error: float | None = 0.02, **last_season: Any
) -> Evaluation:
    """The challenger's gains over the champion; `low`: of the champion's gains over the baselines; `error`: its calibration."""
    given: dict[str, Any] = {
        "version": "v1",
        "gains": [gain(b, lists, 0.04, low) for b in BASELINES for lists in LISTS],
        "calibration_error": error,
        **last_season,
    }
    return Evaluation(
        cohort="2023-2024",
        is_outcome_so_far=False,
        students=1000,
        events=100,
        unknown_exits=0,
        judged_share=0.08,
        champion_gains=[gain("last_season", *pair) for pair in zip(LISTS, over_champion, strict=True)],
        last_season=LastSeason(**given),
    )


SAME = {"is_judged_booster": True}
CASES = [  # the evaluation, whether the challenger passes alone → verdict, and words of its why
    ("no champion", evaluation().model_copy(update={"last_season": None}), True, "promoted", "alone"),
    ("no champion, challenger fails", evaluation().model_copy(update={"last_season": None}), False, "absence_rule", "alone"),
    ("champion saw the cohort", evaluation((-1, -1), why_not="it learned from it"), True, "promoted", "alone"),
    ("champion saw the cohort, challenger fails", evaluation(why_not="it learned from it"), False, "absence_rule", "alone"),
    ("wins on both", evaluation((0.02, 0.01)), True, "promoted", r"found more than last season's model \(v1\): \+2.0 points"),
    ("wins on the sum", evaluation((0.03, -0.02)), True, "promoted", "found more than"),
    ("loses on the sum", evaluation((0.02, -0.03)), True, "champion", r"stays in force: \+2.0 points .* -3.0 points"),
    ("a tie is no win", evaluation((0.0, 0.0)), True, "champion", "at 8% of the students"),
    ("the same booster ties", evaluation((0.0, 0.0), **SAME), True, "promoted", "rolled one cohort forward"),
    ("loses to one that no longer holds", evaluation((-0.02, 0.0), low=0.0), True, "promoted", "no longer surely finds more"),
    ("loses to one out of calibration", evaluation((-0.02, 0.0), error=0.051), True, "promoted", "calibration error of 0.051"),
    (
        "loses to one that errs on a group",
        evaluation((-0.02, 0.0), groups_out_of_bounds=["sex=male: x"]),
        True,
        "promoted",
        "errs too much on groups of students: sex=male: x",
    ),
    (
        "fails, and the champion errs on a group",
        evaluation((-0.02, 0.0), groups_out_of_bounds=["sex=male: x"]),
        False,
        "absence_rule",
        "errs too much on groups",
    ),
    ("calibration cannot be told", evaluation((-0.02, 0.0), error=None), True, "champion", "stays in force"),
    ("fails, champion holds", evaluation((-0.02, 0.0)), False, "champion", "does better than every baseline on 2023-2024"),
    ("fails though ahead of the champion", evaluation((0.02, 0.0)), False, "champion", "stays in force"),
    (
        "both fail",
        evaluation((0.02, 0.0), low=-0.01),
        False,
        "absence_rule",
        "alone; and last season's model .* no longer surely",
    ),
    ("the same booster fails", evaluation(low=-0.01, **SAME), False, "absence_rule", "no longer surely"),
]


@pytest.mark.parametrize(("given", "is_better", "verdict", "why"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_who_goes_into_force(given: Evaluation, is_better: bool, verdict: str, why: str) -> None:
    found, said = settle(given, is_better, "alone")
    assert found == verdict
    assert re.search(why, said)


def card(version: str = "v1", **given: Any) -> Card:
    def cohort(year: str) -> Cohort:
        return Cohort(school_year=year, start_date="", end_date="", students=1, snapshots=1, events=1, unknown_exits=0)

    common = {
        "version": version,
        "target": TARGET,
        "method": "model",
        "why": "",
        "trained_as_of": "2023-12-01",
        "latest_mature": "2021-2022",
        "recipe": "",
        "cohorts": [cohort("2021-2022")],
        "running": cohort("2022-2023"),
        "evaluation": None,
        "settings": ModelSettings(),
        "bands": None,
        "features": ["registers_taken_56d_count"],
    }
    return Card.model_validate({**common, **given})


@pytest.mark.parametrize(
    ("year", "features", "why"),
    [
        ("2023-2024", ["registers_taken_56d_count"], ""),
        ("2021-2022", ["registers_taken_56d_count"], "it learned from 2021-2022"),
        ("2022-2023", ["registers_taken_56d_count"], "it learned from 2022-2023"),  # of the running one it saw a part
        ("2023-2024", ["registers_taken_56d_count", "gone"], "features that it reads are no more: gone"),
    ],
)
def test_a_champion_is_judged_only_on_what_it_did_not_see(year: str, features: list[str], why: str) -> None:
    assert Champion("v1", Model(card(features=features), None)).why_not_on(year, frame()) == why


@pytest.fixture
def made(tmp_path: Path) -> Deployment:
    return deployment(tmp_path)


@pytest.fixture
def con(made: Deployment) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(made) as opened:
        yield opened


def on_record(con: duckdb.DuckDBPyConnection, status: str, kept: str = "", rival: str | None = None, **given: Any) -> None:
    """A row of ops.model; `rival`: the champion that this version's own season met."""
    made = card(**given)
    evaluation = None if rival is None else {"last_season": {"version": rival}}
    text = json.dumps({"latest_mature": made.latest_mature, "kept": kept, "evaluation": evaluation})
    row = [made.version, TARGET, made.method, status, made.trained_as_of, text]
    con.execute("insert into ops.model select ?, ?, ?, ?, ?, null, '', ?", row)


def plan(as_of: str) -> Plan:
    return Plan(
        target=TARGET, trained_as_of=as_of, version="new", latest_mature=None, cohorts=[], running=None, recipe=Recipe(name="x")
    )


def test_the_champion_is_the_model_in_force_before_the_season(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(champions, "load", lambda deployment, version: Model(card(version), None))
    assert find_champion(con, made, plan("2024-12-02")) is None  # nothing in force
    on_record(con, "retired", version="v0")
    on_record(con, "promoted", version="v1")
    found = find_champion(con, made, plan("2024-12-02"))
    assert found is not None and found.version == "v1" and found.model is not None
    earlier = find_champion(con, made, plan("2022-12-01"))
    assert earlier is not None and earlier.model is None and "trained later" in earlier.why_not
    con.execute("update ops.model set method = 'absence_rule' where version = 'v1'")
    assert find_champion(con, made, plan("2024-12-02")) is None


@pytest.mark.parametrize("method", ["model", "absence_rule"])  # whichever its first run put in force
@pytest.mark.parametrize("rival", ["v0", None])
def test_a_repeated_season_meets_the_same_champion_again(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, method: str, rival: str | None
) -> None:
    monkeypatch.setattr(champions, "load", lambda deployment, version: Model(card(version), None))
    on_record(con, "promoted", version="v1", method=method, rival=rival, trained_as_of="2023-12-01")
    found = find_champion(con, made, plan("2023-12-01"))
    assert (found.version if found else None) == rival


def test_a_champion_that_learned_from_a_forgotten_pupil_defends_nothing(made: Deployment, con: duckdb.DuckDBPyConnection) -> None:
    on_record(con, "promoted", version="v1")
    con.execute("insert into ops.tainted values ('v1')")
    found = find_champion(con, made, plan("2024-12-02"))
    assert found is not None and found.model is None and "forgotten" in found.why_not
    assert season._is_due(con, Run(made, "nightly", dt.date(2024, 12, 2)), TARGET)


def test_a_champion_whose_files_are_gone_stops_no_season(made: Deployment, con: duckdb.DuckDBPyConnection) -> None:
    on_record(con, "promoted", version="v1")
    found = find_champion(con, made, plan("2024-12-02"))
    assert found is not None and found.model is None and "missing or not whole" in found.why_not
    facts = not_judged(found, found.why_not)
    assert facts["last_season"].version == "v1" and facts["last_season"].why_not == found.why_not
    assert found.ranked(Stage(booster="m", school_year="x"), frame(), 1) == {}


@pytest.mark.parametrize(
    ("as_of", "year", "is_due", "why"),
    [
        ("2024-12-02", "2023-2024", False, "the season of this day left v1 in force"),
        ("2025-02-01", "2023-2024", False, "and no year has matured since"),
        ("2025-12-01", "2024-2025", True, "a newer year has matured"),
        ("2024-11-30", "2023-2024", True, "that season was later than this night, which must hold its own"),
        ("2023-12-15", "2022-2023", False, "v1 knows this year itself"),
        ("2022-12-01", "2021-2022", True, "v1 knows more than this night could"),
    ],
)
def test_a_season_that_left_the_champion_in_force_is_not_due_again(
    made: Deployment,
    con: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    as_of: str,
    year: str,
    is_due: bool,
    why: str,
) -> None:
    on_record(con, "promoted", version="v1", trained_as_of="2023-12-01", latest_mature="2022-2023")
    on_record(con, "refused", kept="v1", version="v2", trained_as_of="2024-12-02", latest_mature="2023-2024")
    on_record(con, "refused", kept="v0", version="v9", trained_as_of="2020-12-01", latest_mature="2024-2025")  # of another
    monkeypatch.setattr(season.first_year, "newest_outcomes", lambda con, run, target, cohorts: year)
    monkeypatch.setattr(season, "read_card", lambda deployment, version: card(version, latest_mature="2022-2023"))
    run = Run(made, "nightly", dt.date.fromisoformat(as_of))
    assert season._is_due(con, run, TARGET) is is_due, why


def test_a_season_is_due_when_the_champions_files_are_gone(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_record(con, "promoted", version="v1", trained_as_of="2023-12-01", latest_mature="2022-2023")
    on_record(con, "refused", kept="v1", version="v2", trained_as_of="2024-12-02", latest_mature="2023-2024")
    monkeypatch.setattr(season.first_year, "newest_outcomes", lambda con, run, target, cohorts: "2023-2024")
    with pytest.raises(ModelError):
        season.read_card(made, "v1")
    assert season.is_due(con, Run(made, "nightly", dt.date(2024, 12, 2)))


def test_gains_are_given_over_what_is_there() -> None:
    rows = frame()
    blind = Ranking(np.zeros(len(rows)), np.full(len(rows), 1 / 6))
    ranked = {"model": Ranking(rows.label, rows.label), LAST_SEASON: blind, **dict.fromkeys(BASELINES, blind)}
    compared = Comparison(rows, ranked, np.full(len(rows), 4.0), ModelSettings())
    records = compared.gain_records("2023-2024", over=RIVALS)
    assert {(r.ranking, r.metric) for r in records} == {
        ("model", "recall_gain_over_last_season"),
        ("model", "recall_in_schools_gain_over_last_season"),
    }
    # the model lists a tenth of the students, all of whom left: 24 of 42; a blind list of a tenth finds a tenth of them
    assert all(r.value == pytest.approx(24 / 42 - 0.1, abs=0.02) for r in records)
    assert [g.value for g in compared.gains(LAST_SEASON)] == [0.0] * 6
    assert compared.gain_records("2023-2024", "logistic_regression") == []
