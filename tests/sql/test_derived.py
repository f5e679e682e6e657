"""Raw files that a source's own statement reads: every line is a row, set aside, or a reject with its reason."""

import datetime as dt
from pathlib import Path

import pytest

from dropout.resources import sql
from dropout.settings import Deployment
from tests.places import ask, deliver, deployment, intake

NIGHT = dt.date(2025, 12, 1)
ROSTER = {
    "orgs.csv": "sourcedId,status,dateLastModified,name,type\nS1,active,,North,school\n",
    "users.csv": "sourcedId,status,dateLastModified,role,givenName,familyName,grades\n"
    "P1,active,,student,Ann,Archer,07\nP2,active,,student,Ben,Baker,07\n",
    "academicSessions.csv": "sourcedId,status,dateLastModified,title,type,startDate,endDate,schoolYear\n"
    "T1,active,,Autumn,term,2025-09-01,2025-12-20,2026\n",
    "classes.csv": "sourcedId,status,title,grades,courseSourcedId,classType,schoolSourcedId,termSourcedIds,subjects\n"
    "H1,active,7A,07,C1,homeroom,S1,T1,\n",
    "enrollments.csv": "sourcedId,status,classSourcedId,schoolSourcedId,userSourcedId,role,beginDate,endDate\n"
    "E1,active,H1,S1,P1,student,2025-09-02,\nE2,active,H1,S1,P2,student,2025-09-02,2025-10-17\n",
    "lineItems.csv": "sourcedId,status,title,dueDate,classSourcedId,gradingPeriodSourcedId,resultValueMax\n"
    "L1,active,Test,2025-10-06,H1,T1,20\nL2,active,Report,2025-12-15,H1,T1,20\n",
}
RESULTS = "sourcedId,status,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate\n"


def night(tmp_path: Path, **changes: str) -> Deployment:
    """A first night of the roster with some files changed; the checks must let it in."""
    place = deployment(tmp_path)
    files: dict[str, str | bytes] = {**ROSTER, **{f"{name}.csv": text for name, text in changes.items()}}
    intake(place, deliver(tmp_path, "roster", files), on=NIGHT)
    return place


def files_of(place: Deployment) -> dict[str, tuple[int, int, int, int]]:
    return {n: tuple(c) for n, *c in ask(place, "select file, line_count, row_count, reject_count, aside_count from ops.file")}


def test_without_a_session_of_type_school_year_its_own_field_tells_the_year(tmp_path: Path) -> None:
    # P2's class ended in October, before the last session known of that year: an exit, as with a year of its own
    place = night(tmp_path)
    assert ask(place, "select school_year, entry_date, exit_date, exit_reason from core.enrolment order by 3 nulls first") == [
        ("2025-2026", dt.date(2025, 9, 2), None, None),
        ("2025-2026", dt.date(2025, 9, 2), dt.date(2025, 10, 17), "unknown"),
    ]


def test_without_that_field_the_countrys_years_tell_it(tmp_path: Path) -> None:
    place = night(tmp_path, academicSessions=ROSTER["academicSessions.csv"].replace(",2026\n", ",\n"))
    assert ask(place, "select distinct school_year from core.enrolment") == [("2025-2026",)]


def test_an_enrollment_that_cannot_be_placed_is_a_reject_and_its_text_is_kept_apart(tmp_path: Path) -> None:
    more = "E3,active,X9,S1,P1,student,2025-09-02,\n"
    place = night(tmp_path, enrollments=ROSTER["enrollments.csv"] + more)
    assert ask(place, "select line, column_name, reason from ops.reject") == [
        (4, "classSourcedId", "no such class in the delivery")
    ]
    assert files_of(place)["enrollments.csv"] == (3, 2, 1, 0)
    assert "E3" not in str(ask(place, "from ops.reject"))


