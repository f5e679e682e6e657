"""What every list, page and sheet says of tonight's model where it is not the one in force, and of contested entries."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl
from babel.dates import format_date

from dropout.publish.numbers import isolated
from dropout.publish.oversight.words import oversight_words
from dropout.publish.words import words_of
from dropout.resources import sql


@dataclass(frozen=True)
class Stand:
    """How the lists' target was served tonight: `state` is in_force, suspended or older (model/serving.py)."""

    state: str
    in_force: str
    served: str
    since: dt.date | None

    @property
    def is_suspended(self) -> bool:
        """Whether a person has suspended the model."""
        return self.state == "suspended"

    def in_words(self, language: str) -> str:
        """A sentence for list and page; empty where the model in force speaks."""
        if self.state == "in_force" or self.since is None:
            return ""
        words = oversight_words(language)
        pattern = words.suspended if self.is_suspended else words.older
        return pattern.format(date=day_in_words(self.since, language), version=isolated(self.served))


def stand(con: duckdb.DuckDBPyConnection) -> Stand:
    """How the lists' target is served. Reads temp table `this_night`.

    Scores that an older program made are those of the model in force.
    """
    rows = con.execute(sql("marts/list_serving")).fetchall()
    return Stand(*rows[0]) if rows else Stand("in_force", "", "", None)


def contested(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """student_key, contested_on and why_code of the newest contestation that nobody has answered, by the date of `this_night`."""
    found: pl.DataFrame = con.sql(sql("marts/list_contest")).pl()
    return found


def contested_in_words(rows: pl.DataFrame, language: str) -> pl.DataFrame:
    """student_key and contest_note of what `contested` found, in one language."""
    words = oversight_words(language)
    kinds = rows.select("contested_on", "why_code").unique()
    said = [
        words.contested.format(date=day_in_words(day, language), why=getattr(words.why, code)) for day, code in kinds.iter_rows()
    ]
    noted = kinds.with_columns(pl.Series("contest_note", said, dtype=pl.String))
    return rows.join(noted, on=["contested_on", "why_code"]).select("student_key", "contest_note")


def sheet_lines(con: duckdb.DuckDBPyConnection, student_key: int, as_of: dt.date | None, language: str) -> list[str]:
    """What a family's sheet says beside the chances of `as_of`: that none is computed, and what became of what it contested."""
    words, lines = oversight_words(language), []
    for (since,) in con.execute(sql("access/suspended"), {"as_of": as_of}).fetchall():
        lines.append(words.suspended_sheet.format(date=day_in_words(since, language)))
    for row in con.sql(sql("access/contest"), params={"student_key": student_key}).pl().to_dicts():
        lines.append(_told(row, language))
    return lines


def _told(row: dict[str, Any], language: str) -> str:
    words = oversight_words(language)
    facts = {"date": day_in_words(row["contested_on"], language), "why": getattr(words.why, row["why_code"])}
    if row["answered_on"] is None:
        return words.pending.format(**facts)
    answered = day_in_words(row["answered_on"], language)
    return words.answered.format(**facts, answered=answered, answer=getattr(words.answer, row["answer_code"]))


def day_in_words(day: dt.date, language: str) -> str:
    """Day, month and year."""
    return str(format_date(day, "long", locale=words_of(language).locale))
