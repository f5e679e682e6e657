"""Reasons in words: the catalogue's templates filled with each student's own numbers, a column at a time."""

from string import Formatter

import polars as pl

from dropout.features.catalogue import Catalogue, Feature, load_catalogue
from dropout.publish.numbers import written
from dropout.publish.words import Language, words_of

RAISES, LOWERS = 4, 2  # reasons of each direction that a list shows


def in_words(reasons: pl.DataFrame) -> pl.DataFrame:
    """One row per student with `reason_1`…`reason_4` and `going_well_1`, `going_well_2`; NULL where there is none.

    `reasons` has one row per student_key, direction and reason_rank, with language, feature, value, class_mean
    and the student's snapshot columns. Each (feature, direction, language) is worded at once.
    """
    groups = [
        group.select("student_key", "direction", "reason_rank", _text(group, *map(str, key)).alias("text"))
        for key, group in reasons.group_by("feature", "direction", "language")
    ]
    empty = reasons.clear().select("student_key", "direction", "reason_rank", pl.lit("").alias("text"))
    texts = pl.concat([empty, *groups])
    slots = [("raises", f"reason_{rank}", rank) for rank in range(1, RAISES + 1)]
    slots += [("lowers", f"going_well_{rank}", rank) for rank in range(1, LOWERS + 1)]
    return texts.group_by("student_key").agg(
        pl.col("text").filter((pl.col("direction") == direction) & (pl.col("reason_rank") == rank)).first().alias(slot)
        for direction, slot, rank in slots
    )


def _text(group: pl.DataFrame, feature: str, direction: str, language: str) -> pl.Series:
    """The texts of one feature, direction and language; the concept's title where the catalogue has no template."""
    catalogue = load_catalogue()
    entry = catalogue.by_name[feature]
    templates = entry.words if direction == "raises" else entry.praise
    title = catalogue.concepts[entry.concept].title
    wordings = {str(spoken): text for spoken, text in (*title.items(), *templates.items())}
    return fill(wordings[language], entry, group, words_of(language), catalogue)


def fill(template: str, entry: Feature, group: pl.DataFrame, language: Language, catalogue: Catalogue) -> pl.Series:
    """`template` for every row of `group`; raises KeyError for a placeholder that is no feature."""
    parts: list[pl.Series] = []
    for text, field, _, _ in Formatter().parse(template):
        if text:
            parts.append(pl.repeat(text, group.height, eager=True))
        if field is not None:
            unit = entry.unit if field in ("value", "class_mean") else catalogue.by_name[field].unit
            parts.append(written(group[field], unit, language))
    named = [part.alias(f"part_{i}") for i, part in enumerate(parts)]
    return pl.DataFrame(named).select(pl.concat_str(pl.all()).alias("text"))["text"]
