"""A Parquet file → a sheet of text cells; its rows count on from line 2, below the names of its columns."""

import json
from pathlib import Path

import duckdb

from dropout.contracts.ddl import literal
from dropout.errors import ExtractError
from dropout.extracts.confined import Limits, confined
from dropout.extracts.header import find_header, places
from dropout.extracts.parquet_text import write_parquet
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import SourceFile


def read_parquet(con: duckdb.DuckDBPyConnection, path: Path, kind: SourceFile, work: Path, limits: Limits) -> Sheet:
    """The sheet of `path`; raises ExtractError when it cannot be read, or a column that we need is nested."""
    folder = confined(write_parquet, path, work, limits)
    columns = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    _, header = find_header([[c["name"] for c in columns]], kind, path.name)
    nested = sorted(header[place] for place in places(header, kind).values() if columns[place]["is_nested"])
    if nested:
        raise ExtractError(f"nested columns: {', '.join(nested)}", where=path.name, remedy="Export a column for each value.")
    cells = f"select * from read_parquet({literal(folder / 'cells.parquet')})"
    row = con.execute(f"select count(*) from ({cells})").fetchone()
    return Sheet(
        relation=cells, header=header, line_count=int(row[0]) if row else 0, rejects=[], has_line=False,
        first_line=2, left_out=[], above=[], encoding="", is_typed=True,
    )  # fmt: skip
