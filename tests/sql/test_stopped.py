"""Files that stop: their lines are counted all the same, and the operator sees every file of the last deliveries."""

import datetime as dt
from pathlib import Path

from dropout.status import status_tables
from tests.places import ATTENDANCE, BASE, ask, deliver, deployment, intake
from tests.sql.test_derived import RESULTS, ROSTER

D1, D2 = dt.date(2025, 3, 3), dt.date(2025, 3, 4)


def test_status_shows_lines_rows_rejects_and_what_stopped(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", {**BASE, "attendance.csv": ATTENDANCE + "S1,soon,day,late,\n"}), on=D1)
    changed = "Export of 4 March\n" + ATTENDANCE.replace("minutes_missed", "minutes")
    intake(place, deliver(tmp_path, "b", {"attendance.csv": changed, "school.csv": "school_id,school_name\nB,Sud\n"}), on=D2)
    shown = {title: rows for title, _, rows in status_tables(place)}["Files of the last deliveries"]
    # the title above the header of the stopped file is no line of data
    assert [row[:9] for row in shown] == [
        ("b", "attendance.csv", "attendance", 4, 0, 0, 0, 0, "stopped"),
        ("b", "school.csv", "school", 1, 1, 0, 0, 0, "read"),
        ("a", "attendance.csv", "attendance", 5, 4, 1, 0, 0, "read"),
        ("a", "enrolment.csv", "enrolment", 2, 2, 0, 0, 0, "read"),
        ("a", "school.csv", "school", 1, 1, 0, 0, 0, "read"),
        ("a", "student.csv", "student", 2, 2, 0, 0, 0, "read"),
    ]
    assert "renamed" in str(shown[0][9])


def test_files_that_are_read_together_stop_together_on_record_too(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    broken = {**ROSTER, "results.csv": RESULTS.replace("scoreStatus", "outcome") + "R1,active,L1,P1,exempt,,\n"}
    files: dict[str, str | bytes] = {**broken, "school.csv": "school_id,school_name\nB,Sud\n"}
    intake(place, deliver(tmp_path, "roster", files), on=dt.date(2025, 12, 1))
    found = {name: rest for name, *rest in ask(place, "select file, status, line_count, row_count from ops.file")}
    assert found.pop("school.csv") == ["read", 1, 1]
    assert found["users.csv"] == ["stopped", 2, 0]  # nobody of it was loaded, and it is not said that they were
    assert {status for status, *_ in found.values()} == {"stopped"}
    assert ask(place, "select count(*) from core.enrolment") == [(0,)]
