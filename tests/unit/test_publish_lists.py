"""Lists as files: what a school receives, byte for byte, and what a spreadsheet makes of it."""

import csv
import datetime as dt
import io
import os
import re
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout.monitor.night import tonight
from dropout.publish.lists import csv_file
from dropout.publish.lists.school_list import file_name
from dropout.publish.lists.write import write
from dropout.publish.publish import publish
from dropout.publish.words import ANSWER_COLUMNS, LIST_COLUMNS, words_of
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.publish_district import LISTED, NIGHT, TARGET, begun, district, scored

SEPARATOR = {"S1": ";", "S2": ";", "S3": ",", "S4": ";"}
LANGUAGE = {"S1": "fr", "S2": "ar", "S3": "en", "S4": "fr"}


def published(
    deployment: Deployment,
    as_of: dt.date = NIGHT,
    run_id: str = "r1",
    *,
    shift: int = 0,
    method: str = "model",
    target: str = TARGET,
) -> Path:
    with connect(deployment) as con:
        scored(con, as_of, shift=shift, method=method, target=target)
        publish(con, begun(con, deployment, as_of, run_id))
    return deployment.published / "current" / "lists"


def rows(folder: Path, school: str) -> list[dict[str, str]]:
    """The list as a spreadsheet splits it, under our own names of the columns."""
    (path,) = (folder / school).glob("*.csv")
    header, *body = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), delimiter=SEPARATOR[school])
    assert header == list(words_of(LANGUAGE[school]).columns.model_dump().values())
    return [dict(zip(LIST_COLUMNS, row, strict=True)) for row in body]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    umask = os.umask(0)  # the worst there is: what is private must be so all the same
    try:
        return published(district(tmp_path_factory.mktemp("d")))
    finally:
        os.umask(umask)


def test_every_school_has_one_file_of_each_kind_named_by_school_and_date(folder: Path) -> None:
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.*"))
    assert found == [f"{s}/{s}_2025-03-10.{kind}" for s in ("S1", "S2", "S3", "S4") for kind in ("csv", "html", "xlsx")]


@pytest.mark.parametrize("school", ["S1", "S2", "S3", "S4"])
def test_bytes_that_excel_opens_right(folder: Path, school: str) -> None:
    (path,) = (folder / school).glob("*.csv")
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == 1 + (0 if school == "S4" else LISTED)
    assert content.count(b"\r") == content.count(b"\n")


def test_a_school_without_listed_students_gets_the_header_alone(folder: Path) -> None:
    assert rows(folder, "S4") == []


def test_a_row_in_french(folder: Path) -> None:
    # student 2: place 1 of S1, chance 0.9 - 1/20 = 0.85, interval 0.775 to 0.912
    row = rows(folder, "S1")[1]
    assert row == {
        "list_date": "2025-03-10",
        "school": "S1",  # the school has no name in the extract
        "class_name": "S1-0",
        "grade": "7",
        "student_id": "J100000002",
        "family_name": 'O\'Brien; "Q"',
        "given_name": "Zoë",
        # the nearest tenth, 9, is within 0.05 of 0.85 and within 77 to 92
        "chance": "environ 9 élèves sur 10 dans cette situation sont partis "
        "(sur 100 élèves comme celui-ci\u00a0: entre 77 et 92)",
        "chance_percent": "85,0",
        "chance_low_percent": "77,5",
        "chance_high_percent": "91,2",
        # 20 registers, so none before the last 28
        "reason_1": "Absences sans justification\u00a0: 9 des 20 derniers jours de classe (moyenne de la classe\u00a0: 1,2).",
        "reason_2": "Moyenne des notes de cette année\u00a0: 31\u00a0% du maximum (classe\u00a0: 53\u00a0%).",
        "reason_3": "Arrivée tardive dans l'année.",  # by how many days is not known here
        "reason_4": "",
        "going_well_1": "",  # its counts are not known here, and its title alone would be no praise
        "going_well_2": "",
        "change": "première liste de cette année scolaire",
        **dict.fromkeys(("numbers_since", "last_answer", "note"), ""),
        **dict.fromkeys(ANSWER_COLUMNS, ""),
    }


def test_arabic_and_english_lists_of_other_schools(folder: Path) -> None:
    arabic, english = rows(folder, "S2")[0], rows(folder, "S3")[0]
    assert (arabic["student_id"], arabic["family_name"], arabic["given_name"]) == ("'@17", "بنعلي", "فاطمة الزهراء")
    assert arabic["reason_2"] == "معدل نقط هذه السنة: 31% من النقطة القصوى (القسم: 53%)."
    assert (arabic["school"], arabic["chance_percent"]) == ("École S2", "90,0")
    assert english["chance_percent"] == "90.0"
    assert english["chance"] == "about 9 in 10 pupils in this situation left (in 100 such pupils: between 82 and 97)"


def test_names_that_a_spreadsheet_would_compute_are_made_safe(folder: Path) -> None:
    first, _, third, fourth = rows(folder, "S1")
    assert first["family_name"] == '\'=HYPERLINK("http://x";"y")'
    assert first["given_name"] == "محمد"
    assert (third["student_id"], third["family_name"], third["given_name"]) == ("'-5", "'  +212 600", "'\u200f=1+1")
    assert (fourth["family_name"], fourth["given_name"]) == ("'＝1", "deux lignes")


def test_leading_zeros_stay(folder: Path) -> None:
    assert rows(folder, "S1")[0]["student_id"] == "00123"


def test_the_highest_chance_comes_first(folder: Path) -> None:
    for school in ("S1", "S2", "S3"):
        chances = [float(row["chance_percent"].replace(",", ".")) for row in rows(folder, school)]
        assert chances == sorted(chances, reverse=True) == [90.0, 85.0, 80.0, 75.0]


