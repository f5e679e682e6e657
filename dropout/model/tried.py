"""A model is first loaded in a process of its own, under limits, and its examples are replayed there.

A text that LightGBM cannot read ends the process that loads it, or can make it grow without end (measured on 4.7). The
seal keeps out what others wrote; this keeps the night alive where a whole file meets a library that cannot read it.
"""

import contextlib
import hashlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import dropout
from dropout.errors import ModelError

MEMORY_BYTES = 4 << 30  # of address space; libraries reserve about one, and a model needs some megabytes
SECONDS = 120  # of the wall, for a machine that is busy; half of it of the processor
KEPT = ("PATH", "LD_LIBRARY_PATH")  # of the environment; trees need no secrets
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # each thread reserves memory of its own
LAUNCH = "import sys; sys.path.insert(0, sys.argv[1]); from dropout.model.tried import child; child(sys.argv[2])"
_TRIED: set[str] = set()  # what this process need not try again, by the bytes of every file


def try_in_child(folder: Path) -> None:
    """Loads every booster of `folder` in a process of its own, and replays the model's examples; once per content.

    Raises ModelError when that process refuses, fails, dies, or wants more time or memory than it may have.
    """
    content = _digest(folder)
    if content in _TRIED:
        return
    root = str(Path(dropout.__file__).resolve().parents[1])
    command = [sys.executable, "-I", "-X", "utf8", "-c", LAUNCH, root, str(folder.resolve())]
    environment = {name: os.environ[name] for name in KEPT if name in os.environ} | ALONE
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise _unloadable(folder, f"A trial process did not end within {SECONDS} seconds.") from None
    if done.returncode != 0:
        raise _unloadable(folder, f"A trial process ended with code {done.returncode}.")
    _TRIED.add(content)


def _unloadable(folder: Path, cause: str) -> ModelError:
    remedy = "Install the locked version of LightGBM, or train anew with: dropout season"
    return ModelError("the model cannot be loaded", where=folder.name, cause=cause, remedy=remedy)


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".txt", ".json"):
            whole.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def child(folder: str) -> None:
    """The child's side: limits first, then every booster of the folder; an error ends the process with code 1."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, SECONDS // 2),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # a stricter limit is set already
            resource.setrlimit(what, (most, most))
    for unused in ("sklearn", "pandas"):  # LightGBM does without, and they are most of what importing it costs
        sys.modules[unused] = None  # type: ignore[assignment]
    from dropout.model import booster

    home = Path(folder)
    golden = booster.Golden.model_validate(json.loads((home / "model.json").read_text("utf-8"))["golden"])
    for path in sorted(home.glob("*.txt")):
        trees = booster.load(path.read_text("utf-8"))
        if path.name == "model.txt":
            booster.replay(trees, golden, home.name)
