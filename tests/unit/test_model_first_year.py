"""The first school year: its dates by hand, what may be learnt when, the season's outcome, and what the lists speak of."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from dropout.country import load_country
from dropout.model import first_year, history
from dropout.model import promote as promoting
from dropout.model.calibrate import calibrate
from dropout.model.candidate import Candidate
from dropout.model.evaluate import evaluate
from dropout.model.first_year import as_of_dates, has_news, parts
from dropout.model.promote import promote
from dropout.model.recipe import OUT_OF_FOLD, Plan, within_year
from dropout.model.registry import list_target, load, promoted
from dropout.model.score import score
from dropout.model.season import is_due
from dropout.model.train import PLAN, train
from dropout.monitor.night import tonight
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import World, deployment

SOON, YEARLY = "leaves_within_60_days", "leaves_by_next_year"
COUNTRY = load_country("generic")
(YEAR,) = COUNTRY.years(2024, 2024)  # 1 September 2024, a Sunday, to 30 June 2025; exits are known after 14 days
APRIL = dt.date(2025, 4, 1)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setattr(promoting, "try_in_child", lambda folder: None)
    return deployment(tmp_path)


@pytest.fixture
def con(made: Deployment) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(made) as opened:
        yield opened


def season(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    for verb in (train, calibrate, evaluate, promote):
        verb(con, run)


def days(*texts: str) -> list[dt.date]:
    return [dt.date.fromisoformat(text) for text in texts]


def test_as_of_dates_are_every_second_week() -> None:
    """15 September and every second Sunday after it, moved to Monday; the last within the year is 22 June."""
    found = as_of_dates(COUNTRY, YEAR)
    assert found[:3] == days("2024-09-16", "2024-09-30", "2024-10-14")
    assert found[-1] == dt.date(2025, 6, 23) and len(found) == 21
    assert {d.isoweekday() for d in found} == {1}


def test_outcomes_are_known_after_horizon_and_lag() -> None:
    """60 days and 14 after 16 September 2024 is 29 November."""
    assert parts(COUNTRY, SOON, YEAR, dt.date(2024, 11, 28)) == ([], [])
    assert parts(COUNTRY, SOON, YEAR, dt.date(2024, 11, 29)) == (days("2024-09-16"), [])


def test_fitted_are_the_dates_whose_outcomes_were_known_on_the_judged_one() -> None:
    """On 1 April outcomes of dates up to 17 January are known; on 6 January, the last of them, of dates up to 24 October."""
    known, fitted = parts(COUNTRY, SOON, YEAR, APRIL)
    assert known[-1] == dt.date(2025, 1, 6) and len(known) == 9
    assert fitted == days("2024-09-16", "2024-09-30", "2024-10-14")


def test_the_recipe_calibrates_out_of_fold_and_judges_the_later_date() -> None:
    recipe = within_year("past", "judged", "whole")
    assert recipe.fits == {"m1": ["past"], "m2": ["whole"]} and recipe.promoted == "m2"
    assert recipe.judged and (recipe.judged.booster, recipe.judged.school_year) == ("m1", "judged")
    assert recipe.judged_calibrator and (recipe.judged_calibrator.booster, recipe.judged_calibrator.school_year) == (
        OUT_OF_FOLD,
        "past",
    )
    assert recipe.final_calibrator and recipe.final_calibrator.school_year == "whole"
    assert [s.school_years for s in recipe.folded] == [["past"], ["whole"]]


@pytest.mark.parametrize(
    ("newest", "seen", "expected"),
    [
        (None, None, False),
        ("2023-2024", None, True),
        ("2023-2024", "2023-2024", False),
        ("2024-2025 to 2025-01-06", None, True),  # the first outcomes are known
        ("2024-2025 to 2025-01-20", "2024-2025 to 2025-01-06", False),  # two weeks more: not worth a season
        ("2024-2025 to 2025-02-03", "2024-2025 to 2025-01-20", True),  # another month
        ("2024-2025 to 2025-01-06", "2024-2025 to 2025-01-20", True),  # a night of an earlier date knew less
        ("2024-2025", "2024-2025 to 2025-06-23", True),  # the year is complete
        ("2023-2024, 2024-2025 to 2024-12-09", "2024-2025 to 2024-12-09", True),
    ],
)
def test_a_month_of_outcomes_is_news(newest: str | None, seen: str | None, expected: bool) -> None:
    assert has_news(newest, seen) is expected


def late_exits(world: World, judged: dt.date) -> Any:
    """As the world's labels, but students with a key that 10 divides have an exit that became known after `judged`."""

    def build(con: duckdb.DuckDBPyConnection, target: Any, known_on: dt.date, country: Any) -> None:
        world.build_label(con, target, known_on, country)
        if known_on > judged and target == SOON:
            con.execute("update label set label = 1 where student_key % 10 = 0 and label is not null")

    return build


