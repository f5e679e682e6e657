"""The current publication under new pseudonyms: the same lists, pages and numbers, and a manifest of its own."""

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from dropout.monitor.night import ANALYTICS, Publication, attached
from dropout.publish import generation, manifest
from dropout.publish.marts import STORAGE
from dropout.rekey.copied import copy
from dropout.warehouse.swap import hidden

CATALOG = "last_published"  # what `attached` calls the analysts' file
PSEUDONYM = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{15}(?![0-9A-Za-z])")  # as lists write that of a pupil without a name
PACKED = (".xlsx", ".zip")
Say = Callable[[bytes], bytes]


def rebuild(con: duckdb.DuckDBPyConnection, publication: Publication) -> Path:
    """Writes `publication` anew beside itself, pseudonyms by temp table `rekey`; returns the hidden folder, on disk.

    Raises PublishError when the publication is not whole: what was altered is not given a new manifest.
    """
    facts = manifest.verify(publication.folder)
    target = hidden(publication.folder)
    target.mkdir(mode=generation.OWN_FOLDER)
    say = _sayer(con, publication.folder)
    for path in sorted(p for p in publication.folder.rglob("*") if p.is_file()):
        place = target / path.relative_to(publication.folder)
        place.parent.mkdir(mode=generation.OWN_FOLDER, parents=True, exist_ok=True)
        if path.name not in (ANALYTICS, manifest.MANIFEST):
            _copy(path, place, say)
    with attached(con, publication):
        copy(con, CATALOG, target / ANALYTICS, STORAGE)
    manifest.write(target, {name: value for name, value in facts.items() if name != "files"})
    generation.seal(target)
    manifest.verify(target)
    return target


def _sayer(con: duckdb.DuckDBPyConnection, folder: Path) -> Say:
    """A function that puts the new pseudonym in place of each old one in a text; only those that occur are held in memory."""
    words: set[bytes] = set()
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in (ANALYTICS, manifest.MANIFEST):
            for content in _contents(path):
                words.update(PSEUDONYM.findall(content))
    pairs = con.execute(
        "select printf('%015x', old_key) as old, printf('%015x', new_key) from rekey where old in (select unnest(?))",
        [[word.decode("ascii") for word in sorted(words)]],
    ).fetchall()
    new = {old.encode("ascii"): key.encode("ascii") for old, key in pairs}
    return lambda content: PSEUDONYM.sub(lambda match: new.get(match[0], match[0]), content)


def _contents(path: Path) -> list[bytes]:
    if path.suffix not in PACKED:
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as packed:
        return [packed.read(member) for member in packed.infolist()]


def _copy(path: Path, place: Path, say: Say) -> None:
    before = _contents(path)
    after = [say(content) for content in before]
    if before == after:
        shutil.copyfile(path, place)
    elif path.suffix not in PACKED:
        place.write_bytes(after[0])
    else:
        with zipfile.ZipFile(path) as packed, zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as anew:
            for member, content in zip(packed.infolist(), after, strict=True):
                anew.writestr(member, content)
