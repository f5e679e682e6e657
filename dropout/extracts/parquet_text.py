"""A Parquet file → the same columns as text. Runs in a confined child; see `confined.py`."""

import json
from pathlib import Path

import duckdb

from dropout.contracts.ddl import literal
from dropout.errors import ExtractError
from dropout.extracts.scratch import scratch

COLUMNS_AT_MOST = 16_384
EXACT = 2**53  # up to here a DOUBLE holds every whole number
NESTED = ("STRUCT", "MAP", "UNION", "VARIANT")


def write_parquet(path: Path, folder: Path, memory_bytes: int) -> None:
    """Writes `cells.parquet` (c0 … as text, in the order of the file) and `columns.json`: name of each, and whether it is nested.

    Dates become ISO text, whole numbers have no point, NaN is empty; nested columns have no text. Raises ExtractError
    for what is no Parquet file, or has too many columns.
    """
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise ExtractError("the file is no Parquet file", remedy="Export it again, or name it by what it is.")
    with scratch(folder, memory_bytes) as con:
        given = f"read_parquet({literal(path)}, hive_partitioning=false)"
        names = _names(con, path)
        types = [str(row[1]) for row in con.execute(f"describe select * from {given}").fetchall()]
        if len(types) > COLUMNS_AT_MOST or len(types) != len(names):
            raise ExtractError(f"the file has {len(types):,} columns", remedy="Export the columns that are needed.")
        columns = ", ".join(f"c{i}" for i in range(len(types)))
        cells = ", ".join(f"{_text(f'c{i}', kind)} as c{i}" for i, kind in enumerate(types))
        con.execute(f"copy (select {cells} from {given} as t({columns})) to {literal(folder / 'cells.parquet')}")
    described = [{"name": name, "is_nested": _is_nested(kind)} for name, kind in zip(names, types, strict=True)]
    (folder / "columns.json").write_text(json.dumps(described), encoding="utf-8")


def _names(con: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Names as written: DuckDB gives the second of two equal ones another name."""
    nodes = con.execute(f"select name, coalesce(num_children, 0) from parquet_schema({literal(path)})").fetchall()
    names, depth = [], [int(nodes[0][1])]
    for name, children in nodes[1:]:
        while depth and not depth[-1]:
            depth.pop()
        if len(depth) == 1:
            names.append(str(name))
        depth[-1] -= 1
        depth.append(int(children))
    return names


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(NESTED)


def _text(cell: str, kind: str) -> str:
    """SQL for a cell as a person would write it."""
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"{cell} = trunc({cell}) and abs({cell}) < {EXACT}"
        return f"case when isnan({cell}) then null when {whole} then {cell}::bigint::varchar else {cell}::varchar end"
    if kind == "TIMESTAMP WITH TIME ZONE":  # an instant: which day it is depends on the place, and nobody said which
        return f"strftime({cell} at time zone 'UTC', '%Y-%m-%d %H:%M:%S+00:00')"
    if kind.startswith("TIMESTAMP"):
        at = f"{cell}::timestamp"
        return f"if({at} = date_trunc('day', {at}), strftime({at}, '%Y-%m-%d'), strftime({at}, '%Y-%m-%d %H:%M:%S'))"
    if kind == "BLOB":
        return f"coalesce(try(decode({cell})), {cell}::varchar)"
    return "null::varchar" if _is_nested(kind) else f"{cell}::varchar"
