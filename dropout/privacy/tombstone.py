"""Tombstones: keyed hashes of forgotten student numbers, by which a later delivery's rows of them are known at the door.

The hash has a key of its own, made with the first tombstone. It is no pseudonym, nothing else in the deployment has
it, and the rotation of the other key does not touch it: nobody could make it again, since the number is gone.
"""

import datetime as dt

import duckdb

from dropout.privacy.keys import TOMBSTONES, read_key
from dropout.privacy.pseudonym import install_hmac
from dropout.settings import Deployment


def install(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> bool:
    """Gives the connection the temporary macro `tombstone(text) → varchar`, and says whether anybody was forgotten.

    Raises DeploymentError when there are tombstones and their key is missing, damaged, or readable by others.
    """
    [(count,)] = con.execute("select count(*) from ops.tombstone").fetchall()
    if count == 0 and not (deployment.secrets / TOMBSTONES).exists():
        return False
    install_hmac(con, "tombstone", read_key(deployment, TOMBSTONES))
    return bool(count)


def put_up(con: duckdb.DuckDBPyConnection, numbers: list[str], on: dt.date) -> int:
    """Sets a tombstone for each of `numbers`, spelt as keys are compared; returns how many are new. Needs `install`."""
    row = con.execute(
        "insert or ignore into ops.tombstone select tombstone(number), ?::date from (select unnest(?::varchar[]) as number)",
        [on, numbers],
    ).fetchone()
    return int(row[0]) if row else 0
