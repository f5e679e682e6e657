"""After whole nights: the log has them, and a pupil's export and sheet agree with the delivered files."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dropout.cli import app
from dropout.errors import UnknownStudentError
from dropout.privacy.audit_verify import entries
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.flows.conftest import NIGHT, District
from tests.places import ask


def run(place: Deployment, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--dir", str(place.root)])


def listed(place: Deployment) -> str:
    """The number of a listed pupil, as the operator would take it from a school's list."""
    with connect(place) as con:
        con.execute(f"attach '{place.identity}' as identity (read_only)")
        [(number,)] = con.execute(
            "select student_id from identity.student inner join night.score using (student_key) where is_listed "
            "order by student_id limit 1"
        ).fetchall()
    return str(number)


def lines_of(deliveries: list[Path], file: str, number: str) -> int:
    """Lines of `file` in the deliveries up to the night that begin with the number; each sent once or again."""
    found = 0
    for delivery in (d for d in deliveries if d.name <= str(NIGHT)):
        for path in delivery.rglob(file):
            found += sum(row[0] == number for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=";"))
    return found


def test_the_night_is_in_the_log(made: District) -> None:
    told = [(e.what, e.facts.get("kind"), e.facts.get("status")) for e in entries(made.place)]
    assert told == [
        ("run_begun", "history", None),
        ("key_used", None, None),
        ("run_ended", None, "done"),
        ("run_begun", "nightly", None),
        ("key_used", None, None),
        ("purged", None, None),  # names of pupils who left in the first school years
        ("published", None, None),
        ("run_ended", None, "done"),
    ]
    [published] = [e for e in entries(made.place) if e.what == "published"]
    assert ask(made.place, "select generation_id, student_count, listed_count from ops.generation") == [
        (published.facts["generation_id"], published.facts["students"], published.facts["listed"])
    ]
    done = run(made.place, "audit", "verify")
    assert done.exit_code == 0, done.output
    assert f"8 entries, head {entries(made.place)[-1].hash}" in done.output


def test_no_pupil_is_in_the_log(made: District) -> None:
    with connect(made.place) as con:
        con.execute(f"attach '{made.place.identity}' as identity (read_only)")
        people = con.execute("select student_id, guardian_phone, student_key::varchar from identity.student").fetchall()
    log = (made.place.root / "audit" / "audit.jsonl").read_text(encoding="ascii")
    words = set(re.findall(r"\w+", log))
    assert len(people) > 1000
    assert not words & {value for person in people for value in person if value}


def test_the_export_has_what_the_deliveries_said(district: District, tmp_path: Path) -> None:
    number = listed(district.place)
    done = run(district.place, "access", number, "--to", str(tmp_path / "all"))
    assert done.exit_code == 0, done.output
    assert number not in done.output
    document = json.loads((tmp_path / "all" / "held.json").read_text(encoding="utf-8"))
    held = {table["table"]: table for table in document["tables"] if table["place"] == "warehouse.duckdb"}
    delivered = lines_of(district.deliveries, "absences.csv", number)
    in_raw = [f for f in document["found_in_files"] if f["file"].startswith("raw/") and f["file"].endswith("absences.csv")]
    assert sum(len(f["lines"]) for f in in_raw) == delivered > 0
    ids = {file["file_id"]: file["delivery"] for file in document["received_files"]}
    for row in held["core.attendance"]["rows"]:  # every row's own line stands in the files that were found
        if row["file_id"] is not None:
            [(raw,)] = ask(district.place, f"select delivery_id from ops.delivery where name = '{ids[row['file_id']]}'")
            [file] = [f for f in document["found_in_files"] if f["file"] == f"raw/{raw}/absences.csv"]
            assert row["line"] in file["lines"]
    lists = [f for f in document["found_in_files"] if f["file"].startswith("published/")]
    # the pupil was taken from a list: it says the number, and so do the page and the workbook
    assert sorted(f["file"].rsplit(".", 1)[1] for f in lists if "/lists/" in f["file"]) == ["csv", "html", "xlsx"]
    assert [a["what"] for a in document["acts"]] == []


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_sheet_for_the_family_by_command(district: District, tmp_path: Path, language: str) -> None:
    number = listed(district.place)
    path = tmp_path / "sheet.html"
    done = run(district.place, "sheet", number, "--lang", language, "--to", str(path))
    assert done.exit_code == 0, done.output
    assert number in path.read_text(encoding="utf-8")
    assert number not in done.output
    shown = run(district.place, "audit", "show", "--what", "sheet_written")
    assert f"language {language}" in shown.output
    assert number not in shown.output


def test_the_number_can_be_asked_for(district: District) -> None:
    number = listed(district.place)
    done = CliRunner().invoke(app, ["sheet", "-", "--dir", str(district.place.root)], input=f"{number}\n")
    assert done.exit_code == 0, done.output
    [path] = (district.place.work / "handed_out").iterdir()
    assert number in path.read_text(encoding="utf-8")


def test_an_unknown_number_and_a_changed_log_have_their_exit_codes(district: District) -> None:
    done = run(district.place, "access", "Z000000000")
    assert isinstance(done.exception, UnknownStudentError)
    path = district.place.root / "audit" / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"exit_code":0', b'"exit_code":1'))
    done = run(district.place, "audit", "verify")
    assert done.exit_code == 11
    assert "line 3: the entry was changed" in done.output


def test_an_older_head_that_was_kept_still_holds(district: District) -> None:
    head = entries(district.place)[2].hash
    assert run(district.place, "audit", "verify", "--head", head).exit_code == 0
    assert run(district.place, "audit", "verify", "--head", "0" * 63 + "1").exit_code == 11


def test_accepting_changed_files_is_in_the_log(district: District) -> None:
    assert run(district.place, "source", "accept").exit_code == 0
    last = entries(district.place)[-1]
    assert (last.what, last.facts) == ("accepted", {"files": 0})
