"""Writes workbooks in the layout of Massar's marks export, about invented pupils: the samples of the source, and tests.

`python -m tests.massar_workbook` writes the samples again.
"""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import xlsxwriter

SAMPLES = Path(__file__).parents[1] / "data_contracts/sources/massar/samples/2025-11-28"
ERROR = "#N/A"  # written as the error value that a broken lookup leaves
Mark = str | float
Pair = tuple[Mark, str]
FIRST, SECOND, THIRD, FOURTH = "الفرض الأول", "الفرض الثاني", "الفرض الثالث", "الفرض الرابع"
ACTIVITIES, REMARKS = "الأنشطة المندمجة", "ملاحظات الأستاذ"


@dataclass(frozen=True)
class Marks:
    """One class and subject. `pupils`: code, name, birth date, then (mark, absence) for each of `tests`.

    `is_merged`: as Massar writes it; else as it looks after other programs: headers repeated, more blanks, no colons.
    """

    subject: str
    term: str
    school_year: str
    tests: list[str]
    pupils: list[tuple[str, str, str, list[Pair]]] = field(default_factory=list)
    is_merged: bool = True


def write(path: Path, marks: Marks) -> Path:
    """The workbook of `marks`."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_numbers": False})
    book.set_properties({"created": dt.datetime(2025, 11, 28)})
    sheet = book.add_worksheet("NotesCC")
    sheet.right_to_left()
    sheet.set_column(1, 1, None, None, {"hidden": True})
    _above(sheet, marks)
    _header(sheet, marks)
    for number, (code, name, born, pairs) in enumerate(marks.pupils):
        row = 17 + number
        sheet.write_number(row, 1, 11000001 + number)
        for column, text in ((2, code), (3, name), (5, born)):
            sheet.write_string(row, column, text)
        for place, (mark, absence) in enumerate(pairs):
            _mark(sheet, row, 6 + 2 * place, mark)
            sheet.write_string(row, 7 + 2 * place, absence)
    book.close()
    return path


def _above(sheet: xlsxwriter.worksheet.Worksheet, marks: Marks) -> None:
    colon = "  :" if marks.is_merged else ""
    sheet.write_string("F4", "نقط المراقبة المستمرة")
    labels = {
        7: (("أكاديمية", "فاس - مكناس"), ("م.الإقليمية", "عمالة: فاس"), ("مؤسسة", "إعدادية المثال")),
        9: (("المستوى", "الثانية إعدادي"), ("القسم", "2APIC-1")),
        11: (("الدورة", marks.term), ("نقط", ""), ("المادة", marks.subject)),
        13: (("السنة الدراسية", marks.school_year),),
    }
    for row, pairs in labels.items():
        for (label, value), (at, beside) in zip(pairs, (("C", "D"), ("G", "I"), ("L", "O")), strict=False):
            sheet.write_string(f"{at}{row}", label + colon)
            sheet.write_string(f"{beside}{row}", value)


def _header(sheet: xlsxwriter.worksheet.Worksheet, marks: Marks) -> None:
    for place in range(len(marks.tests)):
        sheet.write_string(14, 6 + 2 * place, f"#{place + 1}#")
    for column, text in ((1, "ID"), (2, "رقم  التلميذ  "), (3, "إسم التلميذ"), (5, " تاريخ الإزدياد")):
        sheet.write_string(15, column, text)
    for place, test in enumerate([*marks.tests, REMARKS]):
        column = 6 + 2 * place
        if marks.is_merged:
            sheet.merge_range(15, column, 15, column + 1, test)
        else:
            sheet.write_string(15, column, f"{test} ")
            sheet.write_string(15, column + 1, test.replace(" ", "  "))
        sheet.write_string(16, column, "-" if test == REMARKS else "النقطة")
        sheet.write_string(16, column + 1, "التغيب")


def _mark(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, mark: Mark) -> None:
    if mark == ERROR:
        sheet.write_formula(row, column, "=VLOOKUP(C1,Z1:Z9,1,FALSE)", None, ERROR)
    elif isinstance(mark, str):
        sheet.write_string(row, column, mark)
    else:
        sheet.write_number(row, column, mark)


MATHS = Marks(
    subject="الرياضيات",
    term="الدورة الأولى",
    school_year="2025/2026",
    tests=[FIRST, SECOND, THIRD, ACTIVITIES],
    pupils=[
        ("G130000001", "تجربة أولى", "09-03-2012", [(14, ""), ("12,5", ""), ("", ""), (16, "")]),
        ("G130000002", "تجربة ثانية", "21-11-2012", [("١٣٫٥", ""), ("", "غ"), ("", ""), ("", "")]),
        ("G130000003", "تجربة ثالثة", "02-01-2012", [(9.75, ""), (0, ""), ("-", ""), ("١٨,٢٥", "")]),
        ("R140000004", "تجربة رابعة", "30-06-2011", [("1O", ""), (11, "لا"), ("", ""), ("", "")]),
        ("R140000005", "تجربة خامسة", "15-08-2012", [("", "نعم"), (7.25, ""), ("", "ربما"), (10, "")]),
        ("K1300000006", "تجربة سادسة", "01-12-2012", [(ERROR, ""), ("20", ""), ("", ""), ("", "")]),
        ("K1300000007", "تجربة سابعة", "17-04-2012", [("", ""), ("", ""), ("", ""), ("", "")]),
    ],
)
FRENCH = Marks(
    subject="اللغة الفرنسية",
    term="الأسدس الأول",
    school_year="2025-2026",
    tests=[FIRST, SECOND, THIRD, FOURTH],
    pupils=[
        ("G130000001", "تجربة أولى", "09-03-2012", [("8", ""), ("", "x"), (10.5, ""), ("", "")]),
        ("R140000005", "تجربة خامسة", "15-08-2012", [(13, ""), ("11,75", ""), ("", ""), (6, "1")]),
    ],
    is_merged=False,
)

if __name__ == "__main__":
    write(SAMPLES / "export_notesCC_2APIC-1_0030.xlsx", MATHS)
    write(SAMPLES / "export_notesCC_2APIC-1_0012.xlsx", FRENCH)
