"""A full file that was cut at a line end looks whole; it must not delete most of a school."""

import datetime as dt
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dropout.cli import app
from dropout.extracts.source import load_source
from dropout.settings import Deployment
from tests.places import SCHOOL, ask, deliver, intake
from tests.places import deployment as new_deployment

MONDAY = dt.date(2025, 2, 3)
DAY = dt.timedelta(days=1)
HEADER = "student_id,school_id,school_year,grade_level,class_id,entry_date\n"
PUPILS = 100


def roll(count: int) -> dict[str, str | bytes]:
    return {"enrolment.csv": HEADER + "".join(f"S{i},A,2024-2025,7,A-1,2024-09-02\n" for i in range(count))}


@pytest.fixture
def place(tmp_path: Path) -> Deployment:
    """A school of 100 pupils, whose roll is a full file each night."""
    place = new_deployment(tmp_path)
    own = place.root / "sources" / "rolls"
    own.mkdir()
    (own / "source.yaml").write_text(
        "source: rolls\ntitle: Rolls\nattendance_mode: full\nfiles:\n"
        "  - {match: enrolment.csv, table: enrolment, contents: snapshot, within: [school_id, school_year], columns: {"
        + ", ".join(f"{c}: {c}" for c in HEADER.strip().split(","))
        + "}}\n"
    )
    assert load_source(str(own / "source.yaml"))
    students = "student_id,given_name,family_name\n" + "".join(f"S{i},Aya,Amrani\n" for i in range(PUPILS))
    intake(place, deliver(tmp_path, "a", {"school.csv": SCHOOL, "student.csv": students, **roll(PUPILS)}), on=MONDAY)
    assert standing(place) == PUPILS
    return place


def standing(place: Deployment) -> int:
    return int(ask(place, "select count(*) from core.enrolment where known_until is null")[0][0])


def test_a_fifth_may_leave_and_no_more(place: Deployment, tmp_path: Path) -> None:
    intake(place, deliver(tmp_path, "b", roll(79)), on=MONDAY + DAY)  # 21 of 100: more than 20 rows, and more than 20 %
    assert standing(place) == PUPILS
    assert ask(place, "select place, what, cause from ops.notice") == [
        (
            "b/enrolment.csv",
            "what this full file leaves out was not deleted",
            "It leaves out 21 of the 100 rows of enrolment that it speaks for, more than the setting contracts.left_out_at_most "
            "(20%) allows; it may have been cut short.",
        )
    ]
    intake(place, deliver(tmp_path, "c", roll(80)), on=MONDAY + 2 * DAY)  # 20 of 100
    assert standing(place) == 80


def test_what_the_operator_accepts_is_deleted_the_next_night(place: Deployment, tmp_path: Path) -> None:
    intake(place, deliver(tmp_path, "b", roll(30)), on=MONDAY + DAY)
    assert standing(place) == PUPILS
    assert CliRunner().invoke(app, ["source", "accept", "--dir", str(place.root)]).output == "Accepted: enrolment.csv\n"
    (tmp_path / "n").mkdir()
    intake(place, deliver(tmp_path, "c", {"school.csv": "school_id,school_name\nB,Sud\n"}), on=MONDAY + 2 * DAY)
    assert standing(place) == 30
    assert CliRunner().invoke(app, ["source", "accept", "--dir", str(place.root)]).output == "No file waits for that.\n"


def test_what_a_later_whole_file_says_again_stands_after_an_accepted_one(place: Deployment, tmp_path: Path) -> None:
    intake(place, deliver(tmp_path, "b", roll(30)), on=MONDAY + DAY)
    intake(place, deliver(tmp_path, "c", roll(PUPILS)), on=MONDAY + 2 * DAY)
    CliRunner().invoke(app, ["source", "accept", "--dir", str(place.root)])
    intake(place, deliver(tmp_path, "d", {"school.csv": "school_id,school_name\nB,Sud\n"}), on=MONDAY + 3 * DAY)
    assert standing(place) == PUPILS
