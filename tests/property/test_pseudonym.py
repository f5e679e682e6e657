"""A pseudonym is HMAC-SHA256 of the student number, and so nobody can make it again, or try numbers, without the key."""

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout.privacy import pseudonym

# test case 2 of RFC 4231: key "Jefe", this text; its HMAC-SHA256 begins with these 15 of 64 hexadecimal digits
RFC_KEY, RFC_TEXT, RFC_DIGITS = b"Jefe", "what do ya want for nothing?", "5bdcc146bf60754"

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80)
KEYS = st.binary(min_size=32, max_size=32)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


def of(con: duckdb.DuckDBPyConnection, key: bytes, text: str) -> int:
    pseudonym.install(con, key)
    [(value,)] = con.execute("select pseudonym(?)", [text]).fetchall()
    return int(value)


def test_the_case_of_the_standard(con: duckdb.DuckDBPyConnection) -> None:
    assert of(con, RFC_KEY, RFC_TEXT) == int(RFC_DIGITS, 16)


@given(key=KEYS, text=TEXTS)
def test_duckdb_computes_what_python_does(con: duckdb.DuckDBPyConnection, key: bytes, text: str) -> None:
    assert of(con, key, text) == int(hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:15], 16)


@given(key=KEYS, other=KEYS, text=TEXTS)
def test_another_key_gives_another_pseudonym(con: duckdb.DuckDBPyConnection, key: bytes, other: bytes, text: str) -> None:
    """Two keys give one pseudonym by chance once in 2⁶⁰ pairs."""
    assert (of(con, key, text) == of(con, other, text)) == (key == other)


def test_the_key_is_written_into_no_file(tmp_path: Path) -> None:
    """The pads are of one connection: who opens the database file afterwards finds neither macro nor pads."""
    key, path = bytes(range(32)), tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as made:
        of(made, key, "G130000001")
        made.execute("create table t as select pseudonym('G130000001') as student_key")
        made.execute("checkpoint")
    data = path.read_bytes()
    block = key.ljust(64, b"\0")
    assert not [pad for pad in (key, bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)) if pad[:32] in data]
    with duckdb.connect(path) as again, pytest.raises(duckdb.CatalogException):
        again.execute("select pseudonym('G130000001')")
