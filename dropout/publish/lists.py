"""lists: one CSV per school, in its language. Here, and only here, the identity store is opened."""

import datetime as dt
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
from babel.dates import format_date

from dropout.contracts.ddl import literal
from dropout.monitor.night import attached, last_publication
from dropout.publish.chance_words import chance_in_words
from dropout.publish.numbers import filled, written
from dropout.publish.reasons import in_words
from dropout.publish.words import LIST_COLUMNS, Language, words_of
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse.ledger import Counts, Run

BOM = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for the machine's own code page
LINE_END = "\r\n"
PERCENTS = {"chance_percent": "chance", "chance_low_percent": "chance_low", "chance_high_percent": "chance_high"}

# What makes a spreadsheet compute a cell (OWASP "CSV injection"), ASCII or full-width, also behind characters
# that are not seen: blanks, controls and format marks such as U+200F, which Arabic names can begin with.
_FORMULA = r"^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]|^[\t\r\n]"
_BREAKS = r"[\r\n\x00\x0b\x0c\x1c-\x1e\u0085\u2028\u2029]+"  # a pupil is one line of the file


def write(con: duckdb.DuckDBPyConnection, run: Run, folder: Path) -> Counts:
    """Writes `<school_id>/<school_id>_<date>.csv` below `folder` (0700, files 0600) for every school with students.

    Highest chance first; a school without listed students gets the header alone, one
    without fresh data a notice. Reads temp table `this_night`.
    Returns schools, listed rows, and how many of these have no name in the identity store.
    """
    has_last = _last_list(con, run)
    silent = dict(
        con.execute(f"select school_id, newest_data_date from ({sql('marts/school_night')}) where not is_data_fresh").fetchall()
    )
    schools = con.sql(sql("marts/list_school")).pl()["school_id"].to_list()
    languages = {school: language_of(run.deployment, school) for school in schools}
    spoken_words = {language: words_of(language) for language in sorted(set(languages.values()))}
    spoken = pl.DataFrame(
        {"school_id": schools, "language": list(languages.values())}, schema={"school_id": pl.String, "language": pl.String}
    )
    reasons = con.sql(sql("marts/list_reason")).pl().join(spoken, on="school_id")
    with _identity(con, run.deployment):
        rows = con.sql(sql("marts/list_row")).pl()
    rows = rows.join(spoken, on="school_id", how="left").join(in_words(reasons), on="student_key", how="left")
    rows = rows.sort("school_id", "chance", "school_rank", "student_key", descending=[False, True, False, False], nulls_last=True)
    folder.mkdir(mode=0o700)
    [(target,)] = con.execute("select list_target from this_night").fetchall()
    day = run.as_of.isoformat()
    for language, words in spoken_words.items():
        ours = rows.filter(pl.col("language") == language)
        head = BOM + _header(words)
        bodies = _bodies(_table(ours, words, day, target, has_last=has_last), ours["school_id"], words)
        for school in (s for s in schools if languages[s] == language):
            body = _silence(silent[school], day, words) if school in silent else bodies.get(school, b"")
            _store(folder, school, day, head + body)
    return {"schools": len(schools), "listed": rows.height, "without_name": rows["student_id"].null_count()}


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
def _identity(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> Iterator[None]:
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


def _table(rows: pl.DataFrame, words: Language, day: str, target: str, *, has_last: bool) -> pl.DataFrame:
    """The columns of a list, in order, every text safe for a spreadsheet."""
    last_chance = written(rows["last_chance"], "share", words).alias("last_chance_text")
    kept = filled(words.changes.kept.format(chance="{0}"), pl.col("last_chance_text"))
    change = pl.when(pl.col("is_kept")).then(kept).otherwise(pl.lit(words.changes.added))
    rule = pl.when(pl.col("method") == "absence_rule").then(pl.lit(words.notes.absence_rule))
    pseudonym = filled(words.notes.no_identity.format(key="{0}"), pl.col("pseudonym"))
    nameless = pl.when(pl.col("student_id").is_null()).then(pseudonym)
    table = rows.with_columns(last_chance).with_columns(
        pl.lit(day).alias("list_date"),
        chance_in_words(words, target).alias("chance_words"),
        (change if has_last else pl.lit(words.changes.first)).alias("change"),
        pl.concat_str(rule, nameless, separator=" ", ignore_nulls=True).replace("", None).alias("note"),
        *((pl.col(name).fill_nan(None) * 100).round(1).alias(percent) for percent, name in PERCENTS.items()),
        *(pl.lit(None, dtype=pl.String).alias(c) for c in LIST_COLUMNS[LIST_COLUMNS.index("decision") :]),
    )
    table = table.drop("chance").rename({"chance_words": "chance"}).select(LIST_COLUMNS)
    return table.with_columns(_safe(name) for name, kind in table.schema.items() if kind == pl.String)


def _safe(column: str) -> pl.Expr:
    """The texts of `column` on one line, with an apostrophe before what a spreadsheet would compute."""
    text = pl.col(column)
    line = text.str.replace_all(_BREAKS, " ")
    return pl.when(text.str.contains(_FORMULA)).then(pl.concat_str(pl.lit("'"), line)).otherwise(line).alias(column)


def _silence(since: dt.date, day: str, words: Language) -> bytes:
    """The one line of a list for which no fresh data came: since when, and what it does not mean."""
    said = words.notes.no_fresh_data.format(date=format_date(since, "long", locale=words.locale))
    line = pl.DataFrame(
        {c: [{"list_date": day, "note": said}.get(c)] for c in LIST_COLUMNS}, schema=dict.fromkeys(LIST_COLUMNS, pl.String)
    )
    return _csv(line, words)


def _header(words: Language) -> bytes:
    names = pl.DataFrame({column: [getattr(words.columns, column)] for column in LIST_COLUMNS})
    return _csv(names, words)


def _csv(table: pl.DataFrame, words: Language) -> bytes:
    text = table.write_csv(
        None, include_header=False, separator=words.separator, line_terminator=LINE_END, float_precision=1,
        decimal_comma=words.separator == ";",
    )  # fmt: skip
    return text.encode()


def _bodies(table: pl.DataFrame, schools: pl.Series, words: Language) -> dict[str, bytes]:
    """The lines of each school: everything is written to one buffer, which is cut where the school changes."""
    lines = _csv(table, words).split(LINE_END.encode())
    runs = schools.rle().struct.unnest() if len(schools) else pl.DataFrame({"len": [], "value": []})
    bodies, start = {}, 0
    for length, school in runs.iter_rows():
        bodies[school] = b"".join(line + LINE_END.encode() for line in lines[start : start + length])
        start += length
    return bodies


def file_name(school_id: str) -> str:
    """`school_id` as the name of a folder: letters, digits, `-`, `_` and inner dots stay, the rest becomes %XX (UTF-8)."""
    return re.sub(r"^\.|[^\w.\-]", lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), school_id) or "%"


def _store(folder: Path, school_id: str, day: str, content: bytes) -> None:
    name = file_name(school_id)
    (folder / name).mkdir(mode=0o700)
    handle = os.open(folder / name / f"{name}_{day}.csv", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
