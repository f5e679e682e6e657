"""A list as one self-contained page, to read or to print: the list, and half a sheet of A4 per pupil for a meeting."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from dropout.extracts.answers.words import answer_words
from dropout.publish.lists import marks_plot
from dropout.publish.lists.attendance_strip import long_date
from dropout.publish.lists.drawings import Drawn
from dropout.publish.lists.page_words import PageWords, page_words_of
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.numbers import isolated, percent
from dropout.publish.words import ANSWER_COLUMNS

REASONS = ("reason_1", "reason_2", "reason_3", "reason_4")
WELL = ("going_well_1", "going_well_2")
LINES = tuple(column for column in ANSWER_COLUMNS if column != "decision")  # filled in on a line; a decision is ticked


def content(school: SchoolList, drawn: Drawn, pass_share: float) -> bytes:
    """The file's bytes, UTF-8. No script, nothing from outside, no colour that ranks a pupil.

    A school without fresh data gets a page that says so and ranks nobody. `drawn` holds the strips and plots of the pupils of
    `school.keys`; `pass_share` is the pass mark as a share of the maximum.
    """
    words, page = school.words, page_words_of(school.language)
    date = format_date(school.day, "long", locale=words.locale)
    rows = [] if school.silent_since else school.table.to_dicts()
    pupils = [
        {
            **row,
            "reasons": _texts(row, REASONS),
            "well": _texts(row, WELL),
            "changes": _texts(row, ("change", "numbers_since")),
            "drawn": dict(drawn.pupils.get(key, {})),
        }
        for row, key in zip(rows, school.keys, strict=False)
    ]
    facts = {
        "school": school,
        "language": school.language,
        "words": words,
        "page": page,
        "date": date,
        "silence": words.notes.no_fresh_data.format(date=long_date(school.silent_since, words)) if school.silent_since else "",
        "left_means": page.left_means.format(target=getattr(words.report.targets, school.target)),
        "method": page.method.format(method=page.methods[school.method]) if school.method and not school.is_suspended else "",
        "pupils": pupils,
        "left": school.left.to_dicts(),
        "frame": drawn.frame,
        "footer": _footer(page),
        "header": css_text(f"{isolated(school.school)} · {page.title.format(date=date)}"),
        "pass_mark": page.marks.pass_mark.format(percent=percent(pass_share, words.locale)),
        **_period(school, drawn, page),
        "decisions": answer_words(school.language)["decision"],
        "lines": LINES,
        "plot_width": marks_plot.WIDTH,
    }
    return _template().render(facts).encode()


@cache
def _template() -> Template:
    """Compiled once for all schools."""
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["svg"] = lambda texts: Markup(texts or "")  # noqa: S704 (numbers, and names that marks_plot has escaped)
    return environment.get_template("page.html.j2")


def _texts(row: dict[str, Any], columns: tuple[str, ...]) -> list[str]:
    return [row[column] for column in columns if row[column]]


def _period(school: SchoolList, drawn: Drawn, page: PageWords) -> dict[str, str]:
    """The title of the strips: from when to when."""
    if drawn.frame is None:
        return {"strip_title": ""}
    first, last = (long_date(day, school.words) for day in (drawn.frame.start, school.day))
    return {"strip_title": page.attendance.title.format(first=first, last=last)}


def css_text(text: str) -> Markup:
    """`text` as a CSS string: everything but letters, digits and blanks as its code, so that nothing can end string or style."""
    return Markup('"' + re.sub(r"[^\w ]", lambda m: f"\\{ord(m[0]):x} ", text) + '"')  # noqa: S704 (escaped just here)


def _footer(page: PageWords) -> Markup:
    """Number of the page and of all pages, as CSS content."""
    parts = re.split(r"\{(page|pages)\}", page.page_of)
    return Markup(" ").join(css_text(part) if n % 2 == 0 else Markup(f"counter({part})") for n, part in enumerate(parts))  # noqa: S704
