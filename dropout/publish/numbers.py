"""Numbers as a reader of a language writes them (babel's formats, digits always 0-9), with their nouns where there are."""

from collections.abc import Callable
from functools import partial
from string import Formatter

import polars as pl
from babel.numbers import format_decimal, format_percent

from dropout.features.catalogue import Unit
from dropout.features.plurals import Forms, form_of
from dropout.publish.words import Language

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
    return texts(values, unit, language).fill_null(language.units.unknown)


def texts(values: pl.Series, unit: Unit, language: Language, noun: Forms | None = None) -> pl.Series:
    """As `written`, with its `noun` where there is one; NULL where a value is not known. Each different value is written once."""
    write = _writer(unit, language) if noun is None else partial(counted, forms=noun, locale=language.locale)
    rounded = (values.cast(pl.Float64).fill_nan(None).round(DECIMALS[unit]) + 0.0).rename("value")
    known = rounded.drop_nulls().unique().to_list()
    said = pl.DataFrame({"value": known, "text": [write(v) for v in known]}, schema={"value": pl.Float64, "text": pl.String})
    return rounded.to_frame().join(said, on="value", how="left", maintain_order="left")["text"]


def counted(value: float, *, forms: Forms, locale: str) -> str:
    """`value` with its noun: "1 day", "2,5 jours"; Arabic says one and two without a digit."""
    return form_of(round(value, 1), forms, locale).replace("{n}", decimal(value, locale))


def _writer(unit: Unit, language: Language) -> Callable[[float], str]:
    units, locale = language.units, language.locale
    if unit == "share":
        return lambda value: percent(value, locale)
    if unit == "difference":  # of two shares: points, since "12 % more" would say something else
        return lambda value: units.difference.format(number=decimal(value * 100, locale))
    if unit == "flag":
        return lambda value: units.flag_yes if value else units.flag_no
    return lambda value: decimal(value, locale)


def filled(pattern: str, *columns: pl.Expr) -> pl.Expr:
    """`pattern` with `{0}`, `{1}`, … replaced by columns; NULL where one of them is."""
    parts: list[pl.Expr] = []
    for text, field, _, _ in Formatter().parse(pattern):
        parts += [pl.lit(text)] if text else []
        parts += [columns[int(field)]] if field is not None else []
    return pl.concat_str(parts)
