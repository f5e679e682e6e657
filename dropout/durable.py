"""What was written outlives a power cut: a file's bytes, or the names in a folder, are on the disk."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Returns when `path`, a file or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
