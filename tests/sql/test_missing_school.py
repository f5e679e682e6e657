"""A school that was open and sent nothing while others did: the rest goes in, or all of it waits, as the settings say."""

import datetime as dt
from pathlib import Path

import pytest

from dropout.settings import Deployment
from tests.places import ask, deliver, deployment, intake

MONDAY = dt.date(2025, 2, 3)
PEOPLE = {
    "school.csv": "school_id,school_name\nA,Nord\nB,Sud\n",
    "student.csv": "student_id,given_name,family_name\nS1,Aya,Amrani\nS2,Omar,Berrada\n",
    "enrolment.csv": "student_id,school_id,school_year,grade_level,class_id,entry_date\n"
    "S1,A,2024-2025,7,A-1,2024-09-02\nS2,B,2024-2025,7,B-1,2024-09-02\n",
    "calendar.csv": "school_id,date,is_school_day\n" + "".join(f"{s},2025-02-0{d},true\n" for s in "AB" for d in range(3, 8)),
}


def attendance(*rows: str) -> dict[str, str | bytes]:
    return {"attendance.csv": "student_id,date,session,status\n" + "".join(f"{row},day,present\n" for row in rows)}


def stand(place: Deployment) -> list[tuple[object, ...]]:
    return ask(place, "select date, known_at from core.attendance order by all")


@pytest.fixture
def waiting(tmp_path: Path) -> Deployment:
    """Of two schools, both open on Monday, only one sent Monday's register; the settings say to wait two nights."""
    place = deployment(tmp_path, missing_school="wait")
    intake(place, deliver(tmp_path, "people", dict(PEOPLE)), as_history=True, on=MONDAY)
    counts = intake(place, deliver(tmp_path, "monday_a", attendance("S1,2025-02-03")), on=MONDAY + dt.timedelta(days=1))
    assert (counts["load_put_off"], counts["load_loaded"]) == (1, 0)
    assert stand(place) == []
    return place


def test_the_rest_goes_in_where_the_settings_do_not_say_wait(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "people", dict(PEOPLE)), as_history=True, on=MONDAY)
    counts = intake(place, deliver(tmp_path, "monday_a", attendance("S1,2025-02-03")), on=MONDAY + dt.timedelta(days=1))
    assert (counts["load_put_off"], counts["load_loaded"], counts["load_silent_schools"]) == (0, 1, 1)
    assert ask(place, "select place from ops.notice") == [("B",)]


def test_it_waits_until_the_other_school_comes(waiting: Deployment, tmp_path: Path) -> None:
    assert "night 1 of 2" in ask(waiting, "select remedy from ops.notice")[0][0]
    wednesday = MONDAY + dt.timedelta(days=2)
    both = attendance("S2,2025-02-03", "S2,2025-02-04", "S1,2025-02-04")
    counts = intake(waiting, deliver(tmp_path, "tuesday", both), on=wednesday)
    assert (counts["load_put_off"], counts["load_loaded"]) == (0, 4)
    # what waited is known from the night on which it went in: no snapshot before has seen it
    assert {known for _, known in stand(waiting)} == {wednesday}
    assert ask(waiting, "select count(*) from ops.waiting") == [(0,)]


def test_after_its_nights_it_goes_in_as_it_is(waiting: Deployment, tmp_path: Path) -> None:
    more = [deliver(tmp_path, f"a{i}", attendance(f"S1,2025-02-0{i}")) for i in (4, 5)]
    assert intake(waiting, more[0], on=MONDAY + dt.timedelta(days=2))["load_put_off"] == 2
    counts = intake(waiting, more[1], on=MONDAY + dt.timedelta(days=3))
    assert (counts["load_put_off"], counts["load_loaded"], counts["load_silent_schools"]) == (0, 3, 1)
    assert ask(waiting, "select status, count(*) from ops.delivery group by all") == [("loaded", 4)]
