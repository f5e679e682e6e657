"""lists: each school's files, in a folder of its own that only the owner reads."""

import os
from pathlib import Path

import duckdb

from dropout.extracts.answers.words import answer_words
from dropout.publish.lists import csv_file, page
from dropout.publish.lists.drawings import Drawn, drawn
from dropout.publish.lists.gather import gather
from dropout.publish.lists.school_list import file_name
from dropout.publish.lists.workbook import book
from dropout.publish.lists.workbook.pupil_sheet import pupils_by_school
from dropout.warehouse.ledger import Counts, Run


def write(con: duckdb.DuckDBPyConnection, run: Run, folder: Path) -> Counts:
    """Writes `<school_id>/<school_id>_<date>.csv`, `.xlsx` and `.html` below `folder` for every school with students.

    Folders are 0700, files 0600. Highest chance first; a school without listed students gets the header alone, one
    without fresh data a notice. Reads temp table `this_night`.
    Returns schools, listed rows, and how many of these have no name in the identity store.
    """
    counts: Counts = {"schools": 0, "listed": 0, "without_name": 0}
    folder.mkdir(mode=0o700)
    pupils = pupils_by_school(con, run) if run.deployment.settings.lists.all_pupils else {}
    drawings, nothing, pass_share = drawn(con, run), Drawn(), run.deployment.country.pass_share
    for school in gather(con, run):
        counts["schools"] += 1
        counts["listed"] += school.table.height
        counts["without_name"] += school.table["student_id"].null_count()
        home = folder / file_name(school.school_id)
        home.mkdir(mode=0o700)
        _store(home / school.file_name("csv"), csv_file.content(school))
        _store(home / school.file_name("xlsx"), book.content(school, answer_words(school.language), pupils.get(school.school_id)))
        content = page.content(school, drawings.get(school.school_id, nothing), pass_share)
        _store(home / school.file_name("html"), content)
    return counts


def _store(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
