"""A database in memory for a reader in a confined child; see `confined.py`."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dropout.quiet import NOTHING_FROM_OUTSIDE

THREADS = 4  # each reserves memory of its own


@contextmanager
def scratch(folder: Path, memory_bytes: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that spills into `folder` and loads nothing from outside; MemoryError where `memory_bytes` do not do."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    limits = {"memory_limit": f"{memory_bytes}B", "temp_directory": str(folder / "spill")}
    with duckdb.connect(config=NOTHING_FROM_OUTSIDE | limits) as con:
        con.execute(f"set threads = {min(THREADS, os.cpu_count() or 1)}")
        try:
            yield con
        except duckdb.OutOfMemoryException:
            raise MemoryError from None
