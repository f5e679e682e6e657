"""A school's workbook, read back by openpyxl: what a counselor meets in Excel, cell by cell."""

import datetime as dt
import io
import zipfile

import openpyxl
import polars as pl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from dropout.extracts.answers.words import answer_words
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.lists.workbook import book
from dropout.publish.lists.workbook.heights import line_count
from dropout.publish.lists.workbook.look import LONGEST, printable
from dropout.publish.lists.workbook.words import workbook_words
from dropout.publish.words import ANSWER_COLUMNS, LANGUAGES, LIST_COLUMNS, words_of
from tests.school_lists import DAY, LEFT, school_list


def opened(school: SchoolList, pupils: pl.DataFrame | None = None) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(book.content(school, answer_words(school.language), pupils)))


def letter(column: str) -> str:
    return get_column_letter(LIST_COLUMNS.index(column) + 1)


def cell(sheet: Worksheet, column: str, row: int = 2):  # type: ignore[no-untyped-def]
    return sheet[f"{letter(column)}{row}"]


def folded_columns(sheet: Worksheet) -> set[str]:
    """Neighbours of one width stand as one entry, from `min` to `max`."""
    entries = [d for d in sheet.column_dimensions.values() if d.hidden]
    return {LIST_COLUMNS[place - 1] for d in entries for place in range(d.min, d.max + 1)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_is_the_first_sheet_with_the_header_of_its_language(language: str) -> None:
    made = opened(school_list({}, {"student_id": "9"}, language=language))
    sheet, words = made.worksheets[0], workbook_words(language)
    assert made.sheetnames == [words.sheets.list, words.sheets.guide]
    assert [c.value for c in sheet[1]] == list(words_of(language).columns.model_dump().values())
    assert sheet.max_row == 3
    assert sheet.sheet_view.rightToLeft is (True if language == "ar" else None)
    assert made.worksheets[1].sheet_view.rightToLeft is (True if language == "ar" else None)


def test_each_cell_is_what_it_means() -> None:
    sheet = opened(school_list({})).worksheets[0]
    date = cell(sheet, "list_date")
    assert (date.value, date.is_date, date.number_format) == (dt.datetime(2025, 3, 10), True, "[$-809]d mmm yyyy")
    assert [cell(sheet, c).value for c in ("chance_percent", "chance_low_percent", "chance_high_percent")] == [31, 24, 37.5]
    assert cell(sheet, "chance_percent").number_format == "0.0"
    number = cell(sheet, "student_id")
    assert (number.value, number.data_type, number.number_format) == ("00123", "s", "@")
    assert cell(sheet, "reason_1").alignment.wrap_text
    assert cell(sheet, "reason_2").value is None


@pytest.mark.parametrize(("language", "written"), [("fr", "[$-40C]dd/mm/yyyy"), ("ar", "[$-40C]dd/mm/yyyy")])
def test_dates_are_written_as_the_language_does(language: str, written: str) -> None:
    sheet = opened(school_list({}, language=language)).worksheets[0]
    assert {cell(sheet, c).number_format for c in ("list_date", "action_date")} == {written}


def test_print_set_up() -> None:
    sheet = opened(school_list({}, language="fr")).worksheets[0]
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)  # 9 is A4
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage) == (
        1,
        0,
        True,
    )
    assert sheet.print_title_rows == "$1:$1"
    footer = sheet.oddFooter
    assert (footer.left.text, footer.center.text, footer.right.text) == ("Lycée A && B", "Page &P sur &N", "10 mars 2025")
    assert sheet.freeze_panes == f"{letter('chance')}2"  # header and names stay in view
    assert sheet.auto_filter.ref == f"A1:{letter(LIST_COLUMNS[-1])}2"


def test_columns_that_say_nothing_are_folded_and_the_others_are_not() -> None:
    sheet = opened(school_list({}, {"reason_2": "Marks"})).worksheets[0]
    folded = folded_columns(sheet)
    assert {"list_date", "school", "grade", "chance_percent", "reason_3", "reason_4", "note"} <= folded
    shown = {"class_name", "student_id", "family_name", "given_name", "chance", "reason_1", "reason_2", "change"}
    assert not folded & {*shown, *ANSWER_COLUMNS}


