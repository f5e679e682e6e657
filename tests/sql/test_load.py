"""Loading: corrections add knowledge, order and repetition change nothing that can be seen, nothing vanishes."""

import datetime as dt
from pathlib import Path

import pytest

from dropout.contracts.contract import load_contracts
from dropout.errors import DropoutError, UnexpectedError
from dropout.settings import Deployment
from tests.places import ATTENDANCE, BASE, ENROLMENT, ask, deliver, deployment, intake

VISIBLE = (
    "select known_at, known_until, status from core.attendance "
    "where date = '2025-02-03' and status like 'absent%' order by known_at"
)
D1, D2, D3 = dt.date(2025, 2, 5), dt.date(2025, 2, 12), dt.date(2025, 2, 19)
ABSENCE = "student_id,date,session,status,minutes_missed\nS2,2025-02-03,day,{},\n"


def test_a_correction_supersedes_and_keeps_what_was_known(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE), on=D1)
    intake(place, deliver(tmp_path, "b", {"attendance.csv": ABSENCE.format("absent_excused")}), on=D2)
    assert ask(place, VISIBLE) == [(D1, D2, "absent_unexcused"), (D2, None, "absent_excused")]


def test_a_row_sent_again_unchanged_is_counted_and_not_stored(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE), on=D1)
    counts = intake(place, deliver(tmp_path, "b", {"attendance.csv": ATTENDANCE + "S1,2025-02-05,day,present,\n"}), on=D2)
    assert (counts["load_loaded"], counts["load_unchanged"]) == (1, 4)
    assert ask(place, "select count(*) from core.attendance") == [(5,)]


def test_the_order_of_history_does_not_matter(tmp_path: Path) -> None:
    excused = {"attendance.csv": ABSENCE.format("absent_excused")}
    late = {"attendance.csv": ABSENCE.format("late")}
    seen = []
    for turn, order in enumerate(([0, 1, 2], [2, 0, 1], [1, 2, 0])):
        place = deployment(tmp_path / str(turn))
        folder = tmp_path / str(turn)
        paths = [
            deliver(folder, "2025-02-05", BASE),
            deliver(folder, "2025-02-12", excused),
            deliver(folder, "2025-02-19", late),
        ]
        if order[0] != 0:  # students must be known before their rows
            intake(
                place, deliver(folder, "2025-02-01", {k: v for k, v in BASE.items() if k != "attendance.csv"}), as_history=True
            )
        for i in order:
            intake(place, paths[i], as_history=True)
        question = (
            "select student_key % 2, date, status, known_at, known_until from core.attendance order by date, status, known_at"
        )
        seen.append([row[1:] for row in ask(place, question)])
    assert seen[0] == seen[1] == seen[2]
    assert (D1, D2) in [(row[2], row[3]) for row in seen[0]]


def test_bulk_history_learns_an_exit_only_when_it_happened(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    left = ENROLMENT.replace("S2,A,2024-2025,7,A-1,2024-09-02,,", "S2,A,2024-2025,7,A-1,2024-09-02,2025-01-20,dropped_out")
    intake(place, deliver(tmp_path, "history", {**BASE, "enrolment.csv": left}), as_history=True)
    question = (
        "select exit_date, known_at, known_until from core.enrolment "
        "where exit_date is not null or known_until is not null order by known_at"
    )
    assert ask(place, question) == [
        (None, dt.date(2024, 9, 3), dt.date(2025, 1, 21)),
        (dt.date(2025, 1, 20), dt.date(2025, 1, 21), None),
    ]


def test_rows_are_loaded_or_quarantined_and_lines_are_rows_or_rejects(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    broken = ATTENDANCE + "S9,2025-02-03,day,present,\nS1,31/02/2025,day,present,\nS1,2025-02-05,day,maybe,\nS1,2025-02-05\n"
    files = {**BASE, "attendance.csv": broken + "".join(f"S1,2025-01-{d:02},day,present,\n" for d in range(6, 31))}
    counts = intake(place, deliver(tmp_path, "b", files), on=D1)
    assert counts["read_lines"] == counts["read_rows"] + counts["read_rejects"]
    assert counts["read_rows"] == counts["load_loaded"] + counts["load_unchanged"] + counts["load_quarantined"]
    assert ask(place, "select line, column_name, reason from ops.reject order by line") == [
        (7, "date", "not a date"),
        (9, "", "too few fields"),
    ]
    assert ask(place, "select line, rules from ops.quarantine order by line") == [
        (6, ["unknown_student"]),
        (8, ["status_not_in_set"]),
    ]


def test_registers_are_derived_where_the_system_has_none(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE), on=D1)
    assert ask(place, "select class_id, date, taken, known_at from core.register order by date") == [
        ("A-1", dt.date(2025, 2, 3), True, D1),
        ("A-1", dt.date(2025, 2, 4), True, D1),
    ]


def test_a_crash_while_loading_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = deployment(tmp_path)
    path = deliver(tmp_path, "a", BASE)
    with monkeypatch.context() as patched:
        patched.setattr("dropout.extracts.load._keep_findings", lambda con: (_ for _ in ()).throw(RuntimeError("cut")))
        with pytest.raises(UnexpectedError):
            intake(place, path, on=D1)
    assert ask(place, "select count(*) from core.attendance") == [(0,)]
    assert ask(place, "select status from ops.delivery") == [("checked",)]
    intake(place, path, on=D1)
    assert ask(place, "select count(*) from core.attendance") == [(4,)]
    assert ask(place, "select status, again_count from ops.delivery") == [("loaded", 1)]


def test_identity_is_apart(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE), on=D1)
    text = place.warehouse.read_bytes() + place.staging.read_bytes()
    assert b"Amrani" not in text
    assert b"Amrani" in place.identity.read_bytes()
    assert place.identity.stat().st_mode & 0o777 == 0o600
    held = {c for (c,) in ask(place, "select column_name from duckdb_columns() where schema_name = 'core'")}
    assert not held & set(load_contracts()["student"].identity_columns)


def test_a_refused_delivery_is_tried_again_when_it_comes_again(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE), on=D1)
    path = deliver(tmp_path, "b", {"attendance.csv": ""})
    for again in range(2):
        assert intake(place, path, on=D2)["read_stopped"] == 1
        assert ask(place, "select status, again_count from ops.delivery where name = 'b'") == [("refused", again)]


def test_a_delivery_that_breaks_a_dataset_rule_is_refused_whole(tmp_path: Path) -> None:
    place: Deployment = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE), on=D1)
    before = ask(place, "select * from core.attendance order by all")
    strangers = ATTENDANCE + "".join(f"S9,2025-01-{d},day,late,5\n" for d in range(10, 31))
    with pytest.raises(DropoutError, match="unknown_student") as raised:
        intake(
            place, deliver(tmp_path, "b", {"school.csv": "school_id,school_name\nB,Sud\n", "attendance.csv": strangers}), on=D2
        )
    assert raised.value.exit_code == 21
    assert ask(place, "select * from core.attendance order by all") == before
    good = {"attendance.csv": ATTENDANCE + "S1,2025-02-06,day,late,5\n"}
    intake(place, deliver(tmp_path, "c", good), on=D3)  # the next one loads
    assert len(ask(place, "select 1 from core.attendance")) == len(before) + 1
