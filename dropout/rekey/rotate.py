"""rotate: a new key, and everything that the old one made is made anew, or nothing is.

All of it is built beside what is there: both databases, the current publication, the seals of the models. One journal
then promises the moves (warehouse/swap.py), so that a crash leaves the old state, or one that the next command finishes.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dropout.errors import DeploymentError, ModelError
from dropout.model.seal import SEAL, seal_of, verify
from dropout.monitor.night import current
from dropout.privacy import pseudonym
from dropout.privacy.keys import KEY_BYTES, read_key, write_key
from dropout.privacy.rotations import tell
from dropout.rekey import marks, publication
from dropout.rekey.copied import COPY, copy, used
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse import swap
from dropout.warehouse.connect import connect
from dropout.warehouse.key_id import FILE, id_of
from dropout.warehouse.lock import exclusive
from dropout.warehouse.swap import Move, beside

# what holds pseudonyms or a copy of the key and is made anew when it is needed: rows on their way, and what a killed proof left
MADE_ANEW = ("work/staging.duckdb", "work/staging.duckdb.wal", "models/candidate-*", "work/canary-*")


@dataclass(frozen=True)
class Rotated:
    """What became of it: ids of the keys, counts, and models that keep no seal because theirs was broken before."""

    before: str
    key_id: str
    students: int
    unnumbered: int
    models: int
    unsealed: tuple[str, ...]


def rotate(deployment: Deployment) -> Rotated:
    """Gives the deployment a new key. Other generations than the current one go: they have the old pseudonyms.

    A pseudonym without a student number in the identity store gets a new one made of the old: its rows stay together,
    but a later delivery of that number is another pupil's. A row in quarantine of a number that no register has loses
    its content; file, line and rules stay, and `raw/` has the line. Raises DeploymentError when the identity store does not fit
    the key, PublishError when the current publication was altered, LockedError while a run holds the deployment.
    """
    with exclusive(deployment):
        try:
            with connect(deployment, attach=("identity",)) as con:
                done = _build(con, deployment, read_key(deployment), secrets.token_bytes(KEY_BYTES))
                swap.promise(deployment.root, _moves(deployment, done))
        finally:
            swap.settle(deployment.root)  # what was promised is done; what was only built is cleared away
        with connect(deployment) as con:
            tell(con, deployment)
    return done


def _build(con: duckdb.DuckDBPyConnection, deployment: Deployment, old: bytes, new: bytes) -> Rotated:
    """Everything under the new key, beside what is there."""
    pseudonym.install(con, old)
    _verify_identity(con)
    used(con, ["warehouse", "identity"])
    marked = marks.matched(con, deployment)
    pseudonym.install(con, new)
    con.execute(f"create or replace temp table rekey as {sql('rekey/new_key')}")
    students, distinct, unnumbered = con.execute(
        "select count(*), count(distinct new_key), count(*) filter (is_unnumbered) from rekey"
    ).fetchall()[0]
    if students != distinct:
        raise DeploymentError("two pupils would share a pseudonym", remedy="Again, with another key: dropout key rotate")
    copy(con, "identity", beside(deployment.identity))
    copy(con, "warehouse", beside(deployment.warehouse))
    con.execute(f"attach '{_quoted(beside(deployment.warehouse))}' as {COPY}")
    con.execute(
        f"insert into {COPY}.ops.key select max(ordinal) + 1, ?, now()::timestamp, ?, ?, false from {COPY}.ops.key",
        [id_of(new), students, unnumbered],
    )
    marks.write(con, f"{COPY}.ops.audit_subject", new, marked)
    # rows on their way are read anew, under the new key
    con.execute(f"update {COPY}.ops.delivery set status = 'landed' where status in ('read', 'checked')")
    con.execute(f"detach {COPY}")
    if now := current(deployment):
        publication.rebuild(con, now)
    sealed, unsealed = _seals(deployment, old, new)
    write_key(beside(deployment.secrets / FILE), new)
    return Rotated(id_of(old), id_of(new), students, unnumbered, len(sealed), tuple(unsealed))


def _verify_identity(con: duckdb.DuckDBPyConnection) -> None:
    (astray,) = con.execute("select count(*) from identity.student where student_key <> pseudonym(student_id)").fetchall()[0]
    if astray:
        raise DeploymentError(
            f"{astray} pseudonyms of the identity store were made with another key",
            where="identity.duckdb",
            remedy="Restore the key and the identity.duckdb that go together; `dropout doctor` tells when they do.",
        )


def _seals(deployment: Deployment, old: bytes, new: bytes) -> tuple[list[str], list[str]]:
    """Writes a new seal for each model whose seal holds; returns their names, and those of the others, which stay refused."""
    sealed, unsealed = [], []
    for folder in _models(deployment):
        try:
            verify(folder, old, "")
        except ModelError:
            unsealed.append(folder.name)
            continue
        path = beside(folder)
        path.touch(mode=0o600)
        path.write_text(seal_of(folder, new), encoding="ascii")
        sealed.append(folder.name)
    return sealed, unsealed


def _models(deployment: Deployment) -> list[Path]:
    folders = deployment.models.iterdir() if deployment.models.is_dir() else []
    return sorted(f for f in folders if f.is_dir() and not f.name.startswith((".", "candidate-")))


def _moves(deployment: Deployment, done: Rotated) -> list[Move]:
    """The key last: until it is there, whoever comes finds the promise first, and makes the moves before reading a key."""
    moves = [Move(act="replace", path=name) for name in (deployment.warehouse.name, deployment.identity.name)]
    for folder in _models(deployment):
        if folder.name not in done.unsealed:
            moves.append(Move(act="replace", path=f"models/{folder.name}/{SEAL}", source=f"models/{beside(folder).name}"))
    if now := current(deployment):
        moves.append(Move(act="publish", path=f"published/generations/{now.generation_id}"))
    left = sorted(path for pattern in MADE_ANEW for path in deployment.root.glob(pattern))
    moves += [Move(act="remove", path=path.relative_to(deployment.root).as_posix()) for path in left]
    return [*moves, Move(act="replace", path=f"secrets/{FILE}")]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
