"""Answers in the night's report: how many lists came back, and where counselors say that lists were wrong. Counts only."""

from typing import Any

import duckdb

from dropout.publish.answers.words import told_words
from dropout.publish.numbers import decimal
from dropout.publish.words import words_of
from dropout.resources import sql

SCHOOLS_SHOWN = 40  # as in the report's table of schools; the rest stands in marts.list_response


def facts(con: duckdb.DuckDBPyConnection, language: str) -> dict[str, Any]:
    """Keys: words, returned (a sentence; empty where no list came back) and schools, rows whose counts SQL has hidden or rounded.

    Reads temp table `this_night` and the marts attached as catalog `exact`.
    """
    words, locale = told_words(language), words_of(language).locale
    [(lists, stopped, left_out)] = con.execute(sql("marts/report_returned")).fetchall()
    rows = con.sql(sql("marts/report_answers")).pl().to_dicts()
    numbers = {"lists": lists, "left_out": left_out, "stopped": stopped}
    said = words.returned.format(**{name: decimal(n, locale) for name, n in numbers.items()}) if lists else ""
    return {"words": words, "returned": said, "schools": rows[:SCHOOLS_SHOWN]}
