"""Lists that came back: from the inbox to core.followup, whatever a spreadsheet made of them; no answer is lost."""

import csv
import datetime as dt
import io
import shutil
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
    return content(
        SchoolList("A", "Nord", language, LIST_DAY, "leaves_by_next_year", "model", table, (1, 2, 3, 4), table.clear())
    )


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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("made")
    place = deployment(folder)
    people: dict[str, str | bytes] = {"school.csv": SCHOOL, "student.csv": STUDENTS, "enrolment.csv": ENROLLED}
    intake(place, deliver(folder, "people", people), as_history=True, on=dt.date(2025, 3, 1))
    return place


@pytest.fixture
def place(made: Deployment, tmp_path: Path) -> Deployment:
    shutil.copytree(made.root, tmp_path / "place")
    return Deployment(tmp_path / "place", made.settings)


def returned(place: Deployment, data: bytes, name: str = "liste.csv", on: dt.date = NIGHT) -> dict[str, int]:
    (place.inbox / name).write_bytes(data)
    return {k: int(v) for k, v in intake(place, on=on).items() if isinstance(v, int)}


def answers(place: Deployment) -> dict[str, tuple[Any, ...]]:
    """Student number → the answer that stands."""
    with connect(place, attach=("identity",)) as con:
        rows = con.execute(
            "select s.student_id, f.list_date, f.decision::varchar, f.action::varchar, f.action_date, f.outcome::varchar, "
            "f.note_code from core.followup as f inner join identity.student as s using (student_key) where f.known_until is null"
        ).fetchall()
    return {number: tuple(rest) for number, *rest in rows}


def remarks(place: Deployment) -> list[tuple[Any, ...]]:
    with connect(place, attach=("identity",)) as con:
        return con.execute(
            "select s.student_id, r.list_date, r.remark, r.known_at from identity.remark as r "
            "inner join identity.student as s using (student_key) where r.remark is not null order by all"
        ).fetchall()


def reviewers(place: Deployment) -> list[tuple[Any, ...]]:
    """Student number, remark, who answered, and since when, as the identity store holds them."""
    with connect(place, attach=("identity",)) as con:
        return con.execute(
            "select s.student_id, r.remark, r.reviewer, r.known_at from identity.remark as r "
            "inner join identity.student as s using (student_key) order by all"
        ).fetchall()


def file_counts(place: Deployment) -> list[tuple[Any, ...]]:
    return ask(
        place,
        "select line_count, row_count, reject_count, aside_count, status from ops.file where source = 'list_answers' "
        "order by file_id",
    )


def said(language: str, column: str, code: str) -> str:
    return answer_words(language)[column][code]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_filled_as_csv_comes_back(place: Deployment, language: str) -> None:
    filled = {
        "0012": {
            "decision": said(language, "decision", "will_act"), "action": said(language, "action", "call"),
            "action_date": "2025-03-12", "outcome": said(language, "outcome", "improved"), "note_code": "N4",
            "remark": "Le père rappelle lundi; 06 12 34", "reviewer": "=A.B.",
        },
        "-5": {"decision": said(language, "decision", "not_at_this_school").upper(), "reviewer": " الحارسة العامة "},
    }  # fmt: skip
    counts = returned(place, as_csv(grid(language, filled), words_of(language).separator))
    assert answers(place) == {
        "0012": (LIST_DAY, "will_act", "call", dt.date(2025, 3, 12), "improved", "N4"),
        "-5": (LIST_DAY, "not_at_this_school", None, None, None, None),
    }
    assert remarks(place) == [("0012", LIST_DAY, "Le père rappelle lundi; 06 12 34", NIGHT)]
    assert reviewers(place) == [
        ("-5", None, "الحارسة العامة", NIGHT),
        ("0012", "Le père rappelle lundi; 06 12 34", "=A.B.", NIGHT),
    ]
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


