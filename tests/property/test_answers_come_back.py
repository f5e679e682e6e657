"""No answer vanishes: whatever stands in a returned list, each answered line is a row, a reject, or answered again below."""

import csv
import datetime as dt
import io
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout.extracts.answers.words import CHOICES, answer_words, spellings
from dropout.extracts.source import LISTS, folded, load_source, many
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from flows.verbs import perform
from tests.places import ENROLMENT, SCHOOL, deliver, deployment, intake

NIGHT = dt.date(2025, 3, 14)
NUMBERS = ["007", "J2", "90"]
COLUMNS = ["list_date", "student_id", "decision", "action", "action_date", "outcome", "note_code", "remark", "reviewer"]
ANSWERS = COLUMNS[2:]
HEADERS = {k.constants["language"]: [many(k.columns[c])[0] for c in COLUMNS] for k in load_source(LISTS).files}
PAGES = {"en": "windows-1252", "fr": "windows-1252", "ar": "windows-1256"}


def cells(language: str) -> st.SearchStrategy[list[str]]:
    """One line: words of the list and others, in any form that a hand or a spreadsheet gives them."""
    words = answer_words(language)
    odd = st.sampled_from(["", "", "", "?", "x;y", 'she "said"', "  ", "'=1", "-", "1,2\t3"])
    chosen = [st.one_of(odd, st.sampled_from([*words[column].values(), *words[column]])) for column in CHOICES]
    dates = st.sampled_from(["", "", "2025-03-12", "12/03/2025", "12.3.25", "45728", "soon", "31/02/2025"])
    return st.tuples(
        st.sampled_from(["2025-03-10", "10/03/2025", "", "?"]),
        st.sampled_from(["007", "7", "'J2", "J2 ", "90", "", "404"]),
        chosen[0], chosen[1], dates, chosen[2],
        st.sampled_from(["", "N4", "12", "his uncle"]), st.one_of(odd, st.text("ab ,;\"'\t", max_size=8)), odd,
    ).map(list)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("made")
    place = deployment(folder)
    people: dict[str, str | bytes] = {
        "school.csv": SCHOOL,
        "student.csv": "student_id\n" + "\n".join(NUMBERS) + "\n",
        "enrolment.csv": ENROLMENT.splitlines()[0] + "".join(f"\n{n},A,2024-2025,7,A-1,2024-09-02,," for n in NUMBERS) + "\n",
    }
    intake(place, deliver(folder, "people", people), as_history=True, on=dt.date(2025, 3, 1))
    return place


def is_said(cell: str) -> bool:
    return bool(cell.strip(" \t").removeprefix("'").strip()) or cell.strip() == "'"


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_answer_vanishes(made: Deployment, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    language = data.draw(st.sampled_from(sorted(HEADERS)))
    lines = data.draw(st.lists(cells(language), min_size=1, max_size=12))
    delimiter = data.draw(st.sampled_from([";", ",", "\t"]))
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows([HEADERS[language], *lines])
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", PAGES[language]]))
    folder = tmp_path_factory.mktemp("one")
    shutil.copytree(made.root, folder / "place")
    place = Deployment(folder / "place", made.settings)
    (place.inbox / "list.csv").write_bytes(out.getvalue().encode(encoding))
    run = Run(place, "test", NIGHT)
    assert perform(run, "land")["landed"] == 1
    perform(run, "read")
    with connect(place, attach=("identity", "staging")) as con:
        files = con.execute(
            "select line_count, row_count, reject_count, aside_count, status from ops.file where source = 'list_answers'"
        ).fetchall()
        rows = dict(con.execute("select line, coalesce(decision, '') from staging.read.followup").fetchall())
        rejects = {line for (line,) in con.execute("select line from ops.reject").fetchall()}
        kept = {text for (text,) in con.execute("select remark from identity.remark").fetchall()}
    [(line_count, row_count, reject_count, aside_count, status)] = files
    assert status == "read"
    assert line_count == row_count + reject_count + aside_count == len(lines)
    assert (row_count, reject_count) == (len(rows), len(rejects))
    for number, line in enumerate(lines, start=2):
        coded = [cell for column, cell in zip(COLUMNS, line, strict=True) if column in ANSWERS[:-2] and is_said(cell)]
        if coded and number not in rejects and number not in rows:
            same = line[1].strip().strip("'").lstrip("0")
            later = [
                n for n, other in enumerate(lines, start=2) if n > number and other[1].strip().strip("'").lstrip("0") == same
            ]
            assert set(later) & set(rows), line  # answered again below
        if number in rows and line[2].strip():
            assert rows[number] == spellings("decision")[folded(line[2].strip().removeprefix("'"))]
        is_known = line[1].strip().strip("'").lstrip("0") in {"7", "J2", "90"}
        if is_known and not coded and line[7].strip() and line[0] in ("2025-03-10", "10/03/2025"):
            assert kept  # a remark alone is kept, if not this one then a later one
    shutil.rmtree(folder)
