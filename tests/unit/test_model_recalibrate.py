"""recalibrate: chances held against outcomes that matured; the smallest correction, no rank moved, nothing done twice."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from dropout.country import load_country
from dropout.features import snapshot
from dropout.model import promote as promoting
from dropout.model.calibrate import calibrate
from dropout.model.evaluate import evaluate
from dropout.model.frame import Floats
from dropout.model.promote import promote
from dropout.model.recalibrate import Held, recalibrate
from dropout.model.recalibration import Correction, closed_test, log_odds
from dropout.model.recipe import Cohort
from dropout.model.registry import correction_on, promoted
from dropout.model.score import score
from dropout.model.train import train
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import World, deployment

SOON, YEARLY = "leaves_within_60_days", "leaves_by_next_year"
COUNTRY = load_country("generic")
(YEAR,) = COUNTRY.years(2024, 2024)
# outcomes are known 60 + 14 days after a date: of 1 October on 14 December, of 1 November on 14 January, of 2 December on
# 14 February, of 1 January on 16 March, of 3 February on 18 April
SEASON, NIGHT = dt.date(2024, 12, 2), dt.date(2025, 5, 1)


def days(*texts: str) -> list[dt.date]:
    return [dt.date.fromisoformat(text) for text in texts]


# --- the correction and the test, without a warehouse


def test_a_correction_by_hand() -> None:
    """log-odds of 0.2 are -ln 4; doubled odds are 2/4 = 1/2, a chance of 1/3. A stretch by 2 of odds 1/4 gives 1/16: 1/17."""
    shift = Correction(kind="intercept", intercept=float(np.log(2)))
    assert shift.applied(np.array([0.2, 0.5, 0.0, 1.0])) == pytest.approx([1 / 3, 2 / 3, 0, 1])
    stretch = Correction(kind="intercept_and_slope", slope=2.0)
    assert stretch.applied(np.array([0.2, np.nan])) == pytest.approx([1 / 17, np.nan], nan_ok=True)
    chance = np.linspace(0.001, 0.999, 999)
    assert (np.diff(stretch.applied(chance)) > 0).all()


def outcomes(seed: int, intercept: float, slope: float, spread: float = 0.0, schools: int = 25) -> tuple[Floats, Floats, Any]:
    """Chances that were said of 2,500 students, and outcomes by another line, in schools with effects of their own."""
    random = np.random.default_rng(seed)
    said, school = random.normal(-2, 1.2, 2500), np.arange(2500) % schools
    true = intercept + slope * said + spread * random.normal(size=schools)[school]
    return 1 / (1 + np.exp(-said)), (random.random(2500) < 1 / (1 + np.exp(-true))).astype(float), school


def kinds(intercept: float, slope: float, spread: float = 0.0, schools: int = 25) -> list[str]:
    found = []
    for seed in range(40):
        chance, label, school = outcomes(seed, intercept, slope, spread, schools)
        found.append(closed_test(chance, label, np.ones(2500), school, seed=7).kind)
    return found


def test_the_closed_test_finds_what_is_needed_and_no_more() -> None:
    """2,500 students, some 400 leavers. Right chances are left alone at least 19 times in 20."""
    assert kinds(0.0, 1.0).count("none") >= 38
    assert kinds(0.7, 1.0).count("intercept") >= 37
    assert kinds(0.0, 0.6).count("intercept_and_slope") >= 38


def test_schools_that_differ_do_not_pass_for_a_wrong_map() -> None:
    """With an effect of 0.6 per school the district's mean moves; taken as independent, 24 of 40 would be corrected."""
    found = kinds(0.0, 1.0, spread=0.6, schools=12)
    assert found.count("none") >= 35


def test_near_copies_are_no_evidence() -> None:
    """Each student ten times, at a tenth of the weight: the same correction to the last digit."""
    chance, label, school = outcomes(3, 0.7, 1.0)
    once = closed_test(chance, label, np.ones(2500), school, seed=7)
    ten = closed_test(*(np.tile(x, 10) for x in (chance, label, np.full(2500, 0.1), school)), seed=7)
    assert once.kind == ten.kind == "intercept" and once.intercept == pytest.approx(ten.intercept, abs=1e-6)
    assert once.intercept == pytest.approx(0.7, abs=0.15)


def test_scores_that_turned_around_keep_their_order() -> None:
    chance, label, school = outcomes(3, -2.0, -1.0)
    found = closed_test(chance, label, np.ones(2500), school, seed=7)
    assert found.kind == "intercept_and_slope" and found.slope == 0.2
    assert found.applied(chance).mean() == pytest.approx(label.mean(), abs=0.02)


# --- which dates are news


