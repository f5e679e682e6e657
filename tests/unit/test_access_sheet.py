"""A family's sheet and the export of all that is held, on a small district whose numbers are known by hand."""

import datetime as dt
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dropout.access import access, sheet
from dropout.access.facts import facts
from dropout.access.held import gather
from dropout.access.student import pseudonym_of
from dropout.errors import DeploymentError, UnknownStudentError
from dropout.privacy import pseudonym
from dropout.privacy.audit_verify import entries
from dropout.privacy.keys import make_key, read_key
from dropout.publish.chance_words import chance_in_words
from dropout.publish.words import LANGUAGES, words_of
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.publish_district import NIGHT, begun, district, scored

NUMBER = "J100000020"  # key 20: the fourth of school S2, so that p = 3, chance 0.9 - 3/20 = 0.75, and listed
ABSTAINED = "J100000016"  # the last of S1: too little data
ODD = "00123"  # key 1: a family name that a spreadsheet would compute, and a link
TODAY = dt.date(2025, 3, 10)


def place_with(tmp_path: Path, **more: str) -> Deployment:
    """The district of the publish tests, its keys made real pseudonyms; scored and published on NIGHT."""
    place = district(tmp_path / "place", deployment={"name": "Essai", "country": "morocco", **more})
    make_key(place)
    with connect(place) as con:
        scored(con)
        begun(con, place)
        con.execute("insert into ops.generation values ('g', 'r1', ?, timestamp '2025-03-10 04:00:00', 64, 12)", [NIGHT])
        pseudonym.install(con, read_key(place))
        con.execute(f"attach '{place.identity}' as identity")
        con.execute("create temp table new_key as select student_key, pseudonym(student_id) as new from identity.student")
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_columns() "
            "where column_name = 'student_key' and database_name = 'warehouse' and schema_name <> 'gone'"
        ).fetchall()
        for (table,) in tables:
            con.execute(f"update {table} as t set student_key = n.new from new_key as n where t.student_key = n.student_key")
        con.execute("create or replace table identity.student as select new as student_key, s.* exclude (student_key) "
                    "from identity.student as s inner join new_key using (student_key)")  # fmt: skip
        con.execute("create table identity.reject_line (file_id integer, line bigint, raw varchar)")
        con.execute(f"insert into identity.reject_line values (1, 7, '{NUMBER};32/01/2025;x'), (1, 8, '9{NUMBER};y')")
        con.execute(
            "insert into ops.quarantine select 1, 'grade', 1, 9, ['mark_above_max'], json_object('student_key', new)::varchar "
            "from new_key where student_key = 20"
        )
        con.execute("update core.student set known_until = null")
        con.execute(  # a correction: the school first wrote 12, then 8.5
            "insert into core.grade by name select * replace (12.0 as mark, date '2025-03-09' as known_until) from core.grade "
            "where student_key = (select new from new_key where student_key = 20)"
        )
        con.execute(
            "insert into ops.delivery values ('ab', 1, '2025-03-09', 'csv', date '2025-03-09', date '2025-03-10', false, "
            "'loaded', 1, 1, 0)"
        )
        con.execute(
            "insert into ops.file (file_id, delivery_no, file, source_file, line_count, row_count, reject_count) "
            "values (1, 1, 'x.csv', 'attendance', 9, 8, 1)"
        )
    (place.raw / "ab").mkdir(parents=True)
    (place.raw / "ab" / "x.csv").write_bytes(f'id;date\n{NUMBER};a\nZ{NUMBER};b\n"{NUMBER}";c\n'.encode())
    return place


@pytest.fixture
def place(tmp_path: Path) -> Deployment:
    return place_with(tmp_path)


def page(place: Deployment, number: str, language: str, tmp_path: Path) -> str:
    with connect(place) as con:
        path = sheet.write(con, place, number, language, tmp_path / f"{language}.html")
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_text(encoding="utf-8")


def plain(text: str) -> str:
    """The page's words, without marks of direction."""
    body = html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL))
    return re.sub(r"\s+", " ", re.sub("[\u2068\u2069]", "", body))


