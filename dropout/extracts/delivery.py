"""A delivery as it is opened: its files by relative path, the sources that know them, and what it lacks."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from dropout.errors import ExtractError
from dropout.extracts.answers.recognise import language_of, stored_name
from dropout.extracts.inbox import Arrival
from dropout.extracts.manifest import is_manifest, read_manifest, unkept
from dropout.extracts.source import LISTS, Source, assign, load_source
from dropout.extracts.unpack import Opened, Shown, unpack
from dropout.settings import Deployment

NAMED_AT_MOST = 5  # files in one message


@dataclass(frozen=True)
class Delivery:
    """An opened delivery: `files` (relative path → sha256) lie in `folder`, without manifests and folders that hold all of it.

    `source` knows most of them. `lacks` says what is not as a manifest promises, or could not be opened; `missing` are
    the patterns of files that a source cannot do without. `written` are the sender's own names of files that are called
    otherwise here.
    """

    name: str
    folder: Path
    files: dict[str, str]
    source: Source
    lacks: list[str]
    missing: list[str]
    written: dict[str, str] = field(default_factory=dict)

    @property
    def delivery_id(self) -> str:
        """Hash over names, as their sender wrote them, and contents: a zip and the folder it was made of have the same.

        What is shown for a name depends on the key, and on the schools known by now; a delivery is the same with any.
        """
        files = {self.written.get(name, name): digest for name, digest in self.files.items()}
        return hashlib.sha256("".join(f"{n}\0{h}\n" for n, h in sorted(files.items())).encode()).hexdigest()


def open_arrival(deployment: Deployment, arrival: Arrival, landing: Path, shown: Shown) -> tuple[list[Delivery], Opened]:
    """Opens what arrived into the empty folder `landing`: the lists that came back, each a delivery by itself, and the rest.

    A list is read, judged and refused alone: it is one counselor's, and no part of what a school system sent with it.
    Raises ExtractError when it is not safe to open or cannot be read.
    """
    opened = unpack(arrival.paths, landing, arrival.place, deployment.settings.intake.file_seconds, shown)
    # the stem first: "list (1).csv", a copy that was filled further, comes after "list.csv"
    names = sorted(opened.files, key=lambda name: _by_stem(opened.written.get(name) or name))
    spoken = {name: language for name in names if (language := language_of(opened.folder / name))}
    lists = [_returned(opened, landing / f"list-{number}", name, spoken[name]) for number, name in enumerate(spoken)]
    return lists, opened


def _by_stem(name: str) -> tuple[str, str]:
    return PurePosixPath(name).stem, name


def _returned(opened: Opened, folder: Path, name: str, language: str) -> Delivery:
    """Takes the list `name` out of what was opened. Its delivery has no name yet: that of the file could name a person."""
    path = opened.folder / name
    stored = stored_name(path, language)
    folder.mkdir(mode=0o700)
    path.rename(folder / stored)
    written = stored_name(PurePosixPath(opened.written.get(name, name)), language)
    return Delivery("", folder, {stored: opened.files.pop(name)}, load_source(LISTS), [], [], {stored: written})


def described(deployment: Deployment, arrival: Arrival, opened: Opened, shown: Shown) -> Delivery:
    """The delivery that was opened, without manifests.

    Raises ExtractError when it cannot be read, holds nothing, or nothing that a source of the country knows.
    """
    known = assign(deployment.country, list(opened.files))
    patterns = {s.manifest for s in _distinct(known)}
    manifests = [n for n in opened.files if any(is_manifest(n, p) for p in patterns) and not _is_of_system(n, known)]
    lacks = [f"{error.where.removeprefix(f'{arrival.place}/')}: {error.what}" for error in opened.sealed]
    for name in manifests:
        lacks += _lacks(opened, known, opened.folder / name, name, shown)
    if arrival.sums:
        with arrival.paths[0].open("rb") as file:
            opened.packed[arrival.name] = hashlib.file_digest(file, "sha256").hexdigest()
        lacks += _lacks(opened, known, arrival.sums, shown(arrival.sums.name), shown)
    for name in manifests:
        (opened.folder / name).unlink()
        del opened.files[name]
        known.pop(name, None)
    _verify_known(deployment, arrival, opened, known)
    top = _top(list(opened.files), known)
    [(most, _)] = Counter(s.source for s in known.values()).most_common(1)
    return Delivery(
        name=arrival.name,
        folder=opened.folder / top,
        files={n.removeprefix(top): h for n, h in opened.files.items()},
        written={n.removeprefix(top): _below(opened.written[n], top) for n in opened.files if n in opened.written},
        source=next(s for s in known.values() if s.source == most),
        lacks=lacks,
        missing=_missing(known),
    )


def _is_of_system(name: str, known: dict[str, Source]) -> bool:
    """Whether the file at `name` is one that a system has by that name, such as OneRoster's manifest, among its other files."""
    mine = known.get(name)
    return mine is not None and any(s.source == mine.source and not _is_unneeded(s, n) for n, s in known.items() if n != name)


def _is_unneeded(source: Source, name: str) -> bool:
    return all(kind.unneeded for kind in source.kinds_for(name))


def _lacks(opened: Opened, known: dict[str, Source], path: Path, name: str, shown: Shown) -> list[str]:
    try:
        promises = [replace(p, file=shown(p.file)) for p in read_manifest(path, name)]
    except ExtractError as error:
        return [f"{name}: {error.what}. {error.cause}"]
    return unkept(promises, opened, lambda n: known[n].file_for(n) if n in known else None)


def _verify_known(deployment: Deployment, arrival: Arrival, opened: Opened, known: dict[str, Source]) -> None:
    if not opened.files:
        raise ExtractError("the delivery holds no files", where=arrival.place, remedy="Export it again.")
    if known:
        return
    if opened.sealed:
        raise opened.sealed[0]
    raise ExtractError(
        f"no source of '{deployment.country.country}' knows these files: {', '.join(sorted(opened.files)[:NAMED_AT_MOST])}",
        where=arrival.place,
        remedy="Map them with: dropout source new, or rename them as a source expects.",
    )


def _top(names: list[str], known: dict[str, Source]) -> str:
    """The folders that hold the whole delivery, as "a/b/"; but not one whose name a source takes something from."""
    top = ""
    while True:
        first, _, rest = names[0][len(top) :].partition("/")
        longer = f"{top}{first}/"
        if not rest or not all(n.startswith(longer) for n in names) or _is_telling(known, len(top), len(longer)):
            return top
        top = longer


def _below(written: str, top: str) -> str:
    """A path without as many folders as `top` has."""
    return written.split("/", top.count("/"))[-1]


def _is_telling(known: dict[str, Source], shorter: int, longer: int) -> bool:
    kinds = [(name, kind) for name, source in known.items() for kind in source.kinds_for(name) if kind.path]
    return any(re.search(kind.path, name[shorter:]) and not re.search(kind.path, name[longer:]) for name, kind in kinds)


def _distinct(known: dict[str, Source]) -> list[Source]:
    return list({s.source: s for s in known.values()}.values())


def _missing(known: dict[str, Source]) -> list[str]:
    """Patterns of the files that the sources of a delivery require and that it leaves out."""
    patterns = []
    for source in _distinct(known):
        there = [kind.match for name, s in known.items() if s.source == source.source for kind in source.kinds_for(name)]
        patterns += [f.pattern for f in source.files if f.is_required and f.match not in there]
    return list(dict.fromkeys(patterns))
