"""Numbers as a reader of a language writes them (babel's formats, digits always 0-9), and chances in words."""

from collections.abc import Callable
from string import Formatter

import polars as pl
from babel.numbers import format_decimal, format_percent

from dropout.features.catalogue import Unit
from dropout.publish.words import ChanceWords, Language

# Values are rounded to these decimals before they are written: a column then holds few different ones,
# each formatted once. A share to 0.1 %, a difference of shares to 1 point, the rest to 0.1.
DECIMALS: dict[Unit, int] = {"share": 3, "difference": 2, "count": 1, "days": 1, "years": 1, "flag": 0}


def decimal(value: float, locale: str, *, places: int = 1) -> str:
    """`value` to one decimal or `places` of them, left out where they are 0."""
    return format_decimal(round(value, places) + 0.0, locale=locale, numbering_system="latn")


def percent(value: float, locale: str) -> str:
    """A share as whole percents; one decimal below 1 %, so that a little is not nothing."""
    rounded = round(value, 3 if abs(value) < 0.01 else 2) + 0.0
    return format_percent(rounded, locale=locale, decimal_quantization=False, numbering_system="latn")


def isolated(text: str) -> str:
    """A name or date that keeps its own direction inside right-to-left text (U+2068, U+2069)."""
    return f"\u2068{text}\u2069"


def written(values: pl.Series, unit: Unit, language: Language) -> pl.Series:
    """A column of values of one unit as text; the language's word for unknown where NULL or not a number."""
    write = _writer(unit, language)
    rounded = (values.cast(pl.Float64).fill_nan(None).round(DECIMALS[unit]) + 0.0).rename("value")
    known = rounded.drop_nulls().unique().to_list()
    texts = pl.DataFrame({"value": known, "text": [write(v) for v in known]}, schema={"value": pl.Float64, "text": pl.String})
    joined = rounded.to_frame().join(texts, on="value", how="left", maintain_order="left")
    return joined["text"].fill_null(language.units.unknown)


def _writer(unit: Unit, language: Language) -> Callable[[float], str]:
    units, locale = language.units, language.locale
    if unit == "share":
        return lambda value: percent(value, locale)
    if unit == "difference":  # of two shares: points, since "12 % more" would say something else
        return lambda value: units.difference.format(number=decimal(value * 100, locale))
    if unit == "flag":
        return lambda value: units.flag_yes if value else units.flag_no
    return lambda value: decimal(value, locale)


def chance_in_words(words: ChanceWords, target: str = "") -> pl.Expr:
    """Column `chance` (0..1) in words, with `chance_low` and `chance_high` where both are known; with the horizon of `target`.

    Frequencies ("3 in 10 pupils") are understood better than percentages (Gigerenzer & Hoffrage 1995).
    The interval is widened to whole hundredths.
    """
    chance, chance_low, chance_high = (pl.col(c).fill_nan(None) for c in ("chance", "chance_low", "chance_high"))
    tenths = (chance * 10 + 0.5).floor().cast(pl.Int32).cast(pl.String)
    before, after = words.near_n_in_10.split("{n}")
    said = (
        pl.when(chance.is_null())
        .then(None)
        .when(chance < 0.05)
        .then(pl.lit(words.below_1_in_20))
        .when(chance < 0.075)
        .then(pl.lit(words.near_1_in_20))
        .when(chance < 0.15)
        .then(pl.lit(words.near_1_in_10))
        .when(chance < 0.95)
        .then(pl.concat_str(pl.lit(before), tenths, pl.lit(after)))
        .otherwise(pl.lit(words.above_9_in_10))
    )
    if target == "leaves_within_60_days":  # "left" alone is understood as: by the next year
        said = filled(words.within_60_days.format(chance="{0}"), said)
    low = (chance_low * 100).round(6).floor().clip(0, 99).cast(pl.Int32)
    high = pl.max_horizontal((chance_high * 100).round(6).ceil().clip(0, 100).cast(pl.Int32), low + 1)
    both = chance_low.is_not_null() & chance_high.is_not_null()
    pattern = words.interval.format(chance="{0}", low="{1}", high="{2}")
    return pl.when(both).then(filled(pattern, said, low.cast(pl.String), high.cast(pl.String))).otherwise(said)


def filled(pattern: str, *columns: pl.Expr) -> pl.Expr:
    """`pattern` with `{0}`, `{1}`, … replaced by columns; NULL where one of them is."""
    parts: list[pl.Expr] = []
    for text, field, _, _ in Formatter().parse(pattern):
        parts += [pl.lit(text)] if text else []
        parts += [columns[int(field)]] if field is not None else []
    return pl.concat_str(parts)
