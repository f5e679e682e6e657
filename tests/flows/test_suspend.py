"""Suspend, resume and contest as an operator types them, after a whole night of a small simulated district."""

import csv
import json
from pathlib import Path

import duckdb
from typer.testing import CliRunner, Result

from dropout.cli import app
from dropout.errors import LockedError, ModelError, UnknownStudentError
from dropout.privacy.audit_verify import entries
from dropout.publish.manifest import verify
from dropout.settings import Deployment
from dropout.warehouse.lock import exclusive
from tests.flows.conftest import NIGHT, District, run_night
from tests.places import ask


def run(place: Deployment, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--dir", str(place.root)])


def rows(place: Deployment) -> list[dict[str, str]]:
    """Lines of every school's current list that name a pupil, by their French headers."""
    found: list[dict[str, str]] = []
    for path in sorted((place.published / "current" / "lists").glob("*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found += [row for row in csv.DictReader(file, delimiter=";") if row["Date de la liste"]]
    return found


def number_of_listed(place: Deployment) -> str:
    return rows(place)[0]["Numéro de l'élève"]


def test_suspended_at_once_and_resumed_with_the_next_night(district: District) -> None:
    place = district.place
    before = (place.published / "current").resolve().name
    assert all(row["Probabilité (%)"] for row in rows(place))
    done = run(place, "suspend", "--why", "lists too many of one region")
    assert done.exit_code == 0, done.output
    now = (place.published / "current").resolve()
    assert now.name != before and now.name.startswith(str(NIGHT))
    assert verify(now)["as_of_date"] == str(NIGHT)
    assert rows(place)
    for row in rows(place):
        assert not row["Probabilité (%)"] and not row["Probabilité en mots"]
        assert row["Remarque"].startswith("Le modèle statistique est suspendu depuis le ")
    for page in now.glob("lists/*/*.html"):
        assert "Le modèle statistique est suspendu depuis le " in page.read_text(encoding="utf-8")
    with duckdb.connect(str(now / "analytics.duckdb"), read_only=True) as con:
        assert con.execute("select count(chance) from marts.student_risk").fetchall() == [(0,)]
        assert con.execute("select distinct status from marts.model where status in ('promoted', 'suspended')").fetchall() == [
            ("suspended",)
        ]
    told = [e for e in entries(place) if e.what == "suspended"]
    assert len(told) == 2 and {e.facts["why"] for e in told} == {"lists too many of one region"}
    assert "lists too many" in run(place, "status").output

    run_night(place, NIGHT)  # a night, its gate included, publishes under the suspension
    assert not any(row["Probabilité (%)"] for row in rows(place))

    assert run(place, "resume").exit_code == 0
    assert not any(row["Probabilité (%)"] for row in rows(place))  # not before a night has passed the gate
    run_night(place, NIGHT)
    assert all(row["Probabilité (%)"] and "suspendu" not in row["Remarque"] for row in rows(place))
    assert [e.what for e in entries(place)].count("resumed") == 2
    assert run(place, "audit", "verify").exit_code == 0


def test_a_suspension_that_cannot_be_published_stands_and_the_same_words_publish_it(district: District) -> None:
    place = district.place
    before = (place.published / "current").resolve()
    (place.root / "identity.duckdb").rename(place.root / "away.duckdb")  # no names, no lists
    assert isinstance(run(place, "suspend", "--why", "unfair").exception, Exception)
    (place.root / "away.duckdb").rename(place.root / "identity.duckdb")
    assert (place.published / "current").resolve() == before and verify(before)
    assert ask(place, "select count(*) from ops.suspension where resumed_at is null") == [(2,)]
    done = run(place, "suspend", "--why", "unfair")
    assert "published again" in done.output and not any(row["Probabilité (%)"] for row in rows(place))
    assert ask(place, "select count(*) from ops.suspension") == [(2,)]


def test_what_is_refused_changes_nothing(district: District) -> None:
    place = district.place
    before = (place.published / "current").resolve().name
    assert isinstance(run(place, "suspend", "--why", "unfair", "--version", "none").exception, ModelError)
    assert isinstance(run(place, "suspend", "--why", "asked by 0612345678").exception, ModelError)
    with exclusive(place):
        assert isinstance(run(place, "suspend", "--why", "unfair").exception, LockedError)
    assert (place.published / "current").resolve().name == before
    assert ask(place, "select count(*) from ops.suspension") == [(0,)]
    assert "suspended" not in [e.what for e in entries(place)]


def test_a_family_contests_and_is_answered(district: District) -> None:
    place, number = district.place, number_of_listed(district.place)
    assert run(place, "contest", number, "--why", "wrong_data", "--date", str(NIGHT)).exit_code == 0
    run_night(place, NIGHT)
    noted = [row["Numéro de l'élève"] for row in rows(place) if "la famille conteste" in row["Remarque"]]
    assert noted == [number]
    [entry] = [e for e in entries(place) if e.what == "contested"]
    assert entry.subject and entry.facts == {"why": "wrong_data", "on": str(NIGHT)}
    assert number not in json.dumps(entry.model_dump())
    held = place.work / "held"
    assert run(place, "access", number, "--to", str(held)).exit_code == 0
    assert "wrong_data" in (held / "held.json").read_text(encoding="utf-8")
    sheet = Path(place.work / "sheet.html")
    assert run(place, "sheet", number, "--lang", "fr", "--to", str(sheet)).exit_code == 0
    assert "Vous avez contesté ceci le 2 mars 2026" in sheet.read_text(encoding="utf-8")

    assert run(place, "contest", number, "--answer", "stands", "--date", str(NIGHT)).exit_code == 0
    run_night(place, NIGHT)
    assert not any("conteste" in row["Remarque"] for row in rows(place))
    assert run(place, "audit", "verify").exit_code == 0


def test_a_contestation_takes_codes_and_known_pupils_only(district: District) -> None:
    place, number = district.place, number_of_listed(district.place)
    assert run(place, "contest", number).exit_code == 2
    assert isinstance(run(place, "contest", "J999999999", "--why", "wrong_data").exception, UnknownStudentError)
    assert isinstance(run(place, "contest", number, "--answer", "stands").exception, UnknownStudentError)
    failed = run(place, "contest", number, "--why", "Aya says so").exception
    assert "One of: wrong_data" in str(failed) and "Aya" not in str(failed)
    assert ask(place, "select count(*) from ops.contest") == [(0,)]