def test_only_their_owner_reads_lists_whatever_the_umask(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in folder.rglob("*")} == {0o700, 0o600}
    assert all(p.stat().st_mode & 0o777 == (0o700 if p.is_dir() else 0o600) for p in folder.rglob("*"))
    opened = folder.parent
    assert opened.stat().st_mode & 0o777 == 0o750
    assert {p.stat().st_mode & 0o777 for p in opened.iterdir() if p.is_file()} == {0o640}


def test_what_changed_since_the_last_list(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    published(deployment)
    # the list begins one place later: students 2, 3, 4 stay with their old chances, student 5 is new, student 1 has gone
    second = published(deployment, dt.date(2025, 3, 11), "r2", shift=1)
    expected = [f"toujours sur la liste, depuis le 10 mars 2025 (probabilité alors\u00a0: {c}\u00a0%)" for c in (85, 80, 75)]
    *listed, gone = rows(second, "S1")
    assert [row["change"] for row in listed] == [*expected, "nouveau sur la liste"]
    assert (gone["student_id"], gone["list_date"], gone["chance"], gone["reason_1"]) == ("00123", "", "", "")
    assert gone["change"].startswith("sorti de la liste\u00a0:")
    # published again for the same night, by another run: the same lists, held against the same earlier ones
    before = {p.name: p.read_bytes() for p in second.rglob("*.*")}
    again = published(deployment, dt.date(2025, 3, 11), "r3", shift=1)
    assert {p.name: p.read_bytes() for p in again.rglob("*.*")} == before


def test_lists_of_a_short_horizon_name_it_and_keep_no_chance_of_another_target(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    published(deployment)
    second = published(deployment, dt.date(2025, 3, 11), "r2", shift=1, target="leaves_within_60_days")
    french, english = rows(second, "S1"), rows(second, "S3")[0]
    assert (
        english["chance"] == "about 9 in 10 pupils in this situation left within 60 days (in 100 such pupils: between 82 and 97)"
    )
    *listed, _ = french  # and who left
    assert all("dans les 60 jours (sur 100" in row["chance"] for row in listed)
    # three were on the last list, whose chances spoke of the next school year: they are no news, and those chances are not told
    assert [row["change"] for row in listed] == ["toujours sur la liste, depuis le 10 mars 2025"] * 3 + ["nouveau sur la liste"]
    report = (deployment.published / "current" / "report.html").read_text(encoding="utf-8")
    assert "<dt>Ce dont parlent les listes</dt><dd>part dans les 60 jours</dd>" in report


def test_a_list_of_the_absence_rule_says_so(tmp_path: Path) -> None:
    row = rows(published(district(tmp_path), method="absence_rule"), "S3")[0]
    assert row["note"] == words_of("en").notes.absence_rule


def test_a_student_without_identity_is_listed_by_pseudonym(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    con = duckdb.connect(str(deployment.identity))
    con.execute("delete from student where student_key = 33")
    con.close()
    row = rows(published(deployment, method="absence_rule"), "S3")[0]
    assert (row["student_id"], row["family_name"]) == ("", "")
    assert row["note"].endswith("ask the operator for pupil 000000000000021.")  # 33 in hexadecimal
    assert row["note"].startswith("This list follows the absence rule")


def test_names_are_nowhere_but_in_the_lists(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    with connect(deployment) as con:
        scored(con)
        run = begun(con, deployment)
        tonight(con, run)
        write(con, run, tmp_path / "lists")
        attached = {name for (name,) in con.execute("select database_name from duckdb_databases()").fetchall()}
        assert "identity" not in attached
    published(deployment)
    outside = [p for p in deployment.published.rglob("*") if p.is_file() and "lists" not in p.parts]
    for path in (deployment.warehouse, *outside):
        content = path.read_bytes()
        assert not any(word.encode() in content for word in ("Prénom", "HYPERLINK", "J1000000", "بنعلي", "+2126")), path.name


@pytest.mark.parametrize(
    ("school_id", "name"),
    [
        ("S1", "S1"),
        ("0042", "0042"),
        ("مدرسة 1", "مدرسة%201"),
        ("../../etc", "%2E.%2F..%2Fetc"),
        (".", "%2E"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("", "%"),
    ],
)
def test_a_school_id_stays_inside_its_folder(school_id: str, name: str) -> None:
    assert file_name(school_id) == name


def test_a_list_of_a_hostile_school_id_lands_under_lists(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    with connect(deployment) as con:
        con.execute("update core.enrolment set school_id = '../S3' where school_id = 'S3'")
    folder = published(deployment)
    assert (folder / "%2E.%2FS3" / "%2E.%2FS3_2025-03-10.csv").is_file()


DANGEROUS = re.compile(r"^[\s\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\x00-\x1f]*[=+\-@＝＋－＠]|^[\t\r\n]")


@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("=+-@＝＋－＠\t\r\n \u00a0\u200f\ufeff\u2028';,\"a0"), st.characters(exclude_categories=["Cs"])
        )
    )
)
def test_no_text_reaches_a_spreadsheet_as_a_formula_and_each_is_one_line(text: str) -> None:
    words = words_of("fr")
    safe = pl.DataFrame({"a": [text], "b": ["end"]}).select(csv_file.safe("a"), "b")
    content = csv_file._csv(safe, words).decode()
    assert len(content.splitlines()) == 1
    ((cell, end),) = csv.reader(io.StringIO(content, newline=""), delimiter=";")
    assert end == "end"
    assert not DANGEROUS.search(cell)
    line = re.sub(csv_file._BREAKS, " ", text)
    assert cell in (line, f"'{line}")
