"""A district in its first school year: lists follow the rule without rates, then speak of 60 days once rates are known."""

import csv
import datetime as dt
import json
from pathlib import Path

import pytest

from dropout.deploy import init
from dropout.settings import Deployment
from dropout.simulate import simulate
from tests.flows.conftest import load_history, run_night
from tests.places import ask, with_intake

# 5 September 2025 and 14 days is the first as-of date; its outcomes are known 60 + 14 days later, on 2 December
BEFORE, AFTER = dt.date(2025, 12, 1), dt.date(2025, 12, 9)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """After the night before the first outcomes are known."""
    folder = tmp_path_factory.mktemp("first-year")
    simulate(folder / "simulated", students=5000, years=1, seed=11, first_year=2025)
    deliveries = sorted((folder / "simulated" / "deliveries").iterdir())
    made = with_intake(init(folder / "place", "morocco"), search_trials=2)
    load_history(made, [p for p in deliveries if p.name <= str(AFTER)])
    run_night(made, BEFORE)
    return made


def chances(place: Deployment) -> list[str]:
    """What the lists say of each pupil's chance."""
    found = []
    for path in sorted((place.published / "current" / "lists").glob("*/*.csv")):
        rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";")
        found += [row["Probabilité en mots"] for row in rows]
    return found


def report(place: Deployment) -> str:
    path: Path = place.published / "current" / "report.html"
    return path.read_text(encoding="utf-8")


def gate_of(place: Deployment) -> dict[str, dict[str, object]]:
    [(counts,)] = ask(place, "select counts from ops.step where step = 'gate' order by started_at desc limit 1")
    return dict(json.loads(counts))


def test_lists_name_60_days_once_rates_are_known(place: Deployment) -> None:
    said = chances(place)
    assert len(said) > 100 and set(said) == {""}  # the rule orders them, and nobody knows what it means yet
    assert "dans aucun établissement au recensement" in report(place)
    run_night(place, AFTER)
    said = chances(place)
    assert len(said) > 100 and all("dans les 60 jours (sur 100 élèves" in text for text in said)
    assert "<dd>part dans les 60 jours</dd>" in report(place)
    assert {name: check["why"] for name, check in gate_of(place).items()} == {
        "fresh": None,
        "abstained": None,
        "groups": None,
        "volume": None,
        "churn": "other_target",
        "drift": "other_target",
    }
    methods = dict(ask(place, "select target, method from ops.model where status = 'promoted'"))
    assert methods == {"leaves_by_next_year": "absence_rule", "leaves_within_60_days": "absence_rule"}
    run_night(place, AFTER + dt.timedelta(days=1))  # no more is known: no season, and the same target is compared again
    assert gate_of(place)["churn"]["status"] == "passed"
    assert ask(place, "select count(distinct run_id) from ops.step where step = 'train'") == [(2,)]
