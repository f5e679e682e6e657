"""What only the simulation knows: each pupil's true risk on any date, what came of it, and what led to it."""

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dropout.simulate.course import NEVER, Lived, first_full_week, weekdays
from dropout.simulate.hazard import Hazard, causes, leave_in_week, risk_after_week, risk_on
from dropout.simulate.leading import LEADING, leading_by_week
from dropout.simulate.ranking import best_reachable
from dropout.simulate.roll import FATES
from dropout.simulate.school_calendar import SchoolYear

Floats = NDArray[np.float64]


def path_rows(hazard: Hazard, lived: Lived) -> pl.DataFrame:
    """One row per pupil of a year's roll: the stay, the outcome, and per week what the true risk is made of.

    `leave` is the chance of leaving in the week, `after` that of being gone by the next year's census once its
    end is reached, `leading_cause` a place in LEADING. `left_by_next_year` is null for who left the district
    without dropping out.
    """
    year, roll, course = lived.year, lived.roll, lived.course
    v = causes(hazard, roll, lived.own.ability, lived.own.poverty).total()
    everyone = np.arange(len(roll))[:, None]
    leave = leave_in_week(hazard, v)[everyone, course.state]
    leave[np.arange(year.week_count) < first_full_week(roll)[:, None]] = 0
    risk = risk_after_week(hazard, v, roll.grade, lived.own.ability, year.week_count)
    after = risk[np.arange(year.week_count), everyone, course.state]
    weeks = pl.Array(pl.Float32, year.week_count)
    return pl.DataFrame(
        {
            "student_id": lived.codes,
            "school_year": np.full(len(roll), year.label),
            "entry_date": year.dates[roll.entry_day],
            "exit_date": year.dates[0] + course.exit_day,
            "left_by_next_year": course.is_gone_at_census.astype(np.int8),
            "leave": pl.Series(leave.astype(np.float32), dtype=weeks),
            "after": pl.Series(after, dtype=weeks),
            "leading_cause": pl.Series(leading_by_week(hazard, lived), dtype=pl.Array(pl.Int8, year.week_count)),
        }
    ).with_columns(
        exit_date=pl.when(pl.Series(course.exit_day < NEVER)).then("exit_date"),
        left_by_next_year=pl.when(pl.Series(roll.fate == FATES.index("none"))).then("left_by_next_year"),
    )


def risk_of(hazard: Hazard, paths: pl.DataFrame, dates: Iterable[dt.date]) -> pl.DataFrame:
    """The true risk of every pupil who is enrolled on each of the dates, with its leading cause (of the date's week).

    One row per student_id and as_of_date, columns of RISK_SCHEMA.
    """
    frames = []
    for date in dates:
        year = SchoolYear(date.year - (date < dt.date(date.year, 9, 5)))
        week = year.day(date) // 7
        if not 0 <= week < year.week_count:
            continue
        here = paths.filter(
            (pl.col("school_year") == year.label)
            & (pl.col("entry_date") <= date)
            & (pl.col("exit_date").is_null() | (pl.col("exit_date") > date))
        )
        leave, after = (here[name].arr.get(week).to_numpy().astype(np.float64) for name in ("leave", "after"))
        risk = risk_on(hazard, leave, after, week_left(year, date))
        rows = here.select("student_id", pl.lit(date).alias("as_of_date"), "school_year", "left_by_next_year")
        leading = np.array(LEADING)[here["leading_cause"].arr.get(week).to_numpy()]
        frames.append(rows.with_columns(true_risk_by_next_year=pl.Series(risk), leading_cause=pl.Series(leading)))
    return pl.concat(frames) if frames else pl.DataFrame(schema=RISK_SCHEMA)


RISK_SCHEMA = {
    "student_id": pl.String, "as_of_date": pl.Date, "school_year": pl.String, "left_by_next_year": pl.Int8,
    "true_risk_by_next_year": pl.Float64, "leading_cause": pl.String,
}  # fmt: skip


def week_left(year: SchoolYear, date: dt.date) -> float:
    """Share of the weekdays of the date's week that lie after it."""
    return float((weekdays(year, year.day(date) // 7) > year.day(date)).mean())


def write_truth(folder: Path, hazard: Hazard, paths: pl.DataFrame, risk: pl.DataFrame, planted: dict[str, Any]) -> dict[str, Any]:
    """Writes risk.parquet, path.parquet, hazard.json and planted.json; returns what can best be reached."""
    folder.mkdir(parents=True, exist_ok=True)
    risk.write_parquet(folder / "risk.parquet")
    paths.write_parquet(folder / "path.parquet")
    best = best_reachable(risk)
    told = {"parameters": hazard.as_dict(), "best_reachable": best}
    (folder / "hazard.json").write_text(json.dumps(told, indent=1) + "\n")
    (folder / "planted.json").write_text(json.dumps(planted, indent=1) + "\n")
    return best


def true_risk(truth_dir: Path, dates: Iterable[dt.date]) -> pl.DataFrame:
    """The true risk and its leading cause on any dates of the simulated years, from path.parquet (columns of RISK_SCHEMA)."""
    parameters = json.loads((truth_dir / "hazard.json").read_text())["parameters"]
    return risk_of(Hazard(**parameters), pl.read_parquet(truth_dir / "path.parquet"), dates)
