"""A country pack: calendar, languages, targets and sources of one country, as data."""

import datetime as dt
from typing import Literal

from pydantic import model_validator

from dropout.errors import SettingsError
from dropout.resources import resource
from dropout.strict import Strict, read_yaml

Target = Literal["leaves_by_next_year", "leaves_before_period_end", "leaves_within_60_days"]


class YearRule(Strict):
    """School years that repeat: month-day of start, end and census (the census falls in the next year)."""

    starts: str
    ends: str
    census: str


class SchoolYear(Strict):
    """One school year or cohort with its dates; the census is the day the next year's rolls are final."""

    school_year: str
    start_date: dt.date
    end_date: dt.date
    census_date: dt.date


class SnapshotRule(Strict):
    """Which as-of dates a season learns from: the first of each month, or days after the year's start."""

    months: list[int] = []
    days_from_start: list[int] = []

    @model_validator(mode="after")
    def _one_of_both(self) -> "SnapshotRule":
        if bool(self.months) == bool(self.days_from_start):
            raise ValueError("give either months or days_from_start")
        return self


class Rights(Strict):
    """Whom a family may turn to: the authority for personal data, the law it goes by, each by language, and where it is found."""

    authority: dict[str, str]
    law: dict[str, str]
    contact: str = ""


class Country(Strict):
    """One folder of `data_contracts/countries/`."""

    country: str
    title: str
    languages: list[str]
    language: str
    timezone: str
    sources: list[str]
    school_year: YearRule | None = None
    school_years: list[SchoolYear] = []
    snapshot: SnapshotRule
    targets: list[Target]
    list_target: Target
    school_days: list[int]  # ISO weekdays on which schools open when no calendar is delivered
    pass_share: float  # a mark below this share of its maximum is a failing mark
    age_in_grade_1: int
    last_grade: int
    label_lag_days: int  # days after a census or period end until exits are taken as known
    capacity: int = 20  # pupils a school can follow up, where its extract does not say
    rights: Rights | None = None  # none: a family's sheet speaks of the authority and the law without their names

    @model_validator(mode="after")
    def _rights_in_every_language(self) -> "Country":
        for name, words in (("authority", self.rights.authority), ("law", self.rights.law)) if self.rights else ():
            if missing := sorted(set(self.languages) - set(words)):
                raise ValueError(f"rights.{name} is missing in: {', '.join(missing)}")
        return self

    def years(self, first: int, last: int) -> list[SchoolYear]:
        """The school years that start in the calendar years `first` to `last`."""
        if self.school_years:
            return [y for y in self.school_years if first <= y.start_date.year <= last]
        rule = self.school_year
        if rule is None:
            raise SettingsError(f"country '{self.country}' names neither school_year nor school_years")
        crosses = rule.ends < rule.starts
        return [
            SchoolYear(
                school_year=f"{y}-{y + 1}",
                start_date=dt.date.fromisoformat(f"{y}-{rule.starts}"),
                end_date=dt.date.fromisoformat(f"{y + crosses}-{rule.ends}"),
                census_date=dt.date.fromisoformat(f"{y + 1}-{rule.census}"),
            )
            for y in range(first, last + 1)
        ]


def country_names() -> list[str]:
    """Names of the country packs that are shipped."""
    return sorted(p.parent.name for p in resource("data_contracts/countries").glob("*/country.yaml"))


def load_country(name: str) -> Country:
    """The pack `name`; raises SettingsError naming the ones there are."""
    if name not in country_names():
        raise SettingsError(f"unknown country '{name}'", remedy=f"Choose one of: {', '.join(country_names())}.")
    return read_yaml(resource(f"data_contracts/countries/{name}/country.yaml"), Country)
