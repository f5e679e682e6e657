"""`dropout labels explain`: what the command prints adds up to every snapshot there is; counted by hand."""

from pathlib import Path

from typer.testing import CliRunner

from dropout.cli import app
from tests.places import BASE, deliver, deployment, intake

ENROLMENT = (
    "student_id,school_id,school_year,grade_level,class_id,entry_date,exit_date,exit_reason\n"
    "S1,A,2024-2025,7,A-1,2024-09-02,,\n"
    "S2,A,2024-2025,7,A-1,2024-09-02,2025-01-15,dropped_out\n"
    "S2,A,2024-2025,7,A-1,2025-03-05,,\n"
)


def printed(output: str) -> dict[tuple[str, str, str], tuple[str, int, int, int]]:
    """(target, school year, state) → what it counts as, snapshots, students, returned; wrapped lines are left out."""
    cells = [[c.strip() for c in line.strip("│").split("│")] for line in output.splitlines() if line.startswith("│")]
    return {(c[0], c[1], c[2]): (c[3], int(c[4]), int(c[5]), int(c[6])) for c in cells if c[0]}


def test_the_command_counts_every_snapshot_once(tmp_path: Path) -> None:
    """As of 2 June 2025: nine as-of dates, the first weekday of October to June.

    S1 is there on all nine. S2 is there on 1 October to 1 January, and again from 1 April: four and three; 16 together.
    A horizon of 60 days and 14 of lag is over for the dates up to 20 March. S2's exit on 15 January lies within 60 days
    of 2 December and 1 January, not of 1 October and 1 November: 2 left, and 6 + 2 stayed; the 3 + 3 of April to June wait.
    """
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "past", {**BASE, "enrolment.csv": ENROLMENT}), as_history=True)
    done = CliRunner().invoke(app, ["labels", "explain", "--dir", str(place.root), "--date", "2025-06-02"])
    assert done.exit_code == 0, done.output
    found = printed(done.output)
    assert found == {
        ("leaves_by_next_year", "2024-2025", "not_mature"): ("left out", 16, 2, 0),
        ("leaves_within_60_days", "2024-2025", "stayed"): ("stayed", 8, 2, 0),
        ("leaves_within_60_days", "2024-2025", "not_mature"): ("left out", 6, 2, 0),
        ("leaves_within_60_days", "2024-2025", "left_dropped_out"): ("left", 2, 1, 1),  # and came back on 5 March
    }
