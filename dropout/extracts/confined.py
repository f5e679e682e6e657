"""Readers of formats that are programs' own run in a child process of limited memory, disk and time.

What breaks such a reader, or makes it grow without end, costs its file and not the night: a damaged Parquet file
can make a DuckDB connection useless for good, and a workbook of 50 kB can name a sheet of 17 billion cells.
"""

import contextlib
import errno
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import dropout
from dropout.errors import ExtractError

LIBRARIES = 256 << 20  # bytes of address space beside the memory that may be used
RESERVED = 3 << 30  # the same for DuckDB, which keeps to its own limit and reserves far more than it uses; see `scratch.py`
REFUSED, TOO_MUCH = 2, 3  # exit codes
KEPT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")  # of the environment; a reader needs no secrets
LAUNCH = "import sys; sys.path.insert(0, sys.argv[1]); from dropout.extracts.confined import child; child(*sys.argv[2:])"


@dataclass(frozen=True)
class Limits:
    """Memory in bytes (as much again may be written to disk) and wall-clock seconds."""

    memory_bytes: int
    seconds: float


Reader = Callable[[Path, Path, int], None]


def confined(reader: Reader, path: Path, work: Path, limits: Limits) -> Path:
    """The folder in `work` that `reader` filled from file `path`: a function (path, folder, memory in bytes) of a module.

    Kinds that read the same file share the folder. Raises ExtractError with the reader's own words where it
    refused the file, and in plain ones where it failed, died, or wanted more than `limits`.
    """
    found = path.stat()
    version = f"{reader.__qualname__}|{path.resolve()}|{found.st_size}|{found.st_mtime_ns}"
    folder = work / hashlib.sha256(version.encode("utf-8", errors="surrogateescape")).hexdigest()[:24]
    if folder.exists():
        return folder
    partly = work / f"{folder.name}.part"
    shutil.rmtree(partly, ignore_errors=True)
    partly.mkdir(parents=True)
    try:
        _run(reader, path, partly, limits)
    except ExtractError:
        shutil.rmtree(partly, ignore_errors=True)
        raise
    partly.rename(folder)
    return folder


def _run(reader: Reader, path: Path, folder: Path, limits: Limits) -> None:
    root = str(Path(dropout.__file__).resolve().parents[1])
    numbers = (str(limits.memory_bytes), str(max(1, round(limits.seconds))))
    work = (reader.__module__, reader.__qualname__, str(path.resolve()), str(folder.resolve()))
    command = [sys.executable, "-I", "-X", "utf8", "-c", LAUNCH, root, *numbers, *work]
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, cwd=folder, env=environment, timeout=limits.seconds
        )
    except subprocess.TimeoutExpired:
        raise ExtractError(
            f"reading took longer than {limits.seconds:g} seconds",
            where=path.name,
            remedy="Deliver it in smaller files, or raise intake.file_seconds.",
        ) from None
    if done.returncode:
        raise _failure(done.returncode, done.stdout, path.name)


def _failure(code: int, said: bytes, where: str) -> ExtractError:
    """What the child's end means; what it wrote besides may hold a person's values, and is not shown."""
    if code == REFUSED:
        words = json.loads(said)
        return ExtractError(words["what"], where=where, cause=words["cause"], remedy=words["remedy"])
    if code in (TOO_MUCH, -signal.SIGABRT, -signal.SIGKILL, -signal.SIGXCPU):  # libraries abort when memory ends
        return ExtractError(
            "reading needs more memory than is allowed",
            where=where,
            cause="It unpacks to far more than its size, or it is damaged.",
            remedy="Deliver it in smaller files or as CSV, or raise intake.memory_mb.",
        )
    return ExtractError(
        "the file cannot be read", where=where, cause="It is damaged, or not what its name says.", remedy="Export it again."
    )


def child(memory: str, seconds: str, module: str, name: str, path: str, folder: str) -> None:
    """The child's side: limits first, then the reader; ends the process."""
    memory_bytes = int(memory)
    cpu_seconds = int(seconds) * (os.cpu_count() or 1)
    for what, soft, hard in (
        (resource.RLIMIT_AS, memory_bytes + LIBRARIES, memory_bytes + RESERVED),
        (resource.RLIMIT_FSIZE, memory_bytes, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds),
        (resource.RLIMIT_CORE, 0, 0),  # a core file would hold people's names
    ):
        with contextlib.suppress(ValueError, OSError):  # a stricter limit is set already
            resource.setrlimit(what, (soft, hard))
    try:
        getattr(import_module(module), name)(Path(path), Path(folder), memory_bytes)
    except ExtractError as error:
        print(json.dumps({"what": error.what, "cause": error.cause, "remedy": error.remedy}))  # noqa: T201 (to the parent)
        sys.exit(REFUSED)
    except MemoryError:
        sys.exit(TOO_MUCH)
    except OSError as error:
        sys.exit(TOO_MUCH if error.errno == errno.EFBIG else 1)
