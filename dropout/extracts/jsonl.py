"""JSON lines → a sheet of text cells; a column is a key, wherever it first stands."""

import json
from pathlib import Path

import duckdb

from dropout.contracts.ddl import literal
from dropout.extracts.confined import Limits, confined
from dropout.extracts.decode import as_utf8
from dropout.extracts.header import find_header
from dropout.extracts.jsonl_text import write_jsonl, write_marked_jsonl
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import SourceFile


def read_jsonl(con: duckdb.DuckDBPyConnection, path: Path, kind: SourceFile, work: Path, limits: Limits) -> Sheet:
    """The sheet of `path`; a line that is no JSON object is a reject. Raises ExtractError when none is one."""
    text, encoding, is_clean = as_utf8(path, ["utf-8"], work)  # what JSON is written in; a mark says otherwise
    folder = confined(write_jsonl if is_clean else write_marked_jsonl, text, work, limits)
    keys = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    _, header = find_header([keys], kind, path.name)
    cells = f"select * from read_parquet({literal(folder / 'cells.parquet')})"
    row = con.execute(f"select count(*) from ({cells})").fetchone()
    rejects = con.execute(
        "select line, '', why from read_csv(?, columns={'line': 'BIGINT', 'why': 'VARCHAR'}, header=false, auto_detect=false, "
        "delim=',', quote='\"') order by line",
        [str(folder / "rejects.csv")],
    ).fetchall()
    return Sheet(
        relation=cells, header=header, line_count=(int(row[0]) if row else 0) + len(rejects), rejects=rejects, has_line=True,
        first_line=0, left_out=[], above=[], encoding=encoding, is_typed=True, text=text,
    )  # fmt: skip
