"""Where the project's data files are: contracts, sources, country packs and SQL."""

from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def resource(relative: str) -> Path:
    """Path of a shipped file or folder, e.g. `sql/features`; in a wheel they lie inside the package."""
    packed = _HERE / "_resources"
    return (packed if packed.is_dir() else _HERE.parent) / relative


@cache
def sql(name: str) -> str:
    """Text of the statement `sql/<name>.sql`."""
    return resource(f"sql/{name}.sql").read_text(encoding="utf-8")
