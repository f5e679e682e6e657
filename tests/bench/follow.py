"""An attack over nights: who knows a pupil's school, grade and days on the list follows pseudonyms through analysts' files.

    python -m tests.bench.follow demo/district

prints for its last publication, the last two, and so on, as far as they have the operator's exact file: pupils, pupils led
to one row, and pupils led to fewer than ten. docs/privacy.md has what it found while the pseudonym was the same each night.
"""

import sys
from pathlib import Path

import duckdb
import polars as pl

from dropout.privacy.disclosure import LEAST

ROWS = """
    select student_key, school_id, grade_level, is_listed from night.marts.student_risk
    where target = (select any_value(target) from night.marts.school_night)
"""
FACTS = ("school_id", "grade_level", "is_listed")


def rows(file: Path) -> pl.DataFrame:
    """One row per pupil of `file`, an analysts' file or the exact one, for the target that ranks lists."""
    with duckdb.connect() as con:
        con.execute(f"attach '{file}' as night (read_only)")
        table = pl.from_arrow(con.sql(ROWS).to_arrow_table())
    assert isinstance(table, pl.DataFrame)
    return table


def followed(nights: list[pl.DataFrame]) -> pl.DataFrame:
    """One row per pseudonym of all `nights`: what they say of it, by night."""
    found = nights[0]
    for number, night in enumerate(nights[1:], start=1):
        found = found.join(night, on="student_key", suffix=f"_{number}")
    return found


def candidates(exact: list[pl.DataFrame], shown: list[pl.DataFrame]) -> pl.Series:
    """For each pupil of all nights, how many pseudonyms contradict nothing that is known of him."""
    known = followed(exact).drop("student_key").with_row_index("pupil")
    seen = followed(shown).drop("student_key")
    # pupils and rows that are alike are compared once: thousands by thousands would not fit into memory
    facts = [c for c in known.columns if c != "pupil"]
    pairs = known.group_by(facts).agg(pl.len().alias("pupils")).join(
        seen.group_by(facts).agg(pl.len().alias("rows")), how="cross", suffix="_shown"
    )  # fmt: skip
    fits = pl.all_horizontal(pl.col(f"{c}_shown").is_null() | (pl.col(f"{c}_shown") == pl.col(c)) for c in facts)
    hits = pairs.lazy().filter(fits).group_by([*facts, "pupils"]).agg(pl.col("rows").sum()).collect()
    return hits.select(pl.col("rows").repeat_by("pupils").explode()).to_series()


def main(deployment: Path) -> None:
    """Prints one line for each number of nights."""
    folders = sorted(p.parents[1] for p in (deployment / "published" / "generations").glob("[!.]*/operator/night.duckdb"))
    exact = [rows(p / "operator" / "night.duckdb") for p in folders]
    shown = [rows(p / "analytics.duckdb") for p in folders]
    for count in range(1, len(folders) + 1):
        found = candidates(exact[-count:], shown[-count:])
        alone, few = (found == 1).sum(), (found < LEAST).sum()
        pupils = len(followed(exact[-count:]))
        print(f"{count} nights: {pupils} pupils, {alone} led to one row, {few} to fewer than {LEAST}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
