"""A school that falls silent gets a list that says so; the others keep theirs."""

import csv
import datetime as dt
from pathlib import Path

from dropout.deploy import init
from dropout.settings import Deployment
from flows.verbs import night, perform, running
from tests.places import ask, deliver, intake

START, NIGHT = dt.date(2024, 9, 2), dt.date(2024, 12, 2)
SCHOOLS = ("A", "B")
PUPILS = {f"{school}{i}": school for school in SCHOOLS for i in range(30)}


def status(pupil: str, day: dt.date) -> str:
    """Some are absent more often than others."""
    number = int(pupil[1:])
    return "absent_unexcused" if (number * 7 + day.toordinal()) % 11 < number % 4 else "present"


def delivery(folder: Path, last_of_b: dt.date = dt.date(2024, 10, 31), calendar: str = "") -> Path:
    """Two schools from September to the day before NIGHT; of B nothing after `last_of_b`."""
    days = [START + dt.timedelta(d) for d in range((NIGHT - START).days) if (START + dt.timedelta(d)).isoweekday() <= 5]
    rows = [
        f"{pupil},{day},day,{status(pupil, day)}"
        for day in days
        for pupil, school in PUPILS.items()
        if school == "A" or day <= last_of_b
    ]
    return deliver(
        folder,
        "2024-12-01",
        {
            "school.csv": "school_id,school_name\nA,Nord\nB,Sud\n",
            "student.csv": "student_id,given_name,family_name\n" + "".join(f"{p},Aya,Amrani\n" for p in PUPILS),
            "enrolment.csv": "student_id,school_id,school_year,grade_level,class_id,entry_date\n"
            + "".join(f"{p},{s},2024-2025,7,{s}-1,{START}\n" for p, s in PUPILS.items()),
            "attendance.csv": "student_id,date,session,status\n" + "\n".join(rows) + "\n",
            **({"calendar.csv": calendar} if calendar else {}),
        },
    )


def lists_of(place: Deployment) -> dict[str, list[list[str]]]:
    """The lines of each school's list, without the header."""
    lists = {}
    for path in (place.published / "current" / "lists").glob("*/*.csv"):
        text = path.read_text(encoding="utf-8-sig")
        lists[path.parent.name] = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ","))[1:]
    return lists


def test_a_silent_school_is_told_and_ranks_nobody(tmp_path: Path) -> None:
    place = init(tmp_path / "deployment", "generic")
    place.settings.__dict__["school_languages"] = {"B": "fr"}
    intake(place, delivery(tmp_path), on=NIGHT)
    with running(place, "nightly", NIGHT) as run:
        night(run, perform)
    lists = lists_of(place)
    assert len(lists["A"]) > 1
    [(notice)] = lists["B"]
    assert any("Aucune donnée de cet établissement depuis le 31 octobre 2024" in cell for cell in notice)
    assert ask(
        place,
        "select school_id, count(*), count(chance), count(school_rank), any_value(abstain_reason) from night.score "
        "where target = 'leaves_by_next_year' and school_id = 'B' group by all",
    ) == [("B", 30, 0, 0, "no fresh data from the school")]
    assert ask(place, "select place, what from ops.notice where step = 'score'") == [("B", "no fresh data from 1 of 2 schools")]


def test_a_school_missing_against_its_calendar_is_told_at_once_and_until_it_comes(tmp_path: Path) -> None:
    # NIGHT is a Monday; both schools are open that week and have all been heard of until the Friday before
    days = [NIGHT + dt.timedelta(d) for d in range(5)]
    calendar = "school_id,date,is_school_day\n" + "".join(f"{s},{d},true\n" for s in SCHOOLS for d in days)
    place = init(tmp_path / "deployment", "generic")
    intake(place, delivery(tmp_path, NIGHT, calendar), as_history=True, on=NIGHT)

    def bring(name: str, schools: str, *on: dt.date) -> Path:
        rows = [f"{p},{day},day,{status(p, day)}" for day in on for p, s in PUPILS.items() if s in schools]
        return deliver(tmp_path, name, {"attendance.csv": "student_id,date,session,status\n" + "\n".join(rows) + "\n"})

    def run_night(on: dt.date) -> dict[str, list[list[str]]]:
        with running(place, "nightly", on) as run:
            night(run, perform)
        return lists_of(place)

    intake(place, bring("monday", "AB", days[0]), on=days[1])
    lists = run_night(days[1])
    assert min(len(lists["A"]), len(lists["B"])) > 1
    intake(place, bring("tuesday", "A", days[1]), on=days[2])  # of B nothing, though it was open on Tuesday
    lists = run_night(days[2])
    assert len(lists["A"]) > 1
    [notice] = lists["B"]
    assert any("No data has come from this school since December 2, 2024" in cell for cell in notice)
    ranked = f"select count(*), count(school_rank) from night.score where school_id = 'B' and as_of_date = '{days[2]}'"
    assert ask(place, ranked) == [(60, 0)]  # 30 pupils, two targets
    assert len(run_night(days[2] + dt.timedelta(days=4))["B"]) == 1  # a Sunday: nothing is due, and nothing has come
    intake(place, bring("late", "B", days[1], days[2]), on=days[3] + dt.timedelta(days=7))
    assert len(run_night(days[3] + dt.timedelta(days=7))["B"]) > 1
