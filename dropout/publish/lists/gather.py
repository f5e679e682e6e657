"""What the lists say: rows of the night, names from the identity store, reasons and changes in words, by school."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import polars as pl

from dropout.contracts.ddl import literal
from dropout.publish.answers.last import in_words as answers_in_words
from dropout.publish.answers.last import last_answers
from dropout.publish.chance_words import chance_in_words
from dropout.publish.changes.changed import changed
from dropout.publish.changes.in_words import in_words as changes_in_words
from dropout.publish.lists.precision import precision_by_school
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.numbers import filled
from dropout.publish.oversight.notices import Stand, contested, contested_in_words, stand
from dropout.publish.reasons import in_words
from dropout.publish.words import LIST_COLUMNS, Language, words_of
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse.ledger import Run

PERCENTS = {"chance_percent": "chance", "chance_low_percent": "chance_low", "chance_high_percent": "chance_high"}
DAY_AND_PERCENTS = {"list_date": pl.Date, "grade": pl.Int32, **dict.fromkeys(PERCENTS, pl.Float64)}
SCHEMA = {column: DAY_AND_PERCENTS.get(column, pl.String) for column in LIST_COLUMNS}


def gather(con: duckdb.DuckDBPyConnection, run: Run) -> Iterator[SchoolList]:
    """The list of every school with students tonight, by school_id. Reads temp table `this_night`."""
    schools = con.sql(sql("marts/list_school")).pl()
    languages = {school: language_of(run.deployment, school) for school in schools["school_id"]}
    spoken_words = {language: words_of(language) for language in sorted(set(languages.values()))}
    spoken = schools.select("school_id", language=pl.col("school_id").replace_strict(languages, return_dtype=pl.String))
    silent = dict(
        con.execute(f"select school_id, newest_data_date from ({sql('marts/school_night')}) where not is_data_fresh").fetchall()
    )
    [(target, method)] = con.execute(sql("marts/list_method")).fetchall()
    tonight, served = _tonight(con, run), stand(con)
    tables: dict[tuple[object, ...], pl.DataFrame] = {}
    left: dict[tuple[object, ...], pl.DataFrame] = {}
    for language in spoken_words:
        told = tonight.told(spoken.filter(language=language).drop("language"), language, run)
        tables |= _listed(told, language, run, target, served).partition_by("school_id", as_dict=True, include_key=False)
        left |= _gone(told, language).partition_by("school_id", as_dict=True, include_key=False)
    precision = precision_by_school(con, run, languages)
    nobody = pl.DataFrame(schema={"student_key": pl.Int64, **SCHEMA})
    for school_id, school in schools.select("school_id", "school").iter_rows():
        table = tables.get((school_id,), nobody)
        yield SchoolList(
            school_id=school_id,
            school=school,
            language=languages[school_id],
            day=run.as_of,
            target=target,
            method=method or "",
            table=table.select(LIST_COLUMNS),
            keys=tuple(table["student_key"].to_list()),
            left=left.get((school_id,), nobody).select(LIST_COLUMNS),
            silent_since=silent.get(school_id),
            precision="" if served.is_suspended else precision[school_id],
            notice=served.in_words(languages[school_id]),
            is_suspended=served.is_suspended,
        )


@dataclass(frozen=True)
class _Tonight:
    """Rows of the night for all schools: who is listed, who left a list, reasons, changes, answers and contestations."""

    rows: pl.DataFrame
    gone: pl.DataFrame
    reasons: pl.DataFrame
    changes: pl.DataFrame
    answers: pl.DataFrame
    contests: pl.DataFrame

    def told(self, schools: pl.DataFrame, language: str, run: Run) -> "_Tonight":
        """The rows of `schools`, with what changed and what was answered in `language`."""
        ours = self.changes.join(schools, on="school_id", how="semi")
        changes, answers = changes_in_words(ours, language), answers_in_words(self.answers, language, run.as_of)
        reasons = self.reasons.join(schools, on="school_id", how="semi").with_columns(pl.lit(language).alias("language"))

        def with_words(rows: pl.DataFrame) -> pl.DataFrame:
            mine = rows.join(schools, on="school_id", how="semi")
            said = mine.join(changes, on=["school_id", "student_key"], how="left")
            return said.join(answers, on="student_key", how="left")

        return _Tonight(
            with_words(self.rows),
            with_words(self.gone),
            in_words(reasons),
            ours,
            answers,
            contested_in_words(self.contests, language),
        )


def _tonight(con: duckdb.DuckDBPyConnection, run: Run) -> _Tonight:
    changes, reasons = changed(con, run), con.sql(sql("marts/list_reason")).pl()
    with attached_identity(con, run.deployment):
        rows, gone, answers = con.sql(sql("marts/list_row")).pl(), con.sql(sql("marts/list_left")).pl(), last_answers(con)
    return _Tonight(rows, gone, reasons, changes, answers, contested(con))


@contextmanager
def attached_identity(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> Iterator[None]:
    """Attaches the identity store read-only, unless the caller holds it already."""
    if con.execute("select 1 from duckdb_databases() where database_name = 'identity'").fetchone():
        yield
        return
    con.execute(f"attach {literal(deployment.identity)} as identity (read_only)")
    try:
        yield
    finally:
        con.execute("detach identity")


def language_of(deployment: Deployment, school_id: str) -> str:
    """The language of a school's list: its own by the settings, else the deployment's."""
    return deployment.settings.school_languages.get(school_id, deployment.language)


def _listed(told: _Tonight, language: str, run: Run, target: str, served: Stand) -> pl.DataFrame:
    """school_id, student_key and the columns of a list for who is on it, highest chance first, as said in one language."""
    words = words_of(language)
    rows = told.rows.join(told.reasons, on="student_key", how="left").join(told.contests, on="student_key", how="left")
    rows = rows.sort("school_id", "chance", "school_rank", "student_key", descending=[False, True, False, False], nulls_last=True)
    rule = pl.when((pl.col("method") == "absence_rule") & ~pl.lit(served.is_suspended)).then(pl.lit(words.notes.absence_rule))
    notes = (pl.lit(served.in_words(language) or None), rule, pl.col("contest_note"))
    background = pl.when("has_background").then(pl.lit(words.notes.background))
    table = rows.with_columns(
        pl.lit(run.as_of).alias("list_date"),
        chance_in_words(words, target).alias("chance_words"),
        pl.concat_str(*notes, background, _nameless(words), separator=" ", ignore_nulls=True).replace("", None).alias("note"),
        pl.col("numbers_since").replace("", None),
        *((pl.col(name).fill_nan(None) * 100).round(1).alias(percent) for percent, name in PERCENTS.items()),
    )
    return _in_order(table.drop("chance").rename({"chance_words": "chance"}))


def _gone(told: _Tonight, language: str) -> pl.DataFrame:
    """school_id, student_key and the columns of a list for who is no longer on it: names, class, and why."""
    return _in_order(told.gone.with_columns(_nameless(words_of(language)).alias("note")))


def _nameless(words: Language) -> pl.Expr:
    """Whom to ask for where the identity store has no name."""
    pseudonym = filled(words.notes.no_identity.format(key="{0}"), pl.col("pseudonym"))
    return pl.when(pl.col("student_id").is_null()).then(pseudonym)


def _in_order(table: pl.DataFrame) -> pl.DataFrame:
    """school_id, student_key and every column of a list, NULL where `table` lacks it."""
    lacking = [pl.lit(None).alias(name) for name in LIST_COLUMNS if name not in table.columns]
    full = table.with_columns(*lacking)
    return full.select("school_id", "student_key", *(pl.col(name).cast(kind) for name, kind in SCHEMA.items()))
