"""Frame, cohorts and recipe: weights, clusters, as-of dates, maturity, and nothing from the future."""

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from dropout.country import load_country
from dropout.errors import ModelError
from dropout.model.cohort import latest_mature, mature_years, matures_on, snapshot_dates
from dropout.model.frame import Frame, from_arrow
from dropout.model.recipe import OUT_OF_FOLD, recipe_for
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import World, deployment


def frame(**columns: list[object]) -> Frame:
    """A frame of a few rows; what is not given is the same on each."""
    n = len(next(iter(columns.values())))
    given = {
        "student_key": list(range(n)),
        "as_of_date": [dt.date(2024, 1, 1)] * n,
        "school_year": ["2023-2024"] * n,
        "school_id": ["S"] * n,
        "class_id": ["C"] * n,
        **columns,
    }
    return from_arrow(pa.table(given))


def test_weight_of_a_student_seen_on_every_date_is_one_and_knows_nothing_of_outcomes() -> None:
    # 2022-2023 has two dates, 2023-2024 one; student 2 left after the first date and still weighs 1/2 on it
    dates = [dt.date(2022, 10, 3), dt.date(2022, 11, 1), dt.date(2022, 10, 3), dt.date(2023, 10, 2)]
    rows = frame(
        student_key=[1, 1, 2, 1], as_of_date=dates, school_year=["2022-2023"] * 3 + ["2023-2024"], label=[0.0, 0.0, 1.0, 0.0]
    )
    assert rows.weight.tolist() == [0.5, 0.5, 0.5, 1.0]


@pytest.mark.parametrize(
    ("schools", "classes", "clusters"),
    [(6, 12, 6), (4, 8, 8), (2, 4, 24)],
    ids=["five schools or more: schools", "fewer: classes", "few of both: students"],
)
def test_bootstrap_draws_the_largest_unit_of_which_there_are_five(schools: int, classes: int, clusters: int) -> None:
    rows = frame(school_id=[f"S{i % schools}" for i in range(24)], class_id=[f"C{i % classes}" for i in range(24)])
    assert sorted(set(rows.cluster.tolist())) == list(range(clusters))


def test_unknown_features_are_nan_and_missing_ones_an_error() -> None:
    rows = frame(absence_share_28d=[0.5, None])
    assert np.isnan(rows.column("absence_share_28d")[1])
    assert np.isnan(rows.column("mark_mean_year_share")).all()
    with pytest.raises(ModelError, match="mark_mean_year_share"):
        rows.matrix(["absence_share_28d", "mark_mean_year_share"])


def test_thin_rows_have_few_registers_no_total_and_no_mark() -> None:
    rows = frame(
        registers_taken_56d_count=[None, 4.0, 5.0, 0.0, None],
        mark_mean_year_share=[None, None, None, 0.6, None],
        days_in_totals_62_calendar_days_count=[None, None, None, None, 20.0],
    )
    assert rows.is_thin(5).tolist() == [True, True, False, False, False]


def test_a_running_cohort_has_the_outcome_so_far_of_snapshots_that_were_followed() -> None:
    rows = frame(
        as_of_date=[dt.date(2024, 1, 1), dt.date(2024, 1, 1), dt.date(2024, 3, 1)],
        label=[None, None, None],
        left_so_far=[True, False, True],
    )
    seen = rows.with_outcome_so_far(dt.date(2024, 3, 10))
    assert seen.label.tolist() == [1.0, 0.0]


def test_as_of_dates_are_the_first_open_weekday_of_each_month_of_the_year() -> None:
    country = load_country("generic")
    (year,) = country.years(2024, 2024)
    # 1 October 2024 is a Tuesday; 1 December a Sunday; 1 February, March and June 2025 Saturdays and a Sunday
    expected = ["10-01", "11-01", "12-02", "01-01", "02-03", "03-03", "04-01", "05-01", "06-02"]
    assert [f"{d:%m-%d}" for d in snapshot_dates(country, year)] == expected


def test_as_of_dates_may_count_from_the_start() -> None:
    country = load_country("oulad")
    year = next(y for y in country.years(2013, 2015) if y.school_year == "2014B")
    assert snapshot_dates(country, year)[:2] == [dt.date(2014, 2, 22), dt.date(2014, 3, 1)]


def test_outcomes_mature_after_census_end_or_horizon() -> None:
    country = load_country("generic")
    (year,) = country.years(2023, 2023)
    assert matures_on(country, "leaves_by_next_year", year) == dt.date(2024, 10, 29)
    assert matures_on(country, "leaves_before_period_end", year) == dt.date(2024, 7, 14)
    assert matures_on(country, "leaves_within_60_days", year) == dt.date(2024, 6, 3) + dt.timedelta(days=74)


def test_a_year_is_not_mature_while_the_next_rolls_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployment(tmp_path)
    with connect(made) as con:
        World(made, range(2021, 2024), students=40).stands_in(con, monkeypatch)
        run = Run(made, "season", dt.date(2024, 12, 2))  # 2023-2024 is over, but nobody is known in 2024-2025
        assert [y.school_year for y in mature_years(con, run, "leaves_by_next_year")] == ["2021-2022", "2022-2023"]
        assert latest_mature(con, run, "leaves_within_60_days") == "2023-2024"


def test_years_begun_after_the_date_are_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployment(tmp_path)
    with connect(made) as con:
        World(made, range(2021, 2024), students=40).stands_in(con, monkeypatch)
        run = Run(made, "season", dt.date(2022, 10, 20))  # before the census of 2021-2022 has matured
        assert latest_mature(con, run, "leaves_by_next_year") is None


@pytest.mark.parametrize("count", [2, 3, 4, 6])
def test_no_cohort_is_judged_or_calibrated_on_what_its_booster_saw(count: int) -> None:
    complete = [f"C{i}" for i in range(1, count + 1)]
    recipe = recipe_for(complete, None)
    assert recipe.judged and recipe.judged_calibrator and recipe.final_calibrator
    for stage in (recipe.judged, recipe.judged_calibration):
        assert stage is not None and max(recipe.fits[stage.booster]) < stage.school_year
    # maps are out of fold on the cohorts of their booster, and no judged outcome is among them
    assert recipe.judged_calibrator.school_years == recipe.fits[recipe.judged.booster]
    assert recipe.final_calibrator.school_years == recipe.fits[recipe.promoted]
    assert {recipe.judged_calibrator.booster, recipe.final_calibrator.booster} == {OUT_OF_FOLD}
    assert recipe.fits[recipe.promoted] == complete
    assert recipe.judged.school_year == complete[-1]


def test_one_cohort_is_judged_on_the_running_one_else_out_of_fold() -> None:
    running = recipe_for(["C1"], "C2")
    assert running.judged and running.judged.school_year == "C2" and running.is_outcome_so_far
    alone = recipe_for(["C1"], None)
    assert alone.judged and (alone.judged.booster, alone.judged.part) == (OUT_OF_FOLD, "b")
    assert alone.judged_calibrator and alone.judged_calibrator.part == "a"
    assert [s.school_years for s in alone.folded] == [s.school_years for s in running.folded] == [["C1"]]


def test_without_a_cohort_nothing_is_fitted() -> None:
    assert recipe_for([], None).fits == {}


def test_connection_is_left_without_an_open_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployment(tmp_path)
    with connect(made) as con:
        World(made, range(2021, 2023), students=20).stands_in(con, monkeypatch)
        latest_mature(con, Run(made, "season", dt.date(2022, 12, 2)), "leaves_by_next_year")
        assert isinstance(con.sql("select 1"), duckdb.DuckDBPyRelation)
