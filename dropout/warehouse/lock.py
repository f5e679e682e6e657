"""One run at a time: an advisory lock on the deployment, freed by the kernel however the process ends."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dropout.errors import LockedError
from dropout.settings import Deployment
from dropout.warehouse import swap

BACKTEST = "backtest"  # folder of `work` that holds a backtest's copy of the warehouse
# in `work`, what only a run that was killed leaves behind: spills, copies of the warehouse, files as they were being read
LEFT = ("tmp/duckdb_temp_*", BACKTEST, "canary-*", "read-*")


@contextmanager
def exclusive(deployment: Deployment) -> Iterator[None]:
    """Holds the deployment's lock, and clears what a killed run left; raises LockedError at once when another run has it.

    Files that were about to change places when a process died (swap.py) have changed them when this yields.
    """
    with held(deployment):
        for left in leftovers(deployment):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
        swap.settle(deployment.root)
        yield


@contextmanager
def held(deployment: Deployment) -> Iterator[None]:
    """Holds the deployment's lock and touches nothing; raises LockedError at once when another run has it."""
    handle = os.open(deployment.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                "another run holds this deployment",
                where=str(deployment.root),
                remedy="Wait until it has ended; `dropout status` shows the last run.",
            ) from None
        yield
    finally:
        os.close(handle)


def leftovers(deployment: Deployment) -> list[Path]:
    """What a killed run left in `work`; only whoever holds the lock can tell it from what a run is using."""
    return sorted(path for pattern in LEFT for path in deployment.work.glob(pattern))
