"""A limit on the time and memory that one piece of work may take: what DuckDB does on a connection, and Python beside it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import duckdb

from dropout.errors import ExtractError

AGAIN_AFTER = 0.2  # seconds; an interrupt that meets no statement is lost, and the next statement would run without limit


@dataclass(frozen=True)
class _End:
    at: float  # of the monotonic clock
    seconds: float
    where: str


_END: ContextVar[_End | None] = ContextVar("end", default=None)


@contextmanager
def deadline(con: duckdb.DuckDBPyConnection, seconds: float, where: str) -> Iterator[None]:
    """Interrupts what runs on `con` after `seconds`; that, or running out of the memory limit, is an ExtractError.

    Loops in Python end where they call `verify_time`.
    """
    is_done = threading.Event()

    def interrupt() -> None:
        pause = seconds
        while not is_done.wait(pause):
            con.interrupt()
            pause = AGAIN_AFTER

    end = _End(time.monotonic() + seconds, seconds, where)
    token = _END.set(end)
    watch = threading.Thread(target=interrupt, daemon=True)
    watch.start()
    try:
        yield
    except duckdb.InterruptException:
        raise _too_long(end) from None
    except duckdb.OutOfMemoryException:
        raise ExtractError(
            "reading needs more memory than is allowed",
            where=where,
            remedy="Deliver it in smaller files, or raise intake.memory_mb.",
        ) from None
    finally:
        is_done.set()
        watch.join()
        _END.reset(token)


def verify_time() -> None:
    """Raises ExtractError when the time of the `deadline` around the caller is over; cheap enough for every thousandth line."""
    end = _END.get()
    if end and time.monotonic() > end.at:
        raise _too_long(end)


def _too_long(end: _End) -> ExtractError:
    return ExtractError(
        f"reading took longer than {end.seconds:g} seconds",
        where=end.where,
        remedy="Deliver it in smaller files, or raise intake.file_seconds.",
    )