def test_what_is_fitted_was_known_on_the_judged_date(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(made, range(2024, 2025), students=1500, signal=1.5, is_dated=True)
    world.stands_in(con, monkeypatch)
    judged_on = dt.date(2025, 1, 6)
    monkeypatch.setattr(history.label, "build", late_exits(world, judged_on))
    train(con, Run(made, "season", APRIL))
    candidate = Candidate(made, SOON).open()
    plan = candidate.record(PLAN, Plan)
    assert plan.recipe.judged is not None and plan.latest_mature == "2024-2025 to 2025-01-06"
    fitted, judged = candidate.rows(plan.recipe.fits["m1"]), candidate.rows([plan.recipe.judged.school_year])
    assert set(judged.as_of_date.astype(object)) == {judged_on}
    outcome_known = fitted.as_of_date.astype(object) + dt.timedelta(days=74)
    assert max(outcome_known) <= judged_on
    never = fitted.student_key % 10 == 0  # known to leave only after the judged date: here they are as the others
    assert 0 < fitted.label[never].mean() < 0.2 and (judged.label[judged.student_key % 10 == 0] == 1).all()
    whole = candidate.rows(plan.recipe.fits["m2"])
    assert set(whole.as_of_date.astype(object)) == set(as_of_dates(COUNTRY, YEAR)[:9])
    assert (whole.label[whole.student_key % 10 == 0] == 1).all()
    assert not np.isnan(np.concatenate([fitted.label, judged.label, whole.label])).any()


def test_a_model_within_the_first_year_is_judged_promoted_and_listed_by(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(made, range(2024, 2025), students=6000, schools=20, signal=2.0, is_dated=True)
    world.stands_in(con, monkeypatch)
    run = Run(made, "season", dt.date(2025, 4, 14))
    season(con, run)
    version = promoted(con, SOON)
    assert version is not None
    card = load(made, version).card
    assert card.evaluation is not None and card.evaluation.cohort == "2024-2025 as of 2025-01-20"
    assert card.method == "model", card.why
    assert card.calibrator is not None and [c.school_year for c in card.cohorts] == ["2024-2025 to 2025-01-20"]
    assert not is_due(con, run)
    assert not is_due(con, Run(made, "nightly", dt.date(2025, 4, 17)))
    assert is_due(con, Run(made, "nightly", dt.date(2025, 4, 18)))  # the outcomes of 3 February are known
    assert is_due(con, Run(made, "nightly", dt.date(2025, 4, 3)))  # those of 20 January were not known yet
    world.tonight(con, run)
    counts = score(con, run)
    assert counts["list_target"] == SOON and counts["listed"] > 0
    assert con.execute("select distinct target from night.score where is_listed").fetchall() == [(SOON,)]


def test_with_too_few_dates_the_rule_has_measured_rates(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(made, range(2024, 2025), students=1500, signal=1.5, is_dated=True)
    world.stands_in(con, monkeypatch)
    run = Run(made, "season", dt.date(2024, 12, 2))  # outcomes of 16 September are known, and nothing could be fitted by then
    season(con, run)
    cards = {target: load(made, str(promoted(con, target))).card for target in (SOON, YEARLY)}  # type: ignore[arg-type]
    assert cards[SOON].method == cards[YEARLY].method == "absence_rule"
    assert cards[YEARLY].bands is None and "rates are unknown" in cards[YEARLY].why
    bands, (part,) = cards[SOON].bands, cards[SOON].cohorts
    assert bands is not None and part.until == "2024-09-16"
    assert "too few have left yet to judge a model within 2024-2025 to 2024-09-16" in cards[SOON].why
    # every band's rate lies around the share that left of these students, pulled to it where the band is thin
    assert min(bands.rates) <= part.events / part.students <= max(bands.rates)
    assert list_target(con, made.country) == SOON
    world.tonight(con, run)
    score(con, run)
    assert con.execute("select bool_and(chance is not null) from night.score where is_listed").fetchall() == [(True,)]


def test_a_handful_of_leavers_gives_no_rates(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2024, 2025), students=120, is_dated=True).stands_in(con, monkeypatch)
    run = Run(made, "season", dt.date(2024, 12, 2))
    season(con, run)
    card = load(made, str(promoted(con, SOON))).card
    assert card.bands is None and "rates are unknown" in card.why
    assert list_target(con, made.country) == YEARLY
    assert not is_due(con, run)


def test_a_complete_cohort_takes_over(made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    World(made, range(2023, 2025), students=600, is_dated=True).stands_in(con, monkeypatch)
    train(con, Run(made, "season", dt.date(2024, 12, 2)))
    plan = Candidate(made, SOON).open().record(PLAN, Plan)
    assert [(c.school_year, c.until) for c in plan.cohorts] == [("2023-2024", "")]
    assert plan.latest_mature == "2023-2024" and plan.recipe.name.startswith("fit on the only complete cohort")


def in_force(con: duckdb.DuckDBPyConnection, target: str, method: str, bands: object) -> None:
    con.execute(
        "insert into ops.model (version, target, method, status, trained_as_of, why, card) "
        "values (?, ?, ?, 'promoted', ?, '-', ?)",
        [f"{target}-1", target, method, dt.date(2025, 1, 6), json.dumps({"bands": bands})],
    )


RATES = {"edges": [], "rates": [0.1], "low": [0.0], "high": [0.2]}
RULE, MODEL = "absence_rule", "model"


@pytest.mark.parametrize(
    ("yearly", "soon", "expected"),
    [
        ((MODEL, RATES), (MODEL, RATES), YEARLY),
        ((RULE, RATES), (MODEL, RATES), YEARLY),  # the country's target can say a chance
        ((RULE, None), (MODEL, RATES), SOON),
        ((RULE, None), (RULE, RATES), SOON),
        ((RULE, None), (RULE, None), YEARLY),  # nothing better
        ((RULE, None), None, YEARLY),
        (None, (MODEL, RATES), YEARLY),  # no version at all: score says so
    ],
)
def test_what_the_lists_speak_of(
    con: duckdb.DuckDBPyConnection, yearly: tuple[str, object] | None, soon: tuple[str, object] | None, expected: str
) -> None:
    for target, given in ((YEARLY, yearly), (SOON, soon)):
        if given:
            in_force(con, target, *given)
    assert list_target(con, COUNTRY) == expected


def test_a_model_comes_before_a_rule(con: duckdb.DuckDBPyConnection) -> None:
    country = COUNTRY.model_copy(update={"targets": [YEARLY, "leaves_before_period_end", SOON]})
    for target, method, bands in ((YEARLY, RULE, None), ("leaves_before_period_end", RULE, RATES), (SOON, MODEL, RATES)):
        in_force(con, target, method, bands)
    assert list_target(con, country) == SOON


def test_the_night_keeps_the_target_that_its_scores_were_ranked_by(made: Deployment, con: duckdb.DuckDBPyConnection) -> None:
    """A season between score and publish must not leave the lists empty."""
    run = Run(made, "publish", APRIL)
    in_force(con, YEARLY, RULE, None)
    in_force(con, SOON, MODEL, RATES)
    said = "select list_target from this_night"
    tonight(con, run)
    assert con.execute(said).fetchall() == [(SOON,)]
    con.execute(
        "insert into night.score by name select 1 as student_key, ?::date as as_of_date, ? as target, 'v' as model_version, "
        "'model' as method, false as is_abstained, 'A' as school_id, 1 as school_rank, true as is_listed",
        [APRIL, YEARLY],
    )
    tonight(con, run)
    assert con.execute(said).fetchall() == [(YEARLY,)]


def test_targets_without_a_horizon_have_no_first_year(made: Deployment, con: duckdb.DuckDBPyConnection) -> None:
    run = Run(made, "season", APRIL)
    assert first_year.build(con, run, YEARLY, Candidate(made, YEARLY)) is None  # type: ignore[arg-type]
