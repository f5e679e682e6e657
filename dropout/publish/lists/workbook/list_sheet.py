"""The first sheet: the list itself, with answer cells that offer their words, and who left it on a sheet of its own."""

import datetime as dt
from collections.abc import Mapping

import polars as pl
from babel.dates import format_date
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dropout.publish.lists.school_list import SchoolList
from dropout.publish.lists.workbook.heights import set_heights
from dropout.publish.lists.workbook.look import Look, fill, page, write_header
from dropout.publish.lists.workbook.words import WorkbookWords
from dropout.publish.words import ANSWER_COLUMNS, LIST_COLUMNS

AnswerWords = Mapping[str, Mapping[str, str]]  # answer column → code → word of the school's language

NOTE_CODE_LENGTH = 8  # three letters, a sign, four digits: what the contract of `followup` takes
OLDEST_ACTION_DAYS = 365

# Widths in characters. Printed on A4 all but the folded ones are about 260 wide, which gives letters of 6.3 points;
# fewer reasons, or a first list, give 7 to 8.
WIDTHS = {
    "list_date": 12, "school": 20, "class_name": 7, "grade": 7, "student_id": 11.5, "family_name": 11, "given_name": 11,
    "chance": 14, "chance_percent": 9, "chance_low_percent": 9, "chance_high_percent": 9,
    "reason_1": 18, "reason_2": 18, "reason_3": 18, "reason_4": 18, "going_well_1": 14, "going_well_2": 14,
    "change": 12, "numbers_since": 13, "last_answer": 11, "note": 14,
    "decision": 11, "action": 11, "action_date": 11, "outcome": 11, "note_code": 8, "remark": 12, "reviewer": 9,
}  # fmt: skip
NOTICE_WIDTH = 90
NAMES = ("student_id", "family_name", "given_name")
# The same for the whole list, or said in words by `chance`: kept for sorting and for the way back, folded away.
FOLDED = {"list_date", "school", "grade", "chance_percent", "chance_low_percent", "chance_high_percent"}
LEAST_LINES = 2  # room to write by hand
LEFT_WIDTHS = {"student_id": 14, "family_name": 20, "given_name": 20, "change": 70}
LEFT_COLUMNS = ("class_name", "student_id", "family_name", "given_name", "change")


def write_list(sheet: Worksheet, school: SchoolList, words: WorkbookWords, look: Look, answers: AnswerWords) -> None:
    """The header, one row per pupil, and the answer cells' rules; where there is no pupil, one row that says why."""
    page(sheet, school, words)
    pupils = school.table.height if not school.silent_since else 0
    lines = school.table if pupils else _notice(school, words)
    headers = [getattr(school.words.columns, column) for column in LIST_COLUMNS]
    write_header(sheet, headers, look)
    fill(sheet, lines, [_style(column, look) for column in LIST_COLUMNS])
    widths = _columns(sheet, lines, is_notice=not pupils)
    set_heights(sheet, [headers, *lines.rows()], widths, least=LEAST_LINES)
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
    headers = [getattr(school.words.columns, column) for column in LEFT_COLUMNS]
    write_header(sheet, headers, look)
    widths = [LEFT_WIDTHS.get(column, WIDTHS[column]) for column in LEFT_COLUMNS]
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    lines = school.left.select(LEFT_COLUMNS)
    fill(sheet, lines, [_style(column, look) for column in LEFT_COLUMNS])
    set_heights(sheet, [headers, *lines.rows()], widths)
    sheet.freeze_panes(1, 0)


def _notice(school: SchoolList, words: WorkbookWords) -> pl.DataFrame:
    """One row without a pupil: no fresh data came, or nobody is on the list."""
    said, day = " ".join(filter(None, (school.notice, words.nobody))), None
    if school.silent_since:
        since = format_date(school.silent_since, "long", locale=school.words.locale)
        said, day = school.words.notes.no_fresh_data.format(date=since), school.day
    return school.table.clear(1).with_columns(pl.lit(day, dtype=pl.Date).alias("list_date"), pl.lit(said).alias("note"))


def _style(column: str, look: Look) -> Format:
    if column == "list_date":
        return look.date
    if column == "action_date":
        return look.answer_date
    if column in ("note_code", "remark", "reviewer"):
        return look.answer_text  # `+212 …` or `01` stays what was typed
    if column in ANSWER_COLUMNS:
        return look.answer
    if column.endswith("_percent"):
        return look.one_decimal
    if column in ("school", "class_name", *NAMES):
        return look.text
    return look.said


def _columns(sheet: Worksheet, lines: pl.DataFrame, *, is_notice: bool) -> list[float]:
    """Widths, 0 where folded: columns that say nothing here lie under a `+`, so that the rest can be read on paper."""
    empty = {c for c in LIST_COLUMNS if c not in ANSWER_COLUMNS and lines[c].null_count() == lines.height}
    folded = set(LIST_COLUMNS) - {"list_date", "note"} | empty if is_notice else FOLDED | empty
    widths: list[float] = []
    for place, column in enumerate(LIST_COLUMNS):
        is_folded = column in folded
        width = NOTICE_WIDTH if is_notice and column == "note" else WIDTHS[column]
        options = {"level": 1, "hidden": True} if is_folded else {"collapsed": True} if widths and not widths[-1] else {}
        sheet.set_column(place, place, width, None, options)
        widths.append(0 if is_folded else width)
    return widths


def _answer_rules(sheet: Worksheet, school: SchoolList, words: WorkbookWords, answers: AnswerWords) -> None:
    """What each answer cell takes, with a hint where it is chosen and a plain word where it is refused."""
    for column in ANSWER_COLUMNS:
        place = LIST_COLUMNS.index(column)
        rule = {
            **_rule(column, school.day, words, answers),
            "input_title": getattr(school.words.columns, column)[:32],
            "input_message": getattr(words.hints, column),
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
        return {"validate": "length", "criteria": "<=", "value": NOTE_CODE_LENGTH, "error_message": words.refused.code}
    return {"validate": "any"}


def _range(place: int, rows: int) -> str:
    letter = chr(ord("A") + place)
    return f"{letter}2:{letter}{rows + 1}"
