"""The formulations that `formulations.py` compares: each learns from past cohorts and gives log-odds of leaving per snapshot.

Every one uses the features, monotone constraints and weights of the house; trees differ from today's only where they say so.
"""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from dropout.country import SchoolYear
from dropout.features.catalogue import Feature, load_catalogue
from dropout.model import booster, logistic
from dropout.model.frame import Bools, Floats, Frame, Ints
from dropout.model.subsample import some_students
from dropout.model.train import fit_rows
from dropout.settings import ModelSettings

PERIOD_DAYS = 30
SMALLEST = 1e-9  # of a cumulative hazard, so that it has a logarithm
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Calendar:
    """Dates of the cohorts, and whether a last period follows the year: not back by the census."""

    years: dict[str, SchoolYear]
    has_census: bool

    def starts(self, rows: Frame) -> npt.NDArray[np.datetime64]:
        """First day of each row's school year."""
        return self._dates(rows, {y.school_year: y.start_date for y in self.years.values()})

    def ends(self, rows: Frame) -> npt.NDArray[np.datetime64]:
        """Last day of each row's school year."""
        return self._dates(rows, {y.school_year: y.end_date for y in self.years.values()})

    def censuses(self, rows: Frame) -> npt.NDArray[np.datetime64]:
        """Day on which each row's next rolls are final."""
        return self._dates(rows, {y.school_year: y.census_date for y in self.years.values()})

    @staticmethod
    def _dates(rows: Frame, of: dict[str, object]) -> npt.NDArray[np.datetime64]:
        return np.array([of[y] for y in rows.school_year], dtype="datetime64[D]")


@dataclass(frozen=True)
class Question:
    """What is asked of each snapshot: whether the student leaves within `days`, or (None) by the end of the whole period.

    `rows` carries that outcome; `whole` the same cohorts with the outcome of the whole period, from which hazards learn.
    """

    rows: Frame
    whole: Frame
    calendar: Calendar
    days: int | None = None


@dataclass(frozen=True)
class Fitted:
    """`raw`: log-odds per row. `explain`: what it would take to say why, timed; exact reasons or not says the table."""

    raw: Callable[[Frame], Floats]
    explain: Callable[[Frame], object]


Formulation = Callable[[Question, ModelSettings], Fitted]


@dataclass(frozen=True)
class Periods:
    """The periods of about 30 days ahead of each snapshot, one after the other; the census, where asked for, is the last.

    `snapshot` is the row each belongs to, `lead` its number (0 is the next 30 days), `columns` are TIMES. A rest of the
    year of less than half a period is part of the one before it.
    """

    snapshot: Ints
    lead: Ints
    columns: Matrix
    last: Ints  # per snapshot, the number of its last period


TIMES = ("period_ahead_count", "period_starts_share", "period_days")


