"""The data sheet of a research extract, after Gebru et al., Datasheets for Datasets (2021), and the facts it is made of."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dropout.privacy.disclosure import LEAST, NEAREST, protected_table
from dropout.strict import Strict


class Composition(Strict):
    """Pupils by place and grade with totals; None where hidden."""

    places: list[str]
    grades: list[str]
    pupils: list[list[int | None]]
    by_place: list[int | None]
    by_grade: list[int | None]


class Facts(Strict):
    """What was written and what was done to it. Counts of pupils are rounded, None where few."""

    school_year: str
    target: str
    as_of_dates: list[dt.date]
    outcomes_known: bool
    quasi_identifiers: list[str]
    levels: dict[str, int]
    k: int | None
    each_outcome_least: int
    each_outcome_share: float
    features: list[str]
    bands: int
    pupils: int | None
    pupils_left_out: int | None
    pupils_without_outcome: int | None
    code_version: str
    composition: Composition


def composition(rows: Sequence[tuple[str, str, int]]) -> Composition:
    """The two-way table of (place, grade, pupils), protected together with its totals."""
    places, grades = sorted({p for p, _, _ in rows}), sorted({g for _, g, _ in rows}, key=lambda g: (len(g), g))
    found = {(p, g): n for p, g, n in rows}
    cells, by_place, by_grade = protected_table([[found.get((p, g), 0) for g in grades] for p in places])
    return Composition(places=places, grades=grades, pupils=cells, by_place=by_place, by_grade=by_grade)


def text(facts: Facts) -> str:
    """The sheet as Markdown."""
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(  # noqa: S701 (Markdown of our own words and numbers)
        loader=folder, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["count"] = lambda n: "few" if n is None else f"{n:,}"
    return environment.get_template("sheet.md.j2").render(**dict(facts), least=LEAST, nearest=NEAREST)
