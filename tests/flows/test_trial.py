"""The dry run: it says what became of every file, column and line, and shows nobody."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dropout.cli import app
from dropout.country import load_country
from dropout.trial import trial
from tests.places import ATTENDANCE, BASE, ask, deliver, deployment, intake


def tables(*files: Path) -> dict[str, list[tuple[object, ...]]]:
    return {title: rows for title, _, rows in trial(load_country("generic"), files).tables}


def test_a_good_delivery_is_said_to_load_whole(tmp_path: Path) -> None:
    found = trial(load_country("generic"), [deliver(tmp_path, "a", BASE)])
    assert found.is_good
    shown = {title: rows for title, _, rows in found.tables}
    assert ("attendance", 4, "2025-02-03 to 2025-02-04") in shown["The first night would load"]
    assert ("attendance.csv", "status", "attendance.status") in shown["Headers"]
    assert ("attendance", "minutes_missed", "", "1 of 4") in shown["Columns"]
    assert "Rejects" not in shown


def test_attendance_alone_is_not_held_against_students_that_no_sample_brings(tmp_path: Path) -> None:
    found = trial(load_country("generic"), [deliver(tmp_path, "a", {"attendance.csv": ATTENDANCE})])
    assert found.is_good
    night = {row[0]: row[1:] for row in {title: rows for title, _, rows in found.tables}["The first night would load"]}
    assert night["attendance"][0] == 4
    assert night["student"][1].startswith("not among the samples")


def test_what_is_wrong_is_shown_by_its_structure(tmp_path: Path) -> None:
    bad = ATTENDANCE + "S1,Fatima 0612,day,late,\nS2,2025-02-05\nS9,2025-02-05,day,late,\n"
    found = tables(deliver(tmp_path, "a", {**BASE, "attendance.csv": bad}))
    assert found["Rejects"] == [
        ("attendance.csv", "date", "not a date", 1, "6"),
        ("attendance.csv", "", "too few fields", 1, "7"),
    ]
    assert found["They look like"] == [
        ("attendance.csv", 6, "a9,aaaaaa 9999,aaa,aaaa,"),
        ("attendance.csv", 7, "a9,9999-99-99"),
    ]
    assert [row[:5] for row in found["Rows that break a contract"]] == [("attendance", "unknown_student", "quarantine", 5, 1)]
    assert "Fatima" not in str(found)


def test_the_verdict_speaks_of_what_would_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # of 11 lines (a school, two pupils, two enrolments, six of attendance) one is a reject; one names a pupil of no file
    bad = ATTENDANCE + "S1,03.02.25,day,late,\nS9,2025-02-05,day,late,\n"
    path = deliver(tmp_path, "a", {**BASE, "attendance.csv": bad})
    found = CliRunner().invoke(app, ["source", "check", "csv", str(path)])
    assert found.exit_code == 20
    said = "Not all of it would load: 1 of 11 lines (9.1%) are rejects; 1 rows break a contract and would go to quarantine."
    assert said in found.output


def test_a_stopped_file_and_a_refused_delivery_end_with_20(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    strangers = "student_id,date,session,status\n" + "".join(f"S9,2025-01-{d},day,late\n" for d in range(10, 31))
    for content, said in (("", "stopped: the file is empty"), (strangers, "unknown_student 21")):
        path = deliver(tmp_path, f"a{len(content)}", {**BASE, "attendance.csv": content})
        found = CliRunner().invoke(app, ["source", "check", "csv", str(path)])
        assert found.exit_code == 20, found.output
        assert said in found.output


def test_accepted_columns_are_read_the_next_night(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE))
    more = (
        ATTENDANCE.replace("missed\n", "missed,remark\n").replace(",\n", ",,\n").replace(",20\n", ",20,\n")
        + "S1,2025-02-05,day,late,,\n"
    )
    assert intake(place, deliver(tmp_path, "b", {"attendance.csv": more, "school.csv": "school_id,school_name\nB,Sud\n"}))[
        "read_stopped"
    ]
    assert len(ask(place, "select 1 from core.attendance")) == 4
    shown = CliRunner().invoke(app, ["source", "accept", "--dir", str(place.root)])
    assert shown.output == "Accepted: attendance.csv\n"
    (tmp_path / "nothing").mkdir()
    assert intake(place, deliver(tmp_path, "c", {"school.csv": "school_id,school_name\nC,Est\n"}))["read_stopped"] == 0
    assert len(ask(place, "select 1 from core.attendance")) == 5
    assert ask(place, "select count(*), count(distinct file_id) from ops.file where file = 'attendance.csv'") == [(2, 2)]
    assert CliRunner().invoke(app, ["source", "accept", "--dir", str(place.root)]).output == "No file waits for that.\n"