def test_a_row_is_as_high_as_its_longest_text_and_a_folded_one_does_not_count() -> None:
    # 81 letters in a column of 18: "Days absent / without excuse in / the last 20 school / days: 9 (class / average: 1.2)"
    sheet = opened(school_list({"school": "x" * 400})).worksheets[0]
    assert sheet.row_dimensions[2].height == 5 * 15
    assert line_count("ab cd", 5) == 1
    assert line_count("ab cde", 5) == 2
    assert line_count("abcdefghijk l", 5) == 3  # abcde fghij "k l"
    assert line_count("", 5) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_are_chosen_from_words_and_checked(language: str) -> None:
    sheet = opened(school_list({}, {}, language=language)).worksheets[0]
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert set(rules) == {f"{letter(c)}2:{letter(c)}3" for c in ANSWER_COLUMNS}
    by_column = {c: rules[f"{letter(c)}2:{letter(c)}3"] for c in ANSWER_COLUMNS}
    for column, words in answer_words(language).items():
        assert by_column[column].type == "list"
        assert by_column[column].formula1.strip('"').split(",") == list(words.values())
    date = by_column["action_date"]
    # 45361 is 2024-03-10 as Excel counts days, one year before the list
    assert (date.type, date.operator, date.formula1) == ("date", "greaterThanOrEqual", "45361")
    code = by_column["note_code"]
    assert (code.type, code.operator, code.formula1) == ("textLength", "lessThanOrEqual", "8")
    for column, rule in by_column.items():
        assert rule.prompt == getattr(workbook_words(language).hints, column)
        assert rule.showInputMessage
    assert all(rule.error for column, rule in by_column.items() if column not in ("remark", "reviewer"))


def test_answer_cells_are_open_and_what_is_typed_stays_text() -> None:
    sheet = opened(school_list({})).worksheets[0]
    assert not sheet.protection.sheet  # a protected sheet can neither be filtered nor sorted
    assert {cell(sheet, c).fill.fgColor.rgb for c in ANSWER_COLUMNS} == {"FFF2F2F2"}
    assert cell(sheet, "reason_1").fill.fill_type is None
    assert {cell(sheet, c).number_format for c in ("note_code", "remark", "reviewer")} == {"@"}


def test_no_text_is_a_formula_a_link_or_a_number() -> None:
    texts = ['=HYPERLINK("http://x";"y")', "{=1+1}", "http://example.org", "@SUM(1)", "-5", "00123", "\u200f=1+1", "1e5"]
    school = school_list(*({"family_name": text, "student_id": text, "note": text} for text in texts), left=(LEFT,))
    content = book.content(school, answer_words("en"))
    for column in ("family_name", "student_id", "note"):
        sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
        found = [cell(sheet, column, row) for row in range(2, 2 + len(texts))]
        assert [c.value for c in found] == texts
        assert {c.data_type for c in found} == {"s"}
        assert {c.hyperlink for c in found} == {None}
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert sheets and not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\x00b\x0bc", "a b c"),
        ("deux\r\nlignes\u2028", "deux lignes "),
        ("\ud800lone\udfff", " lone "),
        ("\ufffe\uffff\x85end", " end"),
        ("_x0041_ 😀 بنعلي", "_x0041_ 😀 بنعلي"),
    ],
)
def test_what_a_cell_cannot_hold_becomes_a_blank(text: str, said: str) -> None:
    assert printable(text) == said


@pytest.mark.parametrize("letter_", ["a", "😀"])
def test_a_text_longer_than_a_cell_is_cut_and_says_so(letter_: str) -> None:
    cut = printable(letter_ * 40_000)
    assert len(cut.encode("utf-16-le")) // 2 in (LONGEST, LONGEST - 1)  # 😀 takes two units: there is none left over
    assert cut.endswith(letter_ + "…")
    assert printable("a" * LONGEST) == "a" * LONGEST
    sheet = opened(school_list({"given_name": letter_ * 40_000})).worksheets[0]
    assert cell(sheet, "given_name").value == cut
    assert sheet.row_dimensions[2].height == 408.75  # 545 pixels; Excel refuses a higher row


def test_hostile_names_of_schools_and_pupils_make_a_sound_file() -> None:
    made = opened(school_list({"family_name": "A\x0bB\x1f"}, school="\ud800&P\x00" + "é" * 400, language="ar"))
    assert cell(made.worksheets[0], "family_name").value == "A B "
    assert made.worksheets[0].oddFooter.left.text.startswith(" &&P é")


