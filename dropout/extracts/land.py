"""land: copies each delivery once into immutable `raw/` under its sha256; the same bytes again are a recorded no-op.

Only a delivery that was refused is tried anew when it comes again: its source description may have been mended.
"""

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import duckdb
import structlog

from dropout.errors import ExtractError
from dropout.extracts.source import assign
from dropout.warehouse.ledger import Counts, Run

log = structlog.get_logger("dropout")
CHUNK = 1 << 20
MEMBERS_AT_MOST = 2000
BYTES_AT_MOST = 32 << 30
RATIO_AT_MOST = 200  # a text extract compresses 5 to 20 times; a zip bomb more than a thousand times
PARTIAL = (".part", ".tmp", ".crdownload", ".filepart")


def land(con: duckdb.DuckDBPyConnection, run: Run, paths: Iterable[Path] | None = None, *, as_history: bool = False) -> Counts:
    """Lands every delivery of the inbox (or of `paths`, which stay where they are).

    A delivery is a folder, a zip, or the loose files of the inbox together. Raises ExtractError for a path that
    is not there, an unsafe zip, or files that no source of the country knows; what was landed before it stays.
    """
    counts: Counts = {"landed": 0, "again": 0}
    given = sorted(paths, key=lambda p: p.name) if paths is not None else None
    for path in _inbox(run) if given is None else given:
        if not path.exists():
            raise ExtractError("no such delivery", where=str(path), remedy="Check the path.")
        counts["landed" if _land_one(con, run, path, as_history=as_history) else "again"] += 1
        if given is None:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return counts


def _inbox(run: Run) -> list[Path]:
    """Deliveries waiting in the inbox; loose files are gathered into one folder named by the night's date."""
    inbox = run.deployment.inbox
    waiting = [p for p in sorted(inbox.iterdir()) if not p.name.startswith(".") and p.suffix not in PARTIAL]
    loose = [p for p in waiting if p.is_file() and p.suffix.lower() != ".zip"]
    if loose:
        folder = inbox / str(run.as_of)
        folder.mkdir(exist_ok=True)
        for path in loose:
            path.rename(folder / path.name)
    return [p for p in sorted(inbox.iterdir()) if not p.name.startswith(".") and (p.is_dir() or p.suffix.lower() == ".zip")]


def _land_one(con: duckdb.DuckDBPyConnection, run: Run, path: Path, *, as_history: bool) -> bool:
    """Copies one delivery; False when its bytes were landed before."""
    raw = run.deployment.raw
    raw.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=raw, prefix=".landing-") as landing:
        folder = Path(landing)
        if path.is_dir():
            files = _copy_folder(path, folder)
        elif zipfile.is_zipfile(path):
            files = _unzip(path, folder)
        else:
            files = _copy_files([path], folder)
        if not files:
            raise ExtractError("the delivery holds no files", where=path.name, remedy="Export it again.")
        delivery_id = hashlib.sha256("".join(f"{n}\0{h}\n" for n, h in sorted(files.items())).encode()).hexdigest()
        if con.execute("select 1 from ops.delivery where delivery_id = ?", [delivery_id]).fetchone():
            con.execute(
                "update ops.delivery set again_count = again_count + 1, arrived_on = if(status = 'refused', ?, arrived_on), "
                "status = if(status = 'refused', 'landed', status) where delivery_id = ?",
                [run.as_of, delivery_id],
            )
            log.info("delivery known already", delivery=path.name)
            return False
        known = assign(run.deployment.country, list(files))
        if not known:
            raise ExtractError(
                f"no source of '{run.deployment.country.country}' knows these files: {', '.join(sorted(files)[:5])}",
                where=path.name,
                remedy="Map them.",
            )
        source = max(known.values(), key=lambda s: sum(k is s for k in known.values()))
        size = sum(f.stat().st_size for f in folder.iterdir())
        target = raw / delivery_id
        if target.exists():  # a kill came between the copy and the record
            shutil.rmtree(target)
        folder.rename(target)
        target.chmod(0o700)
        folder.mkdir()  # for TemporaryDirectory to remove
    con.execute(
        "insert into ops.delivery (delivery_id, delivery_no, name, source, delivered_on, arrived_on, is_history, status, "
        "file_count, byte_count) "
        "select ?, coalesce(max(delivery_no), 0) + 1, ?, ?, ?, ?, ?, 'landed', ?, ? from ops.delivery",
        [delivery_id, path.name, source.source, source.delivery_date(path.name), run.as_of, as_history, len(files), size],
    )
    return True


def _copy_folder(path: Path, target: Path) -> dict[str, str]:
    files = [p for p in sorted(path.rglob("*")) if p.is_file() and not p.is_symlink() and not p.name.startswith(".")]
    if len({p.name for p in files}) < len(files):
        raise ExtractError("two files of the delivery have the same name", where=path.name, remedy="Deliver them apart.")
    return _copy_files([p for p in files if p.suffix not in PARTIAL], target)


def _copy_files(files: list[Path], target: Path) -> dict[str, str]:
    hashes = {}
    for path in files:
        with path.open("rb") as source:
            hashes[path.name] = _write(source, target / path.name)
    return hashes


def _unzip(path: Path, target: Path) -> dict[str, str]:
    """Opens a zip with caps on members, bytes and ratio while streaming; no paths, no links, no encryption."""
    hashes: dict[str, str] = {}
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not Path(m.filename).name.startswith(".")]
        if len(members) > MEMBERS_AT_MOST or sum(m.file_size for m in members) > BYTES_AT_MOST:
            raise _unsafe(path, "too many members or bytes")
        for member in members:
            name = Path(member.filename).name
            if member.flag_bits & 0x1 or stat.S_ISLNK(member.external_attr >> 16) or ".." in Path(member.filename).parts:
                raise _unsafe(path, "a member is encrypted, a link, or points outside")
            if name in hashes:
                raise ExtractError("two members have the same name", where=path.name, remedy="Deliver them apart.")
            cap = max(CHUNK, member.compress_size * RATIO_AT_MOST)
            try:
                with archive.open(member) as source:
                    hashes[name] = _write(source, target / name, cap=cap, where=path.name)
            except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
                raise ExtractError(
                    "the zip is damaged", where=path.name, cause=type(error).__name__, remedy="Send it again."
                ) from None
    return hashes


def _unsafe(path: Path, why: str) -> ExtractError:
    return ExtractError("the zip is not safe to open", where=path.name, cause=why, remedy="Pack the extracts again, plainly.")


def _write(source: object, target: Path, *, cap: int = BYTES_AT_MOST, where: str = "") -> str:
    """Streams `source` to `target` (0400, fsynced) and returns its sha256; more than `cap` bytes are an error."""
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        while chunk := source.read(CHUNK):  # type: ignore[attr-defined]
            size += len(chunk)
            if size > cap:
                raise ExtractError(
                    "the zip is not safe to open", where=where, cause="it grows far beyond its size", remedy="Pack it again."
                )
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    target.chmod(0o400)
    return digest.hexdigest()
