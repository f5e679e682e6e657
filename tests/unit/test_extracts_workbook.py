"""Workbooks: values as they stand, by their row numbers; what holds no value is a reject; what is hostile costs itself alone."""

import csv
import datetime as dt
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from dropout.errors import ExtractError
from dropout.extracts.confined import Limits
from dropout.extracts.container import place_of_letters
from dropout.extracts.source import SourceFile, load_source
from tests.formats import KIND, sheet_of, taken, workbook
from tests.massar_workbook import FRENCH, MATHS, SAMPLES, write

HEADER = ["name", "place"]


def test_cells_are_text_as_a_person_would_write_it(tmp_path: Path) -> None:
    values = [
        "0612345678",
        7,
        7.5,
        12345678901,
        True,
        dt.date(2025, 2, 3),
        dt.datetime(2025, 2, 3, 8, 5),
        -0.125,
        "=1+1",
        "é علي",
    ]
    path = workbook(tmp_path / "a.xlsx", [HEADER, *([v, "x"] for v in values)])
    sheet, rows = sheet_of(path)
    assert [row[1] for row in rows] == [
        "0612345678", "7", "7.5", "12345678901", "true", "2025-02-03", "2025-02-03 08:05:00", "-0.125", "=1+1", "é علي",
    ]  # fmt: skip
    assert (sheet.line_count, sheet.rejects, sheet.is_typed, rows[0][0]) == (10, [], True, 2)


def test_lines_are_row_numbers_and_blank_rows_hold_nothing(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.XLSM", [["Academy", "Rabat"], [], HEADER, ["a", "1"], [" ", ""], [], ["b", "2"]])
    sheet, rows = sheet_of(path)
    assert rows == [(4, "a", "1"), (7, "b", "2")]
    assert (sheet.line_count, sheet.above) == (2, [["Academy", "Rabat"], ["", ""]])


def test_a_table_may_stand_anywhere_on_the_sheet(tmp_path: Path) -> None:
    rows = [[None] * 3 + list(row) for row in ([], HEADER, ["a", "1"])]
    assert taken(workbook(tmp_path / "a.xlsx", rows)) == ([(3, "a", "1")], [])


def test_the_saved_value_of_a_formula_is_taken_and_nothing_is_computed(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.worksheets()[0]
        sheet.write_formula("A3", '=WEBSERVICE("http://x.example/")', None, "saved")
        sheet.write_formula("B3", "='[other.xlsx]Sheet1'!A1", None, 5)

    assert taken(workbook(tmp_path / "a.xlsx", [HEADER, ["a", "1"]], fill=fill))[0] == [(2, "a", "1"), (3, "saved", "5")]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("#N/A", "an error value in a cell"),
        ("#REF!", "an error value in a cell"),
        ("unsaved", "a formula without a saved value"),
        (1234567890123456, "a number of more than 15 digits"),
        ("a\0b", "a NUL byte"),
    ],
)
def test_a_cell_without_a_value_costs_its_row_where_we_read_it(tmp_path: Path, cell: Any, why: str) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.worksheets()[0]
        for row, column in ((2, 1), (3, 2)):
            if isinstance(cell, str) and cell.startswith("#"):
                sheet.write_formula(row, column, "=LOOKUP(1,Z:Z)", None, cell)
            elif isinstance(cell, int):
                sheet.write_number(row, column, cell)
            else:
                sheet.write_string(row, column, "@")

    path = workbook(tmp_path / "a.xlsx", [[*HEADER, "other"], ["a", "1"], ["bad"], ["b", "2"]], fill=fill)
    if cell == "unsaved":  # as a program writes it that computes nothing
        rewrite(path, "sheet1.xml", b't="s"><v>8</v>', b"><f>1+1</f><v></v>")
    elif cell == "a\0b":
        rewrite(path, "sharedStrings.xml", b"<t>@</t>", b"<t>a_x0000_b</t>")
    sheet, rows = sheet_of(path)
    assert sheet.rejects == [(3, "place", why)]
    assert [(row[0], row[1]) for row in rows] == [(2, "a"), (4, "b")]
    assert sheet.text is not None and sheet.text.read_text(encoding="utf-8").split("\n")[2].startswith("bad\t")
    assert sheet.line_count == 3


