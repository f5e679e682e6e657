"""The last answer about each student, for the next list: what was decided and done, by whom, and the counselor's own remark."""

import datetime as dt

import duckdb
import polars as pl
from babel.dates import format_date

from dropout.extracts.answers.words import answer_words
from dropout.publish.answers.words import ToldWords, told_words
from dropout.publish.numbers import filled, isolated
from dropout.publish.words import words_of
from dropout.resources import sql

NO_REMARKS = (
    "select null::bigint as student_key, null::date as list_date, null::varchar as remark, null::varchar as reviewer, "
    "null::date as known_at limit 0"
)
NO_REVIEWERS = "select student_key, list_date, remark, null::varchar as reviewer, known_at from identity.remark"


def last_answers(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One row per student who was answered on.

    Columns: student_key, list_date, decision, action, action_date, outcome, note_code, remark and reviewer.

    The answer is that to the newest list, as known tonight (temp table `this_night`). Remarks and initials come from the identity
    store, which must be attached: this is for a school's own list and for nothing else. A store of before has none.
    """
    con.execute(f"create or replace temp view remark_held as {_held(con)}")
    try:
        answers: pl.DataFrame = con.sql(sql("marts/list_answer")).pl()
        return answers
    finally:
        con.execute("drop view remark_held")


def _held(con: duckdb.DuckDBPyConnection) -> str:
    """SQL for the remarks of the attached store, which may be of before: published is from what is there, read-only."""
    found = con.execute(
        "select column_name from duckdb_columns() where database_name = 'identity' and table_name = 'remark'"
    ).fetchall()
    if not found:
        return NO_REMARKS
    return "from identity.remark" if ("reviewer",) in found else NO_REVIEWERS


def in_words(answers: pl.DataFrame, language: str, as_of: dt.date) -> pl.DataFrame:
    """student_key and `last_answer`, of rows as `last_answers` gives them.

    In English: "12 March (A.B.): will act – call to the guardian on 14 March, outcome: improved". A date of another year than
    `as_of` has its year; who answered is left out where it was not said. Each word and each date is put into
    words once, not once a row.
    """
    words, offered = told_words(language), answer_words(language)
    actions = {**offered["action"], "none": words.no_action}

    def said(column: str, texts: dict[str, str]) -> pl.Expr:
        return pl.col(column).replace_strict(texts, default=None, return_dtype=pl.String)

    def day(column: str) -> pl.Expr:
        days = answers[column].drop_nulls().unique().sort().to_list()
        texts = [_date(d, words, language, as_of) for d in days]
        return pl.col(column).replace_strict(days, texts, default=None, return_dtype=pl.String)

    action = said("action", actions)
    dated = pl.coalesce(filled(words.action_on.format(action="{0}", date="{1}"), action, day("action_date")), action)
    deed = pl.concat_str(said("decision", offered["decision"]), dated, separator=" – ", ignore_nulls=True).replace("", None)
    outcome = filled(words.outcome.format(outcome="{0}"), said("outcome", offered["outcome"]))
    note = filled(words.note.format(code="{0}"), pl.col("note_code"))
    remark = filled(words.remark.format(remark="{0}"), pl.col("remark"))
    codes = pl.concat_str(deed, outcome, note, separator=words.part, ignore_nulls=True).replace("", None)
    text = pl.concat_str(codes, remark, separator=". ", ignore_nulls=True)
    is_rtl = words_of(language).direction == "rtl"  # there the point of "A.B." would go to the wrong end
    by = filled(
        words.answered_by.format(date="{0}", reviewer=isolated("{1}") if is_rtl else "{1}"), day("list_date"), pl.col("reviewer")
    )
    when = pl.coalesce(by, day("list_date"))
    return answers.select("student_key", filled(words.answer.format(date="{0}", said="{1}"), when, text).alias("last_answer"))


def _date(day: dt.date, words: ToldWords, language: str, as_of: dt.date) -> str:
    pattern = words.day if day.year == as_of.year else words.day_of_year
    return format_date(day, pattern, locale=words_of(language).locale)
