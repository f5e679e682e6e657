"""Logs: progress lines for people, JSON lines for machines. Both carry counts and codes, never a row."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog
from rich.console import Console
from rich.status import Status

LogFormat = Literal["text", "json"]
_HIDDEN = {"event", "step", "run_id", "seconds", "timestamp", "level"}


class _Lines:
    """Renders events on stderr: a spinner while a step runs, then one line with its seconds and counts."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.status: Status | None = None

    def __call__(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> str:
        text, step = str(event["event"]), event.get("step")
        if self.status is not None:
            self.status.stop()
            self.status = None
        if text == "step started":
            if self.console.is_terminal:
                self.status = self.console.status(f"{step} …")
                self.status.start()
            raise structlog.DropEvent
        rest = "  ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in event.items() if k not in _HIDDEN)
        if step:
            mark = "[green]✓[/]" if text == "step done" else "[red]✗[/]"
            self.console.print(f"{mark} [bold]{step:<10}[/]{event.get('seconds', 0):>7.1f} s  {rest}", soft_wrap=True)
        else:
            colour = {"warning": "yellow", "error": "red"}.get(method, "dim")
            self.console.print(f"[{colour}]{text}[/]  {rest}", soft_wrap=True)
        raise structlog.DropEvent


def _plain(value: object) -> str:
    if isinstance(value, dict):  # a check of the gate: how it ended
        return _plain(value.get("status", value))
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def configure(log_format: LogFormat) -> None:
    """Sets the format of every log line this process writes to stderr."""
    logging.getLogger().setLevel(logging.WARNING)
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False, default=str) if log_format == "json" else _Lines()
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True), last],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
