"""Strips and plots of all listed pupils, drawn language by language and parted by school once."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import polars as pl

from dropout.country import Country
from dropout.publish.lists import attendance_strip, marks_plot
from dropout.publish.lists.attendance_strip import Frame, Grid
from dropout.publish.lists.gather import language_of
from dropout.publish.lists.page_words import page_words_of
from dropout.publish.lists.strips import Known, known
from dropout.publish.words import words_of
from dropout.warehouse.ledger import Run


@dataclass(frozen=True)
class Drawn:
    """What the page of one school draws: the strips' common frame (None where no school day is known), and drawings by pseudonym.

    A pupil's drawings are the columns of `attendance_strip.draw` and `marks_plot.draw`; None or missing where nothing is known.
    """

    frame: Frame | None = None
    pupils: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


def drawn(con: duckdb.DuckDBPyConnection, run: Run) -> dict[str, Drawn]:
    """School_id → what its page draws, for schools with listed pupils. Reads temp table `this_night`."""
    everything = known(con, run)
    schools = pl.concat([everything.days["school_id"], everything.marks["school_id"]]).unique().sort().to_list()
    spoken: dict[str, list[str]] = {}
    for school_id in schools:
        spoken.setdefault(language_of(run.deployment, school_id), []).append(school_id)
    weekdays = everything.days["date"].dt.weekday().unique().sort().to_list()
    found: dict[str, Drawn] = {}
    for language, those in sorted(spoken.items()):
        part = Known(*(table.filter(pl.col("school_id").is_in(those)) for table in (everything.days, everything.marks)))
        found |= _in_language(part, language, run.as_of, weekdays, run.deployment.country)
    return found


def _in_language(part: Known, language: str, as_of: dt.date, weekdays: list[int], country: Country) -> dict[str, Drawn]:
    words, said = words_of(language), page_words_of(language)
    marks = marks_plot.draw(part.marks, words, said.marks, country.pass_share)
    homes = pl.concat([part.days.select("school_id", "student_key"), part.marks.select("school_id", "student_key")])
    pupils = homes.unique(maintain_order=True).join(marks, on="student_key", how="left")
    frame = None
    begin = part.days["date"].min()
    if isinstance(begin, dt.date):
        grid = Grid(begin, as_of, attendance_strip.week_of(country.school_days, weekdays), words.direction == "rtl")
        frame = attendance_strip.frame(grid, words)
        pupils = pupils.join(attendance_strip.draw(part.days, grid, words, said.attendance), on="student_key", how="left")
    by_school = pupils.partition_by("school_id", as_dict=True, include_key=False)
    return {
        str(school): Drawn(frame, {row["student_key"]: row for row in table.to_dicts()}) for (school,), table in by_school.items()
    }
