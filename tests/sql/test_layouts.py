"""Layouts through a whole intake: what each attendance mode means for registers, joins to siblings, and every format alike."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import xlsxwriter

from dropout.settings import Deployment
from tests.places import BASE, ENROLMENT, SCHOOL, STUDENT, ask, deliver, deployment, intake

PEOPLE: dict[str, str | bytes] = {"school.csv": SCHOOL, "student.csv": STUDENT, "enrolment.csv": ENROLMENT}


def with_sources(tmp_path: Path, *names: str, **own: str) -> Deployment:
    """A deployment of the generic country to which sources of the repository, and sources written here, belong too."""
    place = deployment(tmp_path)
    for name, text in own.items():
        (place.root / "sources" / name).mkdir(parents=True)
        (place.root / "sources" / name / "source.yaml").write_text(text, encoding="utf-8")
    country = place.country
    place.__dict__["country"] = country.model_copy(update={"sources": [*country.sources, *names]})
    return place


def days(place: Deployment) -> list[tuple[object, ...]]:
    """Attendance as it stands: number, date, session, status, whether it was inferred."""
    with duckdb.connect(str(place.identity), read_only=True) as con:
        names = dict(con.execute("select student_key, student_id from student").fetchall())
    rows = ask(place, "select student_key, date::varchar, session, status, file_id is null from core.attendance")
    return sorted((names[key], *rest) for key, *rest in rows)


def test_who_was_not_seen_on_a_day_on_which_the_class_was_is_absent(tmp_path: Path) -> None:
    place = with_sources(tmp_path, "presence_only")
    intake(place, deliver(tmp_path, "people", PEOPLE))
    seen = "Pupil,Seen at\nS1,2025-02-03T07:58:10\nS1,2025-02-03T12:58:10\nS2,2025-02-04 08:01\nS1,2025-02-04 08:02\n"
    counts = intake(place, deliver(tmp_path, "seen", {"checkins.csv": seen}))
    assert (counts["load_derived_registers"], counts["load_inferred_absences"]) == (2, 1)
    assert days(place) == [
        ("S1", "2025-02-03", "day", "present", False),
        ("S1", "2025-02-04", "day", "present", False),
        ("S2", "2025-02-03", "day", "absent_unexcused", True),
        ("S2", "2025-02-04", "day", "present", False),
    ]


def test_of_exceptions_the_register_follows_and_nobody_s_presence_is_made_up(tmp_path: Path) -> None:
    place = with_sources(tmp_path, "exceptions_only")
    intake(place, deliver(tmp_path, "people", PEOPLE))
    noted = "Pupil no\tDay\tLesson\tMark\tMinutes\tCancelled\nS1\t03.02.2025\t1\tAU\t\t\nS1\t2025-02-05\t2\tL\t5\t\n"
    counts = intake(place, deliver(tmp_path, "noted", {"absences.tsv": noted}))
    assert counts["load_inferred_absences"] == 0
    taken = ask(place, "select class_id, date::varchar, session, taken from core.register where known_until is null order by all")
    assert taken == [("A-1", "2025-02-03", "day", True), ("A-1", "2025-02-05", "day", True)]
    assert [row[:4] for row in days(place)] == [
        ("S1", "2025-02-03", "p1", "absent_unexcused"),
        ("S1", "2025-02-05", "p2", "late"),
    ]


def test_totals_are_kept_as_periods_and_make_no_register(tmp_path: Path) -> None:
    place = with_sources(tmp_path, "monthly_totals")
    intake(place, deliver(tmp_path, "people", PEOPLE))
    intake(place, deliver(tmp_path, "sums", {"annee_2024.csv": "Matricule;Septembre;Octobre\nS1;2;0,5\n"}))
    found = "select period_start::varchar, period_end::varchar, absent_days from core.attendance_total order by all"
    assert ask(place, found) == [("2024-09-01", "2024-09-30", 2.0), ("2024-10-01", "2024-10-31", 0.5)]
    assert ask(place, "select count(*) from core.register") == [(0,)]


JOINED = """
source: badges
title: Badge numbers that only a sibling file knows
date_formats: ["%d/%m/%Y"]
attendance_mode: exceptions
files:
  - {match: "badges.csv", raw: badge, fields: {badge: VARCHAR, pupil: VARCHAR}}
  - match: "missed*.csv"
    table: attendance
    columns: {date: day}
    keys: {badge_no: badge}
    constants: {session: day, status: absent_unexcused}
    join:
      - {file: badge, on: {badge_no: badge}, take: {student_id: pupil}}
