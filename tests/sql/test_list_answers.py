"""Lists that came back: from the inbox to core.followup, whatever a spreadsheet made of them; no answer is lost."""

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dropout.extracts.answers.recognise import language_of
from dropout.extracts.answers.words import CHOICES, answer_words
from dropout.extracts.source import LISTS, load_source, many
from dropout.publish.lists.csv_file import content
from dropout.publish.lists.gather import SCHEMA
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.words import LANGUAGES, LIST_COLUMNS, words_of
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.places import ENROLMENT, SCHOOL, ask, deliver, deployment, intake

LIST_DAY = dt.date(2025, 3, 10)
NIGHT = dt.date(2025, 3, 14)
PUPILS = [  # number, family name, given name
    ("0012", "=1+1", "محمد"),
    ("J2", 'O\'Brien; "Q"', "Zoë"),
    ("-5", "Élan, Sud", "Aya"),
    ("7", "بنعلي", "فاطمة"),
]
STUDENTS = "student_id,given_name,family_name\n" + "".join(
    ",".join(f'"{text.replace(chr(34), chr(34) * 2)}"' for text in (number, given, family)) + "\n"
    for number, family, given in PUPILS
)
ENROLLED = ENROLMENT.splitlines()[0] + "".join(f"\n{n},A,2024-2025,7,A-1,2024-09-02,," for n, _, _ in PUPILS) + "\n"
Cells = dict[str, str]


def written(language: str) -> bytes:
    """The list of the four pupils as the program writes it."""
    import polars as pl

    rows = [
        {"list_date": LIST_DAY, "school": "Nord", "student_id": n, "family_name": f, "given_name": g, "chance_percent": 31.5}
        for n, f, g in PUPILS
    ]
    table = pl.DataFrame(rows, schema_overrides=SCHEMA).with_columns(
        pl.lit(None).cast(kind).alias(name) for name, kind in SCHEMA.items() if name not in rows[0]
    )
    table = table.select(LIST_COLUMNS)
    return content(SchoolList("A", "Nord", language, LIST_DAY, "leaves_by_next_year", "model", table, (1, 2, 3, 4), table.clear()))


def grid(language: str, answers: dict[str, Cells], **everywhere: str) -> list[list[str]]:
    """The list's cells with `answers` filled in: student number as written → column → text; `everywhere` in each row."""
    words = words_of(language)
    header, *rows = csv.reader(io.StringIO(written(language).decode("utf-8-sig")), delimiter=words.separator)
    at = {column: header.index(getattr(words.columns, column)) for column in LIST_COLUMNS}
    for row in rows:
        number = row[at["student_id"]]
        for column, text in {**everywhere, **answers.get(number.lstrip("'"), {})}.items():
            row[at[column]] = text
    return [header, *rows]


def as_csv(rows: list[list[str]], delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding, errors="replace")


@pytest.fixture
def place(tmp_path: Path) -> Deployment:
    made = deployment(tmp_path)
    people: dict[str, str | bytes] = {"school.csv": SCHOOL, "student.csv": STUDENTS, "enrolment.csv": ENROLLED}
    intake(made, deliver(tmp_path, "people", people), as_history=True, on=dt.date(2025, 3, 1))
    return made


def returned(place: Deployment, data: bytes, name: str = "liste.csv", on: dt.date = NIGHT) -> dict[str, int]:
    (place.inbox / name).write_bytes(data)
    return {k: int(v) for k, v in intake(place, on=on).items() if isinstance(v, int)}


def answers(place: Deployment) -> dict[str, tuple[Any, ...]]:
    """Student number → the answer that stands."""
    with connect(place, attach=("identity",)) as con:
        rows = con.execute(
            "select s.student_id, f.list_date, f.decision::varchar, f.action::varchar, f.action_date, f.outcome::varchar, f.note_code "
            "from core.followup as f inner join identity.student as s using (student_key) where f.known_until is null"
        ).fetchall()
    return {number: tuple(rest) for number, *rest in rows}


def remarks(place: Deployment) -> list[tuple[Any, ...]]:
    with connect(place, attach=("identity",)) as con:
        return con.execute(
            "select s.student_id, r.list_date, r.remark, r.known_at from identity.remark as r "
            "inner join identity.student as s using (student_key) order by all"
        ).fetchall()


def file_counts(place: Deployment) -> list[tuple[Any, ...]]:
    return ask(
        place,
        "select line_count, row_count, reject_count, aside_count, status from ops.file where source = 'list_answers' order by file_id",
    )


