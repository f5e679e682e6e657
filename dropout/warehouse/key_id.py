"""Which key the pseudonyms of a warehouse were made with: its id is on record, the key itself never."""

import hashlib
from pathlib import Path

import duckdb

from dropout.errors import DeploymentError
from dropout.settings import Deployment

ID_LENGTH = 8  # of the id, in hexadecimal digits: enough to tell two keys apart, and nothing that a key follows from
FILE = "hmac.key"
FIRST = "insert into ops.key select 1, $key_id, now()::timestamp, 0, 0, true where not exists (from ops.key)"


def id_of(key: bytes) -> str:
    """First digits of the key's SHA-256."""
    return hashlib.sha256(key).hexdigest()[:ID_LENGTH]


def recorded(con: duckdb.DuckDBPyConnection) -> str | None:
    """Id of the key that the warehouse's pseudonyms were made with; None before a key was used."""
    found = con.execute("select key_id from ops.key order by ordinal desc limit 1").fetchall()
    return str(found[0][0]) if found else None


def verify(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    """Holds the deployment's key against the one on record, and records the first one.

    A key that is missing or damaged is told when it is needed: without one nothing can be mixed up. Raises
    DeploymentError for another key than that of the warehouse: every pupil would become a second one.
    """
    key = _held(deployment.secrets / FILE)
    if key is None:
        return
    found, known = id_of(key), recorded(con)
    if known is None:
        con.execute(FIRST, {"key_id": found})
    elif known != found:
        raise DeploymentError(
            f"the warehouse belongs to key {known}, and the key here is {found}",
            where=f"secrets/{FILE}",
            cause="The key or the databases were replaced, or brought back from a copy of another day.",
            remedy=f"Restore the key {known}; or warehouse.duckdb, identity.duckdb, models/ and published/ that go with {found}.",
        )


def _held(path: Path) -> bytes | None:
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip()) or None
    except (OSError, ValueError):
        return None
