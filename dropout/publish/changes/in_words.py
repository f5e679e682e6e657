"""Changes in words, a column at a time: what became of a place on the list, and the main numbers that moved."""

import polars as pl
from babel.dates import format_date

from dropout.features.catalogue import load_catalogue
from dropout.publish.changes.words import Changes, NumberWords, WhyWords, changes_of
from dropout.publish.numbers import filled, written
from dropout.publish.words import Language, words_of

NUMBERS = tuple(name for name in NumberWords.model_fields if name != "since")
OF = {"absences_unexcused_28d_count": "registers_taken_28d_count"}  # numbers that mean nothing without their whole
# What a number must move by to be told. One more absence, or a day that fell out of the window, is no news; shares
# that move less are one day or one mark; an assessment missed or an incident is told each time.
LEAST: dict[str, float] = {"absences_unexcused_28d_count": 2, "absence_share_year": 0.02, "mark_mean_year_share": 0.02}


def in_words(changes: pl.DataFrame, language: str) -> pl.DataFrame:
    """One row per row of `changes` (as from `changed`), in its order: school_id, student_key, change, numbers_since.

    `numbers_since` is empty where no main number moved, or there is nothing to hold it against.
    """
    spoken, words = words_of(language), changes_of(language)
    said = changes.with_columns(
        _dates(changes["first_date"], spoken).alias("said_first"),
        _dates(changes["last_date"], spoken).alias("said_last"),
        _dates(changes["compared_date"], spoken).alias("said_compared"),
        written(changes["chance_then"], "share", spoken).alias("said_then"),
        written(changes["chance_now"], "share", spoken).alias("said_now"),
        *(_number(changes, name, words.numbers, spoken) for name in NUMBERS),
    )
    moved = pl.concat_str((f"said_{name}" for name in NUMBERS), separator=" ", ignore_nulls=True)
    since = filled(_positional(words.numbers.since, "date", "numbers"), pl.col("said_compared"), moved)
    return said.select(
        "school_id",
        "student_key",
        _change(words).alias("change"),
        pl.when(moved != "").then(since).otherwise(pl.lit("")).alias("numbers_since"),
    )


def _change(words: Changes) -> pl.Expr:
    """What became of the place on the list; `said_…` columns hold dates and chances as text."""
    texts, state, known = words.change, pl.col("state"), pl.col("chance_then").is_not_null()

    def dated(plain: str, with_chance: str, date: str) -> pl.Expr:
        filling = (pl.col(date), pl.col("said_then"))
        told = filled(_positional(with_chance, "date", "then"), *filling)
        return pl.when(known).then(told).otherwise(filled(_positional(plain, "date", "then"), *filling))

    change = (
        pl.when(state == "first").then(pl.lit(texts.first))
        .when(state == "added").then(pl.lit(texts.added))
        .when(state == "kept").then(dated(texts.kept, texts.kept_chance, "said_first"))
        .when(state == "back").then(dated(texts.back, texts.back_chance, "said_last"))
        .otherwise(filled(_positional(texts.left, "why"), _why(words.why)))
    )  # fmt: skip
    answer = pl.when((state != "left") & pl.col("is_said_elsewhere")).then(pl.lit(texts.said_elsewhere))
    return pl.concat_str(change, answer, separator=". ", ignore_nulls=True)


def _why(words: WhyWords) -> pl.Expr:
    """Why a student left the list."""
    both = pl.col("chance_then").is_not_null() & pl.col("chance_now").is_not_null()
    reasons = words.model_dump(exclude={"others_first", "others_first_chance"})
    told = pl.when(both).then(pl.lit(words.others_first_chance)).otherwise(pl.lit(words.others_first))
    pattern = pl.col("why").replace_strict(reasons, default=told)
    pattern = pattern.str.replace("{then}", pl.col("said_then"), literal=True)
    return pattern.str.replace("{now}", pl.col("said_now"), literal=True)


def _number(changes: pl.DataFrame, name: str, words: NumberWords, spoken: Language) -> pl.Series:
    """One main number then and now, as column `said_<name>`; NULL where it did not move."""
    unit = load_catalogue().by_name[name].unit
    of = OF.get(name, name)
    parts = (f"{name}_then", name, f"{of}_then", of)
    texts = pl.DataFrame([written(changes[part], unit, spoken).alias(str(i)) for i, part in enumerate(parts)])
    told = filled(_positional(getattr(words, name), "then", "now", "then_of", "now_of"), *(pl.col(str(i)) for i in range(4)))
    gap = (changes[name].cast(pl.Float64) - changes[f"{name}_then"].cast(pl.Float64)).abs()
    has_moved = (gap.round(4) >= LEAST.get(name, 1)).fill_null(False).alias("has_moved")
    return texts.with_columns(has_moved).select(pl.when("has_moved").then(told).alias(f"said_{name}"))[f"said_{name}"]


def _dates(dates: pl.Series, spoken: Language) -> pl.Series:
    """Dates as the language writes them, NULL where there is none; each different one is formatted once."""
    known = dates.drop_nulls().unique().to_list()
    texts = [format_date(date, "long", locale=spoken.locale) for date in known]
    return dates.replace_strict(known, texts, default=None, return_dtype=pl.String)


def _positional(pattern: str, *names: str) -> str:
    """`pattern` with its named places numbered, as `filled` takes them."""
    return pattern.format(**{name: f"{{{i}}}" for i, name in enumerate(names)})
