"""generation: the folders under `published/`. Built beside the old one, made durable, swapped in by one link."""

import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dropout.durable import sync
from dropout.monitor.night import current
from dropout.publish.manifest import MANIFEST
from dropout.settings import Deployment
from dropout.warehouse.ledger import log

PARTIAL = ".partial"
OPEN_FOLDER, OPEN_FILE = 0o750, 0o640  # analysts read by group
OWN_FOLDER, OWN_FILE = 0o700, 0o600  # lists


def begin(deployment: Deployment, generation_id: str) -> Path:
    """An empty folder to build in, readable by its owner alone; what a crash left behind is removed first."""
    home: Path = deployment.published / "generations"
    for folder in (deployment.published, home):
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=OPEN_FOLDER)
            folder.chmod(OPEN_FOLDER)
    for left in [*home.glob(f".*{PARTIAL}"), *deployment.published.glob(".current.*")]:
        _remove(left)
    never_published = home / generation_id  # renamed by a run that was killed before it could swap
    if never_published.is_dir():
        discard(never_published)
    partial = home / f".{generation_id}{PARTIAL}"
    partial.mkdir(mode=OWN_FOLDER)
    return partial


def seal(partial: Path) -> None:
    """Gives every file and folder its mode, whatever the umask, and brings them to disk."""
    everything = list(partial.rglob("*"))
    for path in everything:
        if path.parent == partial and path.is_file():
            path.chmod(OPEN_FILE)
        else:
            path.chmod(OWN_FOLDER if path.is_dir() else OWN_FILE)
    partial.chmod(OPEN_FOLDER)
    _sync([*everything, partial])


def swap(deployment: Deployment, partial: Path, generation_id: str) -> Path:
    """Gives `partial` its name and points `published/current` at it: readers see the old or the new one, whole.

    Returns the folder under its name.
    """
    home: Path = deployment.published / "generations"
    os.rename(partial, home / generation_id)  # noqa: PTH104 (a test stops the process at this call)
    _sync([home])
    link = deployment.published / f".current.{generation_id}"
    link.symlink_to(Path("generations") / generation_id)
    os.replace(link, deployment.published / "current")  # noqa: PTH105 (as above)
    _sync([deployment.published])
    return home / generation_id


def prune(deployment: Deployment, keep: int) -> int:
    """Removes all but the `keep` newest generations, never the current one; returns how many went."""
    now = current(deployment)
    folders = [p for p in (deployment.published / "generations").iterdir() if (p / MANIFEST).is_file()]
    folders = [p for p in folders if not p.name.startswith(".")]
    newest = sorted(folders, key=lambda p: ((p / MANIFEST).stat().st_mtime_ns, p.name), reverse=True)
    old = [p for p in newest[keep:] if now is None or p.name != now.generation_id]
    for folder in old:
        discard(folder)
    return len(old)


def discard(folder: Path) -> None:
    """Removes a generation; hidden first, so that a kill half-way leaves nothing that looks whole."""
    hidden = folder.with_name(f".{folder.name}{PARTIAL}")
    folder.rename(hidden)
    _remove(hidden)


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
        return
    shutil.rmtree(path)
    log.info("leftover removed", folder=path.name)


def _sync(paths: Iterable[Path]) -> None:
    """fsync of each path; from several threads, since 4,000 small files wait for the disk one by one otherwise."""
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(sync, paths):
            pass
