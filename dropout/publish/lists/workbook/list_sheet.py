"""The first sheet: the list itself, with answer cells that offer their words, and who left it on a sheet of its own."""

import datetime as dt
from collections.abc import Mapping

import polars as pl
from babel.dates import format_date
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dropout.publish.lists.school_list import SchoolList
from dropout.publish.lists.workbook.look import Look, fill, page
from dropout.publish.lists.workbook.words import WorkbookWords
from dropout.publish.words import ANSWER_COLUMNS, LIST_COLUMNS

AnswerWords = Mapping[str, Mapping[str, str]]  # answer column → code → word of the school's language

NOTE_CODE_LENGTH = 12
OLDEST_ACTION_DAYS = 365

# Widths in characters. Printed on A4 the usual columns are about 230 wide: letters of 7 points, which can still be read.
WIDTHS = {
    "list_date": 11, "school": 20, "class_name": 8, "grade": 7, "student_id": 12, "family_name": 12, "given_name": 12,
    "chance": 17, "chance_percent": 8, "chance_low_percent": 8, "chance_high_percent": 8,
    "reason_1": 20, "reason_2": 20, "reason_3": 20, "reason_4": 20, "going_well_1": 16, "going_well_2": 16,
    "change": 14, "numbers_since": 16, "last_answer": 14, "note": 16,
    "decision": 12, "action": 12, "action_date": 12, "outcome": 12, "note_code": 8, "remark": 18,
}  # fmt: skip
NOTICE_WIDTH = 90
NAMES = ("student_id", "family_name", "given_name")
# The same for the whole list, or said in words by `chance`: kept for sorting and for the way back, folded away.
FOLDED = {"list_date", "school", "grade", "chance_percent", "chance_low_percent", "chance_high_percent"}
LEFT_COLUMNS = ("class_name", "student_id", "family_name", "given_name", "change")


def write_list(sheet: Worksheet, school: SchoolList, words: WorkbookWords, look: Look, answers: AnswerWords) -> None:
    """The header, one row per pupil, and the answer cells' rules; where there is no pupil, one row that says why."""
    page(sheet, school, words)
    pupils = school.table.height if not school.silent_since else 0
    lines = school.table if pupils else _notice(school, words)
    for place, column in enumerate(LIST_COLUMNS):
        sheet.write_string(0, place, getattr(school.words.columns, column), look.header)
    fill(sheet, lines, [_style(column, look) for column in LIST_COLUMNS])
    sheet.repeat_rows(0)
    _columns(sheet, lines, is_notice=not pupils)
    if not pupils:
        sheet.freeze_panes(1, 0)
        return
    sheet.freeze_panes(1, LIST_COLUMNS.index(NAMES[-1]) + 1)
    sheet.autofilter(0, 0, pupils, len(LIST_COLUMNS) - 1)
    number = LIST_COLUMNS.index("student_id")
    sheet.ignore_errors({"number_stored_as_text": _range(number, pupils)})
    _answer_rules(sheet, school, words, answers)


def write_left(sheet: Worksheet, school: SchoolList, words: WorkbookWords, look: Look) -> None:
    """Who was on the last list and is not on this one, and why."""
    page(sheet, school, words)
    for place, column in enumerate(LEFT_COLUMNS):
        sheet.write_string(0, place, getattr(school.words.columns, column), look.header)
        sheet.set_column(place, place, 60 if column == "change" else 16)
    fill(sheet, school.left.select(LEFT_COLUMNS), [_style(column, look) for column in LEFT_COLUMNS])
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)


def _notice(school: SchoolList, words: WorkbookWords) -> pl.DataFrame:
    """One row without a pupil: no fresh data came, or nobody is on the list."""
    said, day = words.nobody, None
    if school.silent_since:
        since = format_date(school.silent_since, "long", locale=school.words.locale)
        said, day = school.words.notes.no_fresh_data.format(date=since), school.day
    return school.table.clear(1).with_columns(pl.lit(day, dtype=pl.Date).alias("list_date"), pl.lit(said).alias("note"))


def _style(column: str, look: Look) -> Format:
    if column == "list_date":
        return look.date
    if column == "action_date":
        return look.answer_date
    if column in ("note_code", "remark"):
        return look.answer_text  # `+212 …` or `01` stays what was typed
    if column in ANSWER_COLUMNS:
        return look.answer
    if column.endswith("_percent"):
        return look.one_decimal
    if column in ("school", "class_name", *NAMES):
        return look.text
    return look.said


def _columns(sheet: Worksheet, lines: pl.DataFrame, *, is_notice: bool) -> None:
    """Widths; columns that say nothing here are folded under a `+`, so that the rest can be read on paper."""
    empty = {c for c in LIST_COLUMNS if c not in ANSWER_COLUMNS and lines[c].null_count() == lines.height}
    folded = set(LIST_COLUMNS) - {"list_date", "note"} | empty if is_notice else FOLDED | empty
    was_folded = False
    for place, column in enumerate(LIST_COLUMNS):
        is_folded = column in folded
        width = NOTICE_WIDTH if is_notice and column == "note" else WIDTHS[column]
        options = {"level": 1, "hidden": True} if is_folded else {"collapsed": True} if was_folded else {}
        sheet.set_column(place, place, width, None, options)
        was_folded = is_folded


def _answer_rules(sheet: Worksheet, school: SchoolList, words: WorkbookWords, answers: AnswerWords) -> None:
    """What each answer cell takes, with a hint where it is chosen and a plain word where it is refused."""
    for column in ANSWER_COLUMNS:
        place = LIST_COLUMNS.index(column)
        hint = getattr(words.hints, column).format(length=NOTE_CODE_LENGTH)
        rule = {
            **_rule(column, school.day, words, answers),
            "input_title": getattr(school.words.columns, column)[:32],
            "input_message": hint,
            "error_title": words.refused.title,
        }
        sheet.data_validation(1, place, school.table.height, place, rule)


def _rule(column: str, day: dt.date, words: WorkbookWords, answers: AnswerWords) -> dict[str, object]:
    if column in answers:
        return {"validate": "list", "source": list(answers[column].values()), "error_message": words.refused.choice}
    if column == "action_date":
        oldest = dt.datetime.combine(day - dt.timedelta(days=OLDEST_ACTION_DAYS), dt.time())
        return {"validate": "date", "criteria": ">=", "value": oldest, "error_message": words.refused.date}
    if column == "note_code":
        said = words.refused.length.format(length=NOTE_CODE_LENGTH)
        return {"validate": "length", "criteria": "<=", "value": NOTE_CODE_LENGTH, "error_message": said}
    return {"validate": "any"}


def _range(place: int, rows: int) -> str:
    letter = chr(ord("A") + place)
    return f"{letter}2:{letter}{rows + 1}"
