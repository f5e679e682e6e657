"""What is wrong with what a school exports: late corrections, duplicates, rows sent again, and broken rows.

Everything planted is counted, so that a test can reconcile what the pipeline found with what there was.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dropout.simulate.marks import MARKS_TEXT

CUT = "\x00"  # a line ends before the field that holds this
PLAIN, WILL_CHANGE, IS_CHANGE = range(3)  # the column `change` of a row that may be corrected
_CORRECTED_ABSENCES, _CORRECTED_MARKS = 0.035, 0.004
_EXCUSED_AFTER_DAYS, _REMARKED_AFTER_DAYS = (4, 45), (10, 60)
_MARK_CHANGES = (-4, -2, 2, 4, 8)  # quarters of a point
_DUPLICATES, _SENT_AGAIN, _BROKEN_PER_KIND = 0.001, 0.0005, 0.0006
_ABSENCE, _MARK = ["code_massar", "date", "seance"], ["code_massar", "code_controle"]

Planted = dict[str, int]


@dataclass(frozen=True)
class Breakage:
    """How a row is broken: what is written into which column, of rows for which `usable` holds."""

    column: str
    text: pl.Expr
    usable: pl.Expr


_ANY = pl.lit(True)
BREAKAGES: dict[str, dict[str, Breakage]] = {
    "absences": {
        "bad_date": Breakage("date", pl.lit("31/02/") + pl.col("date").str.tail(4), _ANY),
        "unknown_status": Breakage("statut", pl.lit("absence (?)"), _ANY),
        "unknown_student": Breakage("code_massar", pl.lit("Z") + pl.col("code_massar").str.tail(9), _ANY),
        "too_few_fields": Breakage("seance", pl.lit(CUT), _ANY),
    },
    "notes": {
        "bad_date": Breakage("date_controle", pl.lit("31/02/") + pl.col("date_controle").str.tail(4), _ANY),
        "mark_over_maximum": Breakage("note", pl.lit("25"), pl.col("etat") == "noté"),
        "unknown_student": Breakage("code_massar", pl.lit("Z") + pl.col("code_massar").str.tail(9), _ANY),
        "too_few_fields": Breakage("bareme", pl.lit(CUT), _ANY),
    },
}


def with_excuses(absences: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The absences, and those that a note from home excused later: the same keys, known days to weeks after."""
    chosen = (pl.col("statut") == "absence non justifiée") & pl.Series(rng.random(len(absences)) < _CORRECTED_ABSENCES)
    wrong = absences.filter(chosen)
    known_on = _later(wrong, _EXCUSED_AFTER_DAYS, rng)
    return _with_changes(absences, wrong.with_columns(statut=pl.lit("absence justifiée"), known_on=known_on), _ABSENCE)


def with_remarks(marks: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The marks, and those that a teacher changed later: the same keys with another mark, known weeks after."""
    wrong = marks.filter((pl.col("etat") == "noté") & pl.Series(rng.random(len(marks)) < _CORRECTED_MARKS))
    places = {text: place for place, text in enumerate(MARKS_TEXT)}
    old = wrong["note"].replace_strict(places, return_dtype=pl.Int64).to_numpy()
    step = rng.choice(_MARK_CHANGES, len(wrong))
    fits = (old + step >= 0) & (old + step < len(MARKS_TEXT))
    changed = MARKS_TEXT.gather(np.where(fits, old + step, old - step))
    known_on = _later(wrong, _REMARKED_AFTER_DAYS, rng)
    return _with_changes(marks, wrong.with_columns(note=changed, known_on=known_on), _MARK)


def _later(rows: pl.DataFrame, days: tuple[int, int], rng: np.random.Generator) -> pl.Series:
    known_on = rows["known_on"].to_numpy().astype("datetime64[D]")
    return pl.Series(known_on + rng.integers(*days, len(rows)))


def _with_changes(rows: pl.DataFrame, changes: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    marked = rows.join(changes.select(*key, change=pl.lit(WILL_CHANGE)), on=key, how="left", maintain_order="left")
    return pl.concat([marked.with_columns(pl.col("change").fill_null(PLAIN)), changes.with_columns(change=pl.lit(IS_CHANGE))])


def spoil(name: str, rows: pl.DataFrame, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame, Planted]:
    """The text rows of the file `name` with broken rows and duplicates, the rows left as they were, and what was planted.

    A broken row stands in the place of a good one, so no key is given twice by it; a duplicate follows at the end.
    """
    order, planted = rng.permutation(len(rows)), {}
    spoiled = rows
    for kind, breakage in BREAKAGES.get(name, {}).items():
        chosen, order = _drawn(order, _BROKEN_PER_KIND, rng)
        is_chosen = _mask(chosen, len(rows)) & rows.select(breakage.usable.alias("usable")).to_series()
        spoiled = spoiled.with_columns(pl.when(is_chosen).then(breakage.text).otherwise(breakage.column).alias(breakage.column))
        planted[kind] = int(is_chosen.sum())
    twice, order = _drawn(order, _DUPLICATES if name in BREAKAGES else 0, rng)
    planted["duplicate"] = len(twice)
    return pl.concat([spoiled, rows.filter(_mask(twice, len(rows)))]), rows.filter(_mask(order, len(rows))), planted


def sent_again(intact: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """A few rows of the delivery before, unchanged; none that a correction has overtaken or will overtake."""
    return intact.filter((pl.col("change") == PLAIN) & pl.Series(rng.random(len(intact)) < _SENT_AGAIN))


def _drawn(order: NDArray[np.int64], share: float, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first of a random order, as many as the share asks for on average, and the others."""
    count = int(share * len(order) + rng.random())
    return order[:count], order[count:]


def _mask(places: NDArray[np.int64], length: int) -> pl.Series:
    mask = np.zeros(length, dtype=np.bool_)
    mask[places] = True
    return pl.Series(mask)
