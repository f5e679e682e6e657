"""The strip of a pupil's school days: a column a week, a row a weekday, a cell a day, each kind of day a shape of its own.

All pupils of one language are drawn at once, as SVG paths put together by polars; what all strips share is drawn once.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from babel.dates import format_date, format_skeleton, get_day_names

from dropout.publish.lists.page_words import AttendanceWords
from dropout.publish.lists.strips import last_registers
from dropout.publish.numbers import filled, written
from dropout.publish.words import Language

WEEKS = 18  # some 90 to 100 school days: as many as stay legible in half a sheet's width
PITCH, CELL = 10, 8  # of the drawing's own units
MARGIN, HEAD = 34, 11  # for weekdays beside and months above
MONTH_WEEKS = 3  # columns that a month's name needs
SAID = ("unexcused", "excused", "late", "not_taken")  # with their dates, for who hears the page; of not_taken only the number


@dataclass(frozen=True)
class Frame:
    """What all strips of one language share: `dots` (a path, one dot a day that is no school day) and texts with their places.

    `start` is the first day shown.
    """

    start: dt.date
    width: int
    height: int
    dots: str
    weekdays: list[tuple[float, float, str]]
    months: list[tuple[float, float, str]]


@dataclass(frozen=True)
class Grid:
    """Where a day stands: `weekdays` are the rows (ISO), the first one begins the week; newest week last, in Arabic leftmost.

    `begin` is the first day that the warehouse knows of: what lies before it stays empty.
    """

    begin: dt.date
    as_of: dt.date
    weekdays: tuple[int, ...]
    is_rtl: bool

    @property
    def first(self) -> dt.date:
        """First day of the first week shown."""
        return self.this_week - dt.timedelta(weeks=WEEKS - 1)

    @property
    def start(self) -> dt.date:
        """First day that is shown."""
        return max(self.first, self.begin)

    @property
    def this_week(self) -> dt.date:
        """First day of the week of `as_of`."""
        return self.as_of - dt.timedelta(days=(self.as_of.isoweekday() - self.weekdays[0]) % 7)

    def column(self, week: int) -> int:
        """Left edge of week 0…WEEKS - 1."""
        return (WEEKS - 1 - week) * PITCH + 1 if self.is_rtl else MARGIN + week * PITCH + 1


def week_of(school_days: Sequence[int], seen: Sequence[int]) -> tuple[int, ...]:
    """Weekdays of the rows, ISO numbers: the country's and those `seen` in the data, from the day after the weekend on.

    Monday to Saturday gives 1…6, Sunday to Thursday 7, 1, 2, 3, 4.
    """
    first = next((d for d in sorted(school_days) if (d - 2) % 7 + 1 not in school_days), 1)
    return tuple(sorted({*school_days, *seen}, key=lambda d: (d - first) % 7))


def frame(grid: Grid, language: Language) -> Frame:
    """Months above the weeks, weekdays beside them, and a dot for each day shown; cells of school days cover theirs."""
    width, height = MARGIN + WEEKS * PITCH, HEAD + len(grid.weekdays) * PITCH
    days = [grid.start + dt.timedelta(days=n) for n in range((grid.as_of - grid.start).days + 1)]
    row = {weekday: HEAD + place * PITCH + 1 for place, weekday in enumerate(grid.weekdays)}
    dots = "".join(
        f"M{grid.column((day - grid.first).days // 7) + CELL // 2} {row[day.isoweekday()] + CELL // 2}h0"
        for day in days
        if day.isoweekday() in row
    )
    names = get_day_names("abbreviated", locale=language.locale)
    edge = float(width - MARGIN + 4 if grid.is_rtl else MARGIN - 4)
    weekdays = [(edge, row[d] + CELL - 1.5, str(names[d - 1])) for d in grid.weekdays]
    return Frame(grid.start, width, height, dots, weekdays, _months(grid, language))


def _months(grid: Grid, language: Language) -> list[tuple[float, float, str]]:
    """The month's name above its first week, where there is room for it."""
    weeks = [grid.first + dt.timedelta(weeks=n) for n in range(WEEKS)]
    starts = [n for n, day in enumerate(weeks) if n == 0 or weeks[n - 1].month != day.month]
    shown = [n for n, following in zip(starts, [*starts[1:], WEEKS + 1], strict=True) if following - n >= MONTH_WEEKS]
    edge = CELL if grid.is_rtl else 0
    return [(grid.column(n) + edge, HEAD - 3.5, format_date(weeks[n], "LLL", locale=language.locale)) for n in shown]