def rewrite(path: Path, part: str, old: bytes, new: bytes) -> None:
    """Replaces bytes in one part of a workbook."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            if name.endswith(part):
                assert old in content
                content = content.replace(old, new)
            book.writestr(name, content)


def test_in_a_wide_layout_an_error_value_costs_its_record_alone(tmp_path: Path) -> None:
    kind = SourceFile(
        match="*", table="attendance", columns={"student_id": "id"}, constants={"session": "day"}, date_formats=["%Y-%m-%d"],
        unpivot={"headers": r"^(?P<date>\d{4}-\d{2}-\d{2})$", "into": "status"}, codes={"status": {"p": "present"}},
    )  # fmt: skip
    rows = [["id", dt.date(2025, 2, 3), dt.date(2025, 2, 4)], ["S1", None, "p"]]
    path = workbook(
        tmp_path / "a.xlsx", rows, fill=lambda book: book.worksheets()[0].write_formula(1, 1, "=NA()", None, "#N/A") and None
    )
    found, rejects = taken(path, kind)
    assert found == [(2, "S1", dt.date(2025, 2, 4), "day", "present")]
    assert rejects == [(2, "status", "a code the source does not map")]


def test_the_sheet_is_the_named_one_or_the_only_visible_one_with_the_header(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.worksheets()[1].hide()

    path = workbook(tmp_path / "a.xlsx", [["notes"]], [HEADER, ["hidden", "1"]], [HEADER, ["seen", "2"]], fill=fill)
    assert taken(path)[0] == [(2, "seen", "2")]
    assert taken(path, KIND.model_copy(update={"sheet": "SHEET2"}))[0] == [(2, "hidden", "1")]
    with pytest.raises(ExtractError, match="the workbook has no sheet 'marks'"):
        sheet_of(path, KIND.model_copy(update={"sheet": "marks"}))
    both = workbook(tmp_path / "b.xlsx", [HEADER, ["a", "1"]], [HEADER, ["b", "2"]])
    with pytest.raises(ExtractError, match="2 sheets of the workbook have the columns of t"):
        sheet_of(both)


def test_missing_columns_are_named_and_people_are_not(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match="missing columns: name, place") as raised:
        sheet_of(workbook(tmp_path / "a.xlsx", [["Amrani", "Rabat"], ["Berrada", "Fès"]]))
    assert "Amrani" not in str(raised.value)
    with pytest.raises(ExtractError, match="the workbook is empty"):
        sheet_of(workbook(tmp_path / "b.xlsx", [], [[" "]]))


def zipped(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is no workbook"),
        (b"name;place\n", "the file is no workbook(.|\n)*a text file must be named .csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "in the old format (.*), or locked with a password"),
        (b"PK\x03\x04" + bytes(100), "It is cut or damaged"),
        ({"readme.txt": b"x"}, "a zip, and no workbook"),
        ({"xl/workbook.bin": b"x"}, "another format"),
        ({"xl/workbook.xml": b"<workbook/>", "xl/media/zero": bytes(64 << 20)}, "unpacks to more than is allowed"),
        ({"xl/workbook.xml": b"<workbook"}, "the file cannot be read"),
    ],
)
def test_what_is_no_workbook_says_so(tmp_path: Path, content: Any, said: str) -> None:
    path = tmp_path / "pupils.xlsx"
    zipped(path, content) if isinstance(content, dict) else path.write_bytes(content)
    with pytest.raises(ExtractError, match=said) as raised:
        sheet_of(path)
    assert raised.value.where == "pupils.xlsx"


def test_a_locked_part_and_a_cut_file_are_refused(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx", [HEADER, ["a", "1"]]).read_bytes()
    at = whole.index(b"PK\x01\x02")
    (tmp_path / "b.xlsx").write_bytes(whole[: at + 8] + b"\x01" + whole[at + 9 :])
    with pytest.raises(ExtractError, match="locked with a password"):
        sheet_of(tmp_path / "b.xlsx")
    (tmp_path / "c.xlsx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ExtractError, match="cut or damaged"):
        sheet_of(tmp_path / "c.xlsx")


def test_a_sheet_of_seventeen_billion_cells_costs_its_file_alone(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.worksheets()[0].write_string(1_048_575, 16_383, "far away")

    with pytest.raises(ExtractError, match="reading needs more memory than is allowed"):
        sheet_of(workbook(tmp_path / "a.xlsx", [HEADER], fill=fill))


def test_one_long_text_in_every_cell_costs_its_file_alone(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, *([["x" * 30_000, "y"]] * 40_000)])  # 1.2 GB of text in 200 kB
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ExtractError, match="reading needs more memory than is allowed"):
        sheet_of(path)


def test_reading_ends_at_its_time(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"reading took longer than 0\.01 seconds"):
        sheet_of(workbook(tmp_path / "a.xlsx", [HEADER]), limits=Limits(256 << 20, 0.01))


def test_a_row_of_endless_text_is_a_reject(tmp_path: Path) -> None:
    sheet, rows = sheet_of(workbook(tmp_path / "a.xlsx", [HEADER, ["x" * 32_000] * 9, ["a", "1"]]))
    assert sheet.rejects == [(2, "", "a row of more than 262,144 characters")]
    assert ([row[0] for row in rows], sheet.line_count) == ([3], 2)


def test_places_of_cells() -> None:
    assert [place_of_letters(cell) for cell in ("A1", "Z9", "AA10", "XFD1048576")] == [0, 25, 26, 16_383]


def massar() -> SourceFile:
    kind = load_source("massar").file_for("export_notesCC_2APIC-1_0030.xlsx")
    assert kind is not None
    return kind


def test_massar_workbooks_become_marks(tmp_path: Path) -> None:
    kind, found, refused = massar(), [], []
    for path in sorted(SAMPLES.glob("*.xlsx")):
        rows, rejects = taken(Path(shutil.copy(path, tmp_path)), kind)
        columns = [name for name in kind.canonical() if name in kind.types()]
        found += [
            {"assessment_date": "", "coefficient": "", **dict(zip(columns, map(shown, row[1:]), strict=True))} for row in rows
        ]
        refused += [[path.name, *map(str, reject)] for reject in rejects]
    expected = SAMPLES.parents[1] / "expected"
    with (expected / "grade.csv").open(encoding="utf-8", newline="") as file:
        wanted = list(csv.DictReader(file))
    assert sorted(found, key=lambda r: sorted(r.items())) == sorted(wanted, key=lambda r: sorted(r.items()))
    with (expected / "rejects.csv").open(encoding="utf-8", newline="") as file:
        assert refused == list(csv.reader(file))[1:]


def shown(value: object) -> str:
    return "" if value is None else str(value)


@pytest.mark.parametrize(("marks", "name"), [(MATHS, "0030"), (FRENCH, "0012")])
def test_the_samples_are_what_the_script_writes(tmp_path: Path, marks: Any, name: str) -> None:
    file = f"export_notesCC_2APIC-1_{name}.xlsx"
    now, kept = sheet_of(write(tmp_path / file, marks), massar()), sheet_of(Path(shutil.copy(SAMPLES / file, tmp_path)), massar())
    assert (now[1], now[0].header, now[0].above) == (kept[1], kept[0].header, kept[0].above)
