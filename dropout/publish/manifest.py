"""manifest: MANIFEST.json names every file of a generation with its SHA-256, so that anybody can check it is whole."""

import hashlib
import json
from pathlib import Path
from typing import Any

from dropout.errors import PublishError

MANIFEST = "MANIFEST.json"


def write(folder: Path, facts: dict[str, Any]) -> None:
    """Writes `folder`/MANIFEST.json: `facts`, then path → sha256 and bytes of every file below `folder`."""
    files = {name: _entry(folder / name) for name in _files(folder)}
    text = json.dumps({**facts, "files": files}, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """The manifest of `folder`; raises PublishError when it is missing or cannot be read."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest["files"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishError("the manifest cannot be read", where=f"{folder.name}/{MANIFEST}", cause=type(error).__name__) from None
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """Hashes every file of `folder` again and returns its manifest.

    Raises PublishError naming the first file that is missing, altered, or not in the manifest.
    """
    manifest = read(folder)
    found, promised = _files(folder), manifest["files"]
    for name in sorted(set(found) ^ set(promised)):
        what = "is missing" if name in promised else "is not in the manifest"
        raise PublishError(f"a file {what}", where=f"{folder.name}/{name}")
    for name in found:
        if _entry(folder / name) != promised[name]:
            raise PublishError("a file differs from its hash in the manifest", where=f"{folder.name}/{name}")
    return manifest


def _files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST)


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}