def test_facts_are_the_pupils_own(place: Deployment) -> None:
    with connect(place) as con:
        student = pseudonym_of(con, place, NUMBER)
        found = facts(con, place, gather(con, place, student), TODAY)
    # one register taken (8 March) in class S2-0, one absence (7 March), one mark of 8.5 that was 12 before
    [year] = found.attendance
    assert (year["school_year"], year["is_by_register"], year["day_count"]) == ("2024-2025", True, 1)
    assert (year["unexcused_count"], year["excused_count"], year["late_count"]) == (1, 0, 0)
    assert found.marks == [{"school_year": "2024-2025", "mark_count": 1, "subject_count": 1, "missing_count": 0}]
    assert (found.earlier_count, found.aside_count) == (1, 2)  # the mark of 12; a row in quarantine and a line not read
    assert found.lists == [{"school": "École S2", "count": 1, "first": NIGHT, "last": NIGHT}]
    assert [(c["target"], c["chance"]) for c in found.chances] == [("leaves_by_next_year", 0.75)]
    assert (found.night_count, found.first_night) == (1, NIGHT)
    received = dt.date(2025, 3, 9)
    assert found.sources == [{"source_file": "attendance", "count": 1, "first": received, "last": received}]


def test_a_record_of_lists_is_used_beside_the_scores(place: Deployment) -> None:
    with connect(place) as con:
        student = pseudonym_of(con, place, NUMBER)
        con.execute(f"delete from ops.list_entry where student_key = {student.student_key}")
        entry = {"key": student.student_key}
        for day in (NIGHT, dt.date(2025, 3, 3)):  # the first is in the scores as well
            con.execute(
                "insert into ops.list_entry by name select $day || '-r' as generation_id, $day::date as as_of_date, "
                "'2024-2025' as school_year, 'S2' as school_id, $key as student_key, 't' as target, 'model' as method, "
                "'m' as model_version, 1 as school_rank",
                entry | {"day": day.isoformat()},
            )
        found = facts(con, place, gather(con, place, student), TODAY)
    assert found.lists == [{"school": "École S2", "count": 2, "first": dt.date(2025, 3, 3), "last": NIGHT}]


def test_the_english_sheet_says_it_plainly(place: Deployment, tmp_path: Path) -> None:
    said = plain(page(place, NUMBER, "en", tmp_path))
    for sentence in (
        "What the school system knows about Prénom20 Nom20",
        "The register was taken: 1 day",
        "Absent without excuse: 1 day. Absent with excuse: 0 days. Late: 0 days.",
        "1 mark in 1 subject",
        "They are kept apart and used for nothing: 2 entries",
        "This is not a decision.",
        "Never used: sex, disability, language",
        "École S2 1 list, on March 10, 2025",
        "Attendance once, on March 9, 2025",
        "None before this one.",
        "National Commission for the Control of Personal Data Protection (CNDP), law 09-08.",
    ):
        assert sentence in said, sentence


def test_the_chance_is_said_as_the_list_says_it(place: Deployment, tmp_path: Path) -> None:
    frame = pl.DataFrame({"chance": [0.75], "chance_low": [0.675], "chance_high": [0.812]})
    for language in LANGUAGES:
        expr = chance_in_words(words_of(language), "leaves_by_next_year")
        [expected] = frame.select(expr.alias("said"))["said"].to_list()
        assert re.sub(r"\s", " ", expected) in plain(page(place, NUMBER, language, tmp_path))


def test_sex_and_the_like_are_named_only_as_never_used(place: Deployment, tmp_path: Path) -> None:
    with connect(place) as con:
        student = pseudonym_of(con, place, NUMBER)
        con.execute(
            "insert into core.student by name "
            "select $key as student_key, 2011 as birth_year, 'female' as sex, true as disability, "
            "date '2024-09-10' as known_at, 1 as delivery_no",
            {"key": student.student_key},
        )
    said = plain(page(place, NUMBER, "en", tmp_path))
    assert "Also kept sex, disability Kept only to check that the program treats all groups alike." in said
    assert "female" not in said  # that it is held is told; what stands there is in `access`


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "There is not enough information to compute a chance."),
        ("fr", "Il n'y a pas assez d'informations pour calculer une probabilité."),
        ("ar", "لا توجد معلومات كافية لحساب احتمال."),
    ],
)
def test_too_little_data_is_said(place: Deployment, tmp_path: Path, language: str, said: str) -> None:
    text = plain(page(place, ABSTAINED, language, tmp_path))
    assert said in text
    assert "in this situation" not in text


