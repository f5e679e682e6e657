"""Whatever is done to the bytes of the audit log, `check` sees that it is not what was written."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from dropout.privacy.audit import log_path, record
from dropout.privacy.audit_verify import Verdict, check, entries
from dropout.privacy.keys import make_key
from dropout.settings import Deployment, Settings


@cache
def written() -> tuple[bytes, tuple[tuple[int, str], ...]]:
    """A log of eight entries, one of them after a crash, and what the warehouse knows of it."""
    place = Deployment(Path(tempfile.mkdtemp(prefix="audit-")), Settings())
    atexit.register(shutil.rmtree, place.root, ignore_errors=True)
    make_key(place)
    con = duckdb.connect()
    con.execute("create schema ops; create table ops.audit_head (ordinal bigint, hash varchar, recorded_at timestamp)")
    for number in range(3):
        record(con, place, "run_begun", run_id=f"r{number}", facts={"kind": "nightly"})
        record(con, place, "sheet_written", student_key=number, facts={"language": "ar"})
    with log_path(place).open("ab") as file:
        file.write(b'{"facts":{},"ord')
    record(con, place, "run_ended", facts={"status": "done"})
    return log_path(place).read_bytes(), tuple((e.ordinal, e.hash) for e in entries(place))


def seen(content: bytes) -> bool:
    verdict: Verdict = check(content, written()[1])
    return bool(verdict.faults) or verdict.is_torn


def test_what_was_written_is_whole() -> None:
    assert not seen(written()[0])


@given(st.data())
def test_one_changed_byte_is_seen(data: st.DataObject) -> None:
    content = bytearray(written()[0])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert seen(bytes(content))


@given(st.data())
def test_bytes_taken_out_are_seen(data: st.DataObject) -> None:
    content = written()[0]
    start = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.integers(start + 1, len(content)))
    assert seen(content[:start] + content[end:])


@given(st.data(), st.binary(min_size=1, max_size=40))
def test_bytes_put_in_are_seen(data: st.DataObject, more: bytes) -> None:
    content = written()[0]
    place = data.draw(st.integers(0, len(content)))
    assert seen(content[:place] + more + content[place:])


@given(st.data())
def test_lines_in_another_order_or_number_are_seen(data: st.DataObject) -> None:
    lines = written()[0].splitlines(keepends=True)
    chosen = data.draw(st.lists(st.sampled_from(lines), max_size=len(lines) + 1).filter(lambda some: some != lines))
    assert seen(b"".join(chosen))


@given(st.integers(0, 8), st.sampled_from(["time", "who", "what", "run_id", "subject", "settings_sha256"]), st.text(max_size=8))
def test_an_entry_forged_with_all_hashes_after_it_is_seen(number: int, name: str, value: str) -> None:
    """Who rewrites the chain from an entry on still meets the warehouse's record of it."""
    import json

    from dropout.privacy.audit import Entry, _hash

    lines = written()[0].splitlines()
    forged, before = list(lines), None
    for place, line in enumerate(lines):
        try:
            body = json.loads(line)
        except ValueError:
            continue
        if place == number:
            body[name] = "accepted" if name == "what" else body[name] + "x" + value
        body["previous"] = before or body["previous"]
        body.pop("hash")
        entry = Entry(**body, hash=_hash(body))
        before = entry.hash
        forged[place] = entry.line().rstrip(b"\n")
    if forged != lines:
        assert seen(b"\n".join(forged) + b"\n")
