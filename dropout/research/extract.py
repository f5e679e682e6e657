"""research-extract: a de-identified school year for a research platform, as Parquet and CSV, with a data sheet and a manifest.

One row per pupil and third of the year. Nobody's number, school or class is in it; pseudonyms are made with a salt that
is thrown away, so that not even the operator can tell who is meant, nor join two extracts. It is counted before it is
written that every pupil is among ten or more, and that both outcomes are in every class (`levels`).
"""

import datetime as dt
import secrets
import shutil
from pathlib import Path

import duckdb
import polars as pl

from dropout.country import Country, SchoolYear
from dropout.durable import sync
from dropout.errors import DisclosureError, HistoryError
from dropout.features import snapshot
from dropout.labels import label
from dropout.model.cohort import known_years, mature_years, snapshot_dates
from dropout.privacy.anonymity import counted, required
from dropout.privacy.disclosure import LEAST
from dropout.publish import manifest
from dropout.research import levels, sheet
from dropout.resources import sql
from dropout.warehouse.ledger import Run, code_version

QUASI = ["place", "grade", "birth_years", "sex"]
FEATURES = [  # one or two of each concept; shown in fifths of the pupils
    "absence_share_28d", "absence_share_year", "absence_unexcused_share_year", "lateness_share_year", "mark_mean_year_share",
    "mark_trend_term_difference", "assessments_missing_share", "incidents_year_count", "schools_changed_count",
]  # fmt: skip
BANDS = 5
PARTS = 3  # of the year, one as-of date from the middle of each


def write(con: duckdb.DuckDBPyConnection, run: Run, folder: Path, school_year: str | None) -> sheet.Facts:
    """Makes `folder` with the extract of `school_year` (else the latest whose outcomes are known), and returns its facts.

    Raises HistoryError for a year that is not there, DisclosureError where `folder` exists or nothing safe can be written.
    """
    if folder.exists():
        raise DisclosureError("there is something already", where=str(folder), remedy="Name a folder that is not there yet.")
    country = run.deployment.country
    mature = mature_years(con, run, country.list_target)
    year = _year(known_years(con, run), mature, school_year)
    rows, facts = _rows(con, run, year, is_mature=year in mature)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    try:
        rows.write_parquet(partial / "pupils.parquet")
        rows.write_csv(partial / "pupils.csv")
        (partial / "DATASHEET.md").write_text(sheet.text(facts), encoding="utf-8")
        manifest.write(partial, facts.model_dump(mode="json"))
        _seal(partial)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return facts


