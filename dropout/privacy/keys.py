"""The deployment's secret key: made once, outside every database, readable by its owner alone."""

import os
import secrets

from dropout.errors import DeploymentError
from dropout.settings import Deployment

KEY_BYTES = 32


def make_key(deployment: Deployment) -> None:
    """Writes `secrets/hmac.key` (0600, in a 0700 folder) unless there is one; it is never replaced."""
    deployment.secrets.mkdir(mode=0o700, exist_ok=True)
    deployment.secrets.chmod(0o700)
    try:
        handle = os.open(deployment.secrets / "hmac.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")


def read_key(deployment: Deployment) -> bytes:
    """The key's bytes; raises DeploymentError when it is missing, damaged, or readable by others."""
    path = deployment.secrets / "hmac.key"
    remedy = "Restore secrets/hmac.key from its safe copy: without it no pseudonym can be made again."
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise DeploymentError("the key is missing or damaged", where="secrets/hmac.key", remedy=remedy) from None
    if len(key) != KEY_BYTES:
        raise DeploymentError("the key has the wrong length", where="secrets/hmac.key", remedy=remedy)
    if path.stat().st_mode & 0o077:
        raise DeploymentError("others can read the key", where="secrets/hmac.key", remedy="chmod 600 secrets/hmac.key")
    return key
