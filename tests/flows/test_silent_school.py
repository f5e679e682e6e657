"""A school that falls silent gets a list that says so; the others keep theirs."""

import csv
import datetime as dt
from pathlib import Path

from dropout.deploy import init
from flows.verbs import night, perform, running
from tests.places import ask, deliver, intake

START, NIGHT = dt.date(2024, 9, 2), dt.date(2024, 12, 2)
SCHOOLS = ("A", "B")
PUPILS = {f"{school}{i}": school for school in SCHOOLS for i in range(30)}


def status(pupil: str, day: dt.date) -> str:
    """Some are absent more often than others."""
    number = int(pupil[1:])
    return "absent_unexcused" if (number * 7 + day.toordinal()) % 11 < number % 4 else "present"


def delivery(folder: Path) -> Path:
    """Two schools from September; of B nothing after 31 October."""
    days = [START + dt.timedelta(d) for d in range((NIGHT - START).days) if (START + dt.timedelta(d)).isoweekday() <= 5]
    rows = [
        f"{pupil},{day},day,{status(pupil, day)}"
        for day in days
        for pupil, school in PUPILS.items()
        if school == "A" or day < dt.date(2024, 11, 1)
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
        },
    )


def test_a_silent_school_is_told_and_ranks_nobody(tmp_path: Path) -> None:
    place = init(tmp_path / "deployment", "generic")
    place.settings.__dict__["school_languages"] = {"B": "fr"}
    intake(place, delivery(tmp_path), on=NIGHT)
    with running(place, "nightly", NIGHT) as run:
        night(run, perform)
    lists = {}
    for path in (place.published / "current" / "lists").glob("*/*.csv"):
        text = path.read_text(encoding="utf-8-sig")
        lists[path.parent.name] = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ","))[1:]
    assert len(lists["A"]) > 1
    [(notice)] = lists["B"]
    assert any("Aucune donnée de cet établissement depuis le 31 octobre 2024" in cell for cell in notice)
    assert ask(
        place,
        "select school_id, count(*), count(chance), count(school_rank), any_value(abstain_reason) from night.score "
        "where target = 'leaves_by_next_year' and school_id = 'B' group by all",
    ) == [("B", 30, 0, 0, "no fresh data from the school")]
    assert ask(place, "select place, what from ops.notice where step = 'score'") == [("B", "no fresh data from 1 of 2 schools")]
