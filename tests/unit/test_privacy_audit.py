"""The audit log: what an entry holds, what a crash leaves, and what a truncation cannot hide."""

import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from dropout.deploy import init
from dropout.errors import GateError
from dropout.privacy import audit
from dropout.privacy.audit import FIRST, record
from dropout.privacy.audit_verify import check, entries, verify
from dropout.privacy.keys import read_key
from dropout.settings import Deployment, open_deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from flows.verbs import running
from tests.places import ask

STUDENT = 731054893120944571  # a pseudonym, as in the contracts' examples


@pytest.fixture
def place(tmp_path: Path) -> Deployment:
    return init(tmp_path / "place", "morocco")


def lines(place: Deployment) -> list[bytes]:
    return audit.log_path(place).read_bytes().splitlines(keepends=True)


def faults(place: Deployment) -> tuple[str, ...]:
    with connect(place) as con:
        return verify(con, place).faults


def three(place: Deployment) -> None:
    with connect(place) as con:
        for files in (1, 2, 3):
            record(con, place, "accepted", facts={"files": files})


def test_entries_follow_each_other_and_verify(place: Deployment) -> None:
    three(place)
    found = entries(place)
    assert [e.ordinal for e in found] == [1, 2, 3]
    assert [e.previous for e in found] == [FIRST, found[0].hash, found[1].hash]
    assert {e.who for e in found} == {audit.user_name()}
    assert faults(place) == ()
    body = json.loads(lines(place)[0])
    said = body.pop("hash")
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))  # the form that decision 0019 documents
    assert hashlib.sha256(text.encode()).hexdigest() == said


def test_only_the_owner_reads_it(place: Deployment) -> None:
    three(place)
    path = audit.log_path(place)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_user_is_the_systems_not_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    before = audit.user_name()
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    assert audit.user_name() == before


def test_a_pupil_is_marked_so_that_only_the_key_can_tell(place: Deployment) -> None:
    with connect(place) as con:
        one = record(con, place, "sheet_written", student_key=STUDENT)
        two = record(con, place, "sheet_written", student_key=STUDENT)
    key = read_key(place)
    assert audit.is_about(one, key, STUDENT)
    assert audit.is_about(two, key, STUDENT)
    assert not audit.is_about(one, key, STUDENT + 1)
    assert not audit.is_about(one, bytes(32), STUDENT)
    assert one.subject.split(":")[1] != two.subject.split(":")[1]  # two acts on one pupil do not look alike
    content = audit.log_path(place).read_bytes()
    assert str(STUDENT).encode() not in content
    assert f"{STUDENT:015x}".encode() not in content


def test_an_act_on_nobody_is_about_nobody(place: Deployment) -> None:
    with connect(place) as con:
        entry = record(con, place, "accepted", facts={"files": 1})
    assert not audit.is_about(entry, read_key(place), STUDENT)


def test_changed_settings_are_an_entry(place: Deployment) -> None:
    with connect(place) as con:
        first = record(con, place, "accepted", facts={"files": 1})
        path = place.root / "dropout.toml"
        path.write_text(path.read_text().replace("capacity = 20", "capacity = 21"))
        record(con, open_deployment(place.root), "accepted", facts={"files": 1})
    found = entries(place)
    assert [e.what for e in found] == ["accepted", "settings_changed", "accepted"]
    assert found[1].facts == {"before": first.settings_sha256}
    assert found[1].settings_sha256 != first.settings_sha256


def test_a_torn_last_line_is_told_and_then_vouched_for(place: Deployment) -> None:
    three(place)
    path = audit.log_path(place)
    with path.open("ab") as file:  # as a crash leaves it: an entry begun, and the warehouse does not know it
        file.write(lines(place)[2][:40])
    with connect(place) as con:
        torn = verify(con, place)
        assert (torn.faults, torn.is_torn) == ((), True)
        record(con, place, "accepted", facts={"files": 4})
        mended = verify(con, place)
    assert (mended.faults, mended.is_torn) == ((), False)
    assert [e.what for e in mended.entries] == ["accepted", "accepted", "accepted", "sealed", "accepted"]
    assert mended.entries[3].facts["torn_bytes"] == 40


def test_a_torn_line_may_not_go_nor_change_once_it_is_vouched_for(place: Deployment) -> None:
    three(place)
    path = audit.log_path(place)
    with path.open("ab") as file:
        file.write(b'{"facts"')
    with connect(place) as con:
        record(con, place, "accepted", facts={"files": 4})
    whole = lines(place)
    path.write_bytes(b"".join([*whole[:3], *whole[4:]]))
    assert faults(place) == ("line 4: the torn line that this entry vouches for is gone",)
    path.write_bytes(b"".join([*whole[:3], b'{"fact"\n', *whole[4:]]))
    assert faults(place) == ("line 4 is no entry, and no entry vouches that a crash tore it",)


