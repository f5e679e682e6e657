"""What is being forgotten right now: written before anything is touched, removed when nothing is left; the next command goes on.

It holds the numbers, since without them nobody could finish: it lies in `secrets/` (0600) and is the last trace to go.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Literal

from dropout.durable import sync
from dropout.settings import Deployment
from dropout.strict import Strict

Why = Literal["request", "order", "mistake", "retention"]
Stage = Literal["suppressed", "raw", "warehouse", "identity", "work", "published"]
FILE = "forgetting.json"


class Journal(Strict):
    """Whose forgetting began, when and why; the stages that are done, and what they took out, in numbers."""

    numbers: list[str]
    why: Why
    began_on: str
    done: list[Stage] = []
    counts: dict[str, int] = {}

    def with_stage(self, stage: Stage, counts: dict[str, int]) -> "Journal":
        """The journal once `stage` is done."""
        return self.model_copy(update={"done": [*self.done, stage], "counts": self.counts | counts})


def path(deployment: Deployment) -> Path:
    """Where the journal lies while there is one."""
    return Path(deployment.secrets / FILE)


def read(deployment: Deployment) -> Journal | None:
    """The journal, None where nobody is being forgotten."""
    try:
        return Journal.model_validate(json.loads(path(deployment).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def write(deployment: Deployment, journal: Journal) -> None:
    """Puts the journal on disk, whole."""
    target = path(deployment)
    for left in target.parent.glob(f".{FILE}.*"):
        left.unlink()
    partial = target.with_name(f".{FILE}.{secrets.token_hex(4)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(journal.model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
    sync(target.parent)


def remove(deployment: Deployment) -> None:
    """Takes the journal away: everything is done."""
    path(deployment).unlink(missing_ok=True)
    sync(path(deployment).parent)