def test_who_left_the_list_has_a_sheet_of_its_own_without_answers() -> None:
    made = opened(school_list({}, left=(LEFT, LEFT)))
    assert made.sheetnames == ["List", "Left the list", "How to read this"]
    assert made.worksheets[0].max_row == 2
    left = made["Left the list"]
    assert [c.value for c in left[1]] == ["Class", "Student number", "Family name", "Given name", "Since the last list"]
    assert [c.value for c in left[3]] == ["7-1", "007", "Amrani", "Aya", "the chance fell"]


PUPILS = pl.DataFrame(
    {
        "class_name": ["7-1", "7-2"], "student_id": ["007", None], "family_name": ["=1", None], "given_name": ["Aya", None],
        "registers_taken": [28, None], "days_missed": [2.5, None], "days_unexcused": [1.0, None],
        "mark_mean": [0.314, float("nan")],
        "assessments_missing": [0, 2], "incidents": [None, None], "pseudonym": ["00a", "00b"], "is_abstained": [False, True],
        "abstain_reason": [None, "thin"], "registers_taken_56d_count": [40, 3],
        "days_in_totals_62_calendar_days_count": [None, None],
    },
    schema_overrides={"incidents": pl.Int32},
)  # fmt: skip


def test_all_pupils_have_numbers_and_no_chance() -> None:
    sheet = opened(school_list({}), PUPILS)["All pupils"]
    assert not [c.value for c in sheet[1] if "hance" in c.value]
    assert [c.value for c in sheet[2]] == ["7-1", "007", "=1", "Aya", 28, 2.5, 1, 0.314, 0, None, None]
    thin = "Not enough data to say a chance: attendance is known for only 3 school days, and there are no marks."
    nameless = f"{thin} The school's extract holds no name for this pupil; ask the operator for pupil 00b."
    assert [c.value for c in sheet[3]] == ["7-2", *[None] * 7, 2, None, nameless]
    assert (sheet["C2"].data_type, sheet["H2"].number_format, sheet.freeze_panes) == ("s", "0%", "E2")


def guide(made: Workbook) -> str:
    return "\n".join(str(c.value) for row in made["How to read this"] for c in row if c.value)


def test_how_to_read_says_what_applies_to_this_list() -> None:
    said = guide(opened(school_list({}, precision="Of 20 pupils, 11 left.")))
    for text in ("It is not a verdict", "Of 20 pupils, 11 left.", "will act · already known · disagree", "3 left and 7 stayed"):
        assert text in said
    assert "every enrolled pupil" not in said
    rule = guide(opened(school_list({"chance": None}, method="absence_rule"), PUPILS))
    assert words_of("en").notes.absence_rule in rule and "every enrolled pupil" in rule
    assert "How good such lists were" not in rule and "3 left and 7 stayed" not in rule


def test_a_school_without_fresh_data_gets_a_notice_and_no_numbers() -> None:
    made = opened(school_list(silent_since=dt.date(2025, 1, 3)), PUPILS)
    sheet = made.worksheets[0]
    assert made.sheetnames == ["List", "How to read this"]
    assert (sheet.max_row, cell(sheet, "list_date").value) == (2, dt.datetime(2025, 3, 10))
    assert cell(sheet, "note").value.startswith("No data has come from this school since January 3, 2025.")
    assert set(LIST_COLUMNS) - folded_columns(sheet) == {"list_date", "note"}
    assert not sheet.data_validations.dataValidation


def test_an_empty_list_says_that_nobody_is_on_it() -> None:
    sheet = opened(school_list()).worksheets[0]
    assert (sheet.max_row, cell(sheet, "list_date").value) == (2, None)
    assert cell(sheet, "note").value == workbook_words("en").nobody


def test_the_same_list_gives_the_same_bytes_and_no_time_of_the_clock() -> None:
    school = school_list({}, left=(LEFT,), language="ar")
    first, second = (book.content(school, answer_words("ar"), PUPILS) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = openpyxl.load_workbook(io.BytesIO(first)).properties
    assert properties.created == properties.modified == dt.datetime.combine(DAY, dt.time())


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_are_offered_can_be_told_apart_and_fit_in_a_rule(language: str) -> None:
    for words in answer_words(language).values():
        assert len(set(words.values())) == len(words)
        assert not any("," in word for word in words.values())
        assert len(",".join(words.values())) <= 255  # Excel's bound; xlsxwriter leaves a longer rule out
