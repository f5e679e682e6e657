"""The arithmetic of the hazard formulations that `make compare` sets beside the model, on a few students by hand."""

import datetime as dt
import math

import numpy as np
import pytest

from dropout.country import SchoolYear
from dropout.model.frame import Frame
from tests.bench import forms

YEAR = SchoolYear(
    school_year="2024-2025", start_date=dt.date(2024, 9, 1), end_date=dt.date(2025, 6, 28), census_date=dt.date(2025, 10, 15)
)  # 300 days from the first to the last; the census is 109 days later


def frame(as_of: list[str], label: list[float], exit_date: list[str]) -> Frame:
    n = len(as_of)
    words = np.full(n, "", dtype=object)
    return Frame(
        names=(),
        values=np.empty((n, 0), dtype=np.float32),
        student_key=np.arange(n),
        as_of_date=np.array(as_of, dtype="datetime64[D]"),
        school_year=np.full(n, YEAR.school_year, dtype=object),
        school_id=words,
        class_id=words,
        label=np.array(label),
        left_so_far=np.zeros(n, dtype=np.bool_),
        left_by_then=np.zeros(n, dtype=np.bool_),
        is_unknown_exit=np.zeros(n, dtype=np.bool_),
        groups=np.empty((n, 0), dtype=object),
        exit_date=np.array(exit_date, dtype="datetime64[D]"),
    )


def calendar(has_census: bool) -> forms.Calendar:
    return forms.Calendar({YEAR.school_year: YEAR}, has_census)


def test_periods_until_the_year_ends_and_the_census() -> None:
    # 2025-04-01 is day 212 and 88 days before the end: 2.93 periods, so three, the last of 28 days; 2025-06-20 has one of 8
    rows = frame(["2025-04-01", "2025-06-20"], [0, 0], ["NaT", "NaT"])
    found = forms.periods_ahead(rows, calendar(has_census=True))
    assert found.snapshot.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.lead.tolist() == [0, 1, 2, 3, 0, 1]
    assert found.columns[:, 2].tolist() == [30, 30, 28, 109, 8, 109]
    assert found.columns[:, 1] == pytest.approx(np.array([212, 242, 272, 300, 292, 300]) / 300, abs=1e-6)


def test_a_horizon_ends_with_the_year() -> None:
    rows = frame(["2025-04-01", "2025-06-20"], [0, 0], ["NaT", "NaT"])
    found = forms.periods_ahead(rows, calendar(has_census=True), days=60)
    assert found.snapshot.tolist() == [0, 0, 1]  # no census in it
    assert found.columns[:, 2].tolist() == [30, 30, 8]


def test_who_is_still_there_and_when_they_left() -> None:
    # day 30 is the last of the first period, day 31 the first of the second; with no date, or one after the year, at the census
    exits = ["2025-05-01", "2025-05-02", "NaT", "2025-07-09", "NaT", "2025-06-28"]
    rows = frame(["2025-04-01"] * 6, [1, 1, 1, 1, 0, 1], exits)
    periods = forms.periods_ahead(rows, calendar(has_census=True))
    seen, event = forms.lived_through(rows, periods, calendar(has_census=True))
    assert seen.reshape(6, 4).sum(axis=1).tolist() == [1, 2, 4, 4, 4, 3]
    assert [np.flatnonzero(e).tolist() for e in event.reshape(6, 4)] == [[0], [1], [3], [3], [], [2]]


def test_who_came_back_did_not_leave() -> None:
    rows = frame(["2025-04-01"], [0], ["2025-05-01"])
    periods = forms.periods_ahead(rows, calendar(has_census=True))
    seen, event = forms.lived_through(rows, periods, calendar(has_census=True))
    assert seen.all() and not event.any()


def test_log_odds_of_a_summed_hazard() -> None:
    # two periods with a chance of 0.1 and 0.2: 1 - 0.9 * 0.8 = 0.28
    summed = -math.log(0.9) - math.log(0.8)
    assert forms.log_odds(np.array([summed]))[0] == pytest.approx(math.log(0.28 / 0.72))


def test_exposure_is_the_hazard_until_the_exit() -> None:
    # four students on one date without census: one leaves in the first of three periods, one of the three others in the second
    rows = frame(["2025-04-01"] * 4, [1, 1, 0, 0], ["2025-04-10", "2025-05-10", "NaT", "NaT"])
    periods = forms.periods_ahead(rows, calendar(has_census=False))
    seen, event = forms.lived_through(rows, periods, calendar(has_census=False))
    table = forms.hazard_by_date(rows, periods, seen, event)
    first, second = -math.log(3 / 4), -math.log(2 / 3)
    assert table[0] == pytest.approx([first, second, 0])
    found = forms.exposure(rows, periods, table, seen)
    assert found == pytest.approx([first, first + second, first + second, first + second])
    # the expected exits are about those seen: 4 * first + 3 * second = 2.37, two
    assert found.sum() == pytest.approx(4 * first + 3 * second)


def test_dates_are_counted_in_each_cohort() -> None:
    rows = frame(["2024-10-01", "2024-11-01", "2024-11-04"], [0, 0, 0], ["NaT"] * 3)
    rows.school_year[2] = "2025-2026"
    assert forms.date_number(rows).tolist() == [0, 1, 0]