@pytest.mark.parametrize(
    ("language", "list_day", "action_day", "taken"),
    [
        ("fr", "10/03/2025", "12/03/2025", dt.date(2025, 3, 12)),
        ("fr", "10.03.25", "12.3.25", dt.date(2025, 3, 12)),
        # 10 March was rewritten with the month first, by a machine that speaks American: so was 11 March
        ("fr", "3/10/2025", "3/11/2025", dt.date(2025, 3, 11)),
        ("en", "10/03/2025", "11/03/2025", dt.date(2025, 3, 11)),
        ("en", "3/10/2025", "3/11/2025", dt.date(2025, 3, 11)),
        ("en", "2025-03-10", "11/03/2025", dt.date(2025, 3, 11)),  # 3 November would lie after the return
        ("en", "2025-03-10", "2025-03-11 00:00:00", dt.date(2025, 3, 11)),
        ("ar", "١٠/٠٣/٢٠٢٥", "١٢/٠٣/٢٠٢٥", dt.date(2025, 3, 12)),
        ("fr", "45726", "45728", dt.date(2025, 3, 12)),  # days since 1899-12-30: date cells whose form was lost
        ("fr", "2025-03-10", "25/03/2025", dt.date(2025, 3, 25)),  # a day to come is a plan
    ],
)
def test_dates_as_a_spreadsheet_rewrites_them(
    place: Deployment, language: str, list_day: str, action_day: str, taken: dt.date
) -> None:
    filled = {"J2": {"action": said(language, "action", "talk"), "action_date": action_day}}
    returned(place, as_csv(grid(language, filled, list_date=list_day)))
    assert answers(place) == {"J2": (LIST_DAY, None, "talk", taken, None, None)}


def test_a_date_that_can_be_read_two_ways_is_asked_back(place: Deployment) -> None:
    """12 March and 3 December both lie after the list and, planned, before next summer: nothing tells."""
    filled = {"J2": {"action": "talk", "action_date": "03/12/2025"}}
    returned(place, as_csv(grid("en", filled)), on=dt.date(2025, 12, 20))
    assert answers(place) == {}
    assert ask(place, "select line, column_name, reason from ops.reject") == [
        (3, "action_date", "a date that two formats read differently")
    ]


def test_the_name_of_the_file_tells_the_order_of_day_and_month(place: Deployment) -> None:
    filled = {"J2": {"decision": "disagree"}}
    data = as_csv(grid("en", filled, list_date="05/03/2025"))  # 5 March or 3 May
    returned(place, data, "A_2025-05-03.csv", on=dt.date(2025, 6, 1))
    assert answers(place)["J2"][0] == dt.date(2025, 5, 3)


def test_a_number_that_lost_its_zeros_is_known_again(place: Deployment) -> None:
    rows = grid("en", {"0012": {"decision": "disagree"}})
    number = rows[0].index("Student number")
    for row in rows[1:]:
        row[number] = row[number].lstrip("0'")
    returned(place, as_csv(rows))
    assert answers(place) == {"0012": (LIST_DAY, "disagree", None, None, None, None)}


def test_of_two_students_with_like_numbers_the_name_decides(place: Deployment, tmp_path: Path) -> None:
    more = "student_id,given_name,family_name\n12,Sami,Alaoui\n"
    enrolled = ENROLMENT.splitlines()[0] + "\n12,A,2024-2025,7,A-1,2024-09-02,,\n"
    intake(place, deliver(tmp_path, "more", {"student.csv": more, "enrolment.csv": enrolled}), on=dt.date(2025, 3, 2))
    rows = grid("en", {"0012": {"decision": "disagree"}})
    number, given = rows[0].index("Student number"), rows[0].index("Given name")
    rows[1][number] = "12"
    returned(place, as_csv(rows))
    assert answers(place) == {"0012": (LIST_DAY, "disagree", None, None, None, None)}
    rows[1][given] = ""  # then nothing tells the two apart
    returned(place, as_csv(rows), "again.csv")
    assert ask(place, "select column_name, reason from ops.reject") == [
        ("student_id", "a number that could be of several students")
    ]


def test_a_number_of_nobody_goes_to_quarantine_with_its_line(place: Deployment) -> None:
    rows = grid("en", {"J2": {"decision": "will act"}})
    rows[2][rows[0].index("Student number")] = "1.2E+09"
    returned(place, as_csv(rows))
    assert answers(place) == {}
    assert ask(place, "select line, rules from ops.quarantine") == [(3, ["unknown_student"])]


def test_what_the_list_does_not_offer_is_a_reject_and_the_rest_goes_in(place: Deployment) -> None:
    filled = {
        "0012": {"decision": "maybe"}, "J2": {"decision": "will act", "note_code": "her father drinks"},
        "-5": {"decision": "WILL  ACT ", "action": "none"}, "7": {"action_date": "tomorrow", "decision": "disagree"},
    }  # fmt: skip
    returned(place, as_csv(grid("en", filled)))
    assert answers(place) == {"-5": (LIST_DAY, "will_act", "none", None, None, None)}
    assert ask(place, "select line, column_name, reason from ops.reject order by line") == [
        (2, "decision", "a word that the list does not offer"),
        (3, "note_code", "a note that is no code"),
        (5, "action_date", "not a date"),
    ]
    assert "drinks" not in str(ask(place, "select * from ops.quarantine")) + str(ask(place, "select * from ops.reject"))


