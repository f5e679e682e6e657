"""Rejects: place and reason in the ledger; the raw line in the identity store, since it may name a person."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from dropout.extracts.sheet import Sheet
from dropout.warehouse.deadline import verify_time

CHUNK = 1 << 20
KEPT_CHARACTERS = 4000  # of a raw line; `raw/` has all of it


def keep_rejects(con: duckdb.DuckDBPyConnection, sheet: Sheet, file_id: int) -> None:
    """Writes temp table `reject` to ops.reject, and the lines it names to identity.reject_line."""
    con.execute(f"insert into ops.reject select {file_id}, line, column_name, reason from reject order by line")
    lines = [line for (line,) in con.execute("select distinct line from reject order by line").fetchall()]
    if not lines:
        return
    if sheet.text is None:
        cells = ", ".join(f"c{i}" for i in range(len(sheet.header)))
        con.execute(
            f"insert into identity.reject_line select {file_id}, line, left(concat_ws(chr(9), {cells}), {KEPT_CHARACTERS}) "
            f"from ({sheet.numbered()}) semi join reject using (line)"
        )
        return
    found = list(_raw_lines(sheet.text, lines))
    con.register("found_lines", pa.table({"line": lines[: len(found)], "raw": found}))
    con.execute(f"insert into identity.reject_line select {file_id}, line, raw from found_lines")
    con.unregister("found_lines")


def _raw_lines(path: Path, wanted: list[int]) -> Iterator[str]:
    """The text of lines `wanted` (ascending, from 1) of a UTF-8 file; a chunk without any of them is only counted."""
    ahead = iter(wanted)
    target = next(ahead, None)
    number, rest = 1, b""
    with path.open("rb") as file:
        while target is not None and (chunk := file.read(CHUNK)):
            verify_time()
            if number + chunk.count(b"\n") < target:
                number += chunk.count(b"\n")
                rest = chunk[chunk.rfind(b"\n") + 1 :] if b"\n" in chunk else (rest + chunk)[-CHUNK:]
                continue
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if number == target:
                    yield _shown(line)
                    target = next(ahead, None)
                number += 1
    if target is not None and number == target and rest:
        yield _shown(rest)


def _shown(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r").replace("\0", "␀")[:KEPT_CHARACTERS]
