"""What opening a delivery may cost: files, bytes, growth, depth, room on the disk, time."""

import shutil
import time
from pathlib import Path

from dropout.errors import ExtractError

FILES_AT_MOST = 20_000  # a region's zip holds a few files for each of some thousand schools
BYTES_AT_MOST = 32 << 30
RATIO_AT_MOST = 200  # a text extract compresses 5 to 50 times; a zip bomb more than a thousand times
SMALL = 16 << 20  # what any archive may grow to: a small table of equal lines shrinks further than a large one
DEPTH_AT_MOST = 2  # a zip per school inside a zip; a gzip inside a zip
FREE_AT_LEAST = 512 << 20  # left on the disk for the warehouse


class SealedError(ExtractError):
    """A packed file that cannot be opened; the ones beside it can."""


def unsafe(where: str, cause: str) -> ExtractError:
    """The error for what must not be opened at all: whoever packed it did not mean well, or made a grave mistake."""
    return ExtractError("the delivery is not safe to open", where=where, cause=cause, remedy="Pack the extracts again, plainly.")


class Costs:
    """What opening one delivery into `folder` has cost so far; each method raises ExtractError at its cap."""

    def __init__(self, where: str, folder: Path, seconds: float) -> None:
        self.where, self.folder, self.seconds = where, folder, seconds
        self.file_count = self.byte_count = 0
        self.began = time.monotonic()

    def file(self) -> None:
        """One file more."""
        self.file_count += 1
        if self.file_count > FILES_AT_MOST:
            raise unsafe(self.where, f"It holds more than {FILES_AT_MOST} files.")

    def chunk(self, size: int) -> None:
        """`size` bytes more, about to be written."""
        self.byte_count += size
        if self.byte_count > BYTES_AT_MOST:
            raise unsafe(self.where, f"It holds more than {BYTES_AT_MOST >> 20} MiB.")
        if time.monotonic() - self.began > self.seconds:
            cause = f"It took more than {self.seconds:g} seconds, the limit intake.file_seconds."
            raise ExtractError("opening the delivery was given up", where=self.where, cause=cause, remedy="Deliver it in parts.")
        if shutil.disk_usage(self.folder).free - size < FREE_AT_LEAST:
            cause = f"Less than {FREE_AT_LEAST >> 20} MiB would be left on its disk."
            raise ExtractError("no room to open the delivery", where=self.where, cause=cause, remedy="Free some space.")


class Growth:
    """How far one archive of `packed_size` bytes may grow."""

    def __init__(self, packed_size: int, where: str) -> None:
        self.left, self.where = max(SMALL, packed_size * RATIO_AT_MOST), where

    def chunk(self, size: int) -> None:
        """`size` bytes more came out of it; raises ExtractError when that is past belief."""
        self.left -= size
        if self.left < 0:
            raise unsafe(self.where, f"It grows to more than {RATIO_AT_MOST} times its size.")