def test_twenty_wrong_lines_refuse_nothing_and_do_not_end_the_night(place: Deployment) -> None:
    header, row, *_ = grid("en", {"0012": {"decision": "perhaps"}})
    unknown = [[*row] for _ in range(15)]
    for number, line in enumerate(unknown):
        line[header.index("Student number")] = f"X{number}"
        line[header.index("Decision")] = "disagree"
    counts = returned(place, as_csv([header, *[row] * 15, *unknown]))
    assert (counts["check_quarantined"], counts["check_refused"]) == (15, 0)
    assert file_counts(place) == [(30, 15, 15, 0, "read")]
    assert ask(place, "select status from ops.delivery where source = 'list_answers'") == [("loaded",)]


def test_the_cells_that_excel_leaves_out_at_the_end_of_a_line(place: Deployment) -> None:
    rows = grid("fr", {"J2": {"decision": "pas d'accord"}, "7": {"remark": "deux\nlignes"}})
    data = as_csv(rows, ";").decode("utf-8-sig")
    cut = "\r\n".join(line.rstrip(";") for line in data.split("\r\n"))
    returned(place, cut.encode("windows-1252", errors="replace"))
    assert answers(place) == {"J2": (LIST_DAY, "disagree", None, None, None, None)}
    assert [(n, text) for n, _, text, _ in remarks(place)] == [("7", "deux\nlignes")]
    assert file_counts(place) == [(4, 1, 0, 3, "read")]


def test_a_later_return_replaces_and_history_stays(place: Deployment) -> None:
    returned(place, as_csv(grid("en", {"J2": {"decision": "will act", "remark": "first"}, "7": {"decision": "disagree"}})))
    later = {"J2": {"decision": "will act", "action": "home visit", "remark": "second"}}  # nothing on 7: that answer stands
    returned(place, as_csv(grid("en", later)), "b.csv", on=dt.date(2025, 3, 20))
    assert answers(place) == {
        "J2": (LIST_DAY, "will_act", "home_visit", None, None, None),
        "7": (LIST_DAY, "disagree", None, None, None, None),
    }
    versions = ask(place, "select action, known_at, known_until from core.followup where decision = 'will_act' order by known_at")
    assert versions == [(None, NIGHT, dt.date(2025, 3, 20)), ("home_visit", dt.date(2025, 3, 20), None)]
    assert [text for _, _, text, _ in remarks(place)] == ["second"]


def test_an_answer_stands_under_the_initials_it_came_with(place: Deployment) -> None:
    first = {
        "J2": {"decision": "will act", "remark": "ill", "reviewer": "A.B."}, "7": {"decision": "will act", "reviewer": "A.B."},
        "0012": {"reviewer": "A.B."}, "-5": {"decision": "maybe", "reviewer": "A.B."},
    }  # fmt: skip
    returned(place, as_csv(grid("en", first)))
    # initials filled down over lines that nobody answered (0012) or that could not be read (-5) are nobody's answer
    assert reviewers(place) == [("7", None, "A.B.", NIGHT), ("J2", "ill", "A.B.", NIGHT)]
    assert file_counts(place) == [(4, 2, 1, 1, "read")]
    later = dt.date(2025, 3, 20)
    second = {
        "J2": {"decision": "disagree", "reviewer": "the head"},
        "7": {"decision": "disagree"},
        "-5": {"decision": "disagree"},
    }
    returned(place, as_csv(grid("en", second)), on=later)
    # a remark is not taken back by a blank one; the second answer on 7 was signed by nobody, and -5 has nothing private
    assert reviewers(place) == [("7", None, None, later), ("J2", "ill", "the head", later)]


def test_of_two_lines_the_last_remark_and_the_last_initials_are_kept(place: Deployment) -> None:
    rows = grid("en", {"J2": {"decision": "will act", "remark": "ill", "reviewer": "A.B."}})
    again = [*rows[2]]
    for column, text in (("Decision", "disagree"), ("Remark (free text)", ""), ("Answered by (initials)", "C.D.")):
        again[rows[0].index(column)] = text
    returned(place, as_csv([*rows, again]))
    assert reviewers(place) == [("J2", "ill", "C.D.", NIGHT)]


