"""Opens a delivery, whatever it is packed in, into a folder of plain files: within caps, and never outside of that folder."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dropout.durable import sync
from dropout.errors import ExtractError
from dropout.extracts.caps import DEPTH_AT_MOST, Costs, Growth, SealedError, unsafe
from dropout.extracts.names import alike, is_done_marker, is_hidden, is_partial, readable, safe_path
from dropout.extracts.packed import chunks, gunzipped, members, open_plain

Shown = Callable[[str], str]
ZIP, GZIP = ".zip", ".gz"
OTHER = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar", ".bz2", ".xz", ".zst")
PACKED = (ZIP, GZIP, *OTHER)


@dataclass
class Opened:
    """What a delivery held.

    `files`: relative path → sha256 of each file that lies in the folder now. `written`: the path as its sender wrote it,
    where that was another. `packed`: the same for each archive
    inside the delivery, by the path it came under. `sealed`: archives that could not be opened and lie there as they came.
    """

    folder: Path
    files: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    packed: dict[str, str] = field(default_factory=dict)
    sealed: list[ExtractError] = field(default_factory=list)


def unpack(paths: Sequence[Path], landing: Path, where: str, seconds: float, shown: Shown = str) -> Opened:
    """Opens what lies at `paths` (a folder, a zip, or files) into the empty folder `landing`; hidden files are left out.

    Files are called what `shown` makes of their path: whatever could be a person's is nowhere from here on.

    An archive inside the delivery that is damaged, encrypted or of a kind that is not opened stays as it is and is
    named in `sealed`. Raises ExtractError for what is not safe, for two files of one name, for a zip that is the delivery
    and cannot be opened, and for what cannot be read or written. `landing` may hold part of it then.
    """
    opening = _Opening(landing, where, seconds, shown)
    try:
        for path in paths:
            opening.add(path)
        for here, _, _ in os.walk(opening.opened.folder):
            sync(Path(here))
    except OSError as error:
        cause = error.strerror or type(error).__name__
        remedy = "See that it can be read, and that the disk has room."
        raise ExtractError("the delivery cannot be copied", where=where, cause=cause, remedy=remedy) from None
    return opening.opened


def is_zip(path: Path) -> bool:
    """Whether a file is a zip by its name; a workbook is one by its bytes only."""
    return path.suffix.lower() == ZIP


class _Opening:
    """One delivery being opened."""

    def __init__(self, landing: Path, where: str, seconds: float, shown: Shown) -> None:
        self.where, self.shown = where, shown
        self.opened = Opened(landing / "files")
        self.spool = landing / "packed"  # archives taken out of archives, until they are opened in their turn
        for folder in (self.opened.folder, self.spool):
            folder.mkdir(mode=0o700)
        self.costs = Costs(where, landing, seconds)
        self.taken: dict[str, bool] = {}  # what reads alike → whether it is a file

    def add(self, path: Path) -> None:
        """A folder, a zip that is the delivery, or one file of it."""
        if path.is_symlink():
            raise unsafe(self.where, "It is a link.")
        if path.is_dir():
            for file, name in self._walk(path):
                self._file(file, name, depth=0)
        elif is_zip(path):
            self._zip(path, "", depth=1)
        elif name := self._wanted(readable(os.fsencode(path.name))):
            self._file(path, name, depth=0)

    def _walk(self, root: Path) -> Iterator[tuple[Path, str]]:
        """Every plain file below `root`, links not followed."""
        for here, folders, files in os.walk(root, onerror=_raise):
            folders[:] = sorted(f for f in folders if not is_hidden(f))
            for entry in [*folders, *sorted(files)]:
                path = Path(here, entry)
                name = self._wanted(readable(os.fsencode(path.relative_to(root))))
                mode = path.lstat().st_mode
                if name and not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                    raise unsafe(self.where, "It holds a link, a pipe or a device.")
                if name and stat.S_ISREG(mode):
                    yield path, name

    def _wanted(self, written: str) -> str:
        safe = safe_path(written, self.where)
        if is_partial(safe) or is_done_marker(safe):
            return ""
        name = self.shown(safe)
        if name != safe:
            self.opened.written[name] = safe
        return name

    def _file(self, path: Path, name: str, depth: int) -> None:
        """A file on disk: delivered, or taken out of its packing."""
        if name.lower().endswith(PACKED):
            self._packed(path, name, depth)
            return
        with open_plain(path, self.where) as source:
            self._write(chunks(source), name)

    def _packed(self, path: Path, name: str, depth: int) -> None:
        place, before = f"{self.where}/{name}", (len(self.opened.files), len(self.opened.sealed))
        with open_plain(path, self.where) as source:
            self.opened.packed[name] = hashlib.file_digest(source, "sha256").hexdigest()
        try:
            if name.lower().endswith(OTHER):
                remedy = "Pack it as a zip, or each file as gzip."
                raise SealedError("this kind of archive is not opened", where=place, remedy=remedy)
            if depth == DEPTH_AT_MOST:
                raise unsafe(self.where, f"Archives lie in it more than {DEPTH_AT_MOST} deep.")
            if name.lower().endswith(ZIP):
                self._zip(path, name[: -len(ZIP)], depth + 1)
            else:
                self._gzip(path, name[: -len(GZIP)], depth + 1)
        except SealedError as error:
            self._undo(*before)
            with open_plain(path, self.where) as source:
                self._write(chunks(source), name)
            self.opened.sealed.append(error)

    def _zip(self, path: Path, folder: str, depth: int) -> None:
        """The files of a zip, below `folder`."""
        place = f"{self.where}/{folder}{ZIP}" if folder else self.where
        growth = Growth(path.stat().st_size, place)
        with open_plain(path, self.where) as source:
            for member, content in members(source, place, PurePosixPath(folder).name):
                if name := self._wanted(f"{folder}/{member}" if folder else member):
                    self._stream(_grown(content, growth), name, depth)

    def _gzip(self, path: Path, name: str, depth: int) -> None:
        place = f"{self.where}/{name}{GZIP}"
        with open_plain(path, self.where) as source:
            self._stream(_grown(gunzipped(source, place), Growth(path.stat().st_size, place)), name, depth)

    def _stream(self, content: Iterable[bytes], name: str, depth: int) -> None:
        """A file out of an archive; it may be an archive itself."""
        if not name.lower().endswith(PACKED):
            self._write(content, name)
            return
        path = self.spool / str(self.costs.file_count)
        self.costs.file()
        self._pour(content, path)
        self._packed(path, name, depth)
        path.unlink()

    def _write(self, content: Iterable[bytes], name: str) -> None:
        self.costs.file()
        self._claim(name)
        path = self.opened.folder / name
        for folder in [*reversed(path.relative_to(self.opened.folder).parents)][1:]:
            (self.opened.folder / folder).mkdir(mode=0o700, exist_ok=True)
        try:
            self.opened.files[name] = self._pour(content, path)
        except SealedError:
            path.unlink()
            del self.taken[alike(name)]
            raise

    def _pour(self, content: Iterable[bytes], path: Path) -> str:
        """Writes a new file (0400, on the disk when this returns) and gives its sha256."""
        digest = hashlib.sha256()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o400)
        with os.fdopen(handle, "wb") as file:
            for chunk in content:
                self.costs.chunk(len(chunk))
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        return digest.hexdigest()

    def _claim(self, name: str) -> None:
        """Takes a name; raises ExtractError when a file has one like it, or a file and a folder would have the same."""
        above = [alike(str(p)) for p in PurePosixPath(name).parents][:-1]
        if alike(name) in self.taken or any(self.taken.get(folder) for folder in above):
            remedy = "Rename one of them, or deliver them apart."
            raise ExtractError("two files of the delivery have the same name", where=f"{self.where}/{name}", remedy=remedy)
        self.taken |= {alike(name): True} | dict.fromkeys(above, False)

    def _undo(self, file_count: int, sealed_count: int) -> None:
        """Takes out what an archive gave before it turned out to be damaged."""
        for name in list(self.opened.files)[file_count:]:
            (self.opened.folder / name).unlink()
            del self.opened.files[name], self.taken[alike(name)]
        del self.opened.sealed[sealed_count:]


def _grown(content: Iterable[bytes], growth: Growth) -> Iterator[bytes]:
    for chunk in content:
        growth.chunk(len(chunk))
        yield chunk


def _raise(error: OSError) -> None:
    raise error
