"""How early a list holds those who leave, and whether it holds the same students from one as-of date to the next.

Lists are those of the schools' capacities. Where scores are equal, the lower pseudonym comes first, as on a night's list:
a student stands on a list or does not. Between two as-of dates nothing is seen, so lead times are at least what is told.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

from dropout.model import metrics
from dropout.model.comparison import ALL, FEWEST_HEADS, Comparison, Record, heads, record
from dropout.model.frame import Bools, Floats, Frame, Ints
from dropout.model.metrics import Value
from dropout.model.resample import tally
from dropout.resources import sql
from dropout.warehouse.ledger import Run

BEFORE = (20, 40, 60)  # school days: a month, two, a term
NEVER = np.iinfo(np.int64).max


def school_calendar(con: duckdb.DuckDBPyConnection, run: Run) -> np.busdaycalendar:
    """The country's weekdays with school, without the days on which no school with a calendar was open."""
    closed = con.sql(sql("model/closed_day"), params={"as_of": run.as_of}).fetchall()
    is_open = [day in run.deployment.country.school_days for day in range(1, 8)]
    return np.busdaycalendar(is_open, np.array([date for (date,) in closed], dtype="datetime64[D]"))


def lead_records(comparison: Comparison, cohort: str, calendar: np.busdaycalendar) -> list[Record]:
    """Rows for `ops.evaluation`, per ranking: lead time, shares found in time, and who is listed again."""
    found, leavers = [], dated_leavers(comparison.rows)
    students, left = heads(comparison.rows, np.ones(len(comparison.rows), dtype=np.bool_))
    for ranking in comparison.ranked:
        on_list = listed(comparison, ranking)
        again = listed_again(comparison, on_list)
        if np.isfinite(again.value):
            found.append(record(again, cohort, ALL, ranking, (students, left)))
        if len(leavers.exit_day) >= FEWEST_HEADS:
            counts = (students, len(leavers.exit_day))
            values = lead_values(leavers, on_list, comparison.rows, comparison.outcomes.draws, calendar)
            found += [record(v, cohort, ALL, ranking, counts) for v in values]
    return found


def listed(comparison: Comparison, ranking: str) -> Bools:
    """Whether each snapshot stands on its school's list, cut at the school's capacity on its as-of date."""
    found = np.zeros(len(comparison.rows), dtype=np.bool_)
    for rows in comparison.nights.values():
        night = comparison.outcomes.take(rows)
        score = _untied(comparison.ranked[ranking].score[rows], comparison.rows.student_key[rows])
        found[rows] = metrics.listed(score, night, night.capacity) >= 0.5  # a capacity can be more than the school has
    return found


def _untied(score: Floats, student_key: Ints) -> Floats:
    """Numbers in the order of `score`, none of them equal: of equal scores the lower key comes first."""
    rank = np.empty(len(score))
    rank[np.lexsort((student_key, -score))] = np.arange(len(score), 0, -1)
    return rank


@dataclass(frozen=True)
class Leavers:
    """Students with a dated exit for dropping out. `of_row`: number of each snapshot's student here, -1 for others."""

    of_row: Ints
    exit_day: Ints  # days since 1970
    cluster: Ints  # of the first snapshot


def dated_leavers(rows: Frame) -> Leavers:
    """Every student of the cohort with a dated exit for dropping out after a snapshot; the first one, where there are two.

    Whoever left without a date is not among them; whoever dropped out and was back by the census is.
    """
    _, first, student = np.unique(rows.student_key, return_index=True, return_inverse=True)
    day = np.full(len(first), NEVER)
    dated = ~np.isnat(rows.exit_date)
    np.minimum.at(day, student[dated], _days(rows.exit_date[dated]))
    is_leaver = day != NEVER
    number = np.where(is_leaver, np.cumsum(is_leaver) - 1, -1)
    return Leavers(number[student].astype(np.int64), day[is_leaver], rows.cluster[first][is_leaver])


def lead_values(leavers: Leavers, on_list: Bools, rows: Frame, draws: Floats, calendar: np.busdaycalendar) -> list[Value]:
    """Median lead time of those who were ever listed before their exit, and shares of all dated leavers found by then.

    Lead time: school days from the first as-of date on which the student stood on a list to the exit. The median is the
    least number of days that half of them did not exceed, so that it is a day count in every resample.
    """
    first = np.full(len(leavers.exit_day), NEVER)
    chosen = on_list & (leavers.of_row >= 0)
    np.minimum.at(first, leavers.of_row[chosen], _days(rows.as_of_date[chosen]))
    is_found = first < leavers.exit_day
    days = np.busday_count(
        first[is_found].astype("datetime64[D]"), leavers.exit_day[is_found].astype("datetime64[D]"), busdaycal=calendar
    )
    cells, clusters = max(int(days.max(initial=0)), *BEFORE) + 1, draws.shape[1]
    found = draws @ tally(days, cells, leavers.cluster[is_found], clusters, np.ones(len(days)))  # resamples × days of lead
    everyone = draws @ np.bincount(leavers.cluster, minlength=clusters)
    with np.errstate(invalid="ignore", divide="ignore"):
        return [
            metrics.value("lead_time_school_days_median", None, _median(found)),
            metrics.value("found_before_exit_share", None, found.sum(1) / everyone),
            *(metrics.value(f"found_{n}_school_days_before_share", None, found[:, n:].sum(1) / everyone) for n in BEFORE),
        ]


def _median(counts: Floats) -> Floats:
    """The first column by which half of each row's counts are reached; NaN for a row without any."""
    reached = np.cumsum(counts, axis=1)
    return np.where(reached[:, -1] > 0, np.argmax(2 * reached >= reached[:, -1:], axis=1), np.nan)


def listed_again(comparison: Comparison, on_list: Bools) -> Value:
    """Of the students listed on one as-of date and in the cohort on the next, the share listed again, over all dates."""
    rows = comparison.rows
    night = np.unique(rows.as_of_date, return_inverse=True)[1]
    order = np.lexsort((night, rows.student_key))
    before, after = order[:-1], order[1:]
    is_next = (rows.student_key[before] == rows.student_key[after]) & (night[after] == night[before] + 1)
    was, still = np.zeros(len(rows)), np.zeros(len(rows))
    was[before] = is_next & on_list[before]
    still[before] = is_next & on_list[before] & on_list[after]
    with np.errstate(invalid="ignore", divide="ignore"):
        return metrics.value("listed_again_share", None, comparison.outcomes.total(still) / comparison.outcomes.total(was))


def _days(dates: npt.NDArray[np.datetime64]) -> Ints:
    """Days since 1970."""
    return dates.astype("datetime64[D]").astype(np.int64)