def held(**changes: Any) -> Held:
    common = {"target": SOON, "version": "v", "trained_as_of": "2024-12-02", "cohorts": []}
    return Held.model_validate({**common, "running_start": None, "newest_matured_date": None, **changes})


def test_dates_are_news_once_horizon_and_lag_are_over_and_the_version_has_not_seen_them() -> None:
    part = Cohort(
        school_year="2024-2025 to 2024-11-25", start_date="2024-09-01", end_date="2025-06-30", students=9, snapshots=9, events=1,
        unknown_exits=0, until="2024-11-25",
    )  # fmt: skip
    assert held().unseen(COUNTRY, YEAR, dt.date(2024, 12, 13)) == []
    assert held().unseen(COUNTRY, YEAR, dt.date(2025, 1, 14)) == days("2024-10-01", "2024-11-01")
    march = dt.date(2025, 3, 16)
    assert held(cohorts=[part]).unseen(COUNTRY, YEAR, march) == days("2024-12-02", "2025-01-01")
    assert held(running_start="2024-09-01").unseen(COUNTRY, YEAR, march) == days("2025-01-01")
    assert held(running_start="2023-09-01").unseen(COUNTRY, YEAR, march)[0] == dt.date(2024, 10, 1)
    assert held(cohorts=[part.model_copy(update={"until": ""})]).unseen(COUNTRY, YEAR, march) == []


# --- the verb


class Changed(World):
    """In the running year outcomes within 60 days are `times` as frequent: the exits of others are moved into reach."""

    def __init__(self, made: Deployment, times: float) -> None:
        super().__init__(made, range(2021, 2025), students=1500, is_dated=True)
        if times > 1:
            self._bring_forward(times)

    def _bring_forward(self, times: float) -> None:
        """Leavers of the running year: more of them, and the same dates of exit."""
        rows, random = self.rows, np.random.default_rng(5)
        key, true = (rows.column(name).to_numpy() for name in ("student_key", "true_chance"))
        year = rows.column("school_year").to_numpy(zero_copy_only=False)
        leaves = rows.column("leaves").to_numpy(zero_copy_only=False)
        students, first = np.unique(key, return_index=True)
        more = random.random(len(students)) < (times - 1) * true[first] / (1 - true[first])
        now = leaves | (more[np.searchsorted(students, key)] & (year == "2024-2025"))
        here = ~now | (rows.column("exit_date").to_numpy() > rows.column("as_of_date").to_numpy())
        self.rows = rows.set_column(rows.schema.get_field_index("leaves"), "leaves", pa.array(now)).filter(pa.array(here))


Place = tuple[duckdb.DuckDBPyConnection, World]


@pytest.fixture(scope="module")
def after_a_season(tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], World]:
    """The world in whose running year outcomes are so many times as frequent, after a season on 2 December 2024; made once."""

    @cache
    def make(times: float) -> World:
        world = Changed(deployment(tmp_path_factory.mktemp("season") / "d"), times)
        with pytest.MonkeyPatch.context() as patch, connect(world.deployment) as con:
            patch.setattr(promoting, "try_in_child", lambda folder: None)
            world.stands_in(con, patch)
            for verb in (train, calibrate, evaluate, promote):
                verb(con, Run(world.deployment, "season", SEASON))
            in_force = con.execute("select method from ops.model where target = ? and status = 'promoted'", [SOON]).fetchall()
        assert in_force == [("model",)]
        return world

    return make


