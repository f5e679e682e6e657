"""One run at a time: an advisory lock on the deployment, freed by the kernel however the process ends."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from dropout.errors import LockedError
from dropout.settings import Deployment
from dropout.warehouse import swap

BACKTEST = "backtest"  # folder of `work` that holds a backtest's copy of the warehouse


@contextmanager
def exclusive(deployment: Deployment) -> Iterator[None]:
    """Holds the deployment's lock, and clears what a killed run left; raises LockedError at once when another run has it.

    Files that were about to change places when a process died (swap.py) have changed them when this yields.
    """
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
        for left in (deployment.work / "tmp").glob("duckdb_temp_*"):  # spilled by a run that was killed
            left.unlink(missing_ok=True)
        shutil.rmtree(deployment.work / BACKTEST, ignore_errors=True)  # of a backtest that was killed
        swap.settle(deployment.root)
        yield
    finally:
        os.close(handle)
