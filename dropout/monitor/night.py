"""Tonight and the last publication, as the gate and publish see them."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dropout.model.registry import list_target
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse.ledger import Run, log

ANALYTICS = "analytics.duckdb"
EXACT = "operator/night.duckdb"  # the same of every single pupil, for the operator alone


@dataclass(frozen=True)
class Publication:
    """A generation that was published: its folder is named `<as-of date>-<run id>`."""

    folder: Path

    @property
    def generation_id(self) -> str:
        """Name of the generation."""
        return self.folder.name

    @property
    def scores(self) -> Path:
        """The file with every pupil's own numbers; what was published before there was one has them in the analysts' file."""
        exact = self.folder / EXACT
        return exact if exact.is_file() else self.folder / ANALYTICS

    @property
    def as_of(self) -> dt.date:
        """The date it speaks for."""
        return dt.date.fromisoformat(self.generation_id[:10])


def tonight(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Creates temp table `this_night`: one row that the statements of `sql/marts` read beside the warehouse.

    `list_target` is what tonight's scores were ranked by: a season in between may have changed what the next ones will be.
    """
    ranked = con.execute(sql("marts/ranked_target"), {"as_of": run.as_of}).fetchone()
    con.execute(
        "create or replace temp table this_night as select $as_of::date as as_of_date, $target as list_target, "
        "$capacity::integer as default_capacity",
        {
            "as_of": run.as_of,
            "target": ranked[0] if ranked else list_target(con, run.deployment.country),
            "capacity": run.deployment.settings.night.capacity,
        },
    )


def current(deployment: Deployment) -> Publication | None:
    """What `published/current` points at, or None before the first publication."""
    link = deployment.published / "current"
    return Publication(link.resolve()) if link.is_dir() else None


def last_publication(con: duckdb.DuckDBPyConnection, run: Run) -> Publication | None:
    """The newest publication of an earlier date than tonight's that can be read.

    Usually that is `current`; where tonight is published a second time it is the one before, so that the
    same night gives the same lists. One that cannot be read is passed over, and the log says so.
    """
    published = run.deployment.published
    rows = con.execute("select generation_id from ops.generation order by published_at desc, generation_id desc").fetchall()
    known = [Publication(published / "generations" / name) for (name,) in rows]
    now = current(run.deployment)
    for publication in ([now] if now else []) + known:
        if publication.folder.is_dir() and publication.as_of < run.as_of and _is_readable(con, publication):
            return publication
    return None


def _is_readable(con: duckdb.DuckDBPyConnection, publication: Publication) -> bool:
    try:
        with attached(con, publication):
            con.execute("select student_key, chance from last_published.marts.student_risk limit 0").fetchall()
    except duckdb.Error as error:
        log.warning("publication unreadable", generation_id=publication.generation_id, error=type(error).__name__)
        return False
    return True


@contextmanager
def attached(con: duckdb.DuckDBPyConnection, publication: Publication) -> Iterator[None]:
    """Holds the publication's exact scores open, read-only, as catalog `last_published`."""
    path = str(publication.scores).replace("'", "''")
    con.execute(f"attach '{path}' as last_published (read_only)")
    try:
        yield
    finally:
        con.execute("detach last_published")
