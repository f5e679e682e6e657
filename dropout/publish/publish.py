"""publish: builds a whole new generation beside the old one, verifies it, and swaps one link."""

import datetime as dt
import shutil
import traceback
from contextlib import suppress
from pathlib import Path

import duckdb

from dropout.errors import DropoutError, PublishError
from dropout.fairness.accept import hold
from dropout.monitor.night import ANALYTICS, EXACT, Publication, current, tonight
from dropout.privacy import disclosure
from dropout.privacy.keys import DISCLOSURE, make_key, read_key
from dropout.publish import entries, exact, generation, manifest, marts, report
from dropout.publish.lists.held import hold_against_marts
from dropout.publish.lists.write import write as write_lists
from dropout.publish.model_card import card
from dropout.warehouse.ledger import Counts, Run, code_version, settings_sha256
from dropout.warehouse.store import transaction

REMEDY = "Look at free disk space and at the rights of published/, then: dropout publish."


def publish(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Publishes tonight's scores as generation `<as-of date>-<run id>` and points `published/current` at it.

    Returns generation_id, schools, students, listed, files, bytes and pruned. Raises PublishError when anything
    goes wrong while it is built or verified; `current` is as it was then. Called again for a run that has
    published, it only verifies.
    """
    now = current(run.deployment)
    generation_id = f"{run.as_of.isoformat()}-{run.run_id}"
    if now and now.generation_id != generation_id:
        _record(con, now)  # a run killed between swap and record left this undone
    if now and now.generation_id == generation_id:
        promised = manifest.verify(now.folder)
    else:
        tonight(con, run)
        hold(con, run, *con.execute("select list_target from this_night").fetchall()[0])
        now = _build_and_swap(con, run, generation_id)
        promised = manifest.read(now.folder)
    _record(con, now)
    pruned = generation.prune(run.deployment, run.deployment.settings.night.keep_generations)
    return {
        "generation_id": generation_id,
        **exact.read_counts(now.folder, promised),
        "files": len(promised["files"]),
        "bytes": sum(entry["bytes"] for entry in promised["files"].values()),
        "pruned": pruned,
    }


def _build_and_swap(con: duckdb.DuckDBPyConnection, run: Run, generation_id: str) -> Publication:
    partial: Path | None = None
    try:
        partial = generation.begin(run.deployment, generation_id)
        _build(con, run, partial, generation_id)
        generation.seal(partial)
        manifest.verify(partial)
        return Publication(generation.swap(run.deployment, partial, generation_id))
    except DropoutError:
        _give_up(con, partial)
        raise
    except Exception as error:
        _give_up(con, partial)
        # The library's own message may quote a value of a person: its kind and our line are enough.
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "dropout" in Path(f.filename).parts]
        where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "publish"
        cause = error.strerror or "" if isinstance(error, OSError) else ""
        raise PublishError(
            "tonight's output could not be built; the last publication stays",
            where=where,
            cause=f"{type(error).__name__}: {cause}" if cause else type(error).__name__,
            remedy=REMEDY,
        ) from None


def _build(con: duckdb.DuckDBPyConnection, run: Run, partial: Path, generation_id: str) -> None:
    """Exact scores, analysts' file, lists, report, model cards and manifest, and their counts held against each other."""
    tonight(con, run)
    make_key(run.deployment, DISCLOSURE)  # a deployment of before has none
    disclosure.install(con, read_key(run.deployment, DISCLOSURE))
    entries.stage(con, generation_id)
    exact.build(con, partial / EXACT)
    marts.build(con, partial / ANALYTICS)
    anonymity = marts.anonymity(con)
    counts = write_lists(con, run, partial / "lists")
    told = report.write(con, run, partial / "report.html", generation_id, anonymity)
    (students,) = _one(con, f"select count(distinct student_key) from {exact.CATALOG}.marts.student_risk")
    versions = con.execute(
        f"select distinct target, model_version from {exact.CATALOG}.marts.student_risk order by all"
    ).fetchall()
    card.publish(con, run.deployment, partial, dict(versions))
    marts.close(con)
    exact.close(con)
    hold_against_marts(con, run, partial / "lists", partial / EXACT)
    exact.write_counts(partial, {"students": students, **counts})
    facts = {
        "generation_id": generation_id,
        "as_of_date": run.as_of.isoformat(),
        "run_id": run.run_id,
        "model_versions": dict(versions),
        "code_version": code_version(),
        "settings_sha256": settings_sha256(run.deployment),
        **told,
        "k_anonymity": [entry.model_dump() for entry in anonymity],
    }
    manifest.write(partial, facts)


def _record(con: duckdb.DuckDBPyConnection, publication: Publication) -> None:
    """Notes in the ledger that `publication` was published, and whom its lists named, once."""
    facts = manifest.read(publication.folder)
    counts = exact.read_counts(publication.folder, facts)
    with transaction(con):
        entries.record(con, publication.generation_id)
        con.execute(
            "insert or ignore into ops.generation (generation_id, run_id, as_of_date, published_at, student_count, listed_count) "
            "values (?, ?, ?, ?, ?, ?)",
            [
                publication.generation_id,
                facts["run_id"],
                facts["as_of_date"],
                dt.datetime.now(dt.UTC).replace(tzinfo=None),
                counts["students"],
                counts["listed"],
            ],
        )


def _one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = con.execute(query).fetchone()
    assert row is not None  # an aggregate
    return row


def _give_up(con: duckdb.DuckDBPyConnection, partial: Path | None) -> None:
    """Lets go of the half-built files; what cannot be removed now goes at the next run."""
    with suppress(duckdb.Error):
        marts.abandon(con)
        exact.abandon(con)
    if partial is not None:
        shutil.rmtree(partial, ignore_errors=True)
