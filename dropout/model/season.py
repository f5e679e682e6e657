"""Whether a season is due."""

import duckdb

from dropout.country import Target
from dropout.errors import ModelError
from dropout.model import first_year
from dropout.model.registry import promoted, read_card
from dropout.warehouse.ledger import Run


def is_due(con: duckdb.DuckDBPyConnection, run: Run) -> bool:
    """True where a target has no version in force, or its latest mature school year is not that of `run.as_of`.

    Until a school year is complete, months count instead of years (first_year.py). So newly matured outcomes make a
    season due, and so does a night of an earlier date, which must not use what was not known then. A model whose
    folder is missing or altered makes one due as well: it cannot be used.
    """
    return any(_is_due(con, run, target) for target in run.deployment.country.targets)


def _is_due(con: duckdb.DuckDBPyConnection, run: Run, target: Target) -> bool:
    version = promoted(con, target)
    if version is None:
        return True
    try:
        card = read_card(run.deployment, version)
    except ModelError:
        return True
    return first_year.has_news(first_year.newest_outcomes(con, run, target, card.cohorts), card.latest_mature)