@pytest.mark.parametrize(
    ("status", "score", "item", "state"),
    [
        ("fully graded", "12", "L1", "marked"),
        ("submitted", "12", "L1", "marked"),  # the score has come, whatever the status still says
        ("submitted", "", "L1", None),  # handed in, and waiting for its mark
        ("partially graded", "", "L1", None),
        ("fully graded", "", "L1", None),
        ("exempt", "", "L1", "exempt"),
        ("not submitted", "", "L1", "missing"),  # due on 6 October
        ("not submitted", "", "L2", None),  # due on 15 December, after the night
    ],
)
def test_only_work_that_was_due_and_not_handed_in_is_missing(
    tmp_path: Path, status: str, score: str, item: str, state: str | None
) -> None:
    place = night(tmp_path, results=RESULTS + f"R1,active,{item},P1,{status},{score},\n")
    assert ask(place, "select state from core.grade") == ([(state,)] if state else [])
    assert ask(place, "from ops.reject") == []
    assert files_of(place)["results.csv"] == ((1, 1, 0, 0) if state else (1, 0, 0, 1))


def test_the_subject_is_that_of_the_course_where_the_class_has_none(tmp_path: Path) -> None:
    courses = "sourcedId,status,title,subjects\nC1,active,Algebra I,Mathematics\n"
    place = night(tmp_path, courses=courses, results=RESULTS + "R1,active,L1,P1,fully graded,12,\n")
    assert ask(place, "select subject from core.grade") == [("Mathematics",)]


def test_files_of_the_standard_that_carry_nothing_for_us_are_counted_and_stop_nothing(tmp_path: Path) -> None:
    # the manifest is OneRoster's own, and not one of ours that lists files with their rows
    place = night(
        tmp_path,
        manifest="propertyName,value\nmanifest.version,1.0\nfile.orgs,bulk\n",
        categories="sourcedId,status,title\nK1,active,Tests\n",
        resources="sourcedId,status,vendorResourceId\n",
        classResources="sourcedId,status,classSourcedId,resourceSourcedId\n",
        courseResources="sourcedId,status,courseSourcedId,resourceSourcedId\n",
    )
    assert ask(place, "from ops.notice") == []
    found = files_of(place)
    assert (found["manifest.csv"], found["categories.csv"], found["resources.csv"]) == ((2, 0, 0, 2), (1, 0, 0, 1), (0, 0, 0, 0))


def test_a_word_that_neither_deletes_nor_is_declared_is_a_reject(tmp_path: Path) -> None:
    more = "P3,gone,,student,Cy,Cole,07\nP4,active,,pupil,Di,Dean,07\nP5,,,teacher,Ed,East,\n"
    place = night(tmp_path, users=ROSTER["users.csv"] + more)
    assert ask(place, "select line, column_name, reason from ops.reject order by line") == [
        (4, "status", "a code the source does not map"),
        (5, "role", "a code the source does not map"),
    ]
    assert files_of(place)["users.csv"] == (5, 2, 2, 1)


def test_a_line_that_a_statement_forgets_is_a_reject_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the statement as it might be written without care: an inner join drops what finds no class, and gives no reason
    def careless(name: str) -> str:
        return sql(name) if not name.endswith("oneroster/enrolment") else (
            "select e.usersourcedid as student_id, e.schoolsourcedid as school_id, '2025-2026' as school_year, "
            "e.begindate as entry_date, e.file_id, e.line from raw_enrollment as e "
            "inner join raw_class as c on e.classsourcedid = c.sourcedid"
        )  # fmt: skip

    monkeypatch.setattr("dropout.extracts.read.sql", careless)
    place = night(tmp_path, enrollments=ROSTER["enrollments.csv"] + "E3,active,X9,S1,P1,student,2025-09-02,\n")
    assert ask(place, "select line, column_name, reason from ops.reject") == [
        (4, "", "the source's statement makes no row of this line")
    ]
    assert files_of(place)["enrollments.csv"] == (3, 2, 1, 0)
