"""The search finds a word however it is written: a search that is blind finds nothing, too."""

import base64
import json
import sqlite3
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from tests.canary_search import Search

WORD = "Zéphyrine"
SEARCH = Search([WORD, "زقنبوط"])


@pytest.mark.parametrize("text", [
    WORD.encode(), WORD.upper().lower().encode(), WORD.encode("utf-16-le"), WORD.encode("utf-16-be"), WORD.encode("cp1252"),
    "زقنبوط".encode("cp1256"), quote(WORD).encode(), quote(WORD).lower().encode(), WORD.encode().hex().upper().encode(),
    json.dumps({"a": "زقنبوط"}).encode(), repr(WORD.encode()).encode(), ascii(WORD).encode(),
    base64.b64encode(WORD.encode()), base64.b64encode(b"x" + WORD.encode() + b"yz"), base64.b64encode(b"xy" + WORD.encode()),
])  # fmt: skip
def test_every_writing_is_found(text: bytes) -> None:
    assert SEARCH.in_bytes(b"before " + text + b" after")


def test_what_is_not_there_is_not_found() -> None:
    assert not SEARCH.in_bytes(b"Zephirine, Z\xc3\xa9phyr, " + base64.b64encode(b"Zephyrine"))


def test_columns_of_databases_are_looked_into(tmp_path: Path) -> None:
    """DuckDB's bytes do not show a word that is one of many alike; its columns do."""
    with duckdb.connect(str(tmp_path / "a.duckdb")) as con:
        con.execute("create table t as select ['x', ? || i] as many from range(200000) as r(i)", [WORD])
    assert SEARCH.in_file(tmp_path / "a.duckdb")
    with sqlite3.connect(tmp_path / "b.db") as lite:
        lite.execute("create table t (a blob)")
        lite.execute("insert into t values (?)", [WORD.encode("utf-16-le")])
    assert SEARCH.in_file(tmp_path / "b.db")
    with duckdb.connect(str(tmp_path / "c.duckdb")) as con:
        con.execute("create table t as select 'Zephyr' || i as one from range(1000) as r(i)")
    assert not SEARCH.in_file(tmp_path / "c.duckdb")