def said(language: str, column: str, code: str) -> str:
    return answer_words(language)[column][code]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_filled_as_csv_comes_back(place: Deployment, language: str) -> None:
    filled = {
        "0012": {
            "decision": said(language, "decision", "will_act"), "action": said(language, "action", "call"),
            "action_date": "2025-03-12", "outcome": said(language, "outcome", "improved"), "note_code": "N4",
            "remark": "Le père rappelle lundi; 06 12 34",
        },
        "-5": {"decision": said(language, "decision", "not_at_this_school").upper()},
    }  # fmt: skip
    counts = returned(place, as_csv(grid(language, filled), words_of(language).separator))
    assert answers(place) == {
        "0012": (LIST_DAY, "will_act", "call", dt.date(2025, 3, 12), "improved", "N4"),
        "-5": (LIST_DAY, "not_at_this_school", None, None, None, None),
    }
    assert remarks(place) == [("0012", LIST_DAY, "Le père rappelle lundi; 06 12 34", NIGHT)]
    # four lines: two answers, two rows that nobody answered
    assert file_counts(place) == [(4, 2, 0, 2, "read")]
    assert (counts["load_loaded"], counts["load_quarantined"], counts["read_stopped"]) == (2, 0, 0)
    assert list(place.inbox.iterdir()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_filled_as_workbook_comes_back(place: Deployment, language: str, tmp_path: Path) -> None:
    """Two sheets, dates as dates, the list below a title: as our workbook has it."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Nord"])
    rows = grid(language, {"7": {"decision": said(language, "decision", "disagree"), "remark": "déjà inscrite ailleurs"}})
    for row in rows:
        sheet.append([cell or None for cell in row])
    words = words_of(language).columns
    place_of = {column: rows[0].index(getattr(words, column)) + 1 for column in LIST_COLUMNS}
    sheet.cell(row=3, column=place_of["action_date"], value=dt.date(2025, 3, 11))
    sheet.cell(row=3, column=place_of["action"], value=said(language, "action", "meeting"))
    sheet.cell(row=3, column=place_of["list_date"], value=dt.datetime(2025, 3, 10))
    book.create_sheet("how to read").append(["Decision", "how to read this"])
    book.save(tmp_path / "b.xlsx")
    returned(place, (tmp_path / "b.xlsx").read_bytes(), "Liste de Mme Amrani (2).xlsx")
    assert answers(place) == {
        "7": (LIST_DAY, "disagree", None, None, None, None),
        "0012": (LIST_DAY, None, "meeting", dt.date(2025, 3, 11), None, None),  # an action without a decision is an answer
    }
    assert remarks(place) == [("7", LIST_DAY, "déjà inscrite ailleurs", NIGHT)]
    # the file's name could name a person: the delivery has another
    assert ask(place, "select name from ops.delivery where source = 'list_answers'") == [("2025-03-14 list 00001",)]


@pytest.mark.parametrize(
    ("language", "delimiter", "encoding"),
    [
        ("fr", ";", "windows-1252"), ("fr", ";", "utf-8"), ("fr", "\t", "utf-16"), ("fr", ",", "utf-8-sig"),
        ("fr", ";", "windows-1256"), ("ar", ";", "windows-1256"), ("ar", "\t", "utf-16"), ("ar", ",", "utf-8"),
        ("en", ",", "windows-1252"), ("en", ";", "utf-8-sig"),
    ],
)  # fmt: skip
def test_whatever_code_page_and_separator_a_spreadsheet_chose(
    place: Deployment, language: str, delimiter: str, encoding: str
) -> None:
    remark = {"windows-1252": "École, très", "windows-1256": "الأب مسافر, é"}.get(encoding, "École الأب")
    filled = {"J2": {"decision": said(language, "decision", "already_known"), "remark": remark}}
    rows = [[*row, "", ""] for row in grid(language, filled)] + [[""] * (len(LIST_COLUMNS) + 2)] * 3  # blank columns and rows
    returned(place, as_csv(rows, delimiter, encoding))
    assert answers(place) == {"J2": (LIST_DAY, "already_known", None, None, None, None)}
    assert [text for _, _, text, _ in remarks(place)] == [remark]
    lines, kept, rejected, aside, status = file_counts(place)[0]
    assert (kept, rejected, status, lines) == (1, 0, "read", kept + rejected + aside)
