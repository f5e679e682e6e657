"""facts: what a family's sheet says, as numbers and dates; no word of any language is here."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, cast

import duckdb
import polars as pl

from dropout.access.held import Held
from dropout.contracts.contract import load_contracts
from dropout.publish.reasons import in_words
from dropout.resources import sql
from dropout.settings import Deployment

Row = dict[str, Any]
TOLD_APART = ("student", "enrolment", "attendance", "grade")  # these have lines of their own on the sheet
NO_NUMBER = ("absent", "missing")  # states of an assessment that the pupil missed


@dataclass(frozen=True)
class Facts:
    """Everything the sheet says of a pupil; each row is a dictionary with the columns of its statement."""

    identity: Row
    details: list[str]
    spells: list[Row]
    attendance: list[Row]
    marks: list[Row]
    kinds: list[Row]
    earlier_count: int
    aside_count: int
    as_of: dt.date | None
    chances: list[Row]
    night_count: int
    first_night: dt.date | None
    sources: list[Row]
    lists: list[Row]


def facts(con: duckdb.DuckDBPyConnection, deployment: Deployment, held: Held, today: dt.date) -> Facts:
    """The facts of the pupil whose rows are `held`, as of `today`."""
    scores = held.of("night.score")
    as_of = cast(dt.date, scores["as_of_date"].max()) if scores.height else None
    nights = scores.filter(pl.col("chance").is_not_null())["as_of_date"] if scores.height else pl.Series([], dtype=pl.Date)
    dated = {**_years(deployment, held, today), "student_key": held.student.student_key, "today": today}
    person = held.of("main.student", deployment.identity.name).to_dicts()
    return Facts(
        identity=person[0] if person else {},
        details=_details(held),
        spells=_rows(con, "spell", dated),
        attendance=_rows(con, "attendance_year", dated),
        marks=_marks(held),
        kinds=_kinds(held),
        earlier_count=sum(_height(t.rows, pl.col("known_until").is_not_null()) for t in held.tables if t.name.startswith("core."))
        + sum(t.rows.height for t in held.tables if t.name.startswith("gone.")),
        aside_count=held.of("ops.quarantine").height + held.of("main.reject_line", deployment.identity.name).height,
        as_of=as_of,
        chances=_chances(scores, as_of, deployment.country.list_target),
        night_count=nights.n_unique(),
        first_night=cast(dt.date | None, nights.min()),
        sources=_sources(con, held),
        lists=_lists(con, held),
    )


def reasons(con: duckdb.DuckDBPyConnection, held: Held, as_of: dt.date, target: str, language: str) -> Row:
    """`reason_1`… and `going_well_1`… of the pupil as of a date, in words; NULL where there is none."""
    wanted = {"student_key": held.student.student_key, "as_of": as_of, "target": target}
    rows = con.sql(sql("access/reason"), params=wanted).pl().with_columns(pl.lit(language).alias("language"))
    said = in_words(rows).to_dicts()
    return said[0] if said else {}


def _years(deployment: Deployment, held: Held, today: dt.date) -> dict[str, list[Any]]:
    """School years from the pupil's first entry on, as three lists that a statement can bind."""
    entered = held.of("core.enrolment")
    first = cast(dt.date, entered["entry_date"].min()).year if entered.height else today.year
    years = deployment.country.years(first - 1, today.year)
    return {
        "years": [y.school_year for y in years],
        "starts": [y.start_date for y in years],
        "ends": [y.end_date for y in years],
    }


def _details(held: Held) -> list[str]:
    """Names of the sensitive columns in which something stands; not the birth year, which the age for a grade is made of."""
    rows = held.of("core.student")
    named = [n for n, c in load_contracts()["student"].warehouse_columns.items() if c.pii == "sensitive" and n != "birth_year"]
    return [name for name in named if rows.height and rows[name].drop_nulls().len()]


def _marks(held: Held) -> list[Row]:
    """Per school year: marks, subjects, and assessments that the pupil missed."""
    rows = held.of("core.grade")
    if not rows.height:
        return []
    state = pl.col("state").cast(pl.String)
    by_year = rows.filter(pl.col("known_until").is_null()).group_by("school_year")
    return (
        by_year.agg(
            (state == "marked").sum().alias("mark_count"),
            pl.col("subject").n_unique().alias("subject_count"),
            state.is_in(NO_NUMBER).sum().alias("missing_count"),
        )
        .sort("school_year")
        .to_dicts()
    )


def _kinds(held: Held) -> list[Row]:
    """Per further table of the contracts: how many rows stand, and from when to when."""
    found = []
    for table, contract in load_contracts().items():
        rows = held.of(f"core.{table}")
        if table in TOLD_APART or not rows.height:
            continue
        stand = rows.filter(pl.col("known_until").is_null())
        dates = stand[contract.event_date] if contract.event_date else pl.Series([], dtype=pl.Date)
        found.append({"kind": table, "count": stand.height, "first": dates.min(), "last": dates.max()})
    return found


def _chances(scores: pl.DataFrame, as_of: dt.date | None, list_target: str) -> list[Row]:
    """The newest night's chance of each target, what the lists go by first."""
    newest = scores.filter(pl.col("as_of_date") == as_of).to_dicts() if as_of else []
    return sorted(newest, key=lambda row: (row["target"] != list_target, row["target"]))


def _sources(con: duckdb.DuckDBPyConnection, held: Held) -> list[Row]:
    """Per kind of received file: how many brought something of the pupil, from when to when."""
    files = con.sql(sql("access/received_file"), params={"file_ids": held.file_ids}).pl()
    received = pl.col("received_on")
    kinds = files.group_by("source_file").agg(
        pl.len().alias("count"), received.min().alias("first"), received.max().alias("last")
    )
    return _dicts(kinds.sort("source_file"))


def _lists(con: duckdb.DuckDBPyConnection, held: Held) -> list[Row]:
    """Per school: how many published lists named the pupil, the first and the last.

    From the record of lists where the warehouse keeps one, and from the published scores, which reach further back.
    """
    wanted = {"student_key": held.student.student_key}
    found = [con.sql(sql("access/listed_score"), params=wanted).pl()]
    there = "select 1 from duckdb_tables() where schema_name = 'ops' and table_name = 'list_entry'"
    if con.execute(there).fetchall():
        found.append(con.sql(sql("access/listed_entry"), params=wanted).pl())
    date = pl.col("as_of_date")
    by_school = pl.concat(found).unique().group_by("school")
    return _dicts(by_school.agg(pl.len().alias("count"), date.min().alias("first"), date.max().alias("last")).sort("school"))


def _rows(con: duckdb.DuckDBPyConnection, name: str, values: dict[str, Any]) -> list[Row]:
    return _dicts(con.sql(sql(f"access/{name}"), params=values).pl())


def _dicts(rows: pl.DataFrame) -> list[Row]:
    return rows.to_dicts()


def _height(rows: pl.DataFrame, which: pl.Expr) -> int:
    return rows.filter(which).height
