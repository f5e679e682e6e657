"""The plot of a pupil's marks: a row a subject, a column a term; the pupil a dot, the class a stroke, both written beside.

All pupils of one language are drawn at once, as SVG put together by polars. Marks are shares of the maximum, as in the reasons.
"""

from dataclasses import dataclass

import polars as pl
from markupsafe import escape

from dropout.publish.lists.page_words import MarkWords
from dropout.publish.numbers import filled, written
from dropout.publish.words import Language

SUBJECTS, TERMS = 9, 3  # rows and columns that are legible in half a sheet's width; the last terms and the weakest subjects
WIDTH, NAMES, HEAD, ROW = 232, 78, 11, 10  # of the drawing's own units
VALUES, GAP = 34, 3  # for the two numbers beside a track; around it
LETTERS = 21  # of a subject's name that fit in NAMES


@dataclass(frozen=True)
class Sides:
    """Where the plot begins: at the left, in Arabic at the right."""

    is_rtl: bool

    def x(self, place: pl.Expr) -> pl.Expr:
        """A distance from the side where reading begins, as text of an x."""
        return _plain(WIDTH - place if self.is_rtl else place)


def draw(marks: pl.DataFrame, language: Language, words: MarkWords, pass_share: float) -> pl.DataFrame:
    """One row per student of `marks` (list_mark.sql).

    Columns: student_key, `marks_height`, the paths `track`, `pass_line`, `pupil` and `class_mean`, the SVG texts `subjects`,
    `terms`, `pupil_said` and `class_said`, what is heard (`marks_says`), and `marks_more`, how many subjects are not shown.
    """
    sides = Sides(language.direction == "rtl")
    shown = _placed(marks, language, words)
    middle = HEAD + pl.col("row") * ROW + ROW / 2
    wide = pl.col("track")
    at = pl.col("left")
    step = "h-" if sides.is_rtl else "h"
    plotted = shown.with_columns(
        track_path=filled("M{0} {1}" + step + "{2}", sides.x(at), _plain(middle), _plain(wide)),
        pass_path=filled("M{0} {1}v" + str(ROW), sides.x(at + wide * pass_share), _plain(middle - ROW / 2)),
        pupil_path=filled("M{0} {1}h0", sides.x(at + wide * pl.col("mean_share")), _plain(middle)),
        class_path=filled("M{0} {1}v6", sides.x(at + wide * pl.col("class_share")), _plain(middle - 3)),
        pupil_text=_svg_text(sides.x(at + wide + 17), middle + 2.5, pl.col("pupil_percent")),
        class_text=_svg_text(sides.x(at + wide + 32), middle + 2.5, pl.col("class_percent")),
        subject_text=_svg_text(sides.x(pl.lit(0.0)), middle + 2.5, pl.col("subject_short")),
        term_text=_svg_text(sides.x(at), pl.lit(HEAD - 3.0), pl.col("term_shown")),
    )
    drawn = plotted.group_by("student_key", maintain_order=True).agg(
        marks_height=HEAD + (pl.col("row").max() + 1) * ROW,
        **{name: pl.col(f"{name}_path").drop_nulls().str.join("") for name in ("track", "pass")},
        pupil=pl.col("pupil_path").drop_nulls().str.join(""),
        class_mean=pl.col("class_path").drop_nulls().str.join(""),
        pupil_said=pl.col("pupil_text").str.join(""),
        class_said=pl.col("class_text").drop_nulls().str.join(""),
        subjects=pl.col("subject_text").unique(maintain_order=True).str.join(""),
        terms=pl.col("term_text").unique(maintain_order=True).str.join(""),
        marks_more=pl.col("subject_count").first() - SUBJECTS,
    )
    return drawn.rename({"pass": "pass_line"}).join(_says(shown, words), on="student_key")


