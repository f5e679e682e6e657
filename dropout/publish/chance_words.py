"""A chance in words: a frequency that people understand and that its interval bears out; or, plainly, that there is none."""

from functools import cache
from pathlib import Path

import polars as pl

from dropout.features.plurals import Forms, form_of
from dropout.model.opted_out import OPTED_OUT
from dropout.model.score import STALE
from dropout.publish.numbers import filled, texts
from dropout.publish.words import Language, words_of
from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("no_chance.yaml")
SIZES = (10, 20, 100)  # pupils that a frequency speaks of, the simplest first
FARTHEST = 0.05  # of the frequency said from the chance
DAYS = ("registers_taken_56d_count", "days_in_totals_62_calendar_days_count")


class NoChance(Strict):
    """Why there is no chance: hardly a school day is known and no mark (`thin`, by the days), or one of the other two.

    `silent`: the school sends nothing; `opted_out`: the pupil or the school opted out.
    """

    thin: Forms
    silent: str
    opted_out: str


class NoChanceFile(Strict):
    """The layout of no_chance.yaml."""

    en: NoChance
    fr: NoChance
    ar: NoChance


@cache
def no_chance(language: str, path: Path = FILE) -> NoChance:
    """The words of `language`, as shipped; raises SettingsError for a missing or unknown one."""
    words: NoChance = getattr(read_yaml(path, NoChanceFile), language)
    return words


def chance_in_words(words: Language, target: str = "") -> pl.Expr:
    """Column `chance` (0..1) in words, with `chance_low` and `chance_high` where both are known; with the horizon of `target`.

    Frequencies ("3 in 10 pupils") are understood better than percentages (Gigerenzer & Hoffrage 1995). The interval
    is widened to whole hundredths, and the frequency never contradicts it: the nearest n in 10 is said where it lies
    within the interval said, and is within 0.05 of the chance and within a third of the chance and of its complement
    (1 in 10 would be coarse for 6 %); else the nearest n in 20, by the same rule; else the nearest n in 100. So 86 %
    with 76-88 is "17 in 20", not "9 in 10". n is neither 0 nor all: "fewer than 1 in 100" is said below 0.5 % unless
    the interval reaches above 1 %, and "more than 99 in 100" likewise.
    """
    chance, low, high = (pl.col(c).fill_nan(None) for c in ("chance", "chance_low", "chance_high"))
    least = (low * 100).round(6).floor().clip(0, 99).cast(pl.Int32)
    most = pl.max_horizontal((high * 100).round(6).ceil().clip(0, 100).cast(pl.Int32), least + 1)
    is_between = low.is_not_null() & high.is_not_null()
    said = (
        pl.when(chance.is_null())
        .then(None)
        .when((chance < 0.005) & (~is_between | (most <= 1)))
        .then(pl.lit(words.chance.below))
        .when((chance >= 0.995) & (~is_between | (least >= 99)))
        .then(pl.lit(words.chance.above))
        .otherwise(_frequency(chance, least, most, is_between).replace_strict(_frequencies(words), return_dtype=pl.String))
    )
    if target == "leaves_within_60_days":  # "left" alone is understood as: by the next year
        said = filled(words.chance.within_60_days.format(chance="{0}"), said)
    pattern = words.chance.interval.format(chance="{0}", low="{1}", high="{2}")
    return pl.when(is_between).then(filled(pattern, said, least.cast(pl.String), most.cast(pl.String))).otherwise(said)


def _frequency(chance: pl.Expr, least: pl.Expr, most: pl.Expr, is_between: pl.Expr) -> pl.Expr:
    """size * 1000 + n of the simplest frequency that fits; NULL where the chance is."""
    chosen = _key(chance, SIZES[-1])
    for size in reversed(SIZES[:-1]):
        share = _nearest(chance, size) / size
        coarsest = pl.min_horizontal(pl.lit(FARTHEST), chance / 3, (1 - chance) / 3) + 1e-9  # 0.15 is 0.05 from 0.2
        is_within = ~is_between | (share * 100).round(6).is_between(least, most)
        fits = ((share - chance).abs() <= coarsest) & is_within
        chosen = pl.when(fits).then(_key(chance, size)).otherwise(chosen)
    return chosen


def _nearest(chance: pl.Expr, size: int) -> pl.Expr:
    return (chance * size + 0.5).floor().clip(1, size - 1).cast(pl.Int32)


def _key(chance: pl.Expr, size: int) -> pl.Expr:
    return size * 1000 + _nearest(chance, size)


def _frequencies(words: Language) -> dict[int, str]:
    """Every frequency in words, by size * 1000 + n."""
    near, locale = words.chance.near, words.locale
    return {size * 1000 + n: form_of(n, near, locale).format(n=n, of=size) for size in SIZES for n in range(1, size)}


def no_chance_in_words(rows: pl.DataFrame, language: str) -> pl.Series:
    """Why a student has no chance, in words; NULL where there is one.

    `rows` has `is_abstained` and `abstain_reason` (night.score), and of night.snapshot the days that the decision
    looked at, `registers_taken_56d_count` and `days_in_totals_62_calendar_days_count` (dropout/model/frame.py).
    """
    words = no_chance(language)
    days = rows.select(
        pl.max_horizontal(pl.col(name).cast(pl.Float64).fill_nan(None).fill_null(0.0) for name in DAYS).alias("days")
    )
    thin = texts(days["days"], "days", words_of(language), words.thin)
    frame = rows.select("is_abstained", "abstain_reason").with_columns(thin.alias("thin"))
    is_silent = pl.col("abstain_reason") == STALE
    is_out = pl.col("abstain_reason") == OPTED_OUT
    why = pl.when(is_out).then(pl.lit(words.opted_out)).when(is_silent).then(pl.lit(words.silent)).otherwise(pl.col("thin"))
    return frame.select(pl.when("is_abstained").then(why).alias("no_chance"))["no_chance"]
