"""Limits of what reading one file may take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Memory in bytes and wall-clock seconds."""

    memory_bytes: int
    seconds: float
