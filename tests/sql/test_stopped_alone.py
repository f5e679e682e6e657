"""What is wrong with one file ends that file: the night goes on, nothing of the file is left, and nobody's value is told."""

import errno
from pathlib import Path
from typing import Any

import pytest

from dropout.errors import SettingsError
from dropout.extracts import read
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.places import ATTENDANCE, BASE, NIGHT, ask, deliver, deployment, intake

FILES = "select file, status, line_count, row_count, reject_count from ops.file order by file"
HEADER = "student_id,date,session,status,minutes_missed"


def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, error: BaseException) -> Deployment:
    """A night in which `read.<place>` fails with `error` once attendance is being read."""
    made = deployment(tmp_path)
    real = getattr(read, place)

    def fails(*args: Any, **more: Any) -> Any:
        if any(isinstance(a, read.Entry) and a.name == "attendance.csv" for a in args):
            real(*args, **more)
            raise error
        return real(*args, **more)

    monkeypatch.setattr(read, place, fails)
    intake(made, deliver(tmp_path, "a", {**BASE, "attendance.csv": ATTENDANCE + "S1,x,day,late,\n"}))
    return made


@pytest.mark.parametrize("place", ["take", "_record", "_stage"])
def test_an_unforeseen_error_stops_one_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    target = {"take": "_sheet_and_rows"}.get(place, place)
    made = stopped(tmp_path, monkeypatch, target, ZeroDivisionError("Aya Amrani"))
    assert ask(made, "select file, status from ops.file where status = 'stopped'") == [("attendance.csv", "stopped")]
    assert len(ask(made, FILES)) == 4  # one line a file: nothing says that attendance was read as well
    assert ask(made, "select status from ops.delivery") == [("loaded",)]
    assert ask(made, "select count(*) from core.attendance where file_id is not null") == [(0,)]
    assert ask(made, "select count(*) from ops.reject") == [(0,)]
    [(what, cause)] = ask(made, "select what, cause from ops.notice where what like 'the file%'")
    assert (what, cause) == ("the file cannot be read", "An unexpected ZeroDivisionError.")
    with connect(made, attach=("identity",)) as con:
        assert con.execute("select count(*) from identity.reject_line").fetchall() == [(0,)]


@pytest.mark.parametrize(
    "error", [SettingsError("a source is wrong"), MemoryError(), OSError(errno.ENOSPC, "full"), KeyboardInterrupt()]
)
def test_what_is_not_a_file_s_doing_ends_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    with pytest.raises(type(error)):
        stopped(tmp_path, monkeypatch, "_record", error)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A" * (2 << 20), "no header"),
        (b'"' + b"a" * 200_000 + b'"\n', "missing columns"),
        (ATTENDANCE.encode("utf-16-le"), "the file is not utf-8"),
        (HEADER.encode() + b",STUDENT ID\n", "missing columns|the columns are not those|two headers|given twice"),
    ],
)
def test_files_that_once_ended_the_night(tmp_path: Path, content: bytes, said: str) -> None:
    made = deployment(tmp_path)
    intake(made, deliver(tmp_path, "a", BASE))
    counts = intake(
        made,
        deliver(
            tmp_path, "b", {"school.csv": BASE["school.csv"], "attendance.csv": content.replace(b"STUDENT ID", b"Student_ID")}
        ),
    )
    assert counts["read_stopped"] == 1
    assert ask(made, f"select count(*) from ops.notice where regexp_matches(what, '{said}')") == [(1,)]


def test_a_pupil_is_one_however_the_number_is_written(tmp_path: Path) -> None:
    made = deployment(tmp_path)
    written = ["S١", "\u200fS1", "S1\t", "\ufeffS1", " S1\u00a0", "S\u200e1"]
    more = "".join(f"{number},2025-02-{10 + i},day,late,5\n" for i, number in enumerate(written))
    intake(made, deliver(tmp_path, "a", {**BASE, "attendance.csv": ATTENDANCE + more}), on=NIGHT)
    [(pupils, rows)] = ask(made, "select count(distinct student_key), count(*) from core.attendance where file_id is not null")
    assert (pupils, rows) == (2, 10)  # S1 and S2; four rows of the base file, and six
