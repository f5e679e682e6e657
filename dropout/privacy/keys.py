"""The deployment's secret keys: each made once, outside every database, readable by its owner alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from dropout.errors import DeploymentError
from dropout.settings import Deployment
from dropout.warehouse.key_id import FILE
from dropout.warehouse.swap import beside

KEY_BYTES = 32
TOMBSTONES, DISCLOSURE = "tombstone.key", "disclosure.key"  # beside FILE; its rotation leaves them as they are
LOST = {  # what goes with each
    FILE: "without it no pseudonym can be made again",
    TOMBSTONES: "without it, who was forgotten would come back with the next delivery",
    DISCLOSURE: "with another, rounded counts are drawn anew, and the old and the new ones together tell more than either",
}


def make_key(deployment: Deployment, name: str = FILE) -> None:
    """Writes `secrets/<name>` (0600, in a 0700 folder) unless there is one; it is never replaced."""
    deployment.secrets.mkdir(mode=0o700, exist_ok=True)
    deployment.secrets.chmod(0o700)
    path = deployment.secrets / name
    if path.exists():
        return
    key = secrets.token_bytes(KEY_BYTES)
    write_key(beside(path), key)
    with suppress(FileExistsError):  # somebody else was first; theirs is the key
        os.link(beside(path), path)  # whole or not there, and never in place of another
    beside(path).unlink()


def write_key(path: Path, key: bytes) -> None:
    """Writes `key` to the new file `path` (0600), on disk before this returns."""
    path.unlink(missing_ok=True)  # half a key of a process that died
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_key(deployment: Deployment, name: str = FILE) -> bytes:
    """The bytes of `secrets/<name>`; raises DeploymentError when it is missing, damaged, or readable by others."""
    path, where = deployment.secrets / name, f"secrets/{name}"
    remedy = f"Restore {where} from its safe copy: {LOST[name]}."
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise DeploymentError("the key is missing or damaged", where=where, remedy=remedy) from None
    if len(key) != KEY_BYTES:
        raise DeploymentError("the key has the wrong length", where=where, remedy=remedy)
    if path.stat().st_mode & 0o077:
        raise DeploymentError("others can read the key", where=where, remedy=f"chmod 600 {where}")
    return key
