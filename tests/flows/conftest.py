"""A small simulated district after its first night, made once for all tests of this folder."""

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from dropout.deploy import init
from dropout.settings import Deployment
from dropout.simulate import simulate
from dropout.warehouse.ledger import Run
from flows.verbs import night, perform, running
from tests.places import with_intake

NIGHT = dt.date(2026, 3, 2)


@dataclass(frozen=True)
class District:
    """A deployment after the night, the deliveries it was fed, and the truth it never read."""

    place: Deployment
    deliveries: list[Path]
    truth: Path


def run_night(place: Deployment, date: dt.date) -> None:
    with running(place, "nightly", date) as run:
        night(run, perform)


def load_history(place: Deployment, paths: list[Path]) -> None:
    with running(place, "history", NIGHT) as run:
        perform(run, "land", paths=paths, as_history=True)
        for verb in ("read", "check", "load"):
            perform(run, verb)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> District:
    folder = tmp_path_factory.mktemp("district")
    simulate(folder / "simulated", students=1200, years=4, seed=11, first_year=2022)
    deliveries = sorted((folder / "simulated" / "deliveries").iterdir())
    past = [p for p in deliveries if p.name <= str(NIGHT)]
    place = with_intake(init(folder / "place", "morocco"), search_trials=2)
    load_history(place, past[:-1])
    shutil.copytree(past[-1], place.inbox / past[-1].name)
    run_night(place, NIGHT)
    return District(place, deliveries, folder / "simulated" / "truth")


@pytest.fixture
def district(made: District, tmp_path: Path) -> District:
    """A copy that a test may change."""
    shutil.copytree(made.place.root, tmp_path / "place", symlinks=True)
    return District(Deployment(tmp_path / "place", made.place.settings), made.deliveries, made.truth)


@pytest.fixture
def test_run(district: District) -> Run:
    return Run(district.place, "test", NIGHT)
