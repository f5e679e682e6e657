"""JSON lines → columns of text. Runs in a confined child; see `confined.py`."""

import csv
import json
import re
from pathlib import Path

import duckdb

from dropout.contracts.ddl import literal
from dropout.errors import ExtractError
from dropout.extracts.scratch import scratch

COLUMNS_AT_MOST = 16_384
LONGEST = 1 << 20  # bytes of a line; what is longer is no line of a register
CHUNK = LONGEST // 2  # a longer line holds a whole chunk without an end of line
STRANGE = bytes(c for c in range(32) if c not in b"\t\n")  # no JSON holds them, but a CR between lines or values
UNREADABLE = "\ufffd".encode()
NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
NO_OBJECT, TWICE = "not a JSON object", "a key given twice"
Rejects = dict[int, str]


def write_jsonl(path: Path, folder: Path, memory_bytes: int) -> None:
    """Writes `cells.parquet` (line, c0 … as text) from UTF-8 file `path`, `rejects.csv` (line, why) and `columns.json`: the keys
    in the order in which they first stand. Blank lines are left out.

    Values within values stay JSON text, whole numbers have no point. Raises ExtractError when no line is an object.
    """
    _write(path, folder, memory_bytes, is_marked=False)


def write_marked_jsonl(path: Path, folder: Path, memory_bytes: int) -> None:
    """The same for a text in which U+FFFD stands for bytes that could not be read."""
    _write(path, folder, memory_bytes, is_marked=True)


def _write(path: Path, folder: Path, memory_bytes: int, *, is_marked: bool) -> None:
    rejects: Rejects = {}
    if is_marked or not _is_plain(path):
        mended = folder / "mended.jsonl"
        rejects = _mend(path, mended, is_marked=is_marked)
        path = mended
    with scratch(folder, memory_bytes) as con:
        rejects |= _take_in(con, path, folder)
        keys = _keys(con)
        if not keys or len(keys) > COLUMNS_AT_MOST:
            raise ExtractError(
                "no line of the file is a JSON object" if not keys else f"the lines have {len(keys):,} different keys",
                remedy="Export JSON lines: one object a line, with the same keys in each.",
            )
        at = ", ".join(literal("/" + key.replace("~", "~0").replace("/", "~1")) for key in keys)
        cells = ", ".join(f"{_cell(f'v[{i}]')} as c{i - 1}" for i in range(1, len(keys) + 1))
        values = f"select line, json_extract(j, [{at}]) as v from object"
        con.execute(f"copy (select line, {cells} from ({values})) to {literal(folder / 'cells.parquet')}")
    with (folder / "rejects.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(sorted(rejects.items()))
    (folder / "columns.json").write_text(json.dumps(keys), encoding="utf-8")


def _is_plain(path: Path) -> bool:
    """Whether the lines of a file are what they seem to any reader: none too long, no control characters, no escaped NUL."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            is_long = len(chunk) == CHUNK and b"\n" not in chunk
            if is_long or len(chunk.translate(None, STRANGE)) != len(chunk) or b"\\u0000" in chunk:
                return False
    return True


def _mend(path: Path, target: Path, *, is_marked: bool) -> Rejects:
    """Copies a file line by line, with a blank one for each that cannot be taken."""
    rejects: Rejects = {}
    with path.open("rb") as file, target.open("wb") as out:
        number = 0
        while line := file.readline(LONGEST + 2):
            number += 1
            body = line.rstrip(b"\r\n")
            why = ""
            if len(body) > LONGEST:
                why = "a line of more than a million characters"
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST)
            elif b"\0" in body or NUL_ESCAPE.search(body):
                why = "a NUL byte"
            elif is_marked and UNREADABLE in body:
                why = "bytes that are no text in the file's encoding"
            elif len(body.translate(None, STRANGE)) != len(body.replace(b"\r", b"")):
                why = NO_OBJECT
            if why:
                rejects[number] = why
            out.write((b"" if why else body.replace(b"\r", b" ")) + b"\n")
    return rejects


def _take_in(con: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> Rejects:
    """View `object` (line, its JSON text j) and table `shape` (lists of keys, and where each first stands); returns the lines
    that are neither objects nor blank."""
    lines, objects = folder / "lines.parquet", folder / "objects.parquet"
    # no text has the character that is said to part columns: each line is one cell
    con.execute(
        f"copy (select row_number() over () as line, j from read_csv({literal(path)}, columns={{'j': 'VARCHAR'}}, header=false, "
        "delim='\x1f', quote='', escape='', new_line='\\n', auto_detect=false, strict_mode=true, null_padding=false, "
        f"max_line_size={LONGEST + 2}, parallel=false)) to {literal(lines)}"
    )
    is_object = "if(json_valid(j), json_type(j) = 'OBJECT', false)"
    con.execute(f"copy (select line, j from read_parquet({literal(lines)}) where {is_object}) to {literal(objects)}")
    con.execute(f"create view object as select line, j from read_parquet({literal(objects)})")
    con.execute(
        "create table shape as select keys, min(line) as line, len(keys) > len(list_distinct(keys)) as is_twice "
        "from (select json_keys(j) as keys, line from object) group by keys"
    )
    strange = f"not {is_object} and not regexp_full_match(j, '[ \t]*')"
    rejects = {
        n: NO_OBJECT for (n,) in con.execute(f"select line from read_parquet({literal(lines)}) where {strange}").fetchall()
    }
    if con.execute("select 1 from shape where is_twice").fetchone():
        is_twice = "len(json_keys(j)) > len(list_distinct(json_keys(j)))"
        rejects |= {n: TWICE for (n,) in con.execute(f"select line from object where {is_twice}").fetchall()}
        con.execute(
            f"create or replace view object as select line, j from read_parquet({literal(objects)}) where not ({is_twice})"
        )
    return rejects


def _keys(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute(
        "with each as (select line, unnest(keys) as key, generate_subscripts(keys, 1) as place from shape where not is_twice) "
        "select key from each group by key order by min((line, place))"
    ).fetchall()
    return [str(key) for (key,) in rows]


def _cell(value: str) -> str:
    """SQL for a JSON value as text."""
    return (
        f"case when {value} is null or {value} = 'null' then null when starts_with({value}, '\"') then {value} ->> '$' "
        f"else regexp_replace({value}, '^(-?\\d{{1,15}})\\.0$', '\\1') end"
    )
