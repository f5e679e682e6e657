"""Whom counselors say a list was wrong about: for the operator, who mends the register. Pseudonyms, no names."""

import datetime as dt
from typing import Any

import duckdb

from dropout.resources import sql


def to_mend(con: duckdb.DuckDBPyConnection, as_of: dt.date, days: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows: school, pseudonym, list date, decision, and when the answer came, of the `days` days up to `as_of`.

    Disagreements and "not at this school" alone, as they stand; by school.
    """
    con.execute("create or replace temp table this_night as select ?::date as as_of_date", [as_of])
    statement = sql("marts/answers_to_mend").replace("$answers", sql("marts/followup"))
    found = con.execute(statement, {"days": days})
    return [str(d[0]) for d in found.description or []], found.fetchall()