@pytest.mark.parametrize("cut", [b"\n", b'"}\n'])
def test_a_last_line_cut_by_hand_is_no_crash(place: Deployment, cut: bytes) -> None:
    """The warehouse knows an entry only when it is whole on disk."""
    three(place)
    path = audit.log_path(place)
    path.write_bytes(path.read_bytes().removesuffix(cut))
    assert faults(place) == ("entries 3 to 3 are gone from the log: the warehouse has 1",)


def test_a_log_cut_short_stays_found_after_further_entries(place: Deployment) -> None:
    three(place)
    audit.log_path(place).write_bytes(b"".join(lines(place)[:1]))
    assert faults(place) == ("entries 2 to 3 are gone from the log: the warehouse has 2",)
    three(place)  # ordinals 2 and 3 again, by other entries
    assert "entry 2 is not the one that the warehouse knows" in faults(place)
    assert "entry 3 is not the one that the warehouse knows" in faults(place)


def test_a_log_written_anew_with_right_hashes_is_found(place: Deployment, tmp_path: Path) -> None:
    three(place)
    other = init(tmp_path / "other", "morocco")
    three(other)
    audit.log_path(place).write_bytes(audit.log_path(other).read_bytes())
    assert check(audit.log_path(place).read_bytes(), [(e.ordinal, e.hash) for e in entries(other)]).faults == ()
    assert len(faults(place)) == 3


def test_a_log_without_a_warehouse_and_one_that_is_gone(place: Deployment) -> None:
    three(place)
    with connect(place) as con:
        head = verify(con, place).head
        con.execute("delete from ops.audit_head")
        assert verify(con, place).faults == ("the warehouse knows no entry: it was built anew, or its record was removed",)
        record(con, place, "accepted", facts={"files": 4})  # a warehouse built anew knows the log from here on
        assert verify(con, place, holds=head).faults == ()
        audit.log_path(place).unlink()
        con.execute("delete from ops.audit_head")
        assert verify(con, place).faults == ()  # nothing left to compare: hence a head kept elsewhere
        assert len(verify(con, place, holds=head).faults) == 1


def test_a_run_is_in_the_log_however_it_ends(place: Deployment) -> None:
    with running(place, "check", None):
        pass
    with pytest.raises(GateError), running(place, "gate", None):
        raise GateError("kept")
    told = [(e.what, e.facts.get("kind"), e.facts.get("status"), e.facts.get("exit_code")) for e in entries(place)]
    assert told == [
        ("run_begun", "check", None, None),
        ("run_ended", None, "done", 0),
        ("run_begun", "gate", None, None),
        ("run_ended", None, "kept", 40),
    ]
    assert {(e.run_id,) for e in entries(place)} == set(ask(place, "select run_id from ops.run"))


def test_a_verb_leaves_its_counts(place: Deployment) -> None:
    run = Run(place, "nightly", dt.date(2025, 3, 10), "r1")
    counts = {"generation_id": "g", "schools": 4, "students": 64, "listed": 12, "bytes": 5}
    with connect(place) as con:
        audit.record_verb(con, run, "publish", counts)
        audit.record_verb(con, run, "score", counts)
    [entry] = entries(place)
    assert (entry.what, entry.run_id) == ("published", "r1")
    assert entry.facts == {"generation_id": "g", "schools": 4, "students": 64, "listed": 12}


APPEND = """
import sys, duckdb
from pathlib import Path
from dropout.privacy.audit import record
from dropout.settings import open_deployment
con = duckdb.connect()
con.execute("create schema ops; create table ops.audit_head (ordinal bigint, hash varchar, recorded_at timestamp)")
for n in range(20):
    record(con, open_deployment(Path(sys.argv[1])), "accepted", facts={"files": n})
"""


def test_processes_that_write_at_once_wait_for_each_other(place: Deployment) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("DROPOUT_")} | {"PYTHONPATH": str(Path.cwd())}
    both = [subprocess.Popen([sys.executable, "-c", APPEND, str(place.root)], env=env) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    found = entries(place)
    assert [e.ordinal for e in found] == list(range(1, 41))
    assert check(audit.log_path(place).read_bytes(), [(e.ordinal, e.hash) for e in found]).faults == ()


def test_what_the_database_forgot_does_not_stop_the_log(place: Deployment) -> None:
    """Killed between file and warehouse: the log is ahead, which is no fault."""
    three(place)
    with connect(place) as con:
        con.execute("delete from ops.audit_head where ordinal = 3")
        assert verify(con, place).faults == ()


def test_facts_take_no_fractions_nor_lists(place: Deployment) -> None:
    con = duckdb.connect()
    with pytest.raises(ValueError, match="facts"):
        record(con, place, "accepted", facts={"files": [1]})  # type: ignore[dict-item]
    assert entries(place) == []
