"""The private copy that a backtest works in: what seasons and nights read, and no model; it is always thrown away."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.lock import BACKTEST


@contextmanager
def copied(deployment: Deployment) -> Iterator[Deployment]:
    """A deployment of its own in `work/backtest` (0700), without models in force, lists and identities.

    What a kill left is cleared by whoever takes the deployment's lock next, and here.
    """
    with connect(deployment):
        pass  # what a killed run left in the write-ahead log goes into the file
    folder = deployment.work / BACKTEST
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        shutil.copy(deployment.warehouse, folder)
        shutil.copytree(deployment.secrets, folder / deployment.secrets.name)
        copy = Deployment(folder, deployment.settings)
        with connect(copy) as con:
            for table in ("ops.model", "ops.evaluation", "ops.recalibration", "ops.suspension", "ops.list_entry", "night.score"):
                con.execute(f"delete from {table}")
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)
