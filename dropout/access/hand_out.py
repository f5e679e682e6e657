"""Files for one person: readable by their owner alone, whole or not there at all, and never among what others read."""

import datetime as dt
import os
import secrets
import shutil
from pathlib import Path

from dropout.errors import DeploymentError
from dropout.settings import Deployment

FOLDER = "handed_out"  # below work/: what lies there is for somebody to take away, and `forget` may remove it


def place(deployment: Deployment, wanted: Path | None, kind: str) -> Path:
    """Where to write: `wanted`, or a free name below `work/handed_out` that says nothing of the pupil.

    Raises DeploymentError where there is something already, and for a place in `published/` or `inbox/`.
    """
    if wanted is None:
        return deployment.work / FOLDER / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}-{kind}"  # type: ignore[no-any-return]
    path = wanted.resolve()
    if path.exists():
        raise DeploymentError("there is something at that place already", where=str(wanted), remedy="Name another with --to.")
    for closed in (deployment.published, deployment.inbox):
        if path.is_relative_to(closed.resolve()):
            raise DeploymentError("others read what lies there", where=str(wanted), remedy="Name another place with --to.")
    return path


def write_file(path: Path, text: str) -> None:
    """Writes `text` (UTF-8) to the new file `path` (0600); its folder is made (0700) where it is not there."""
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write(partial, text)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def write_folder(path: Path, texts: dict[str, str]) -> None:
    """Writes files by name into the new folder `path` (0700, files 0600)."""
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    partial.mkdir(mode=0o700)
    try:
        for name, text in texts.items():
            _write(partial / name, text)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
