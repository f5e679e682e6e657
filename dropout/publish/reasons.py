"""Reasons in words: the translations' templates filled with each student's own numbers, a column at a time."""

import polars as pl

from dropout.features.catalogue import Feature, load_catalogue
from dropout.features.counts import COUNTS
from dropout.features.templates import Piece, parse
from dropout.features.words import FeatureWords, feature_words
from dropout.publish.numbers import texts
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
    said = pl.concat([empty, *groups])
    slots = [("raises", f"reason_{rank}", rank) for rank in range(1, RAISES + 1)]
    slots += [("lowers", f"going_well_{rank}", rank) for rank in range(1, LOWERS + 1)]
    return said.group_by("student_key").agg(
        pl.col("text").filter((pl.col("direction") == direction) & (pl.col("reason_rank") == rank)).first().alias(slot)
        for direction, slot, rank in slots
    )


def _text(group: pl.DataFrame, feature: str, direction: str, language: str) -> pl.Series:
    """The texts of one feature, direction and language. A reason that has none, or lacks a number, is said by its title.

    A praise is then not said at all: "Share of assessments missed this year" under what goes well would read as blame.
    """
    entry, words = load_catalogue().by_name[feature], feature_words(language)
    text = words.features[feature]
    if direction == "raises":
        return fill(text.words or text.title, entry, group, words_of(language), words).fill_null(text.title)
    if not text.praise:
        return pl.repeat(None, group.height, dtype=pl.String, eager=True)
    return fill(text.praise, entry, group, words_of(language), words)


def fill(template: str, entry: Feature, group: pl.DataFrame, language: Language, words: FeatureWords) -> pl.Series:
    """`template` for every row of `group`; a number that is not known drops the brackets it stands in, and makes NULL outside.

    Raises a polars error for a placeholder that is neither a column of `group` nor a count of its columns.
    """
    parts = []
    for part in parse(template):
        pieces = [_piece(piece, entry, group, language, words) for piece in part.pieces]
        said = _joined(pieces)
        parts.append(said.fill_null("") if part.is_optional else said)
    return _joined(parts)


def _piece(piece: Piece, entry: Feature, group: pl.DataFrame, language: Language, words: FeatureWords) -> pl.Series:
    if not piece.field:
        return pl.repeat(piece.text, group.height, dtype=pl.String, eager=True)
    noun = words.nouns[piece.noun] if piece.noun else None
    if piece.field in COUNTS:
        count = COUNTS[piece.field]
        return texts(group.select(count.of.alias("count"))["count"], count.unit, language, noun)
    unit = entry.unit if piece.field in ("value", "class_mean") else load_catalogue().by_name[piece.field].unit
    return texts(group[piece.field], unit, language, noun)


def _joined(pieces: list[pl.Series]) -> pl.Series:
    """The pieces of each row one after the other; NULL where one of them is."""
    named = [piece.alias(f"piece_{i}") for i, piece in enumerate(pieces)]
    return pl.DataFrame(named).select(pl.concat_str(pl.all()).alias("text"))["text"]
