"""Reading the audit log back: every edit, deletion, reordering and truncation is found, and a crash is told from them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from dropout.privacy.audit import FIRST, Entry, log_path, read_line
from dropout.settings import Deployment


@dataclass(frozen=True)
class Verdict:
    """What was found: the entries that can be read, faults in words, and whether a crash left the last line torn."""

    entries: tuple[Entry, ...]
    faults: tuple[str, ...]
    is_torn: bool = False

    @property
    def head(self) -> str:
        """Hash of the last entry; whoever keeps it elsewhere can tell later that nothing up to it was changed."""
        return self.entries[-1].hash if self.entries else FIRST


def entries(deployment: Deployment) -> list[Entry]:
    """All entries of the log that can be read, in order; none where there is no log."""
    path = log_path(deployment)
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    return [entry for line in lines if (entry := read_line(line))]


def verify(con: duckdb.DuckDBPyConnection, deployment: Deployment, holds: str = "") -> Verdict:
    """Holds the log against itself, against the warehouse's record of it, and against `holds`, a head kept elsewhere."""
    path = log_path(deployment)
    known = con.execute("select ordinal, hash from ops.audit_head order by ordinal, hash").fetchall()
    verdict = check(path.read_bytes() if path.exists() else b"", known)
    if holds and holds not in {FIRST, *(entry.hash for entry in verdict.entries)}:
        fault = "no entry has the head that was kept elsewhere: the log is not the one it was taken from"
        return Verdict(verdict.entries, (*verdict.faults, fault), verdict.is_torn)
    return verdict


def check(content: bytes, known: Sequence[tuple[int, str]]) -> Verdict:
    """The log `content` (bytes of the file) against `known`, ordinals and hashes from the warehouse."""
    *lines, tail = content.split(b"\n")
    found: list[Entry] = []
    faults: list[str] = []
    torn: bytes | None = None  # the line before, when it was no entry
    for number, line in enumerate(lines, start=1):
        entry = read_line(line)
        if torn is not None and not (entry and _vouches(entry, torn)):
            faults.append(f"line {number - 1} is no entry, and no entry vouches that a crash tore it")
        elif torn is None and entry and entry.what == "sealed":
            faults.append(f"line {number}: the torn line that this entry vouches for is gone")
        torn = line if entry is None else None
        if entry:
            faults += [f"line {number}: {fault}" for fault in _faults(entry, line, found[-1] if found else None)]
            found.append(entry)
    if torn is not None:
        faults.append(f"line {len(lines)} is no entry, and no entry vouches that a crash tore it")
    return Verdict(tuple(found), (*faults, *_unlike(found, known)), bool(tail))


def _vouches(entry: Entry, torn: bytes) -> bool:
    facts = {"torn_bytes": len(torn), "torn_sha256": hashlib.sha256(torn).hexdigest()}
    return entry.what == "sealed" and entry.facts == facts


def _faults(entry: Entry, line: bytes, before: Entry | None) -> list[str]:
    """What is wrong with one entry, seen beside the one before it."""
    faults = []
    if not entry.is_whole() or entry.line() != line + b"\n":
        faults.append("the entry was changed")
    if entry.previous != (before.hash if before else FIRST) or entry.ordinal != (before.ordinal + 1 if before else 1):
        faults.append("the entry before it is missing, changed or out of order")
    return faults


def _unlike(found: list[Entry], known: Sequence[tuple[int, str]]) -> list[str]:
    """Where the warehouse knows other entries than the log has.

    The log may be ahead, by what a crash kept from the warehouse or a warehouse built anew does not know; never behind.
    """
    hashes = {entry.ordinal: entry.hash for entry in found}
    if found and not known:
        return ["the warehouse knows no entry: it was built anew, or its record was removed"]
    lost = sorted({ordinal for ordinal, _ in known if ordinal not in hashes})
    other = sorted({ordinal for ordinal, hash_ in known if hashes.get(ordinal, hash_) != hash_})
    faults = [f"entries {lost[0]} to {lost[-1]} are gone from the log: the warehouse has {len(lost)}"] if lost else []
    return faults + [f"entry {ordinal} is not the one that the warehouse knows" for ordinal in other]