def test_never_scored_and_ranked_by_rule_are_said(place: Deployment, tmp_path: Path) -> None:
    with connect(place) as con:
        con.execute("update night.score set chance = null, chance_low = null, chance_high = null, method = 'absence_rule'")
    assert "No chance was computed. The counselor's list goes by the days missed." in plain(page(place, NUMBER, "en", tmp_path))
    with connect(place) as con:
        con.execute("delete from night.score")
    said = plain(page(place, NUMBER, "fr", tmp_path))
    assert "Rien n'a été calculé pour cet élève jusqu'à présent." in said
    assert "L'élève n'était sur aucune liste." in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_one_file_without_script_or_address(place: Deployment, tmp_path: Path, language: str) -> None:
    text = page(place, ODD, language, tmp_path)
    assert not re.search(r"<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|@import|\son\w+=", text)
    assert "http" not in re.sub(r"=HYPERLINK\([^)]*\)", "", html.unescape(text))
    assert "&#34;http://x&#34;" in text  # the odd name, as text
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in text
    assert "محمد" in text


class Outline(HTMLParser):
    """Levels of headings, ids, what sections are labelled by, and cells without a scope."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.unscoped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.ids += [given["id"]] if given.get("id") else []  # type: ignore[list-item]
        self.labels += [given["aria-labelledby"]] if given.get("aria-labelledby") else []  # type: ignore[list-item]
        self.unscoped += tag == "th" and "scope" not in given


def test_headings_and_tables_can_be_heard(place: Deployment, tmp_path: Path) -> None:
    outline = Outline()
    outline.feed(page(place, NUMBER, "ar", tmp_path))
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(outline.levels, outline.levels[1:], strict=False))
    assert len(outline.ids) == len(set(outline.ids)) == 7
    assert outline.labels == outline.ids
    assert outline.unscoped == 0


def test_a_contact_of_the_deployment_and_an_authority_without_a_name(tmp_path: Path) -> None:
    place = place_with(tmp_path, country="generic", contact="Bureau 12, 05 37 00 00 00")
    said = plain(page(place, NUMBER, "en", tmp_path))
    assert "Contact: Bureau 12, 05 37 00 00 00" in said
    assert "Write to your country's authority for the protection of personal data." in said
    assert "09-08" not in said


def test_each_sheet_and_export_is_in_the_log_and_on_the_next_sheet(place: Deployment, tmp_path: Path) -> None:
    page(place, NUMBER, "en", tmp_path)
    with connect(place) as con:
        access.export(con, place, NUMBER, tmp_path / "all")
        other = sheet.write(con, place, ABSTAINED, "en", tmp_path / "other.html").read_text(encoding="utf-8")
    assert [e.what for e in entries(place)] == ["sheet_written", "access_exported", "sheet_written"]
    assert entries(place)[0].facts == {"language": "en"}
    said = plain(page(place, NUMBER, "fr", tmp_path))
    assert re.search(r"20\d\d – Feuille pour la famille .* – Copie de tout", said)
    assert "None before this one." in plain(other)
    log = (place.root / "audit" / "audit.jsonl").read_text(encoding="ascii")
    assert NUMBER not in log
    assert "Nom20" not in log


def test_access_exports_every_row_in_every_version(place: Deployment, tmp_path: Path) -> None:
    with connect(place) as con:
        done = access.export(con, place, f" \u200f{NUMBER}\u00a0", tmp_path / "all")  # as it may be pasted
        student = pseudonym_of(con, place, NUMBER)
    assert {p.name: p.stat().st_mode & 0o777 for p in done.folder.iterdir()} == {"held.json": 0o600, "held.html": 0o600}
    assert done.folder.stat().st_mode & 0o777 == 0o700
    document = json.loads((done.folder / "held.json").read_text(encoding="utf-8"))
    held = {t["table"]: t["rows"] for t in document["tables"]}
    assert {name: len(rows) for name, rows in held.items()} == {
        "core.attendance": 1, "core.enrolment": 1, "core.grade": 2, "night.reason": 4, "night.score": 1, "night.snapshot": 1,
        "ops.quarantine": 1, "main.student": 1, "main.reject_line": 1,
    }  # fmt: skip
    assert sorted(row["mark"] for row in held["core.grade"]) == [8.5, 12.0]
    assert held["main.student"][0]["student_id"] == NUMBER
    assert held["main.reject_line"][0]["line"] == 7  # not line 8: another number ends like this one
    assert document["found_in_files"] == [{"file": "raw/ab/x.csv", "lines": [2, 4]}]
    assert document["received_files"][0]["delivery"] == "2025-03-09"
    assert document["student_key"] == student.hexadecimal
    for table in document["tables"]:
        assert table["meaning"], table["table"]
        assert [c["name"] for c in table["columns"] if not c["meaning"]] == [], table["table"]
    everyone_else = re.compile(r"J1000000(?!20)\d\d")
    assert not everyone_else.search((done.folder / "held.html").read_text(encoding="utf-8"))


def test_a_number_that_nobody_has_is_an_error_that_does_not_repeat_it(place: Deployment, tmp_path: Path) -> None:
    for run in (access.export, sheet.write):
        with connect(place) as con, pytest.raises(UnknownStudentError) as raised:
            run(con, place, "J999999999", *(["en"] if run is sheet.write else []), tmp_path / "x")  # type: ignore[operator]
        assert "J999999999" not in str(raised.value)
    with connect(place) as con, pytest.raises(UnknownStudentError):
        pseudonym_of(con, place, " \u200f ")
    assert entries(place) == []
    assert not (tmp_path / "x").exists()


def test_a_number_only_in_a_received_file_is_exported_all_the_same(place: Deployment, tmp_path: Path) -> None:
    (place.raw / "ab" / "y.csv").write_text("id\nJ777777777\n", encoding="utf-16")
    with connect(place) as con:
        done = access.export(con, place, "J777777777", tmp_path / "all")
    assert (done.counts, done.file_count) == ([], 1)
    assert json.loads((done.folder / "held.json").read_text())["found_in_files"] == [{"file": "raw/ab/y.csv", "lines": [2]}]


def test_nothing_is_written_where_others_read_nor_over_something(place: Deployment, tmp_path: Path) -> None:
    there = tmp_path / "there.html"
    there.write_text("mine")
    (place.published / "lists").mkdir(parents=True)
    for wanted in (there, place.published / "lists" / "s.html", place.inbox / "s.html"):
        with connect(place) as con, pytest.raises(DeploymentError):
            sheet.write(con, place, NUMBER, "en", wanted)
    assert there.read_text() == "mine"
    assert entries(place) == []


def test_by_default_a_file_lies_in_work_under_a_name_that_says_nothing(place: Deployment) -> None:
    with connect(place) as con:
        path = sheet.write(con, place, NUMBER)
    assert path.parent == place.work / "handed_out"
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert NUMBER not in path.name
    assert path.name.endswith("sheet-fr.html")  # Morocco's language


def test_a_table_that_is_added_later_is_exported(place: Deployment, tmp_path: Path) -> None:
    with connect(place) as con:
        student = pseudonym_of(con, place, NUMBER)
        con.execute("create table ops.something_new (student_key bigint, remark varchar)")
        con.execute("insert into ops.something_new values (?, 'a'), (?, 'b')", [student.student_key, student.student_key + 1])
        held = gather(con, place, student)
    assert held.of("ops.something_new")["remark"].to_list() == ["a"]


def test_a_database_that_cannot_be_opened_is_named(place: Deployment, tmp_path: Path) -> None:
    folder = place.published / "generations" / "2025-03-10-r1"
    folder.mkdir(parents=True)
    (folder / "analytics.duckdb").write_bytes(b"no database" * 1000)
    with connect(place) as con:
        done = access.export(con, place, NUMBER, tmp_path / "all")
    assert done.unreadable == ("published/generations/2025-03-10-r1/analytics.duckdb",)
    assert "Could not be opened" in (done.folder / "held.html").read_text(encoding="utf-8")


def test_published_files_are_looked_into_by_their_own_spelling(place: Deployment) -> None:
    folder = place.published / "generations" / "2025-03-10-r1"
    folder.mkdir(parents=True)
    with connect(place) as con:
        student = pseudonym_of(con, place, NUMBER)
        other = duckdb.connect(str(folder / "analytics.duckdb"))
        other.execute("create schema marts; create table marts.student_risk (student_key varchar, chance double)")
        other.execute("insert into marts.student_risk values (?, 0.75), ('0', 0.1)", [student.hexadecimal])
        other.close()
        held = gather(con, place, student)
    rows = held.of("marts.student_risk", "published/generations/2025-03-10-r1/analytics.duckdb")
    assert rows["chance"].to_list() == [0.75]
