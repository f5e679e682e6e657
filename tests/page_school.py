"""A school's list and drawings made by hand, for the tests of its page: hostile names, long texts, every kind of day."""

import datetime as dt

import polars as pl

from dropout.publish.lists import attendance_strip, marks_plot
from dropout.publish.lists.attendance_strip import Grid
from dropout.publish.lists.drawings import Drawn
from dropout.publish.lists.gather import SCHEMA
from dropout.publish.lists.page_words import page_words_of
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.words import words_of

DAY = dt.date(2025, 3, 10)  # a Monday
STATES = ("present", "present", "unexcused", "excused", "late", "not_taken", "present", "present")
NAMES = [
    ("<script>alert(1)</script>", "\"onload='x'"),
    ("بنعلي", "فاطمة الزهراء"),
    ("O'Brien & fils", "Zoë"),
    ("</style><img src=x>", "{{ 7*7 }}"),
]
TEXTS = {
    "reason_1": "Days absent without excuse in the last 28 school days: 11.5 (class average: 1.3; the 28 before: 8.5)",
    "reason_2": "Points reached this year, missed assessments as zero: 17% (class: 57%) & <b>more</b>",
    "reason_3": "More absent than before this year: 16 percentage points of school days more than in the year so far",
    "reason_4": "Missed 12% of this year's assessments (class: 5%)",
    "going_well_1": "Few days late in the last 28 school days: 2% of school days (class: 9%)",
    "going_well_2": "No incident noted this year (class average: 0.4)",
    "change": "still on the list (chance then: 61%)",
    "numbers_since": "Days absent without excuse in the last 28 school days: 8 → 11.5; mean of this term's marks: 36% → 31%",
    "last_answer": "12 March: will act – call to the guardian on 14 March, outcome: improved, remark: comes by bus since then",
}


def school_list(language: str = "en", pupils: int = 4, **given: object) -> SchoolList:
    """A list of `pupils` pupils with keys 1, 2, …; the first one leads."""
    rows = [
        {
            "list_date": DAY, "school": "École <1> & \"2\"", "class_name": f"3AC-{k}", "grade": 9, "student_id": f"N00{k}",
            "family_name": NAMES[(k - 1) % 4][0], "given_name": NAMES[(k - 1) % 4][1],
            "chance": "about 7 in 10 pupils in this situation left (between 63 and 70 in 100)", **TEXTS,
        }
        for k in range(1, pupils + 1)
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema=SCHEMA)
    left = pl.DataFrame(
        [{"family_name": "Gone", "given_name": "<i>", "class_name": "2AC", "change": "chance fell"}], schema=SCHEMA
    )
    facts: dict[str, object] = {
        "school_id": "S<1>", "school": "École <1> & \"2\"", "language": language, "day": DAY, "target": "leaves_by_next_year",
        "method": "model", "table": table, "keys": tuple(range(1, pupils + 1)), "left": left,
        "precision": "Of 20 pupils on last year's lists, 11 left.",
    }  # fmt: skip
    return SchoolList(**(facts | given))  # type: ignore[arg-type]


def days(pupils: int = 4) -> pl.DataFrame:
    """Monday to Saturday from 2 September to DAY without the week of 27 January, each pupil in all STATES in turn."""
    dates = [dt.date(2024, 9, 2) + dt.timedelta(days=n) for n in range((DAY - dt.date(2024, 9, 2)).days + 1)]
    dates = [d for d in dates if d.isoweekday() < 7 and not dt.date(2025, 1, 27) <= d <= dt.date(2025, 2, 2)]
    return pl.concat(pupil_days(k, [STATES[n % len(STATES)] for n in range(len(dates))], dates) for k in range(1, pupils + 1))


def pupil_days(key: int, states: list[str], dates: list[dt.date]) -> pl.DataFrame:
    """Rows as list_day.sql gives them; whole days."""
    taken = [state not in ("not_taken", "elsewhere") for state in states]
    return pl.DataFrame(
        {
            "school_id": ["S1"] * len(dates),
            "student_key": [key] * len(dates),
            "date": dates,
            "state": states,
            "absent_share": [float(state in ("unexcused", "excused")) for state in states],
            "unexcused_share": [float(state == "unexcused") for state in states],
            "is_late": [state == "late" for state in states],
            "registers_ago": [sum(taken[n + 1 :]) if taken[n] else None for n in range(len(dates))],
        },
        schema_overrides={"registers_ago": pl.Int64},
    )


def marks(pupils: int = 4, subjects: int = 11, terms: int = 3) -> pl.DataFrame:
    """Rows as list_mark.sql gives them: subject n of N has (20 + 3n) % and the class 55 %; the last term has no class mean."""
    rows = [
        (
            k, f"T{t}", None if n == 0 else f"subject <{n:02}> of many", n == 0, dt.date(2024, 6 + t, 20), (20 + 3 * n) / 100,
            0.55 if t < terms else None,
        )
        for k in range(1, pupils + 1)
        for t in range(1, terms + 1)
        for n in range(subjects + 1)
    ]  # fmt: skip
    names = ["student_key", "term", "subject", "is_all", "last_date", "mean_share", "class_share"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(school_id=pl.lit("S1"))


def drawings(language: str = "en", pupils: int = 4) -> Drawn:
    """Strips and plots of these days and marks, in `language`."""
    words, said = words_of(language), page_words_of(language)
    grid = Grid(dt.date(2024, 9, 2), DAY, (1, 2, 3, 4, 5, 6), words.direction == "rtl")
    strips = attendance_strip.draw(days(pupils), grid, words, said.attendance)
    drawn = strips.join(marks_plot.draw(marks(pupils), words, said.marks, 0.5), on="student_key")
    return Drawn(attendance_strip.frame(grid, words), {row["student_key"]: row for row in drawn.to_dicts()})