def _placed(marks: pl.DataFrame, language: Language, words: MarkWords) -> pl.DataFrame:
    """The marks that are shown, with `row` and `column` from 0, `left` and `track` (width) in units, and their texts."""
    terms = marks.filter(pl.col("is_all")).select(
        "student_key",
        "term",
        # as mark_term.sql orders them
        late=pl.struct("last_date", "term").rank("ordinal", descending=True).over("student_key"),
        count=pl.len().over("student_key").clip(upper_bound=TERMS),
    )
    subjects = marks.filter(~pl.col("is_all")).group_by("student_key", "subject").agg(weakest=pl.col("mean_share").min())
    subjects = subjects.with_columns(
        weak=pl.struct("weakest", "subject").rank("ordinal").over("student_key"),
        subject_count=pl.len().over("student_key").cast(pl.Int64),
    )
    subjects = subjects.filter(pl.col("weak") <= SUBJECTS).with_columns(
        row=pl.col("subject").rank("dense").over("student_key").cast(pl.Int64)
    )
    shown = marks.join(terms.filter(pl.col("late") <= TERMS), on=["student_key", "term"])
    shown = shown.join(subjects, on=["student_key", "subject"], how="left")
    shown = shown.filter(pl.col("is_all") | pl.col("row").is_not_null()).with_columns(
        pl.col("row").fill_null(0),
        pl.col("subject_count").max().over("student_key"),
        subject=pl.col("subject").fill_null(words.all_subjects),
        column=pl.col("count").cast(pl.Int64) - pl.col("late").cast(pl.Int64),
        pitch=(WIDTH - NAMES) / pl.col("count"),
    )
    shown = shown.with_columns(left=NAMES + pl.col("column") * pl.col("pitch") + GAP, track=pl.col("pitch") - VALUES - GAP)
    return _said(shown.sort("student_key", "row", "column"), language)


def _said(shown: pl.DataFrame, language: Language) -> pl.DataFrame:
    """With the numbers as whole percents without their sign, which stands in the title, and names ready for SVG."""
    percents = {
        name: written((shown[share] * 100).round(0), "count", language)
        for name, share in (("pupil_percent", "mean_share"), ("class_percent", "class_share"))
    }
    known = pl.col("class_share").is_not_null()
    names = {"subject_short": ("subject", LETTERS), "term_shown": ("term", LETTERS)}
    short = [_short(shown[column], letters).alias(name) for name, (column, letters) in names.items()]
    shown = shown.with_columns(*short, *(text.alias(name) for name, text in percents.items()))
    return shown.with_columns(class_percent=pl.when(known).then(pl.col("class_percent")))


def _short(names: pl.Series, letters: int) -> pl.Series:
    """Names cut to what fits and escaped; each is written once."""
    known = names.unique().to_list()
    texts = [str(escape(name if len(name) <= letters else name[: letters - 1] + "…")) for name in known]
    return names.replace_strict(known, texts, return_dtype=pl.String)


def _svg_text(x: pl.Expr, y: pl.Expr, text: pl.Expr) -> pl.Expr:
    return filled('<text x="{0}" y="{1}">{2}</text>', x, _plain(y), text)


def _plain(number: pl.Expr) -> pl.Expr:
    return number.round(1).cast(pl.String).str.strip_suffix(".0")


def _says(shown: pl.DataFrame, words: MarkWords) -> pl.DataFrame:
    """`marks_says`: every number of the plot, term by term, not yet escaped."""
    both = words.of_subject.format(subject="{0}", pupil="{1}", class_mean="{2}")
    alone = words.of_subject_alone.format(subject="{0}", pupil="{1}")
    names = ("subject", "pupil_percent", "class_percent")
    subject = (
        pl.when(pl.col("class_percent").is_null())
        .then(filled(alone, *map(pl.col, names)))
        .otherwise(filled(both, *map(pl.col, names)))
    )
    of_term = shown.sort("student_key", "column", "row").group_by("student_key", "column", "term", maintain_order=True)
    terms = of_term.agg(subject.str.join(", ").alias("subjects"))
    said = filled(words.of_term.format(term="{0}", subjects="{1}"), pl.col("term"), pl.col("subjects"))
    whole = filled(words.says.format(terms="{0}"), pl.col("said"))
    by_student = (
        terms.select("student_key", said=said).group_by("student_key", maintain_order=True).agg(pl.col("said").str.join("; "))
    )
    return by_student.select("student_key", whole.alias("marks_says"))
