"""Whether a season is due."""

import duckdb

from dropout.country import Target
from dropout.errors import ModelError
from dropout.model import first_year
from dropout.model.registry import card_on_record, is_tainted, promoted, read_card
from dropout.model.serving import last_good
from dropout.resources import sql
from dropout.warehouse.ledger import Run


def is_due(con: duckdb.DuckDBPyConnection, run: Run) -> bool:
    """True where a target has no version in force, or its latest mature school year is not that of `run.as_of`.

    A version that a season left in force, since its own model did not win, knows the year that this season knew.
    Until a school year is complete, months count instead of years (first_year.py). So newly matured outcomes make a
    season due, and so does a night of an earlier date, which must not use what was not known then. So does a
    model that learned from a pupil who was forgotten since. One whose folder is missing or altered makes a season due
    where no earlier one is whole; where one is, it serves, and a person decides: to train anew would write over what
    was done to the files.
    """
    return any(_is_due(con, run, target) for target in run.deployment.country.targets)


def _is_due(con: duckdb.DuckDBPyConnection, run: Run, target: Target) -> bool:
    version = promoted(con, target)
    if version is None or is_tainted(con, version):
        return True
    try:
        card = read_card(run.deployment, version)
    except ModelError:
        if last_good(con, run, target) is None:
            return True
        card = card_on_record(con, version)
    newest = first_year.newest_outcomes(con, run, target, card.cohorts)
    return all(first_year.has_news(newest, seen) for seen in (card.latest_mature, *_kept_at(con, run, version)))


def _kept_at(con: duckdb.DuckDBPyConnection, run: Run, version: str) -> list[str | None]:
    """The newest outcomes of the seasons, none of them later than `run.as_of`, that left `version` in force."""
    return [seen for (seen,) in con.execute(sql("model/kept_at"), {"version": version, "as_of": run.as_of}).fetchall()]
