"""A forgotten pupil's rows are dropped at the door: counted, not stored, and cut out of what was received."""

from pathlib import Path

import pytest

from dropout.erasure.purge import purge
from dropout.extracts import whole
from dropout.privacy import tombstone
from dropout.privacy.keys import TOMBSTONES, make_key
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.places import ATTENDANCE, BASE, ENROLMENT, NIGHT, STUDENT, ask, deliver, deployment, intake

NUMBER = "D130045678"
WITH = {name: text.replace("S2", NUMBER) for name, text in BASE.items()}
# one whole line of the pupil that cannot be read, and one line of nobody else
BROKEN = ATTENDANCE.replace("S2", NUMBER) + f"{NUMBER},no date,day,late,1\n"


def tombed(place: Deployment, *numbers: str) -> None:
    make_key(place, TOMBSTONES)
    with connect(place) as con:
        tombstone.install(con, place)
        assert tombstone.put_up(con, list(numbers), NIGHT) == len(numbers)
        assert tombstone.put_up(con, list(numbers), NIGHT) == 0  # a second time they are there


def cut(place: Deployment) -> dict[str, object]:
    with connect(place, attach=("identity",)) as con:
        return purge(con, Run(place, "test", NIGHT))


def test_every_line_is_a_row_a_reject_or_suppressed(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    tombed(place, NUMBER)
    counts = intake(place, deliver(tmp_path, "one", {**WITH, "attendance.csv": BROKEN}))
    # lines: school 1, student 2, enrolment 2, attendance 5; of the pupil 1 + 1 + 2 suppressed, and 1 that is a reject
    assert (counts["read_lines"], counts["read_rows"], counts["read_rejects"], counts["read_suppressed"]) == (10, 5, 1, 4)
    assert counts["load_loaded"] == 5
    files = ask(place, "select file, line_count - row_count - reject_count - aside_count - suppressed_count from ops.file")
    assert all(left == 0 for _, left in files)
    assert ask(place, "select file, suppressed_count from ops.file where suppressed_count > 0 order by 1") == [
        ("attendance.csv", 2), ("enrolment.csv", 1), ("student.csv", 1),
    ]  # fmt: skip
    with connect(place, attach=("identity",)) as con:
        assert con.execute("select student_id from identity.student").fetchall() == [("S1",)]
        assert con.execute("select count(*) from identity.reject_line").fetchall() == [(0,)]  # its text named the pupil
    assert ask(place, "select count(distinct student_key) from core.attendance") == [(1,)]


def test_the_received_files_lose_those_lines_and_keep_the_numbers_of_all_others(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    tombed(place, NUMBER)
    intake(place, deliver(tmp_path, "one", {**WITH, "attendance.csv": BROKEN}))
    [folder] = [p for p in place.raw.iterdir() if p.is_dir()]
    assert any(NUMBER.encode() in p.read_bytes() for p in folder.iterdir())
    assert cut(place)["files_cut"] == 3
    assert not any(NUMBER.encode() in p.read_bytes() for p in folder.iterdir())
    lines = (folder / "attendance.csv").read_text(encoding="utf-8").split("\n")
    assert [bool(line.strip()) for line in lines] == [True, True, False, True, False, False, False]
    assert lines[3] == "S1,2025-02-04,day,late,20"
    assert cut(place)["files_cut"] == 0  # it is done once


def test_the_door_knows_the_number_in_other_digits_and_with_blanks(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    tombed(place, "13004567")
    student = STUDENT.replace("S2", " ١٣٠٠٤٥٦٧\u200f")
    counts = intake(
        place, deliver(tmp_path, "one", {**BASE, "student.csv": student, "enrolment.csv": ENROLMENT.replace("S2", "S1")})
    )
    assert counts["read_suppressed"] == 1
    assert cut(place)["files_cut"] == 1
    [folder] = [p for p in place.raw.iterdir() if p.is_dir()]
    assert "Berrada" not in (folder / "student.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_large_file_is_read_in_one_scan_unless_it_has_a_forgotten_pupil(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_whole: bool
) -> None:
    monkeypatch.setattr(whole, "BYTES_AT_LEAST", 1)
    place = deployment(tmp_path)
    tombed(place, "nobody else" if is_whole else NUMBER)
    counts = intake(place, deliver(tmp_path, "one", WITH))
    assert counts["read_suppressed"] == (0 if is_whole else 4)
    # 4 lines of attendance, 2 of them the pupil's
    assert ask(place, "select count(*) from core.attendance where file_id is not null") == [(4 if is_whole else 2,)]


def test_a_missing_key_stops_the_reading(tmp_path: Path) -> None:
    from dropout.errors import DeploymentError

    place = deployment(tmp_path)
    tombed(place, NUMBER)
    (place.secrets / TOMBSTONES).unlink()
    with pytest.raises(DeploymentError, match=r"tombstone\.key: the key is missing"):
        intake(place, deliver(tmp_path, "one", WITH))
