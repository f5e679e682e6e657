"""entries: whom each publication's lists named, kept in `ops.list_entry`, consistent with what `current` points at.

Tonight's rows wait in `night.list_entry` before the link is swapped, and are recorded after it. A run killed in between
is recorded by the next `publish`; until then `model.earlier` reads the waiting rows, as `current` names their publication.
"""

import duckdb

from dropout.resources import sql


def stage(con: duckdb.DuckDBPyConnection, generation_id: str) -> None:
    """Puts tonight's lists into `night.list_entry`, in place of what waited there. Reads temp table `this_night`."""
    con.execute(f"create or replace table night.list_entry as {sql('marts/list_entry')}", {"generation_id": generation_id})


def record(con: duckdb.DuckDBPyConnection, generation_id: str) -> None:
    """Copies the waiting rows of a publication that was swapped in to `ops.list_entry`, once."""
    con.execute(
        "insert into ops.list_entry by name from night.list_entry where generation_id = $it "
        "and not exists (select 1 from ops.list_entry where generation_id = $it)",
        {"it": generation_id},
    )
