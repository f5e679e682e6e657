"""What only nights in a row tell of the lists as cut: how long before an exit a student first stood on one, and churn."""

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from dropout.model.comparison import ALL, Record
from dropout.model.frame import FEWEST_CLUSTERS, Bools, Floats, Ints
from dropout.model.resample import draws, interval
from dropout.resources import sql

EARLY = (20, 40, 60)  # school days: about a month, two, and a term
Where = dict[str, Any]  # target, school_year


def lead_records(con: duckdb.DuckDBPyConnection, where: Where, known_on: Any, school_days: list[int], seed: int) -> list[Record]:
    """Rows for `ops.evaluation` on students who left by a dated exit; needs temp tables `label` and `exit_after`.

    Shares are of all of them, the median of those who were listed before. Days are counted from the morning of
    the first list to the last school day before the exit, by the school's calendar, else by weekdays.
    """
    rows = con.sql(sql("backtest/lead"), params={**where, "known_on": known_on, "school_days": school_days}).to_arrow_table()
    if not rows.num_rows:
        return []
    days = rows.column("lead_school_days").cast(pa.float64()).to_numpy(zero_copy_only=False)
    cluster, drawn = _clusters(rows, seed)

    def record(metric: str, resampled: Floats, students: int) -> Record:
        return _record(where["school_year"], ALL, metric, resampled, students, students)

    def share(chosen: Bools) -> Floats:
        return _ratio(drawn, cluster, chosen, np.ones_like(chosen))

    listed = ~np.isnan(days)
    found = [
        record("lead_time_school_days_median", _medians(days[listed], cluster[listed], drawn), int(listed.sum())),
        record("found_before_exit_share", share(listed), len(days)),
    ]
    return found + [record(f"found_{n}_school_days_before_share", share(days >= n), len(days)) for n in EARLY]


def churn_records(con: duckdb.DuckDBPyConnection, where: Where, seed: int) -> list[Record]:
    """Rows for `ops.evaluation`, by night (its date) and over all, each night against the replayed one before it.

    `listed_again_share`: of those listed on the night before and still enrolled; `list_share_new`: of those listed now.
    """
    rows = con.sql(sql("backtest/churn"), params=where).to_arrow_table()
    if not rows.num_rows:
        return []
    cluster, drawn = _clusters(rows, seed)
    now, before, left = (_numpy(rows, name).astype(np.bool_) for name in ("is_listed", "was_listed", "has_left"))
    night, student = _numpy(rows, "as_of_date").astype("datetime64[D]"), _numpy(rows, "student_key")
    found = []
    for group in (*np.unique(night), None):
        here = np.ones(len(night), dtype=np.bool_) if group is None else night == group
        for metric, chosen, of in (("listed_again_share", now & before, before), ("list_share_new", now & ~before, now)):
            shares = _ratio(drawn, cluster, chosen & here, of & here)
            counts = (len(np.unique(student[of & here & who])) for who in (of, left))
            found.append(_record(where["school_year"], ALL if group is None else str(group), metric, shares, *counts))
    return found


def _clusters(rows: pa.Table, seed: int) -> tuple[Ints, Floats]:
    """Cluster of each row (school; student where schools are few) and the resamples, as in every evaluation."""
    number: Callable[[str], tuple[Any, Any]] = lambda name: np.unique(_numpy(rows, name), return_inverse=True)  # noqa: E731
    names, index = number("school_id")
    if len(names) < FEWEST_CLUSTERS:
        names, index = number("student_key")
    return index.astype(np.int64), draws(len(names), seed)


def _ratio(drawn: Floats, cluster: Ints, chosen: Bools, of: Bools) -> Floats:
    """Share of `of` that is `chosen`, in each resample."""
    clusters = drawn.shape[1]
    part, whole = (drawn @ np.bincount(cluster, weights=mask, minlength=clusters) for mask in (chosen, of))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part / whole, dtype=np.float64)


def _medians(values: Floats, cluster: Ints, drawn: Floats) -> Floats:
    """Median of `values` in each resample, where a value counts as often as its cluster was drawn; NaN without values."""
    if not len(values):
        return np.full(len(drawn), np.nan)
    order = np.argsort(values, kind="stable")
    ordered, count = values[order], np.cumsum(drawn[:, cluster[order]], axis=1)
    half = count[:, -1:] / 2
    # an even count has two middle values: the one that completes a half, and the next
    middle = ((count < half).sum(1), np.minimum((count <= half).sum(1), len(values) - 1))
    found = (ordered[middle[0]] + ordered[middle[1]]) / 2
    return np.where(half[:, 0] > 0, found, np.nan)


def _record(cohort: str, group: str, metric: str, resampled: Floats, students: int, left: int) -> Record:
    value, low, high = (round(float(v), 8) if np.isfinite(v) else None for v in (resampled[0], *interval(resampled)))
    return Record(cohort, group, "model", metric, None, value, low, high, students, left)


def _numpy(rows: pa.Table, name: str) -> Any:
    return rows.column(name).to_numpy(zero_copy_only=False)