def draw(days: pl.DataFrame, grid: Grid, language: Language, words: AttendanceWords) -> pl.DataFrame:
    """One row per student of `days` (list_day.sql) with the paths and texts of the strip.

    `open` outlines days of presence, `noted` those of absence and lateness, and hatches excused ones. `full` fills absence
    without excuse from below, as far as the day was missed, draws lateness as a triangle, and a bar where no register was taken.
    `away` blanks days before the pupil's entry. `strip_says` is heard, `strip_last` printed below; the latter is NULL
    where the pupil has no taken register.
    """
    shown = _placed(days.filter(pl.col("date").is_between(grid.first, grid.as_of)), grid)
    box = filled(f"M{{0}} {{1}}h{CELL}v{CELL}h-{CELL}z", _text("x"), _text("y"))
    paths = shown.group_by("student_key", maintain_order=True).agg(
        _joined(box, pl.col("state") == "present").alias("open"),
        _joined(pl.concat_str(box, _hatching()), pl.col("state").is_in(["excused", "unexcused", "late"])).alias("noted"),
        _joined(_filling(), pl.col("state").is_in(["unexcused", "late", "not_taken"])).alias("full"),
        _joined(box, pl.col("state") == "elsewhere").alias("away"),
    )
    said = _says(shown, grid, language, words)
    return paths.join(said, on="student_key").join(_last(days, language, words), on="student_key", how="left")


def _placed(days: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    week = (pl.col("date") - pl.lit(grid.first)).dt.total_days() // 7
    row = pl.col("date").dt.weekday().replace_strict({d: n for n, d in enumerate(grid.weekdays)}, return_dtype=pl.Int64)
    left = (WEEKS - 1 - week) * PITCH + 1 if grid.is_rtl else MARGIN + week * PITCH + 1
    return days.with_columns(x=left, y=HEAD + row * PITCH + 1)


def _hatching() -> pl.Expr:
    """Three strokes for a whole day excused, one for a part of it."""
    whole = filled("M{0} {1}l4-4M{0} {2}l8-8M{3} {2}l4-4", _text("x"), _text("y", 4), _text("y", 8), _text("x", 4))
    part = filled("M{0} {1}l8-8", _text("x"), _text("y", 8))
    return pl.when(pl.col("state") != "excused").then(pl.lit("")).when(pl.col("absent_share") >= 1).then(whole).otherwise(part)


def _filling() -> pl.Expr:
    depth = (pl.col("unexcused_share") * CELL).round().clip(2, CELL).cast(pl.Int64)
    missed = filled(f"M{{0}} {{1}}h{CELL}v-{{2}}h-{CELL}z", _text("x"), _text("y", CELL), depth.cast(pl.String))
    late = filled(f"M{{0}} {{1}}v{CELL}h{CELL}z", _text("x"), _text("y"))
    bar = filled("M{0} {1}h6v2h-6z", _text("x", 1), _text("y", 3))
    return pl.when(pl.col("state") == "unexcused").then(missed).when(pl.col("state") == "late").then(late).otherwise(bar)


def _text(column: str, more: int = 0) -> pl.Expr:
    return (pl.col(column) + more).cast(pl.String)


def _joined(path: pl.Expr, rows: pl.Expr) -> pl.Expr:
    return path.filter(rows).str.join("")


def _says(shown: pl.DataFrame, grid: Grid, language: Language, words: AttendanceWords) -> pl.DataFrame:
    """`strip_says`: how many days of each kind, and on which dates, for who hears the page."""
    counted = _named(shown, "date", language).sort("student_key", "date").group_by("student_key").agg(
        *(_counted(state, getattr(words.days, state), words) for state in ("present", *SAID))
    )  # fmt: skip
    whole = words.says.format(first=long_date(grid.start, language), last=long_date(grid.as_of, language), counts="{0}")
    return counted.select("student_key", filled(whole, pl.concat_str("present", *SAID, separator="; ")).alias("strip_says"))


def _counted(state: str, name: str, words: AttendanceWords) -> pl.Expr:
    rows = pl.col("date_said").filter(pl.col("state") == state)
    counted = filled(words.counted.format(state=name, count="{0}"), rows.len().cast(pl.String))
    if state in ("present", "not_taken"):
        return counted.alias(state)
    dated = filled(words.dated.format(state=name, count="{0}", dates="{1}"), rows.len().cast(pl.String), rows.str.join(", "))
    return pl.when(rows.len() > 0).then(dated).otherwise(counted).alias(state)


def _last(days: pl.DataFrame, language: Language, words: AttendanceWords) -> pl.DataFrame:
    """`strip_last`: the window that the reasons speak of, in numbers; parts of days count in part."""
    last = _named(last_registers(days), "since", language)
    numbers = [written(last[name].cast(pl.Float64), "days", language).alias(name) for name in ("unexcused", "excused", "late")]
    names = ("registers", "since_said", "unexcused", "excused", "late")
    pattern = words.last.format(registers="{0}", since="{1}", unexcused="{2}", excused="{3}", late="{4}")
    said = filled(pattern, *(pl.col(name).cast(pl.String) for name in names))
    return last.with_columns(numbers).select("student_key", said.alias("strip_last"))


def _named(table: pl.DataFrame, column: str, language: Language) -> pl.DataFrame:
    """`table` with the dates of `column` as text in `<column>_said`; each date is written once."""
    dates = table[column].unique().sort()
    texts = pl.Series(f"{column}_said", [short_date(day, language) for day in dates], dtype=pl.String)
    return table.join(pl.DataFrame([dates, texts]), on=column, how="left", maintain_order="left")


def short_date(day: dt.date, language: Language) -> str:
    """Day and month."""
    return format_skeleton("MMMd", day, locale=language.locale)


def long_date(day: dt.date, language: Language) -> str:
    """Day, month and year."""
    return format_date(day, "long", locale=language.locale)
