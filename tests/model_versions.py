"""An earlier version beside the one in force, for the tests of what speaks when that one must not."""

import shutil

import duckdb

from dropout.model.registry import CARD, promoted, read_card
from dropout.model.seal import seal
from dropout.privacy.keys import read_key
from dropout.settings import Deployment
from tests.model_world import TARGET


def with_earlier(con: duckdb.DuckDBPyConnection, made: Deployment, name: str, days: int, target: str = TARGET) -> str:
    """A retired version `name`: a copy of the one in force, promoted `days` days before it; returns the one in force."""
    version = promoted(con, target)  # type: ignore[arg-type]
    assert version is not None
    card = read_card(made, version).model_copy(update={"version": name, "trained_as_of": "2023-12-04"})
    folder = made.models / name
    shutil.copytree(made.models / version, folder)
    (folder / CARD).write_text(card.model_dump_json(), encoding="utf-8")
    seal(folder, read_key(made))
    con.execute(
        "insert into ops.model by name select * replace (? as version, 'retired' as status, date '2023-12-04' as trained_as_of, "
        "promoted_at - to_days(?::integer) as promoted_at) from ops.model where version = ?",
        [name, days, version],
    )
    return version
