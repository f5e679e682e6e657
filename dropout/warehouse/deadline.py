"""A limit on the time and memory that one piece of work may take on a connection."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from dropout.errors import ExtractError


@contextmanager
def deadline(con: duckdb.DuckDBPyConnection, seconds: float, where: str) -> Iterator[None]:
    """Interrupts what runs on `con` after `seconds`; that, or running out of the memory limit, is an ExtractError."""
    timer = threading.Timer(seconds, con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException:
        raise ExtractError(
            f"reading took longer than {seconds:g} seconds",
            where=where,
            remedy="Deliver it in smaller files, or raise intake.file_seconds.",
        ) from None
    except duckdb.OutOfMemoryException:
        raise ExtractError(
            "reading needs more memory than is allowed",
            where=where,
            remedy="Deliver it in smaller files, or raise intake.memory_mb.",
        ) from None
    finally:
        timer.cancel()
