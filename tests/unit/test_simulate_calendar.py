"""The simulated school year: its days, holidays and deliveries."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest

from dropout.simulate.school_calendar import SchoolYear


@pytest.mark.parametrize("first", range(2018, 2034))
def test_days_weeks_and_holidays(first: int) -> None:
    year = SchoolYear(first)
    assert year.dates[-1] == np.datetime64(dt.date(first + 1, 7, 5))
    assert 7 * (year.week_count - 1) < year.day_count <= 7 * year.week_count
    assert 190 < year.is_open.sum() < 230
    assert not year.is_open[[d.astype(object).weekday() == 6 for d in year.dates]].any()
    assert sum(len(year.open_days(w)) for w in range(year.week_count)) == year.is_open.sum()


def test_known_feasts_are_closed() -> None:
    closed = {2022: ["2022-11-18", "2023-01-01", "2023-04-22", "2023-06-29"], 2024: ["2025-03-31", "2025-06-07", "2024-11-06"]}
    for first, days in closed.items():
        year = SchoolYear(first)
        for day in days:
            assert not year.is_open[year.day(dt.date.fromisoformat(day))], day


def test_deliveries_of_a_year() -> None:
    year = SchoolYear(2024)
    monthly, weekly = year.delivery_dates("month"), year.delivery_dates("week")
    assert [str(d) for d in (monthly[0], monthly[1], monthly[-2], monthly[-1])] == [
        "2024-09-08",
        "2024-10-01",
        "2025-07-01",
        "2025-07-10",
    ]
    assert set(year.as_of_dates) < set(monthly)
    for dates in (monthly, weekly):
        assert dates == sorted(set(dates))
        assert (dates[0], dates[-1]) == (dt.date(2024, 9, 8), dt.date(2025, 7, 10))
    assert max((b - a).days for a, b in pairwise(weekly)) == 7