def dates(country: Country, year: SchoolYear) -> list[dt.date]:
    """The as-of date in the middle of each third of the year's as-of dates."""
    known = snapshot_dates(country, year)
    return sorted({known[(2 * part + 1) * len(known) // (2 * PARTS)] for part in range(PARTS)})


def _year(known: list[SchoolYear], mature: list[SchoolYear], name: str | None) -> SchoolYear:
    found = [y for y in known if y.school_year == name] if name else mature[-1:]
    if not found:
        there = ", ".join(y.school_year for y in known) or "none"
        raise HistoryError(
            f"no school year {name}" if name else "no school year with known outcomes",
            remedy=f"Choose with --school-year: {there}.",
        )
    return found[0]


def _rows(con: duckdb.DuckDBPyConnection, run: Run, year: SchoolYear, *, is_mature: bool) -> tuple[pl.DataFrame, sheet.Facts]:
    """The rows as they are shown, checked, and what was done to them."""
    country = run.deployment.country
    days = [d for d in dates(country, year) if d <= run.as_of]
    snapshot.build(con, days, country)
    label.build(con, country.list_target, run.as_of, country)
    ((enrolled,),) = con.execute("select count(distinct student_key) from snapshot").fetchall()
    pupil = sql("research/pupil")
    con.execute(f"create or replace temp table research_pupil as {pupil}", {"known_on": run.as_of, "is_mature": is_mature})
    detail = levels.chosen(con, is_mature=is_mature)
    _keep(con, detail, is_mature=is_mature)
    given = {"salt": secrets.token_bytes(32), "least": LEAST, "each": levels.EACH_OUTCOME_LEAST}
    con.execute(f"create or replace temp table research_row as {sql('research/row')}", given)
    k = required(con, "kept", QUASI, table="research extract")
    required(con, "research_row", [*QUASI, "part_of_year"], table="research extract, one part of the year")
    _both_outcomes(con, is_mature=is_mature)
    composition = con.execute(
        "select coalesce(place, 'all'), coalesce(grade, 'all'), count(*) from kept group by all order by all"
    )
    facts = sheet.Facts(
        school_year=year.school_year, target=country.list_target, as_of_dates=days, outcomes_known=is_mature,
        quasi_identifiers=QUASI, levels=dict(zip(levels.LEVELS, detail.level, strict=True)), k=k,
        features=FEATURES, bands=BANDS,
        each_outcome_least=levels.EACH_OUTCOME_LEAST, each_outcome_share=levels.EACH_OUTCOME_SHARE,
        pupils=counted(detail.pupils - detail.left_out), pupils_left_out=counted(detail.left_out),
        pupils_without_outcome=counted(enrolled - detail.pupils), code_version=code_version(),
        composition=sheet.composition(composition.fetchall()),
    )  # fmt: skip
    shown = con.sql("from research_row").pl().sort("pupil", "part_of_year")
    return _banded(shown), facts


def _keep(con: duckdb.DuckDBPyConnection, detail: levels.Detail, *, is_mature: bool) -> None:
    """Creates temp table `kept`: the pupils of safe classes, with what is shown of them."""
    given = levels.columns(detail.level)
    shown = ", ".join(f"{column} as {name}" for column, name in zip(given, QUASI, strict=True))
    over = f"over (partition by {', '.join(given)})"
    safe = (
        levels.is_safe(is_mature=is_mature)
        .replace("count(*)", f"count(*) {over}")
        .replace("sum(outcome)", f"sum(outcome) {over}")
    )
    outcome = "outcome::integer" if is_mature else "null::integer"
    con.execute(
        f"create or replace temp table kept as select student_key, {outcome} as outcome, {shown} "
        f"from research_pupil qualify {safe}"
    )


def _both_outcomes(con: duckdb.DuckDBPyConnection, *, is_mature: bool) -> None:
    """Counts l on the rows as shown, apart from how they were chosen."""
    if not is_mature:
        return
    rarer = "least(sum(outcome), count(*) - sum(outcome))"
    ((least, share),) = con.execute(
        f"select min(n), min(share) from (select {rarer} as n, {rarer} / count(*) as share from kept group by {', '.join(QUASI)})"
    ).fetchall()
    if least is None or least < levels.EACH_OUTCOME_LEAST or share < levels.EACH_OUTCOME_SHARE:
        raise DisclosureError(
            "a class tells its pupils' outcome", where="research extract", remedy="Report this: nothing was written."
        )


def _banded(rows: pl.DataFrame) -> pl.DataFrame:
    """Each feature as its fifth of the pupils of the same part of the year, 1 the lowest; equal values in one fifth.

    A fifth in which a part of the year has fewer than LEAST pupils is not told.
    """
    bands = [
        ((pl.col(f).rank("average").over("part_of_year") - 0.5) / pl.col(f).count().over("part_of_year") * BANDS)
        .floor().clip(0, BANDS - 1).add(1).cast(pl.Int8).alias(f"{f}_fifth")
        for f in FEATURES
    ]  # fmt: skip
    names = [f"{f}_fifth" for f in FEATURES]
    shown = rows.select("pupil", "part_of_year", *QUASI, "outcome", *bands)
    few = [pl.when(pl.len().over("part_of_year", name) >= LEAST).then(pl.col(name)).otherwise(None).alias(name) for name in names]
    return shown.with_columns(few)


def _seal(folder: Path) -> None:
    """Files for the owner alone, on disk before the folder gets its name."""
    for path in [*folder.iterdir(), folder]:
        path.chmod(0o700 if path.is_dir() else 0o600)
        sync(path)
