"""Loose files of the inbox that cannot be opened safely keep nobody else out: they are told apart, file by file."""

import tempfile
from dataclasses import replace
from pathlib import Path

from dropout.errors import ExtractError
from dropout.extracts.inbox import Arrival
from dropout.extracts.unpack import Shown, unpack
from dropout.settings import Deployment


def without_unsafe(deployment: Deployment, arrival: Arrival, prefix: str, shown: Shown) -> tuple[Arrival, list[ExtractError]]:
    """The files of `arrival` that can be opened each by itself, and an error that names each of the others.

    Each is opened once more, into a folder `prefix…` of `raw/` that is gone afterwards: only what was refused as a
    whole comes here.
    """
    good, errors = [], []
    for path in arrival.paths:
        with tempfile.TemporaryDirectory(dir=deployment.raw, prefix=prefix) as landing:
            try:
                unpack([path], Path(landing), shown(path.name), deployment.settings.intake.file_seconds, shown)
            except ExtractError as error:
                errors.append(error)
            else:
                good.append(path)
    names = {path.name.lower() for path in good}
    beside = tuple(p for p in arrival.beside if p.name[: -len(p.suffix)].lower() in names)
    kept = {str(path): arrival.seen[str(path)] for path in good if str(path) in arrival.seen}
    return replace(arrival, paths=tuple(good), beside=beside, seen=kept), errors
