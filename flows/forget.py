"""Forgetting a pupil: erase what is kept, publish anew without the pupil, take the old generations away, say so."""

import datetime as dt
from zoneinfo import ZoneInfo

from dropout.erasure import forget as erasure
from dropout.erasure import journal
from dropout.erasure.journal import Journal, Why
from dropout.erasure.purge import compact
from dropout.errors import DropoutError
from dropout.monitor.night import current
from dropout.publish import generation, manifest
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run, close_run, log
from dropout.warehouse.lock import exclusive
from flows.verbs import perform

ANEW = ("snapshot", "score", "explain", "publish")


def forget(deployment: Deployment, numbers: list[str], why: Why) -> dict[str, int]:
    """Forgets the pupils with these student numbers in one go; returns counts. Finishes first what was begun and not ended.

    Raises UnknownStudentError when nothing is held under one of them, LockedError when another run holds the deployment.
    """
    with exclusive(deployment):
        finish(deployment)
        today = dt.datetime.now(ZoneInfo(deployment.timezone)).date()
        erasure.begin(deployment, numbers, why, today)
        return finish(deployment)


def finish(deployment: Deployment) -> dict[str, int]:
    """Goes on with what a kill left unfinished, if anything; the caller holds the deployment's lock."""
    compact(deployment)
    pending = journal.read(deployment)
    if pending is None:
        return {}
    pending = erasure.erase(deployment, pending)
    if "published" not in pending.done:
        pending = erasure.done(deployment, pending, "published", _publish_anew(deployment, pending))
    erasure.end(deployment, pending)
    return pending.counts


def _publish_anew(deployment: Deployment, pending: Journal) -> dict[str, int]:
    """The current publication is made again of what is left, for its own date; all older ones go.

    Where it cannot be made, it goes too: a list that names who was forgotten must not stay. The next night publishes.
    """
    now = current(deployment)
    is_anew = False
    if now is not None:
        run = Run(deployment, "forget", dt.date.fromisoformat(manifest.read(now.folder)["as_of_date"]))
        try:
            for verb in ANEW:
                perform(run, verb)
            is_anew = True
        except DropoutError as error:
            log.warning("nothing could be published without the pupil", cause=error.what)
        with connect(deployment) as con:
            close_run(con, run, "done" if is_anew else "failed")
    kept = current(deployment) if is_anew else None
    home = deployment.published / "generations"
    old = [p for p in home.iterdir() if kept is None or p.name != kept.generation_id] if home.is_dir() else []
    if kept is None:
        (deployment.published / "current").unlink(missing_ok=True)
    for folder in old:
        generation.discard(folder)
    return {"generations": len(old), "published_anew": int(is_anew)}