def test_a_store_and_a_list_of_before_the_initials(place: Deployment) -> None:
    """The store's table had no such column and no remark without words; the list's header ended with the remark."""
    with connect(place, attach=("identity",)) as con:
        con.execute("drop table identity.remark")
        con.execute(
            "create table identity.remark (student_key bigint not null, list_date date not null, remark varchar not null, "
            "known_at date not null, primary key (student_key, list_date))"
        )
        con.execute("insert into identity.remark select student_key, ?, 'old', ? from identity.student where student_id = 'J2'",
                    [LIST_DAY, LIST_DAY])  # fmt: skip
    rows = grid("en", {"J2": {"decision": "disagree"}, "7": {"decision": "disagree", "remark": "moved"}})
    returned(place, as_csv([row[:-1] for row in rows]))
    assert reviewers(place) == [("7", "moved", None, NIGHT), ("J2", "old", None, LIST_DAY)]
    returned(place, as_csv(grid("en", {"J2": {"decision": "will act", "reviewer": "A.B."}})), "new.csv", on=dt.date(2025, 3, 20))
    assert ("J2", "old", "A.B.", dt.date(2025, 3, 20)) in reviewers(place)


def test_of_two_counselors_in_one_night_the_later_name_counts(place: Deployment) -> None:
    for name, word in (("liste (1).csv", "already known"), ("liste.csv", "disagree")):  # a copy is newer than what it is of
        (place.inbox / name).write_bytes(as_csv(grid("en", {"J2": {"decision": word}})))
    intake(place, on=NIGHT)
    assert answers(place)["J2"][1] == "already_known"
    # the same bytes again are a recorded no-op
    assert returned(place, as_csv(grid("en", {"J2": {"decision": "disagree"}})), "liste.csv")["again"] == 1
    assert answers(place)["J2"][1] == "already_known"


def test_of_two_lines_of_one_list_the_last_counts(place: Deployment) -> None:
    rows = grid("en", {"J2": {"decision": "will act"}})
    again = [*rows[2]]
    again[rows[0].index("Decision")] = "disagree"
    returned(place, as_csv([*rows, again]))
    assert answers(place)["J2"][1] == "disagree"
    assert file_counts(place) == [(5, 1, 0, 4, "read")]


def test_lists_beside_extracts_go_their_own_way(place: Deployment, tmp_path: Path) -> None:
    """In a folder with an extract, and loose beside one that is still being written: neither disturbs the other."""
    marks = "student_id,school_year,term,subject,assessment_id,assessment_date,mark,max_mark,coefficient,state\n"
    marks += "J2,2024-2025,S1,maths,a,2025-03-01,12,20,1,marked\n"
    filled = as_csv(grid("fr", {"J2": {"decision": "donnera suite"}}), ";")
    deliver(place.inbox, "night", {"grade.csv": marks, "liste.csv": filled})
    (place.inbox / "school list.csv").write_bytes(as_csv(grid("en", {"7": {"decision": "disagree"}})))  # matches school*.*
    (place.inbox / "what is this.csv").write_text("a,b\n1,2\n")  # refused, and keeps no list out
    counts = intake(place, on=NIGHT)
    assert (counts["landed"], counts["refused"]) == (2, 1)
    assert set(answers(place)) == {"J2", "7"}
    assert ask(place, "select count(*) from core.grade") == [(1,)]
    assert ask(place, "select source, file_count from ops.delivery where arrived_on = '2025-03-14' order by all") == [
        ("csv", 1), ("list_answers", 1), ("list_answers", 1),
    ]  # fmt: skip
    assert ask(place, "select count(*) from core.school where known_until is null") == [(1,)]


def test_an_old_list_says_why_the_counselor_disagrees(place: Deployment) -> None:
    """Lists of before had no note code and no remark, and a column for the reason."""
    rows = grid("en", {"J2": {"decision": "disagree", "remark": "he is ill"}})
    header = ["I disagree because" if h == "Remark (free text)" else h for h in rows[0]]
    keep = [i for i, h in enumerate(header) if h not in ("Note code", "Last answer", "Numbers since then")]
    returned(place, as_csv([[row[i] for i in keep] for row in [header, *rows[1:]]]))
    assert answers(place) == {"J2": (LIST_DAY, "disagree", None, None, None, None)}
    assert [text for _, _, text, _ in remarks(place)] == ["he is ill"]