def periods_ahead(rows: Frame, calendar: Calendar, days: int | None = None) -> Periods:
    """The periods of `rows` until the end of the whole period, or those of the next `days` within the year."""
    starts, ends, length = calendar.starts(rows), calendar.ends(rows), _days(calendar.ends(rows) - calendar.starts(rows))
    left = _days(ends - rows.as_of_date)
    within_year = np.maximum(1, np.floor(left / PERIOD_DAYS + 0.5)).astype(np.int64)
    has_census = calendar.has_census and days is None
    count = within_year + has_census if days is None else np.minimum(within_year, days // PERIOD_DAYS)
    snapshot = np.repeat(np.arange(len(rows)), count)
    lead = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    begins, is_final = lead * PERIOD_DAYS, lead == within_year[snapshot] - 1
    lasts = np.where(is_final, left[snapshot] - begins, PERIOD_DAYS)
    if has_census:
        is_census = lead == within_year[snapshot]
        begins = np.where(is_census, left[snapshot], begins)
        lasts = np.where(is_census, _days(calendar.censuses(rows) - ends)[snapshot], lasts)
    share = (_days(rows.as_of_date - starts)[snapshot] + begins) / length[snapshot]
    return Periods(snapshot, lead, np.column_stack([lead, share, lasts]).astype(np.float32), count - 1)


def lived_through(rows: Frame, periods: Periods, calendar: Calendar) -> tuple[Bools, Floats]:
    """Of all periods of the whole: which each student was still there for, and in which of them he or she left.

    Who left without a date, or after the year's end, left in the last one.
    """
    left = rows.label == 1
    is_dated = left & ~np.isnat(rows.exit_date) & (rows.exit_date <= calendar.ends(rows))
    waited = np.where(is_dated, _days(np.where(is_dated, rows.exit_date, rows.as_of_date) - rows.as_of_date) - 1, 0)
    last_of_year = periods.last - calendar.has_census
    of_exit = np.where(is_dated, np.minimum(waited // PERIOD_DAYS, last_of_year), periods.last)
    seen = periods.lead <= of_exit[periods.snapshot]
    event = left[periods.snapshot] & (periods.lead == of_exit[periods.snapshot])
    return seen, event.astype(np.float64)


def trees(question: Question, settings: ModelSettings) -> Fitted:
    """One booster over all as-of dates, the time of the year being a feature: what the house does."""
    return _of_booster(fit_rows(question.rows, question.rows.weight, settings), settings)


def shallow(question: Question, settings: ModelSettings) -> Fitted:
    """Twice the trees, half as deep."""
    return trees(question, settings.model_copy(update={"depth": 2, "leaves": 4, "trees": 2 * settings.trees}))


def deep(question: Question, settings: ModelSettings) -> Fitted:
    """Trees twice as deep with four times the leaves, two in five of them."""
    return trees(question, settings.model_copy(update={"depth": 8, "leaves": 31, "trees": settings.trees * 2 // 5}))


def one_per_date(question: Question, settings: ModelSettings) -> Fitted:
    """A booster per as-of date, fitted on that date and its neighbours in every cohort."""
    number, weight = date_number(question.rows), question.rows.weight
    fitted = []
    for i in range(number.max() + 1):
        near = np.abs(number - i) <= 1
        fitted.append(_of_booster(fit_rows(question.rows.take(near), weight[near], settings), settings))

    def by_date(rows: Frame, ask: Callable[[Fitted, Frame], Floats]) -> list[tuple[Ints, Floats]]:
        numbers = np.minimum(date_number(rows), len(fitted) - 1)
        chosen = [np.flatnonzero(numbers == i) for i in range(len(fitted))]
        return [(where, ask(fitted[i], rows.take(where))) for i, where in enumerate(chosen) if len(where)]

    def raw(rows: Frame) -> Floats:
        found = np.empty(len(rows))
        for where, scores in by_date(rows, lambda model, part: model.raw(part)):
            found[where] = scores
        return found

    return Fitted(raw, lambda rows: by_date(rows, lambda model, part: np.asarray(model.explain(part))))


def hazard(question: Question, settings: ModelSettings) -> Fitted:
    """A booster of the chance to leave in a period, given that the student is still there (Singer & Willett 1993).

    One row per snapshot and period until the exit; a snapshot's chance is 1 - product(1 - h) over what is asked for.
    """
    rows, calendar = question.whole, question.calendar
    periods = periods_ahead(rows, calendar)
    seen, event = lived_through(rows, periods, calendar)
    x, features = _with_times(rows, periods), (*load_catalogue().model_features, *_time_features())
    text = booster.fit(x[seen], event[seen], rows.weight[periods.snapshot][seen], features, settings)
    model = booster.load(text)

    def raw(asked: Frame) -> Floats:
        ahead = periods_ahead(asked, calendar, question.days)
        scores = booster.raw_scores(model, _with_times(asked, ahead), settings.threads)
        summed = np.bincount(ahead.snapshot, weights=np.logaddexp(0, scores), minlength=len(asked))
        return log_odds(summed.astype(np.float64))

    def explain(asked: Frame) -> Floats:  # of every period's log-odds: they do not add up to the chance's
        return booster.contributions(model, _with_times(asked, periods_ahead(asked, calendar, question.days)), settings.threads)

    return Fitted(raw, explain)


def hazard_deeper(question: Question, settings: ModelSettings) -> Fitted:
    """The hazard with room for what matters only soon, or only late."""
    return hazard(question, settings.model_copy(update={"depth": 6, "leaves": 16}))


def proportional_hazard(question: Question, settings: ModelSettings) -> Fitted:
    """A booster of the log hazard beside that of the as-of date and period, which is the same for all students.

    With the hazard of date and period known (the share who leave in it), the likelihood of piecewise constant hazards is
    Poisson's (Holford 1980): one row per snapshot, whose exposure ends with the exit. Reasons would be exact, for the log hazard.
    """
    rows, calendar = question.whole, question.calendar
    periods = periods_ahead(rows, calendar)
    seen, event = lived_through(rows, periods, calendar)
    table = hazard_by_date(rows, periods, seen, event)
    exposed = exposure(rows, periods, table, seen)
    features = load_catalogue().model_features
    params = booster.parameters(features, settings) | {"objective": "poisson", "poisson_max_delta_step": 0.01}
    x = _matrix(rows)
    data = lgb.Dataset(x, rows.label, weight=rows.weight, init_score=np.log(exposed), params=params)
    model = lgb.train(params, data, num_boost_round=settings.trees)

    def raw(asked: Frame) -> Floats:
        ahead = periods_ahead(asked, calendar, question.days)
        base = exposure(asked, ahead, table, np.ones(len(ahead.lead), dtype=np.bool_))
        return log_odds(base * np.exp(booster.raw_scores(model, _matrix(asked), settings.threads)))

    return Fitted(raw, lambda asked: booster.contributions(model, _matrix(asked), settings.threads))


def regression(question: Question, settings: ModelSettings) -> Fitted:
    """The house's logistic regression; its terms are its reasons."""
    past = some_students(question.rows, logistic.MOST_ROWS, settings.seed)
    model = logistic.fit(_matrix(past), past.label, past.weight)
    return Fitted(lambda rows: model.raw(_matrix(rows)), lambda rows: model.raw(_matrix(rows)))


def date_number(rows: Frame) -> Ints:
    """Number of each row's as-of date in its cohort: 0, 1, 2 …"""
    number = np.empty(len(rows), dtype=np.int64)
    for year in np.unique(rows.school_year.astype(str)):
        of_year = rows.school_year == year
        number[of_year] = np.unique(rows.as_of_date[of_year], return_inverse=True)[1]
    return number


def log_odds(cumulative_hazard: Floats) -> Floats:
    """Of having left, from the hazard summed until then: log(p / (1 - p)) with p = 1 - exp(-H)."""
    return np.asarray(np.log(np.expm1(np.maximum(cumulative_hazard, SMALLEST))), dtype=np.float64)


def _of_booster(text: str, settings: ModelSettings) -> Fitted:
    model = booster.load(text)
    return Fitted(
        lambda rows: booster.raw_scores(model, _matrix(rows), settings.threads),
        lambda rows: booster.contributions(model, _matrix(rows), settings.threads),
    )


def _matrix(rows: Frame) -> Matrix:
    return rows.matrix(f.name for f in load_catalogue().model_features)


def _with_times(rows: Frame, periods: Periods) -> Matrix:
    return np.hstack([_matrix(rows)[periods.snapshot], periods.columns])


def _time_features() -> list[Feature]:
    return [Feature(name=n, concept="time", unit="count", direction=0, meaning="Of a period ahead.") for n in TIMES]


def hazard_by_date(rows: Frame, periods: Periods, seen: Bools, event: Floats) -> Floats:
    """Cumulative hazard added by each period, as-of dates × periods ahead, from the share of those still there who leave."""
    date, weight = date_number(rows)[periods.snapshot], rows.weight[periods.snapshot]
    shape = (int(date.max()) + 1, int(periods.lead.max()) + 1)
    cell = date * shape[1] + periods.lead
    there = np.bincount(cell, weights=weight * seen, minlength=shape[0] * shape[1])
    left = np.bincount(cell, weights=weight * event, minlength=shape[0] * shape[1])
    share = np.divide(left, there, out=np.zeros_like(left), where=there > 0)
    return np.asarray(-np.log1p(-np.minimum(share, 0.999)).reshape(shape), dtype=np.float64)


def exposure(rows: Frame, periods: Periods, table: Floats, counted: Bools) -> Floats:
    """Sum of the table's hazards over the `counted` periods of each row; dates or periods beyond it are as its last."""
    date = np.minimum(date_number(rows)[periods.snapshot], table.shape[0] - 1)
    hazards = table[date, np.minimum(periods.lead, table.shape[1] - 1)] * counted
    return np.maximum(np.bincount(periods.snapshot, weights=hazards, minlength=len(rows)), SMALLEST)


def _days(span: npt.NDArray[np.timedelta64]) -> Ints:
    return span.astype("timedelta64[D]").astype(np.int64)


FORMS: dict[str, Formulation] = {
    "trees": trees,
    "trees, shallow": shallow,
    "trees, deep": deep,
    "trees, one per date": one_per_date,
    "hazard": hazard,
    "hazard, deeper": hazard_deeper,
    "hazard, proportional": proportional_hazard,
    "logistic": regression,
}
AVERAGES = {  # of log-odds
    "trees + hazard": ("trees", "hazard"),
    "trees + proportional": ("trees", "hazard, proportional"),
    "trees + logistic": ("trees", "logistic"),
    "trees + hazard + logistic": ("trees", "hazard", "logistic"),
}
