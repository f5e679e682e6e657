"""Several files put in place of others as one act: built beside them, promised in a journal, and then moved.

Before the journal is written the old files are the deployment, and what was built is litter. From then on the new ones
are: whoever takes the deployment's lock next makes the moves that a crash left undone. Each move can be made twice.
"""

import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from dropout.durable import sync as _sync
from dropout.strict import Strict

JOURNAL = ".swap.json"
NEXT = ".next"  # ends the name of what is built beside the file or folder that it will replace


class Move(Strict):
    """One move, of paths below the deployment: `replace` puts the file `source` in place of `path`, `remove` takes `path` away.

    Where no `source` is named it is `<path>.next`. `publish` makes the hidden folder `.<name>.next` the only generation,
    under the name of `path`.
    """

    act: Literal["replace", "remove", "publish"]
    path: str
    source: str = ""

    def built(self, root: Path) -> Path:
        """The file that `replace` moves."""
        return root / self.source if self.source else beside(root / self.path)


class Journal(Strict):
    """Moves in the order in which they are made."""

    moves: list[Move]


def beside(path: Path) -> Path:
    """Where the file that will replace `path` is built: on the same disk, so that a rename is all that is left to do."""
    return path.with_name(path.name + NEXT)


def hidden(generation: Path) -> Path:
    """Where the folder that will replace a generation is built; no reader takes it for one."""
    return generation.with_name(f".{generation.name}{NEXT}")


def is_promised(root: Path) -> bool:
    """Whether the deployment at `root` has moves to make: until they are made, its files do not belong together."""
    return (root / JOURNAL).exists()


def promise(root: Path, moves: Iterable[Move]) -> None:
    """Writes the journal: on disk, with all that was built, when this returns. The caller holds the deployment's lock."""
    moves = list(moves)
    for move in moves:
        if move.act == "replace":
            _sync(move.built(root))
            _sync(move.built(root).parent)
    path = beside(root / JOURNAL)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(Journal(moves=moves).model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    os.replace(path, root / JOURNAL)  # noqa: PTH105 (a test stops the process at this call)
    _sync(root)


def settle(root: Path) -> bool:
    """Makes the moves that were promised, or clears what was built for a promise never made; returns whether there was one.

    The caller holds the deployment's lock.
    """
    if not is_promised(root):
        for left in leftovers(root):
            _remove(left)
        return False
    journal = Journal.model_validate(json.loads((root / JOURNAL).read_text(encoding="utf-8")))
    for move in journal.moves:
        if move.act == "replace":
            _replace(move.built(root), root / move.path)
        else:
            {"remove": _remove, "publish": _publish}[move.act](root / move.path)
    (root / JOURNAL).unlink()
    _sync(root)
    return True


def leftovers(root: Path) -> list[Path]:
    """What a killed build left: names that end in `.next` where files are built that way."""
    folders = (root, root / "secrets", root / "models", root / "published" / "generations")
    built = [p for folder in folders for pattern in (f"*{NEXT}", f"*{NEXT}.wal") for p in folder.glob(pattern)]
    return sorted(built)


def _replace(built: Path, path: Path) -> None:
    """A log that a crash left beside a replaced database would be played into the new one: it goes first."""
    if built.exists():
        _remove(path.with_name(path.name + ".wal"))
        os.replace(built, path)  # noqa: PTH105 (as above)
        _sync(path.parent)


def _publish(generation: Path) -> None:
    """`current` always points at a whole folder: at the hidden one while the old generations go and the name changes hands."""
    built, home = hidden(generation), generation.parent
    if not built.exists():
        return
    _point(home.parent, built.name)
    for other in home.iterdir():
        if other != built:
            _remove(other)
    partial = home / f".{generation.name}.partial"
    shutil.copytree(built, partial, copy_function=_link)
    os.rename(partial, generation)  # noqa: PTH104 (as above)
    _sync(home)
    _point(home.parent, generation.name)
    os.rename(built, partial)  # noqa: PTH104 (as above)
    _remove(partial)
    _sync(home)


def _point(published: Path, name: str) -> None:
    link = published / ".current.next"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("generations") / name)
    os.replace(link, published / "current")  # noqa: PTH105 (as above)
    _sync(published)


def _link(source: str, target: str) -> None:
    """A second name for the same bytes; a disk that knows no such names gets a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        hidden_away = path.with_name(f".{path.name.removeprefix('.')}.going")  # so that half a folder looks like none
        if path != hidden_away:
            shutil.rmtree(hidden_away, ignore_errors=True)
            path.rename(hidden_away)
        shutil.rmtree(hidden_away)
    else:
        with suppress(FileNotFoundError):
            path.unlink()
