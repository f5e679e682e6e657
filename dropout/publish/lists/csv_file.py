"""A list as CSV: one line per pupil, in a fixed order of columns, so that Excel and LibreOffice open it right."""

import polars as pl
from babel.dates import format_date

from dropout.publish.lists.school_list import SchoolList
from dropout.publish.words import LIST_COLUMNS, Language

BOM = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for the machine's own code page
LINE_END = "\r\n"

# What makes a spreadsheet compute a cell (OWASP "CSV injection"), ASCII or full-width, also behind characters
# that are not seen: blanks, controls and format marks such as U+200F, which Arabic names can begin with.
_FORMULA = r"^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]|^[\t\r\n]"
_BREAKS = r"[\r\n\x00\x0b\x0c\x1c-\x1e\u0085\u2028\u2029]+"  # a pupil is one line of the file


def content(school: SchoolList) -> bytes:
    """The file's bytes: the header in the school's language, the pupils on the list, then who left it.

    A school without fresh data gets one line that says so instead.
    """
    words = school.words
    lines = _silence(school) if school.silent_since else pl.concat([_notice(school), school.table, school.left])
    return BOM + _header(words) + _csv(_safe_texts(lines), words)


def safe(column: str) -> pl.Expr:
    """The texts of `column` on one line, with an apostrophe before what a spreadsheet would compute."""
    text = pl.col(column)
    line = text.str.replace_all(_BREAKS, " ")
    return pl.when(text.str.contains(_FORMULA)).then(pl.concat_str(pl.lit("'"), line)).otherwise(line).alias(column)


def _safe_texts(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(safe(name) for name, kind in table.schema.items() if kind == pl.String)


def _silence(school: SchoolList) -> pl.DataFrame:
    """The one line of a list for which no fresh data came: since when, and what it does not mean."""
    said = school.words.notes.no_fresh_data.format(date=format_date(school.silent_since, "long", locale=school.words.locale))
    line = school.table.clear(1)
    return line.with_columns(pl.lit(school.day).alias("list_date"), pl.lit(said).alias("note"))


def _notice(school: SchoolList) -> pl.DataFrame:
    """A line without a pupil that says how the list stands, where no pupil's line can; else none."""
    line = school.table.clear(1 if school.notice and not school.table.height else 0)
    return line.with_columns(pl.lit(school.notice or None, dtype=pl.String).alias("note"))


def _header(words: Language) -> bytes:
    names = pl.DataFrame({column: [getattr(words.columns, column)] for column in LIST_COLUMNS})
    return _csv(names, words)


def _csv(table: pl.DataFrame, words: Language) -> bytes:
    text = table.write_csv(
        None, include_header=False, separator=words.separator, line_terminator=LINE_END, float_precision=1,
        decimal_comma=words.separator == ";", date_format="%Y-%m-%d",
    )  # fmt: skip
    return text.encode()
