"""The audit log: who did what, when, with which counts; appended to, never changed, each entry bound to the one before.

`audit/audit.jsonl` holds one entry a line. An entry has the hash of the one before it; the warehouse keeps every
entry's hash too (`ops.audit_head`), so that a log that was cut short, or written anew, is found. No entry has a value
of a person: an act on one pupil carries a mark that only the key can match, and only while the pupil's number is asked for.
"""

import datetime as dt
import fcntl
import hashlib
import hmac
import json
import os
import pwd
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import duckdb
from pydantic import StrictBool, StrictInt, StrictStr

from dropout.durable import sync
from dropout.privacy.keys import read_key
from dropout.settings import Deployment
from dropout.strict import Strict
from dropout.warehouse.ledger import Counts, Run, settings_sha256

What = Literal[
    "run_begun", "run_ended", "key_used", "published", "settings_changed", "accepted", "access_exported", "sheet_written",
    "research_exported", "forgotten", "opted_out", "opted_in", "purged", "sealed",
    "suspended", "resumed", "contested", "contest_answered",
    "key_rotated",
]  # fmt: skip
Facts = dict[str, StrictInt | StrictBool | StrictStr]
FIRST = "0" * 64  # stands where the first entry has no entry before it
MARK_BYTES = 16  # of a pupil's mark, and of the salt that makes two marks of one pupil differ
_NO_LOGIN = 2**32 - 1  # what Linux says of a process that no login began

# what a verb leaves in the log when it is done, and which of its counts
AUDITED: dict[str, tuple[What, tuple[str, ...]]] = {
    "read": ("key_used", ("files", "rows")),
    "publish": ("published", ("generation_id", "schools", "students", "listed")),
}


class Entry(Strict):
    """One line. `facts` are counts, codes and dates; `subject` is `salt:mark` of a pupil, empty where none is meant."""

    ordinal: int
    time: str
    who: str
    what: What
    run_id: str
    settings_sha256: str
    subject: str
    facts: Facts
    previous: str
    hash: str

    def line(self) -> bytes:
        """The entry as it stands in the file: one form only, so that any changed byte shows."""
        return _canonical(self.model_dump()) + b"\n"

    def is_whole(self) -> bool:
        """Whether `hash` is that of everything else in the entry."""
        return self.hash == _hash({name: value for name, value in self.model_dump().items() if name != "hash"})


def log_path(deployment: Deployment) -> Path:
    """Where the log lies; a file of its own outlives a warehouse that is built anew, and is easily copied elsewhere."""
    path: Path = deployment.root / "audit" / "audit.jsonl"
    return path


def record(
    con: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    what: What,
    *,
    run_id: str = "",
    student_key: int | None = None,
    facts: Facts | None = None,
) -> Entry:
    """Appends one entry, on disk before this returns, and its hash to the warehouse; never a value of a person in `facts`.

    Where the settings differ from those of the last entry, an entry says so first. A last line that a crash tore
    is closed and vouched for by an entry of its own, since nothing is ever removed. Appends of several processes
    wait for each other.
    """
    settings = settings_sha256(deployment)
    subject = subject_of(read_key(deployment), student_key) if student_key is not None else ""
    with _open(log_path(deployment)) as file:
        last, torn = _tail(file)
        added: list[Entry] = []

        def add(what: What, run_id: str = "", subject: str = "", facts: Facts | None = None) -> None:
            before = added[-1] if added else last
            added.append(_entry(before, what, run_id, settings, subject, facts or {}))

        if torn:
            os.write(file, b"\n")
            add("sealed", facts={"torn_bytes": len(torn), "torn_sha256": hashlib.sha256(torn).hexdigest()})
        if last and last.settings_sha256 != settings:
            add("settings_changed", run_id, facts={"before": last.settings_sha256})
        add(what, run_id, subject, facts)
        _write(file, b"".join(entry.line() for entry in added))
    con.executemany("insert into ops.audit_head values (?, ?, ?)", [[e.ordinal, e.hash, e.time] for e in added])
    return added[-1]


def record_verb(con: duckdb.DuckDBPyConnection, run: Run, verb: str, counts: Counts) -> None:
    """What the done `verb` of a run leaves in the log, if it is one of AUDITED."""
    if verb in AUDITED:
        what, kept = AUDITED[verb]
        record(con, run.deployment, what, run_id=run.run_id, facts={name: counts[name] for name in kept if name in counts})


def is_about(entry: Entry, key: bytes, student_key: int, again: Mapping[int, str] | None = None) -> bool:
    """Whether an entry's mark is that of the student; only the holder of the deployment's key can tell.

    `again` has the marks that `subjects` returns: those of entries that were written under an earlier key.
    """
    salt, _, mark = (again or {}).get(entry.ordinal, entry.subject).partition(":")
    return bool(salt) and hmac.compare_digest(mark, _mark(key, salt, student_key))


def subjects(con: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """Ordinal of each entry that an earlier key marked, and its mark made again with the key in force (`dropout key rotate`)."""
    return dict(con.execute("select ordinal, subject from ops.audit_subject").fetchall())


def subject_of(key: bytes, student_key: int) -> str:
    """A mark of the student, `salt:mark`, each time another one."""
    salt = secrets.token_hex(MARK_BYTES)
    return f"{salt}:{_mark(key, salt, student_key)}"


def _mark(key: bytes, salt: str, student_key: int) -> str:
    return hmac.new(key, f"audit:{salt}:{student_key}".encode(), hashlib.sha256).hexdigest()[: 2 * MARK_BYTES]


def _entry(before: Entry | None, what: What, run_id: str, settings: str, subject: str, facts: Facts) -> Entry:
    body: dict[str, Any] = {
        "ordinal": before.ordinal + 1 if before else 1,
        "time": dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds"),
        "who": user_name(),
        "what": what,
        "run_id": run_id,
        "settings_sha256": settings,
        "subject": subject,
        "facts": facts,
        "previous": before.hash if before else FIRST,
    }
    return Entry(**body, hash=_hash(body))


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _hash(body: dict[str, Any]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()


def user_name() -> str:
    """The system's name of whoever runs this, and of who logged in where that is somebody else (as with sudo).

    From the kernel, not from the environment, which anybody can set.
    """
    user, login = os.getuid(), _NO_LOGIN
    with suppress(OSError, ValueError):  # not Linux, or not told in a container
        login = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    return _name(user) if login in (_NO_LOGIN, user) else f"{_name(user)} (login {_name(login)})"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


@contextmanager
def _open(path: Path) -> Iterator[int]:
    """The log, open for reading and appending, held alone; made with its folder where it is not there (0600 in 0700)."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        is_new = os.fstat(handle).st_size == 0
        yield handle
        os.fsync(handle)
        if is_new:
            sync(path.parent)
    finally:
        os.close(handle)


def _tail(file: int) -> tuple[Entry | None, bytes]:
    """The last entry that can be read, and the bytes after the last line's end.

    A line that is no entry (an earlier torn one, or one that somebody spoilt) is passed over: `verify` tells the two apart.
    """
    size = os.fstat(file).st_size
    content = os.pread(file, size, 0)
    *lines, torn = content.split(b"\n")
    return next((entry for line in reversed(lines) if (entry := read_line(line))), None), torn


def read_line(line: bytes) -> Entry | None:
    """The entry on `line` (without its end), or None where it is none."""
    try:
        return Entry.model_validate(json.loads(line))
    except (ValueError, RecursionError):  # a spoilt line may nest without end
        return None


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
