"""What lies in the inbox: deliveries that are whole, and what is still being written."""

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dropout.extracts.names import DONE, is_done_marker, is_hidden, is_partial
from dropout.extracts.unpack import is_zip
from dropout.settings import IntakeSettings

SUMS = ".sha256"
LOOSE = "loose files of the inbox"
Seen = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Arrival:
    """A delivery as it lies before it is landed: a folder, a zip, or files that lie loose.

    `place` names it to the operator. `beside` are files that only speak of it: `.done` markers, the checksum of a zip.
    `seen` is what it looked like when it was listed; empty where that is not asked.
    """

    name: str
    place: str
    paths: tuple[Path, ...]
    beside: tuple[Path, ...] = ()
    seen: Seen = field(default_factory=dict)

    @property
    def sums(self) -> Path | None:
        """The checksum file beside it."""
        return next((p for p in self.beside if p.suffix.lower() == SUMS), None)

    @property
    def has_changed(self) -> bool:
        """Whether anything in it is not as it was listed."""
        return bool(self.seen) and _seen(self.paths) != self.seen


def look_in(
    inbox: Path, loose_name: str, rule: IntakeSettings, now: float, is_alone: Callable[[Path], bool] = lambda path: False
) -> tuple[list[Arrival], list[Path]]:
    """The deliveries of the inbox that are whole, and the files, folders and zips that may still be growing.

    A thing is whole when `<name>.done` lies beside it (or `.done` in the folder), or when nothing in it has changed for
    `rule.settled_seconds` before `now`. Loose files without a marker wait for each other: they may belong together.
    A loose file that `is_alone`, by what is in it, is a delivery by itself: nobody marks it, and nothing waits for it.
    """
    entries = [p for p in sorted(inbox.iterdir()) if not is_hidden(p.name) and not is_partial(p.name)]
    zips = {p.name.lower() for p in entries if is_zip(p)}
    about: dict[str, list[Path]] = defaultdict(list)  # name of a thing, in lower case → what speaks of it
    things = []
    for path in entries:
        described = path.name.lower().removesuffix(DONE).removesuffix(SUMS)
        if is_done_marker(path.name) or (path.suffix.lower() == SUMS and described in zips):
            about[path.name[: -len(path.suffix)].lower()].append(path)
        else:
            things.append(path)
    alone = {p for p in things if _is_loose(p) and is_alone(p)}
    whole = {p for p in things if _is_marked(p, about)}
    whole |= {p for p in alone if is_settled(p, rule.settled_seconds, now)}
    if not rule.done_marker_required:
        settled = {p for p in things if p in whole or is_settled(p, rule.settled_seconds, now)}
        is_quiet = all(p in settled for p in things if _is_loose(p) and p not in alone)
        whole |= {p for p in settled if is_quiet or not _is_loose(p) or p in alone}
    own = [p for p in things if p in whole and not _is_loose(p)]
    # by the stem: "list (1).csv", a copy that was filled further, comes after "list.csv"
    own += sorted((p for p in alone if p in whole), key=lambda p: (p.stem, p.name))
    grouped: list[tuple[str, str, tuple[Path, ...]]] = [(p.name, p.name, (p,)) for p in own]
    if loose := tuple(p for p in things if p in whole and p not in own):
        grouped.append((loose_name, LOOSE, loose))
    arrivals = [Arrival(name, place, paths, _beside(paths, about), _seen(paths)) for name, place, paths in grouped]
    return arrivals, [p for p in things if p not in whole]


def is_settled(path: Path, seconds: float, now: float) -> bool:
    """Whether nothing at or below `path` was changed in the last `seconds`."""
    # a sender's clock may run ahead, and its stamps may be kept in copying: when the file last changed here is never later
    return seconds == 0 or all(min(s.st_mtime, s.st_ctime) <= now - seconds for _, s in _below([path]))


def take_away(arrival: Arrival) -> None:
    """Removes a delivery from the inbox with what speaks of it; raises OSError when it must stay."""
    for path in (*arrival.paths, *arrival.beside):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _below(paths: Iterable[Path]) -> Iterator[tuple[str, os.stat_result]]:
    """Everything at or below `paths` that is not hidden; what vanishes meanwhile, or may not be seen, is left out."""
    for path in paths:
        found = [path]
        for here, folders, files in os.walk(path) if not path.is_symlink() else ():
            folders[:] = [f for f in folders if not is_hidden(f)]
            found += [Path(here, name) for name in [*folders, *files] if not is_hidden(name)]
        for entry in found:
            with suppress(OSError):
                yield str(entry), entry.lstat()


def _seen(paths: Iterable[Path]) -> Seen:
    return {name: (s.st_size, s.st_mtime_ns) for name, s in _below(paths)}


def _is_loose(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not is_zip(path)


def _is_marked(path: Path, about: dict[str, list[Path]]) -> bool:
    return any(is_done_marker(p.name) for p in about.get(path.name.lower(), [])) or (path.is_dir() and (path / DONE).exists())


def _beside(paths: tuple[Path, ...], about: dict[str, list[Path]]) -> tuple[Path, ...]:
    return tuple(p for path in paths for p in about.get(path.name.lower(), []))
