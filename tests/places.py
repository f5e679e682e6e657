"""Deployments and deliveries for tests."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

from dropout.deploy import init
from dropout.settings import FILE_NAME, Deployment, open_deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Counts, Run
from flows.verbs import perform

NIGHT = dt.date(2025, 3, 3)
SCHOOL = "school_id,school_name\nA,Nord\n"
STUDENT = "student_id,given_name,family_name,birth_date,sex\nS1,Aya,Amrani,2012-05-01,female\nS2,Omar,Berrada,2011-02-03,male\n"
ENROLMENT = (
    "student_id,school_id,school_year,grade_level,class_id,entry_date,exit_date,exit_reason\n"
    "S1,A,2024-2025,7,A-1,2024-09-02,,\nS2,A,2024-2025,7,A-1,2024-09-02,,\n"
)
ATTENDANCE = (
    "student_id,date,session,status,minutes_missed\n"
    "S1,2025-02-03,day,present,\nS2,2025-02-03,day,absent_unexcused,\nS1,2025-02-04,day,late,20\nS2,2025-02-04,day,present,\n"
)
BASE = {"school.csv": SCHOOL, "student.csv": STUDENT, "enrolment.csv": ENROLMENT, "attendance.csv": ATTENDANCE}


def deployment(tmp_path: Path, country: str = "generic", **intake: object) -> Deployment:
    """A new deployment; `intake` changes settings of that section."""
    return with_intake(init(tmp_path / "deployment", country), **intake)


def with_intake(place: Deployment, **changes: object) -> Deployment:
    """The deployment with other settings of intake in its file; its inbox is not made to wait for what a test just wrote."""
    path = place.root / FILE_NAME
    text = path.read_text(encoding="utf-8")
    for key, value in ({"settled_seconds": 0} | changes).items():
        text, count = re.subn(rf"^{key} = \S+", f"{key} = {json.dumps(value)}", text, flags=re.MULTILINE)
        assert count == 1, key
    path.write_text(text, encoding="utf-8")
    return open_deployment(place.root)


def deliver(folder: Path, name: str, files: dict[str, str | bytes]) -> Path:
    """A delivery folder with these files."""
    (folder / name).mkdir(parents=True)
    for file, content in files.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (folder / name / file).write_bytes(data)
    return folder / name


def intake(place: Deployment, *paths: Path, as_history: bool = False, on: dt.date = NIGHT) -> Counts:
    """Lands, reads, checks and loads: the inbox, or the paths given. Returns all counts together."""
    run = Run(place, "test", on)
    options: dict[str, Any] = {"paths": list(paths), "as_history": as_history} if paths else {}
    counts = dict(perform(run, "land", **options))
    for verb in ("read", "check", "load"):
        counts |= {f"{verb}_{k}": v for k, v in perform(run, verb).items()}
    return counts


def ask(place: Deployment, question: str) -> list[tuple[Any, ...]]:
    """Rows of a query on the warehouse."""
    with connect(place) as con:
        return con.execute(question).fetchall()
