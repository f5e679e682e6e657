"""One school's list made by hand, for the tests of what is written of it."""

import datetime as dt

import polars as pl

from dropout.publish.lists.gather import SCHEMA
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.words import LIST_COLUMNS

DAY = dt.date(2025, 3, 10)
PUPIL = {
    "list_date": DAY, "school": "Lycée A", "class_name": "7-2", "grade": 7, "student_id": "00123", "family_name": "بنعلي",
    "given_name": "Zoë", "chance": "about 3 in 10", "chance_percent": 31.0, "chance_low_percent": 24.0,
    "chance_high_percent": 37.5, "reason_1": "Days absent without excuse in the last 20 school days: 9 (class average: 1.2)",
    "going_well_1": "Good marks", "change": "new",
}  # fmt: skip
LEFT = {"class_name": "7-1", "student_id": "007", "family_name": "Amrani", "given_name": "Aya", "change": "the chance fell"}


def table(*pupils: dict[str, object]) -> pl.DataFrame:
    """Rows of a list; columns that are not given are NULL."""
    return pl.DataFrame([{**dict.fromkeys(LIST_COLUMNS), **pupil} for pupil in pupils], schema=SCHEMA, orient="row")


def school_list(
    *pupils: dict[str, object], language: str = "en", left: tuple[dict[str, object], ...] = (), **more: object
) -> SchoolList:
    """A list with `pupils`, each PUPIL but for what is given."""
    given = {
        "school_id": "0017", "school": "Lycée A & B", "day": DAY, "target": "leaves_by_next_year", "method": "model",
        "keys": tuple(range(len(pupils))), **more,
    }  # fmt: skip
    return SchoolList(
        language=language,
        table=table(*({**PUPIL, **pupil} for pupil in pupils)),
        left=table(*left),
        **given,  # type: ignore[arg-type]
    )
