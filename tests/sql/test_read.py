"""Reading: a file that cannot be read, or has changed, stops alone and says why; every line is accounted for."""

import datetime as dt
import re
from pathlib import Path

import pytest

from dropout.errors import ExtractError
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.places import ATTENDANCE, BASE, ask, deliver, deployment, intake

D1, D2 = dt.date(2025, 2, 5), dt.date(2025, 2, 12)
UNREADABLE: list[tuple[dict[str, str | bytes], str]] = [
    ({"attendance.csv": ""}, "the file is empty"),
    ({"attendance.csv": ATTENDANCE.replace("status", "state")}, "missing columns: status"),
    ({"attendance.csv": ATTENDANCE.replace(",", ";")}, "with ',' between columns"),
    ({"attendance.csv": "student_id,date,session,status\nS1,2025-02-03,day,présent\n".encode("windows-1252")}, "not utf-8"),
    ({"absences.xlsx": b"PK\x03\x04"}, "no source of 'generic' knows this file"),
]


@pytest.mark.parametrize(("files", "said"), UNREADABLE)
def test_a_file_that_cannot_be_read_stops_alone_and_the_night_goes_on(
    tmp_path: Path, files: dict[str, str | bytes], said: str
) -> None:
    place: Deployment = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE), on=D1)
    before = ask(place, "select * from core.attendance order by all")
    counts = intake(place, deliver(tmp_path, "b", {"school.csv": "school_id,school_name\nB,Sud\n", **files}), on=D2)
    assert (counts["read_stopped"], counts["read_files"]) == (1, 2)
    assert ask(place, "select * from core.attendance order by all") == before
    assert len(ask(place, "select 1 from core.school")) == 2
    assert ask(place, "select file, status from ops.file where status = 'stopped'") == [(next(iter(files)), "stopped")]
    [(where, *words)] = ask(place, "select place, what, cause, remedy from ops.notice")
    assert where.startswith("b/")
    assert re.search(said, " ".join(words))


@pytest.mark.parametrize(("files", "said"), UNREADABLE)
def test_history_stops_nothing_in_silence(tmp_path: Path, files: dict[str, str | bytes], said: str) -> None:
    place: Deployment = deployment(tmp_path)
    path = deliver(tmp_path, "b", {"school.csv": "school_id,school_name\nB,Sud\n", **files})
    with pytest.raises(ExtractError, match=said):
        intake(place, path, as_history=True)
    assert ask(place, "select status from ops.delivery") == [("refused",)]


def test_the_raw_text_of_a_reject_is_kept_in_the_private_store(tmp_path: Path) -> None:
    place: Deployment = deployment(tmp_path)
    files = {**BASE, "attendance.csv": ATTENDANCE + "S1;2025-02-05\nS2,05/02/2025,day,late,\n"}
    intake(place, deliver(tmp_path, "a", files), on=D1)
    with connect(place, attach=("identity",)) as con:
        kept = con.execute("select line, raw from identity.reject_line order by line").fetchall()
    assert kept == [(6, "S1;2025-02-05"), (7, "S2,05/02/2025,day,late,")]
    assert b"05/02/2025" not in place.warehouse.read_bytes()


def drifted(tmp_path: Path, changed: str) -> tuple[Deployment, list[str]]:
    """Two nights, the second with another attendance file; what the notices say."""
    place: Deployment = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE), on=D1)
    intake(place, deliver(tmp_path, "b", {"attendance.csv": changed}), on=D2)
    return place, [cause for (cause,) in ask(place, "select cause from ops.notice")]


def test_columns_that_change_stop_the_file_with_the_difference(tmp_path: Path) -> None:
    added = ATTENDANCE.replace("minutes_missed\n", "minutes_missed,remark\n").replace(",\n", ",,\n").replace(",20\n", ",20,x\n")
    assert drifted(tmp_path / "1", added)[1] == ["added: column 6 (a×6)"]
    assert drifted(tmp_path / "2", ATTENDANCE.replace("minutes_missed", "minutes"))[1] == ["renamed: minutes_missed → minutes"]
    gone = "\n".join(line.rsplit(",", 1)[0] for line in ATTENDANCE.splitlines())
    assert drifted(tmp_path / "3", gone)[1] == ["gone: minutes_missed"]


def test_a_new_code_or_another_type_stops_the_file(tmp_path: Path) -> None:
    rows = "".join(f"S{i % 2 + 1},2025-02-{i + 5:02},day,late,many\n" for i in range(12))
    place, causes = drifted(tmp_path / "1", ATTENDANCE + rows)
    assert causes == ["minutes_missed: 12 of 13 values are not a number"]
    assert ask(place, "select status from ops.delivery order by name") == [("loaded",), ("refused",)]


def test_columns_that_only_the_order_changes_are_no_drift(tmp_path: Path) -> None:
    turned = "\n".join(",".join(line.split(",")[::-1]) for line in ATTENDANCE.splitlines())
    assert drifted(tmp_path, turned)[1] == []
