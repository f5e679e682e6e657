"""Lists opened by LibreOffice, which wrote neither: what it shows is what was meant."""

import csv
import io
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from dropout.extracts.answers.words import answer_words
from dropout.publish.lists import csv_file
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.lists.workbook import book
from dropout.publish.words import LIST_COLUMNS, words_of
from tests.school_lists import LEFT, school_list

OFFICE = shutil.which("soffice")
pytestmark = pytest.mark.skipif(OFFICE is None, reason="LibreOffice (soffice) is not installed")

HOSTILE = ['=HYPERLINK("http://x";"y")', "+212 600", "@SUM(1)", "_x0041_", "A\x0bB", "deux\nlignes", "\u200f=1+1"]
AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"  # `,` `"` UTF-8, as shown, sheet 1
TEXT_COLUMNS = "/".join(f"{place}/2" for place in range(1, len(LIST_COLUMNS) + 1))  # 2: text
FROM_CSV = f"--infilter=CSV:59,34,76,1,{TEXT_COLUMNS}"


def converted(folder: Path, name: str, content: bytes, kind: str, *options: str) -> bytes:
    """`content` opened by LibreOffice and saved as `kind`."""
    (folder / name).write_bytes(content)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    assert OFFICE is not None
    command = [OFFICE, profile, "--headless", *options, "--convert-to", kind, "--outdir", str(folder / "out"), str(folder / name)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (made,) = (folder / "out").glob(f"{Path(name).stem}*")
    return made.read_bytes()


def hostile(language: str) -> SchoolList:
    return school_list(*({"family_name": text} for text in HOSTILE), language=language, left=(LEFT,))


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_libreoffice_shows_the_workbook_as_it_was_meant(tmp_path: Path, language: str) -> None:
    shown = converted(tmp_path, "list.xlsx", book.content(hostile(language), answer_words(language)), AS_CSV)
    header, *rows = csv.reader(io.StringIO(shown.decode("utf-8-sig"), newline=""))
    assert header == list(words_of(language).columns.model_dump().values())
    found = [dict(zip(LIST_COLUMNS, row, strict=True)) for row in rows]
    assert [row["family_name"] for row in found] == [text.replace("\x0b", " ").replace("\n", " ") for text in HOSTILE]
    assert {(row["student_id"], row["list_date"]) for row in found} == {("00123", "10/03/2025")}
    assert {float(row["chance_high_percent"].replace(",", ".")) for row in found} == {37.5}


def test_libreoffice_reads_the_csv_with_its_zeros_and_computes_nothing(tmp_path: Path) -> None:
    made = converted(tmp_path, "list.csv", csv_file.content(hostile("fr")), "xlsx", FROM_CSV)
    sheet = openpyxl.load_workbook(io.BytesIO(made)).worksheets[0]
    header, *rows = sheet.iter_rows()
    assert [c.value for c in header] == list(words_of("fr").columns.model_dump().values())
    assert len(rows) == len(HOSTILE) + 1  # who left the list follows it
    number, name = LIST_COLUMNS.index("student_id"), LIST_COLUMNS.index("family_name")
    assert [row[number].value for row in rows] == ["00123"] * len(HOSTILE) + ["007"]
    assert "f" not in {c.data_type for row in rows for c in row}
    assert rows[0][name].value == "'" + HOSTILE[0]
