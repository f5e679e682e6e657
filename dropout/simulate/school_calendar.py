"""The days of a simulated school year, and the days on which its deliveries are made."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Every = Literal["week", "month"]

_FIXED = ("11-06", "11-18", "01-01", "01-11", "01-14", "05-01")
_BREAKS = (("10-20", 8), ("12-08", 8), ("01-21", 8), ("03-16", 8), ("05-04", 8))  # first day, days
# Feasts of the lunar year: a day of 2023 or 2022 and the days off; other years follow the mean lunar year.
_LUNAR = (("2023-04-21", 3), ("2023-06-28", 4), ("2022-10-08", 2))
_LUNAR_YEAR_DAYS = 354.367


@dataclass(frozen=True)
class SchoolYear:
    """One school year, 5 September to 5 July; a day is its number from the first one, a week is seven days."""

    year: int

    start = property(lambda self: dt.date(self.year, 9, 5))
    end = property(lambda self: dt.date(self.year + 1, 7, 5))
    census = property(lambda self: dt.date(self.year + 1, 11, 15))

    @property
    def label(self) -> str:
        """As the schools write it: 2024-2025."""
        return f"{self.year}-{self.year + 1}"

    @property
    def day_count(self) -> int:
        """Days from the first to the last one."""
        return int((self.end - self.start).days) + 1

    @property
    def week_count(self) -> int:
        """Weeks begun; the last one is short."""
        return -(-self.day_count // 7)

    @cached_property
    def dates(self) -> NDArray[np.datetime64]:
        """The date of each day."""
        return np.arange(self.start, self.end + dt.timedelta(days=1), dtype="datetime64[D]")

    @cached_property
    def is_weekday(self) -> NDArray[np.bool_]:
        """Monday to Saturday, per day."""
        return np.asarray((self.dates.astype(np.int64) + 3) % 7 < 6)

    @cached_property
    def is_open(self) -> NDArray[np.bool_]:
        """Days on which schools open: Monday to Saturday without feasts and holidays."""
        return self.is_weekday & ~np.isin(self.dates, self._closed)

    @property
    def _closed(self) -> NDArray[np.datetime64]:
        starts = [(self._in_year(day), 1) for day in _FIXED] + [(self._in_year(day), n) for day, n in _BREAKS]
        for day, length in _LUNAR:
            first = dt.date.fromisoformat(day)
            nearest = int((self.start - first).days / _LUNAR_YEAR_DAYS)
            years = range(nearest - 1, nearest + 3)
            starts += [(first + dt.timedelta(days=round(k * _LUNAR_YEAR_DAYS)), length) for k in years]
        days = [first + dt.timedelta(days=k) for first, length in starts for k in range(length)]
        return np.array(days, dtype="datetime64[D]")

    def _in_year(self, month_day: str) -> dt.date:
        return dt.date.fromisoformat(f"{self.year + (month_day < '09')}-{month_day}")

    def day(self, date: dt.date) -> int:
        """The number of a date's day in this year."""
        return int((date - self.start).days)

    def open_days(self, week: int) -> NDArray[np.int64]:
        """The days of a week on which schools open."""
        first = 7 * week
        return first + np.flatnonzero(self.is_open[first : first + 7])

    @cached_property
    def as_of_dates(self) -> list[dt.date]:
        """The first of each month, October to June."""
        return [dt.date(self.year + (m < 9), m, 1) for m in (10, 11, 12, 1, 2, 3, 4, 5, 6)]

    def delivery_dates(self, every: Every) -> list[dt.date]:
        """The year's deliveries: 8 September, then weekly or on the first of the month, at last on 10 July."""
        first, last = dt.date(self.year, 9, 8), dt.date(self.year + 1, 7, 10)
        if every == "month":
            return [first, *self.as_of_dates, dt.date(self.year + 1, 7, 1), last]
        weeks = range((last - first).days // 7 + 1)
        return sorted({*(first + dt.timedelta(days=7 * w) for w in weeks), last})
