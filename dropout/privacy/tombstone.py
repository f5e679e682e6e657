"""Tombstones: keyed hashes of forgotten student numbers, by which a later delivery's rows of them are known at the door.

The hash has a key of its own, made with the first tombstone. It is no pseudonym, nothing else in the deployment has
it, and the rotation of the other key does not touch it: nobody could make it again, since the number is gone.
"""

import datetime as dt
import os
import secrets
from pathlib import Path

import duckdb

from dropout.errors import DeploymentError
from dropout.privacy.pseudonym import install_hmac
from dropout.settings import Deployment

KEY_BYTES = 32
FILE = "tombstone.key"
REMEDY = "Restore secrets/tombstone.key from its safe copy: without it, who was forgotten would come back with the next delivery."


def make_key(deployment: Deployment) -> None:
    """Writes `secrets/tombstone.key` (0600), whole, unless there is one; it is never replaced."""
    path = _path(deployment)
    if path.exists():
        return
    deployment.secrets.mkdir(mode=0o700, exist_ok=True)
    partial = path.with_name(f".{FILE}.{secrets.token_hex(4)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)


def install(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> bool:
    """Gives the connection the temporary macro `tombstone(text) → varchar`, and says whether anybody was forgotten.

    Raises DeploymentError when there are tombstones and their key is missing, damaged, or readable by others.
    """
    [(count,)] = con.execute("select count(*) from ops.tombstone").fetchall()
    if count == 0 and not _path(deployment).exists():
        return False
    install_hmac(con, "tombstone", _read_key(deployment))
    return bool(count)


def put_up(con: duckdb.DuckDBPyConnection, numbers: list[str], on: dt.date) -> int:
    """Sets a tombstone for each of `numbers`, spelt as keys are compared; returns how many are new. Needs `install`."""
    row = con.execute(
        "insert or ignore into ops.tombstone select tombstone(number), ?::date from (select unnest(?::varchar[]) as number)",
        [on, numbers],
    ).fetchone()
    return int(row[0]) if row else 0


def _path(deployment: Deployment) -> Path:
    return Path(deployment.secrets / FILE)


def _read_key(deployment: Deployment) -> bytes:
    path = _path(deployment)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise DeploymentError("the key of the tombstones is missing or damaged", where=f"secrets/{FILE}", remedy=REMEDY)
    if path.stat().st_mode & 0o077:
        raise DeploymentError(
            "others can read the key of the tombstones", where=f"secrets/{FILE}", remedy=f"chmod 600 secrets/{FILE}"
        )
    return key
