"""Retention: what is older than contracts and settings let it be goes, the rest stays; limits move with the month."""

import datetime as dt
from pathlib import Path

import pytest

from dropout.contracts.contract import Contract, load_contracts
from dropout.erasure.purge import MARK, compact, purge
from dropout.privacy.audit_verify import entries
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.places import STUDENT, ask, deliver, deployment, intake

AS_OF = dt.date(2026, 3, 20)  # so limits are the first of March: 2024 for names, 2023 for conduct, 2020 for attendance
ENROLMENT = (
    "student_id,school_id,school_year,grade_level,class_id,entry_date,exit_date,exit_reason\n"
    "S1,A,2018-2019,1,A-1,2018-09-03,2019-06-28,graduated\n"  # ended in 2019: all of the pupil goes
    "S2,A,2022-2023,5,A-1,2022-09-05,2023-02-01,dropped_out\n"  # ended in 2023: the name goes, the rows stay
    "S3,A,2025-2026,7,A-1,2025-09-01,,\n"
    "S4,A,2019-2020,1,A-1,2019-09-02,2020-03-01,emigrated\n"  # on the limit itself: stays
)
MORE = "S3,Ines,Chraibi,2012-01-01,female\nS4,Adam,Daoudi,2013-01-01,male\n"
ATTENDANCE = (
    "student_id,date,session,status,minutes_missed\n"
    "S1,2019-02-04,day,late,5\nS2,2022-11-07,day,late,5\nS3,2025-11-10,day,late,5\nS3,2020-02-28,day,late,5\nS3,2020-03-02,day,late,5\n"
)
CONDUCT = "student_id,date,kind\nS3,2023-02-28,fight\nS3,2023-03-01,fight\n"


@pytest.fixture
def place(tmp_path: Path) -> Deployment:
    made = deployment(tmp_path)
    files: dict[str, str | bytes] = {
        "school.csv": "school_id,school_name\nA,Nord\n", "student.csv": STUDENT + MORE, "enrolment.csv": ENROLMENT,
        "attendance.csv": ATTENDANCE, "conduct.csv": CONDUCT,
    }  # fmt: skip
    intake(made, deliver(tmp_path, "2026-03-01", files), as_history=True, on=AS_OF)
    return made


def purged(place: Deployment, on: dt.date = AS_OF) -> dict[str, object]:
    with connect(place, attach=("identity",)) as con:
        return purge(con, Run(place, "test", on))


def test_each_kind_by_its_own_limit(place: Deployment) -> None:
    counts = purged(place)
    assert (counts["identities"], counts["students"]) == (3, 1)  # S1, S2 and S4 have left for more than two years
    assert ask(place, "select date from core.attendance where file_id is not null order by 1") == [
        (dt.date(2020, 3, 2),), (dt.date(2022, 11, 7),), (dt.date(2025, 11, 10),),
    ]  # fmt: skip
    assert ask(place, "select date from core.conduct") == [(dt.date(2023, 3, 1),)]
    assert ask(place, "select count(*) from core.student") == [(3,)]
    assert ask(place, "select count(distinct student_key) from core.enrolment") == [(3,)]
    with connect(place, attach=("identity",)) as con:
        assert con.execute("select student_id from identity.student").fetchall() == [("S3",)]
    entry = entries(place)[-1]
    assert (entry.what, entry.subject, entry.facts["students"]) == ("purged", "", 1)


def test_the_bytes_go_once_and_a_second_purge_finds_nothing(place: Deployment) -> None:
    assert b"Amrani" in place.identity.read_bytes()
    purged(place)
    assert (place.work / MARK).exists()
    assert compact(place)
    assert b"Amrani" not in place.identity.read_bytes()
    assert not compact(place)
    before = len(entries(place))
    assert not any(purged(place).values())
    assert len(entries(place)) == before
    assert not (place.work / MARK).exists()


def test_a_date_ahead_of_the_clock_purges_no_more_than_today(place: Deployment) -> None:
    purged(place, dt.date(2090, 1, 1))
    assert (
        ask(place, "select count(*) from core.student where student_key in (select student_key from core.enrolment)")[0][0] >= 1
    )


def test_received_files_and_what_was_set_aside(place: Deployment, tmp_path: Path) -> None:
    bad = "student_id,date,session,status,minutes_missed\nS3,no date,day,late,5\nS9,2025-11-11,day,late,5\n"
    intake(place, deliver(tmp_path, "late", {"attendance.csv": bad}), on=AS_OF)
    place_counts = purged(place)
    assert (place_counts["deliveries"], place_counts["aside"]) == (0, 0)
    with connect(place) as con:
        con.execute("update ops.delivery set arrived_on = date '2025-02-28' where name = 'late'")
    assert purged(place)["aside"] == 2  # more than a year: the reject's text, and the row of nobody's number
    with connect(place) as con:
        con.execute("update ops.delivery set arrived_on = date '2023-02-28' where name = 'late'")
    assert purged(place)["deliveries"] == 1
    assert len(list(place.raw.iterdir())) == 1
    assert ask(place, "select count(*) from ops.delivery") == [(2,)]  # the same bytes are known still


def test_a_contract_that_says_something_of_a_person_says_how_long() -> None:
    assert all(c.retention for c in load_contracts().values() if any(k.pii != "none" for k in c.columns.values()))
    student = load_contracts()["student"].model_dump(by_alias=True) | {"retention": None}
    with pytest.raises(ValueError, match="name how long it is kept"):
        Contract.model_validate(student)
