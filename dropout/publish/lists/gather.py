"""What the lists say: rows of the night, names from the identity store, reasons and changes in words, by school."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import polars as pl

from dropout.contracts.ddl import literal
from dropout.monitor.night import attached, last_publication
from dropout.publish.chance_words import chance_in_words
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.numbers import filled, written
from dropout.publish.reasons import in_words
from dropout.publish.words import ANSWER_COLUMNS, LIST_COLUMNS, Language, words_of
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse.ledger import Run

PERCENTS = {"chance_percent": "chance", "chance_low_percent": "chance_low", "chance_high_percent": "chance_high"}
DAY_AND_PERCENTS = {"list_date": pl.Date, "grade": pl.Int32, **dict.fromkeys(PERCENTS, pl.Float64)}
SCHEMA = {column: DAY_AND_PERCENTS.get(column, pl.String) for column in LIST_COLUMNS}


def gather(con: duckdb.DuckDBPyConnection, run: Run) -> Iterator[SchoolList]:
    """The list of every school with students tonight, by school_id. Reads temp table `this_night`."""
    has_last = _last_list(con, run)
    silent = dict(
        con.execute(f"select school_id, newest_data_date from ({sql('marts/school_night')}) where not is_data_fresh").fetchall()
    )
    schools = con.sql(sql("marts/list_school")).pl()
    languages = {school: language_of(run.deployment, school) for school in schools["school_id"]}
    spoken_words = {language: words_of(language) for language in sorted(set(languages.values()))}
    spoken = schools.select("school_id", language=pl.col("school_id").replace_strict(languages, return_dtype=pl.String))
    [(target, method)] = con.execute(
        "select list_target, (select any_value(method) from night.score as s where s.target = list_target "
        "and s.as_of_date = this_night.as_of_date) from this_night"
    ).fetchall()
    reasons = con.sql(sql("marts/list_reason")).pl().join(spoken, on="school_id")
    with attached_identity(con, run.deployment):
        rows = con.sql(sql("marts/list_row")).pl()
    rows = rows.join(spoken, on="school_id", how="left").join(in_words(reasons), on="student_key", how="left")
    rows = rows.sort("school_id", "chance", "school_rank", "student_key", descending=[False, True, False, False], nulls_last=True)
    tables: dict[tuple[object, ...], pl.DataFrame] = {}
    for language, words in spoken_words.items():
        said = _table(rows.filter(language=language), words, run, target, has_last=has_last)
        tables |= said.partition_by("school_id", as_dict=True, include_key=False)
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
            left=nobody.select(LIST_COLUMNS),
            silent_since=silent.get(school_id),
        )


def _last_list(con: duckdb.DuckDBPyConnection, run: Run) -> bool:
    """Creates temp table `last_list` (student_key, chance); False when there is no earlier publication."""
    last = last_publication(con, run)
    if last is None:
        con.execute("create or replace temp table last_list (student_key bigint, chance double)")
        return False
    with attached(con, last):
        con.execute(f"create or replace temp table last_list as {sql('marts/list_last')}")
    return True


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


def _table(rows: pl.DataFrame, words: Language, run: Run, target: str, *, has_last: bool) -> pl.DataFrame:
    """school_id, student_key and the columns of a list, in order, as they are said in one language."""
    last_chance = written(rows["last_chance"], "share", words).alias("last_chance_text")
    kept = filled(words.changes.kept.format(chance="{0}"), pl.col("last_chance_text"))
    change = pl.when(pl.col("is_kept")).then(kept).otherwise(pl.lit(words.changes.added))
    rule = pl.when(pl.col("method") == "absence_rule").then(pl.lit(words.notes.absence_rule))
    pseudonym = filled(words.notes.no_identity.format(key="{0}"), pl.col("pseudonym"))
    nameless = pl.when(pl.col("student_id").is_null()).then(pseudonym)
    table = rows.with_columns(last_chance).with_columns(
        pl.lit(run.as_of).alias("list_date"),
        chance_in_words(words, target).alias("chance_words"),
        (change if has_last else pl.lit(words.changes.first)).alias("change"),
        pl.concat_str(rule, nameless, separator=" ", ignore_nulls=True).replace("", None).alias("note"),
        *((pl.col(name).fill_nan(None) * 100).round(1).alias(percent) for percent, name in PERCENTS.items()),
        *(pl.lit(None, dtype=pl.String).alias(c) for c in ("numbers_since", "last_answer", *ANSWER_COLUMNS)),
    )
    table = table.drop("chance").rename({"chance_words": "chance"})
    return table.select("school_id", "student_key", *(pl.col(name).cast(kind) for name, kind in SCHEMA.items()))