@pytest.fixture
def place(
    request: pytest.FixtureRequest,
    after_a_season: Callable[[float], World],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    """A copy that the test may change; its parameter says how many times as frequent."""
    world = copy(after_a_season(request.param))
    shutil.copytree(world.deployment.root, tmp_path / "d")
    world.deployment = Deployment(tmp_path / "d", world.deployment.settings)
    with connect(world.deployment) as con:
        world.stands_in(con, monkeypatch)
        yield con, world


def night(place: Place, date: dt.date) -> dict[str, Any]:
    con, world = place
    run = Run(world.deployment, "nightly", date)
    world.tonight(con, run)
    return recalibrate(con, run)


def scores(place: Place, date: dt.date) -> dict[str, Floats]:
    con, world = place
    score(con, Run(world.deployment, "nightly", date))
    return con.execute(
        "select raw, chance, chance_low, chance_high from night.score where target = ? order by student_key", [SOON]
    ).fetchnumpy()


def rows(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return con.sql("from ops.recalibration order by as_of_date").to_arrow_table().to_pylist()


@pytest.mark.parametrize("place", [2.0], indirect=True)
def test_outcomes_that_doubled_correct_the_chances_and_move_no_rank(place: Place) -> None:
    con, world = place
    con.execute("create table before as from night.score")
    world.tonight(con, Run(world.deployment, "nightly", NIGHT))
    before = scores(place, NIGHT)
    yearly = f"select * from night.score where target = '{YEARLY}' order by all"
    untouched = con.execute(yearly).fetchall()
    assert night(place, NIGHT) == {"targets": 1, "held_against_outcomes": 1, SOON: rows(con)[0]["kind"]}
    (row,) = rows(con)
    assert row["kind"] in ("intercept", "intercept_and_slope") and row["target"] == SOON
    assert (row["as_of_date"], row["newest_matured_date"]) == (NIGHT, dt.date(2025, 2, 3))
    assert row["student_count"] > 1000 and row["event_count"] >= 100
    assert row["calibration_error_after"] < row["calibration_error_before"] / 2
    after = scores(place, NIGHT)
    assert (after["raw"] == before["raw"]).all()
    assert (np.argsort(after["chance"], kind="stable") == np.argsort(before["chance"], kind="stable")).all()
    assert after["chance"].mean() > 1.5 * before["chance"].mean()
    assert (after["chance_low"] <= after["chance"]).all() and (after["chance"] <= after["chance_high"]).all()
    assert log_odds(after["chance"]) == pytest.approx(row["intercept"] + row["slope"] * log_odds(before["chance"]))
    assert con.execute(yearly).fetchall() == untouched


@pytest.mark.parametrize("place", [2.0], indirect=True)
def test_an_earlier_night_is_unaffected_and_nothing_is_done_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    con, world = place
    january, march = dt.date(2025, 1, 20), dt.date(2025, 3, 17)
    assert night(place, dt.date(2024, 12, 9))["held_against_outcomes"] == 0  # the first outcomes are known on the 14th
    assert night(place, march)["held_against_outcomes"] == 1
    version = promoted(con, SOON)
    assert version is not None
    assert correction_on(con, version, march).kind != "none" and correction_on(con, version, january).kind == "none"
    assert night(place, january)["held_against_outcomes"] == 1  # by what that night could know
    before = rows(con)
    assert [(r["as_of_date"], r["newest_matured_date"]) for r in before] == [
        (january, dt.date(2024, 11, 1)),
        (march, dt.date(2025, 1, 1)),
    ]
    assert before[0]["event_count"] < before[1]["event_count"]

    def no_snapshot(*_: object) -> None:
        raise AssertionError("nothing is due: no snapshot may be built")

    monkeypatch.setattr(snapshot, "build", no_snapshot)
    for date in (january, march, dt.date(2025, 4, 17)):
        assert recalibrate(con, Run(world.deployment, "nightly", date)) == {"targets": 1, "held_against_outcomes": 0}
    assert rows(con) == before
    assert correction_on(con, version, dt.date(2025, 2, 1)) == Correction.model_validate(
        {k: before[0][k] for k in ("kind", "intercept", "slope")}
    )


@pytest.mark.parametrize("place", [2.0], indirect=True)
def test_the_row_is_the_same_whichever_night_makes_it(place: Place) -> None:
    """Outcomes are those known on the day the newest date matured, not on the night that happens to ask."""
    con, _ = place
    night(place, dt.date(2025, 4, 7))
    night(place, dt.date(2025, 3, 17))
    one, two = rows(con)
    assert {**one, "as_of_date": None} == {**two, "as_of_date": None}


@pytest.mark.parametrize("place", [1.0], indirect=True)
def test_right_chances_stay_and_too_few_leavers_decide_nothing(place: Place) -> None:
    con, world = place
    world.tonight(con, Run(world.deployment, "nightly", NIGHT))
    before = scores(place, NIGHT)
    assert night(place, NIGHT)[SOON] == "none"
    (row,) = rows(con)
    assert row["calibration_error_before"] == row["calibration_error_after"] and (row["intercept"], row["slope"]) == (0, 1)
    assert (scores(place, NIGHT)["chance"] == before["chance"]).all()
    # a correction found before goes on while too few have left since
    con.execute("update ops.recalibration set kind = 'intercept', intercept = 0.5, as_of_date = date '2024-12-03'")
    con.execute("update ops.recalibration set newest_matured_date = date '2024-09-20'")
    con.execute("update world set leaves = false where school_year = '2024-2025' and student_key % 400 > 0")
    assert night(place, NIGHT)[SOON] == "too_few"
    last = rows(con)[-1]
    assert last["event_count"] < 20 and last["calibration_error_before"] is None
    assert log_odds(scores(place, NIGHT)["chance"]) == pytest.approx(log_odds(before["chance"]) + 0.5)


@pytest.mark.parametrize("place", [1.0], indirect=True)
def test_a_rule_in_force_is_not_held_against_outcomes(place: Place) -> None:
    con, _ = place
    con.execute("update ops.model set method = 'absence_rule' where target = ?", [SOON])
    assert night(place, NIGHT) == {"targets": 0, "held_against_outcomes": 0}
