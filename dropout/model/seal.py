"""A keyed hash over the files of a folder: what was cut, edited, added or taken away is never read.

A text model that was altered crashes the process that loads it (LightGBM), so the seal is verified first.
"""

import hashlib
import hmac
from pathlib import Path

from dropout.errors import ModelError

SEAL = "model.hmac"
_PURPOSE = b"dropout model seal 1\0"


def seal(folder: Path, key: bytes) -> None:
    """Writes `model.hmac` over every other file of `folder`, names and bytes."""
    (folder / SEAL).write_text(seal_of(folder, key), encoding="ascii")


def seal_of(folder: Path, key: bytes) -> str:
    """What `seal` would write, without writing it."""
    return _mac(_files(folder), folder, key) + "\n"


def verify(folder: Path, key: bytes, remedy: str) -> None:
    """Raises ModelError unless `folder` holds exactly the bytes that were sealed with `key`."""
    try:
        expected = (folder / SEAL).read_text(encoding="ascii").strip()
        found = _mac(_files(folder), folder, key)
    except (OSError, UnicodeDecodeError):
        raise ModelError("the model is missing or not whole", where=folder.name, remedy=remedy) from None
    if not hmac.compare_digest(expected.encode(), found.encode()):
        raise ModelError("the model was altered after it was made, or made with another key", where=folder.name, remedy=remedy)


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != SEAL)


def _mac(files: list[Path], folder: Path, key: bytes) -> str:
    mac = hmac.new(key, _PURPOSE, hashlib.sha256)
    for path in files:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        mac.update(f"{path.relative_to(folder).as_posix()}\0{digest}\n".encode())
    return mac.hexdigest()
