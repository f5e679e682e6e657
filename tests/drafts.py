"""Drafted sources for tests: written, loaded strictly, and read back by the reader that a night uses."""

import gzip
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dropout.extracts.confined import Limits
from dropout.extracts.draft.draft import Drafted, draft
from dropout.extracts.source import Source, verify
from dropout.extracts.take import open_sheet, take
from dropout.strict import read_yaml

LIMITS = Limits(1 << 30, 60)


def samples(folder: Path, files: dict[str, str | bytes], encoding: str = "utf-8") -> list[Path]:
    """Sample files in `folder`; text is written in `encoding`, and packed where the name says so."""
    paths = []
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode(encoding)
        path = folder / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        paths.append(path)
    return paths


def drafted(folder: Path, files: dict[str, str | bytes], encoding: str = "utf-8") -> Drafted:
    """The draft of source `sample` from these files."""
    return draft("sample", samples(folder, files, encoding))


def record(found: Drafted) -> dict[str, Any]:
    """The YAML of a draft."""
    data: dict[str, Any] = yaml.safe_load(found.text)
    return data


def loaded(found: Drafted, folder: Path) -> Source:
    """The draft as the strict model takes it."""
    path = folder / "source.yaml"
    path.write_text(found.text, encoding="utf-8")
    source = read_yaml(path, Source)
    for file in source.files:
        verify(file, source, str(path))
    return source


@dataclass(frozen=True)
class Read:
    """What the reader makes of a sample: rows as text by column, and the reasons of rejects."""

    rows: list[dict[str, str]]
    rejects: list[str]


def read_back(source: Source, path: Path, table: str) -> Read:
    """`path` read by the entry of `source` for `table`."""
    kind = next(k for k in source.kinds_for(path.name) if k.table == table)
    with tempfile.TemporaryDirectory() as work, duckdb.connect() as con:
        taken = take(con, open_sheet(con, path, kind, Path(work), LIMITS), kind, path.name)
        cursor = con.execute(f"select * from ({taken.rows}) order by line")
        names = [c[0] for c in cursor.description or []]
        rows = [{n: str(v) for n, v in zip(names, row, strict=True)} for row in cursor.fetchall()]
        rejects = [r for (r,) in con.execute("select reason from reject order by line").fetchall()]
    return Read(rows, rejects)
