"""Sample files as files that can be looked at: what is packed is unpacked, as far as it is needed."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from dropout.errors import ExtractError
from dropout.extracts.caps import DEPTH_AT_MOST
from dropout.extracts.draft.delimited import HEAD_BYTES
from dropout.extracts.names import is_hidden
from dropout.extracts.packed import gunzipped, members, open_plain
from dropout.extracts.source import FORMATS

FILES_AT_MOST = 500  # of all samples together: a source has a few kinds of files
WHOLE_AT_MOST = 256 << 20  # bytes of a packed workbook or Parquet file; of text the beginning is enough
PACKED = (".zip", ".gz")


def unpacked(paths: Iterable[Path], work: Path) -> list[Path]:
    """The files themselves, or what is in them, under `work`; raises ExtractError for what is missing, damaged or unsafe."""
    found: list[Path] = []
    for path in paths:
        if not path.is_file():
            raise ExtractError("no such file", where=path.name, remedy="Give the paths of sample files.")
        found += _inside(path, work, DEPTH_AT_MOST) if path.suffix.lower() in PACKED else [path]
    return found


def _inside(path: Path, work: Path, depth: int) -> Iterator[Path]:
    with open_plain(path, path.name) as source:
        packed = [(path.stem, gunzipped(source, path.name))] if path.suffix.lower() == ".gz" else members(source, path.name)
        for name, chunks in packed:
            base = PurePosixPath(name).name
            if is_hidden(base):
                continue
            inner = _kept(base, chunks, work)
            if inner.suffix.lower() not in PACKED:
                yield inner
            elif depth:
                yield from _inside(inner, work, depth - 1)


def _kept(name: str, chunks: Iterable[bytes], work: Path) -> Path:
    """The beginning of a text, the whole of anything else, in a folder of its own: names may repeat."""
    number = sum(1 for _ in work.iterdir())
    if number >= FILES_AT_MOST:
        raise ExtractError(f"more than {FILES_AT_MOST} files", where=name, remedy="Give a few samples of each kind of file.")
    target = work / str(number) / name
    target.parent.mkdir(mode=0o700)
    is_text = target.suffix.lower() not in (*FORMATS, *PACKED)
    with target.open("wb") as out:
        for chunk in chunks:
            out.write(chunk)
            if is_text and out.tell() >= HEAD_BYTES:
                break
            if out.tell() > WHOLE_AT_MOST:
                raise ExtractError("too large to be looked at packed", where=name, remedy="Unpack it first.")
    return target
