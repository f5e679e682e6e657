"""How good such lists were, in words: the school's own list of a year ago, else what the evaluation found."""

import duckdb

from dropout.publish.last_season import judged, last_season
from dropout.publish.precision_words import last_list_in_words, measured_in_words
from dropout.warehouse.ledger import Run


def precision_by_school(con: duckdb.DuckDBPyConnection, run: Run, languages: dict[str, str]) -> dict[str, str]:
    """School → a sentence in its language; empty where neither a list of a year ago nor an evaluation is known.

    `languages` has every school. Reads temp table `this_night`.
    """
    tested = judged(con)
    own = {row["school_id"]: row for row in last_season(con, run).to_dicts()}
    said = {}
    for school, language in languages.items():
        if school in own:
            row = own[school]
            left = row["left_count"] - row["returned_count"]
            said[school] = last_list_in_words(row["listed_count"], left, row["returned_count"], row["school_year"], language)
        else:
            said[school] = measured_in_words(tested.precision, tested.cohort, language) if tested else ""
    return said