"""


def test_a_number_is_found_in_a_sibling_file_and_whoever_is_not_in_it_is_a_reject(tmp_path: Path) -> None:
    place = with_sources(tmp_path, badges=JOINED)
    intake(place, deliver(tmp_path, "people", PEOPLE))
    files: dict[str, str | bytes] = {
        "badges.csv": "badge,pupil\n701,S1\n702,S2\n",
        "missed.csv": "badge,day\n702,03/02/2025\n999,03/02/2025\n701,32/02/2025\n",
    }
    intake(place, deliver(tmp_path, "missed", files))
    assert days(place) == [("S2", "2025-02-03", "day", "absent_unexcused", False)]
    assert ask(place, "select line_count, row_count, reject_count from ops.file where file = 'missed.csv'") == [(3, 1, 2)]
    rejects = ask(place, "select line, column_name from ops.reject order by line")
    assert [line for line, _ in rejects] == [3, 4]


def csv_of(rows: list[list[str]], delimiter: str = ",") -> bytes:
    return "".join(delimiter.join(row) + "\n" for row in rows).encode()


def workbook_of(rows: list[list[str]]) -> bytes:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    return held.getvalue()


def jsonl_of(rows: list[list[str]]) -> bytes:
    header, *body = rows
    return "".join(json.dumps({k: v or None for k, v in zip(header, row, strict=True)}) + "\n" for row in body).encode()


def parquet_of(rows: list[list[str]]) -> bytes:
    import polars as pl

    held = io.BytesIO()
    header, *body = rows
    columns = {name: [row[i] or None for row in body] for i, name in enumerate(header)}
    typed = pl.DataFrame(columns).with_columns(pl.col("date").str.to_date(), pl.col("minutes_missed").cast(pl.Int64))
    typed.write_parquet(held)
    return held.getvalue()


def zip_of(name: str, data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return held.getvalue()


FORMATS: dict[str, tuple[str, Callable[[list[list[str]]], bytes]]] = {
    "csv": ("attendance.csv", csv_of),
    "tsv": ("attendance.tsv", lambda rows: csv_of(rows, "\t")),
    "xlsx": ("attendance.xlsx", workbook_of),
    "parquet": ("attendance.parquet", parquet_of),
    "jsonl": ("attendance.jsonl", jsonl_of),
    "csv.gz": ("attendance.csv.gz", lambda rows: gzip.compress(csv_of(rows))),
    "jsonl.gz": ("attendance.jsonl.gz", lambda rows: gzip.compress(jsonl_of(rows))),
    "csv in a zip": ("attendance.zip", lambda rows: zip_of("attendance.csv", csv_of(rows))),
    "parquet in a zip": ("attendance.zip", lambda rows: zip_of("attendance.parquet", parquet_of(rows))),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_brings_the_same_rows(tmp_path: Path, name: str) -> None:
    rows = [line.split(",") for line in str(BASE["attendance.csv"]).splitlines()]
    file, write = FORMATS[name]
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "delivery", {**PEOPLE, file: write(rows)}))
    assert days(place) == [
        ("S1", "2025-02-03", "day", "present", False),
        ("S1", "2025-02-04", "day", "late", False),
        ("S2", "2025-02-03", "day", "absent_unexcused", False),
        ("S2", "2025-02-04", "day", "present", False),
    ]
    assert ask(place, "select minutes_missed from core.attendance where minutes_missed is not null") == [(20,)]
    assert ask(place, "select count(*) from ops.reject") == [(0,)]
