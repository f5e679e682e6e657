"""Words of invented people, written in every way that bytes are written in, searched for in files, texts and databases."""

import base64
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb

CODE_PAGES = ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1256")


def writings(word: str) -> dict[str, bytes]:
    """How it is written → the bytes of `word`, letters in lower case where case does not matter."""
    plain = word.encode()
    found = {f"as {page}": word.encode(page) for page in CODE_PAGES if _can(word, page)}
    found["percent-encoded"] = quote(word).lower().encode()
    found["in hexadecimal"] = plain.hex().encode()
    found["JSON-escaped"] = json.dumps(word)[1:-1].lower().encode()
    found["as a string of Python"] = ascii(word)[1:-1].lower().encode()
    found["as bytes of Python"] = repr(plain)[2:-1].lower().encode()
    return {how: data.lower() for how, data in found.items()} | {f"in base64, {n}": b for n, b in enumerate(_base64(plain))}


def _base64(plain: bytes) -> Iterator[bytes]:
    """At each of the three places where a word can begin; without the characters that its neighbours have a part in."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + plain)
        start, stop = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        yield text[start:stop]


def _can(word: str, page: str) -> bool:
    try:
        word.encode(page)
    except UnicodeEncodeError:
        return False
    return True


def _any_of(known: Iterable[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(re.escape(data) for data in sorted(known, key=len, reverse=True)))


class Search:
    """Looks for `words` in bytes."""

    def __init__(self, words: Iterable[str]) -> None:
        every = [(word, how, data) for word in words for how, data in writings(word).items()]
        self.words = sorted({word for word, _, _ in every})
        self.exact = {data: (word, how) for word, how, data in every if "base64" in how}
        self.any_case = {data: (word, how) for word, how, data in every if "base64" not in how}
        self._exact, self._any_case = _any_of(self.exact), _any_of(self.any_case)

    def in_bytes(self, data: bytes) -> set[tuple[str, str]]:
        """(word, how it is written) for each one found."""
        found = {self.exact[hit] for hit in self._exact.findall(data)}
        return found | {self.any_case[hit] for hit in self._any_case.findall(data.lower())}

    def in_file(self, path: Path) -> set[tuple[str, str]]:
        """The same for a file's bytes, and, where it is a database, for every column: DuckDB compresses strings."""
        data = path.read_bytes()
        found = self.in_bytes(data)
        if data[8:12] == b"DUCK":
            for text in _of_duckdb(path):
                found |= self.in_bytes(text)
        elif data.startswith(b"SQLite format 3\0"):
            for text in _of_sqlite(path):
                found |= self.in_bytes(text)
        return found


def _of_duckdb(path: Path) -> Iterator[bytes]:
    """Every column that is no number or date, as text, and what the tables and views are defined as."""
    with duckdb.connect(str(path), read_only=True) as con:
        for (text,) in con.execute("select sql from duckdb_tables() union all select sql from duckdb_views()").fetchall():
            yield (text or "").encode()
        columns = con.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where not internal and not "
            "regexp_matches(data_type, '^(U?(BIG|SMALL|TINY|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DATE|TIMESTAMP.*|BOOLEAN|DECIMAL.*)$')"
        ).fetchall()
        for schema, table, column in columns:
            rows = con.execute(f'select distinct "{column}"::varchar from "{schema}"."{table}"').fetchall()
            yield "\n".join(str(text) for (text,) in rows).encode()


def _of_sqlite(path: Path) -> Iterator[bytes]:
    con = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for (table,) in con.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in con.execute(f'select * from "{table}"'):
                yield b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    finally:
        con.close()
