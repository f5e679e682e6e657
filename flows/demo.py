"""The demo: a simulated district, its history, one delivery in the inbox, and the night."""

import datetime as dt
import re
import shutil
from importlib import import_module
from pathlib import Path

from dropout.deploy import init
from dropout.errors import DeploymentError
from dropout.extracts.names import DONE
from dropout.settings import FILE_NAME, Deployment, open_deployment
from dropout.status import where_to_look
from flows.home import at_home
from flows.verbs import perform, running

MARK = ".demo"
FIRST_YEAR = 2022
NIGHT = dt.date(2026, 3, 2)  # in the fourth year: two whole cohorts to learn from, a third to be judged on


def _without_search(deployment: Deployment) -> Deployment:
    """The same deployment, whose seasons keep the settings as they stand: a search would take longer than all the rest."""
    path = deployment.root / FILE_NAME
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^search_trials = \d+", "search_trials = 0", text, flags=re.MULTILINE), encoding="utf-8")
    return open_deployment(deployment.root)


def demo(folder: Path, students: int) -> list[str]:
    """Runs everything in `folder`; returns lines naming what to open. A folder that is no demo is not touched."""
    from dropout.simulate import simulate

    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise DeploymentError(f"{folder} holds something else", remedy="Name an empty folder: dropout demo DIR")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    simulate(folder / "simulated", students=students, years=4, seed=7, first_year=FIRST_YEAR)
    deployment = _without_search(init(folder / "district", "morocco"))
    deliveries = [p for p in sorted((folder / "simulated" / "deliveries").iterdir()) if p.name <= str(NIGHT)]
    *past, last = deliveries
    with running(deployment, "history", NIGHT) as run:
        perform(run, "land", paths=past, as_history=True)
        for verb in ("read", "check", "load"):
            perform(run, verb)
    shutil.copytree(last, deployment.inbox / last.name)
    (deployment.inbox / last.name / DONE).touch()  # the sender's word that it is whole; what is as new as this would wait else
    at_home(deployment)
    import_module("flows.nightly").nightly(str(deployment.root), str(NIGHT))
    return where_to_look(deployment)