def test_a_list_that_cannot_be_read_stops_alone_and_is_told_once(place: Deployment) -> None:
    rows = grid("en", {"J2": {"decision": "disagree"}})
    (place.inbox / "good.csv").write_bytes(as_csv(rows))
    returned(place, as_csv([[*row, row[rows[0].index("Decision")]] for row in rows]), "bad.csv")  # a column copied
    assert answers(place) == {"J2": (LIST_DAY, "disagree", None, None, None, None)}
    assert ask(place, "select status, count(*) from ops.delivery where source = 'list_answers' group by all order by all") == [
        ("loaded", 1), ("refused", 1),
    ]  # fmt: skip
    assert [what for (what,) in ask(place, "select what from ops.notice")] == [
        "header names given twice: Decision (columns 22 and 29)"
    ]


def test_the_operators_command_names_pseudonyms_alone(place: Deployment) -> None:
    from typer.testing import CliRunner

    from dropout.cli import app

    def shown() -> str:
        done = CliRunner().invoke(app, ["answers", "--dir", str(place.root), "--date", "2025-03-15"], env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return done.output

    assert "No answer of the last 30 days" in shown()
    returned(place, as_csv(grid("en", {"J2": {"decision": "not at this school"}, "7": {"decision": "will act"}})))
    with connect(place) as con:
        keys = dict(con.execute("select decision::varchar, printf('%015x', student_key) from core.followup").fetchall())
    found = shown()
    assert keys["not_at_this_school"] in found
    assert keys["will_act"] not in found
    assert "J2" not in found


def test_columns_that_a_counselor_added_and_took_away_stop_nothing(place: Deployment) -> None:
    rows = grid("en", {"J2": {"decision": "disagree"}})
    gone = [i for i, h in enumerate(rows[0]) if h not in ("Remark (free text)", "Action", "Family name")]
    own = [[*(row[i] for i in gone), "Karim's own"] for row in rows]
    returned(place, as_csv(grid("en", {})), "first.csv")
    returned(place, as_csv(own), "second.csv")
    assert answers(place) == {"J2": (LIST_DAY, "disagree", None, None, None, None)}
    assert "Karim" not in str(ask(place, "from ops.file_shape"))


def test_no_word_of_a_counselor_leaves_the_identity_store(place: Deployment) -> None:
    filled = {"J2": {"decision": "disagree", "remark": "Zoubida"}, "7": {"remark": "Zoubida"}, "0012": {"decision": "Zoubida"}}
    returned(place, as_csv(grid("en", filled, reviewer="Zoubida")))
    assert [who for _, _, who, _ in reviewers(place)] == ["Zoubida"] * 2
    # one remark stands alone: nothing is answered, and nothing is wrong
    assert file_counts(place) == [(4, 1, 1, 2, "read")]
    for path in place.root.rglob("*"):
        if path.is_file() and path.name != "identity.duckdb" and "raw" not in path.parts:
            assert b"Zoubida" not in path.read_bytes(), path
    assert (place.identity.stat().st_mode & 0o777) == 0o600


def test_headers_of_the_source_are_those_the_lists_are_written_with() -> None:
    for kind in load_source(LISTS).files:
        words = words_of(kind.constants["language"]).columns
        ours = {column: many(spelling)[0] for column, spelling in kind.columns.items() if column != "objection"}
        assert ours == {column: getattr(words, column) for column in ours}
        assert set(kind.columns) == set(kind.fields) - {"language"}


def test_words_fit_a_choice_of_a_workbook_and_are_read_back() -> None:
    for language in LANGUAGES:
        for words in answer_words(language).values():
            # Excel takes the choices as one text of at most 255 characters, parted by commas
            assert len(",".join(words.values())) <= 255
            assert not any("," in word for word in words.values())
            assert len(set(words.values())) == len(words)
    assert set(answer_words("fr")) == set(CHOICES)


def test_what_is_no_list_is_not_taken_for_one(tmp_path: Path) -> None:
    cases = {
        "a.csv": b"List date,Student number,Outcome\n1,2,3\n", "b.csv": b"", "c.xlsx": b"PK\x03\x04 cut",
        "d.bin": bytes(range(256)),
    }  # fmt: skip
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        assert language_of(tmp_path / name) is None, name
    assert language_of(tmp_path) is None
    assert language_of(tmp_path / "absent.csv") is None
