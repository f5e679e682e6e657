"""land: copies each delivery once into immutable `raw/` under its sha256; the same bytes again are a recorded no-op.

Only a delivery that was refused, or of which a file was stopped, is tried anew when it comes again: its source
description may have been mended.
What cannot be taken stays in the inbox, with a notice, and the night goes on.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb
import structlog

from dropout.durable import sync
from dropout.errors import ExtractError
from dropout.extracts import waiting
from dropout.extracts.answers.recognise import language_of
from dropout.extracts.delivery import Delivery, described, open_arrival
from dropout.extracts.inbox import LOOSE, Arrival, look_in, take_away
from dropout.extracts.loose import without_unsafe
from dropout.extracts.shown.shown import shown_names
from dropout.extracts.source import LISTS
from dropout.extracts.unpack import Shown
from dropout.warehouse.ledger import Counts, Run, notice

log = structlog.get_logger("dropout")
LANDING = ".landing-"
NAMED_AT_MOST = 5  # things in one message
MayGoIn = Callable[[Delivery], bool]
KNOWN = """
    select status = 'refused' or exists (from ops.file as f where f.delivery_no = d.delivery_no and f.status = 'stopped')
    from ops.delivery as d
    where delivery_id = ?
"""


def land(con: duckdb.DuckDBPyConnection, run: Run, paths: Iterable[Path] | None = None, *, as_history: bool = False) -> Counts:
    """Lands every delivery of the inbox, or of `paths`, which stay where they are.

    A delivery is a folder, a zip, a gzip, or the loose files of the inbox together. Counts those landed, those whose
    bytes came before, and of the inbox those that wait (still being written, or incomplete) and those refused.
    Raises ExtractError for one of `paths` that is not there, not safe to open, incomplete, or known to no source;
    what was landed before it stays. For a delivery of the inbox the same is a notice.
    """
    run.deployment.raw.mkdir(mode=0o700, exist_ok=True)
    for left in run.deployment.raw.glob(f"{LANDING}*"):  # by a kill
        shutil.rmtree(left, ignore_errors=True)
    counts: Counts = dict.fromkeys(("landed", "again", "waiting", "refused"), 0)
    shown = shown_names(run.deployment, con)
    if paths is None:
        _land_inbox(con, run, counts, shown)
        return counts
    for path in sorted(paths, key=lambda p: p.name):
        if not path.exists():
            raise ExtractError("no such delivery", where=shown(path.name), remedy="Check the path.")
        arrival = Arrival(shown(path.name), shown(path.name), (path.resolve(),))
        counts[_land_one(con, run, arrival, partial(_given_may_go_in, con, run), shown, as_history=as_history)] += 1
    return counts


def _land_inbox(con: duckdb.DuckDBPyConnection, run: Run, counts: Counts, shown: Shown) -> None:
    """Lands what lies whole in the inbox and removes it there; the rest stays, with a notice each."""
    rule = run.deployment.settings.intake
    arrivals, unsettled = look_in(run.deployment.inbox, str(run.as_of), rule, time.time(), _is_list)
    for path in unsettled:
        notice(con, run, "land", _still_written(run, shown(path.name)))
    counts["waiting"] += len(unsettled)
    there = [*(shown(p.name) for p in unsettled), *[LOOSE for _ in unsettled[:1]]]
    for found in arrivals:
        named = found if found.place == LOOSE else replace(found, name=shown(found.name), place=shown(found.place))
        outcome, arrival = _land_or_refuse(con, run, named, counts, shown)
        counts[outcome] += 1
        if outcome in ("landed", "again"):
            _take_away(con, run, arrival)
        else:
            there.append(arrival.place)
    waiting.forget_others(con, there)


def _land_or_refuse(
    con: duckdb.DuckDBPyConnection, run: Run, arrival: Arrival, counts: Counts, shown: Shown
) -> tuple[str, Arrival]:
    """What became of an arrival, and what of it went in: loose files that are not safe are refused alone, and counted."""
    try:
        return _land_one(con, run, arrival, partial(_may_go_in, con, run, arrival), shown, as_history=False), arrival
    except ExtractError as error:
        refusal = error
    if arrival.place == LOOSE and len(arrival.paths) > 1:
        rest, errors = without_unsafe(run.deployment, arrival, LANDING, shown)
        if rest.paths and errors:
            for unsafe in errors:
                notice(con, run, "land", unsafe)
            counts["refused"] += len(errors)
            return _land_or_refuse(con, run, rest, counts, shown)
    notice(con, run, "land", refusal)
    return "refused", arrival


def _land_one(
    con: duckdb.DuckDBPyConnection, run: Run, arrival: Arrival, may_go_in: MayGoIn, shown: Shown, *, as_history: bool
) -> str:
    """Copies one arrival into `raw/` and records it; what became of it: landed, again, or waiting.

    Lists that came back in it are deliveries of their own, and go in whatever becomes of the rest.
    """
    with tempfile.TemporaryDirectory(dir=run.deployment.raw, prefix=LANDING) as landing:
        lists, opened = open_arrival(run.deployment, arrival, Path(landing), shown)
        if arrival.has_changed:
            notice(con, run, "land", _still_written(run, arrival.place))
            return "waiting"
        came = [_keep(con, run, replace(one, name=_list_name(con, run)), as_history=as_history) for one in lists]
        if lists and not opened.files:
            return "landed" if "landed" in came else "again"
        delivery = described(run.deployment, arrival, opened, shown)
        is_known = con.execute(KNOWN, [delivery.delivery_id]).fetchone() is not None
        if not is_known and not may_go_in(delivery):
            return "waiting"
        return _keep(con, run, delivery, as_history=as_history)


def _list_name(con: duckdb.DuckDBPyConnection, run: Run) -> str:
    """A name for the next list that came back tonight; of two answers of one night, that of the later name counts."""
    row = con.execute(
        "select count(*) from ops.delivery where source = ? and starts_with(name, ?)", [LISTS, f"{run.as_of} list "]
    ).fetchone()
    assert row is not None  # an aggregate
    return f"{run.as_of} list {row[0] + 1:05}"


def _is_list(path: Path) -> bool:
    return language_of(path) is not None


def _keep(con: duckdb.DuckDBPyConnection, run: Run, delivery: Delivery, *, as_history: bool) -> str:
    """Moves an opened delivery into `raw/` and records it: landed; or again, where its bytes are known."""
    raw = run.deployment.raw
    known = con.execute(KNOWN, [delivery.delivery_id]).fetchone()
    if known:
        con.execute("update ops.delivery set again_count = again_count + 1 where delivery_id = ?", [delivery.delivery_id])
        if known[0]:  # its source may have been mended since: it is tried once more
            con.execute(
                "update ops.delivery set status = 'landed', arrived_on = ? where delivery_id = ?",
                [run.as_of, delivery.delivery_id],
            )
        log.info("delivery known already", delivery=delivery.name)
        return "again"
    size = sum((delivery.folder / name).stat().st_size for name in delivery.files)
    target = raw / delivery.delivery_id
    if target.exists():  # a kill came between the copy and the record
        shutil.rmtree(target)
    delivery.folder.rename(target)
    sync(raw)
    con.execute(
        "insert into ops.delivery (delivery_id, delivery_no, name, source, delivered_on, arrived_on, is_history, status, "
        "file_count, byte_count) "
        "select ?, coalesce(max(delivery_no), 0) + 1, ?, ?, ?, ?, ?, 'landed', ?, ? from ops.delivery",
        [delivery.delivery_id, delivery.name, delivery.source.source, delivery.source.delivery_date(delivery.name), run.as_of,
         as_history, len(delivery.files), size],
    )  # fmt: skip
    return "landed"


def _given_may_go_in(con: duckdb.DuckDBPyConnection, run: Run, delivery: Delivery) -> bool:
    """True, or an ExtractError: whoever loads by hand is told at once what is not there."""
    if delivery.missing or (delivery.lacks and run.deployment.settings.intake.incomplete == "wait"):
        raise _incomplete(delivery.name, delivery, "Bring the rest; or set intake.incomplete to partial, to do without.")
    if delivery.lacks:
        notice(con, run, "land", _incomplete(delivery.name, delivery, "It goes in as it is."))
    return True


def _may_go_in(con: duckdb.DuckDBPyConnection, run: Run, arrival: Arrival, delivery: Delivery) -> bool:
    """Whether a delivery of the inbox goes in tonight: whole; or incomplete, when the settings and its nights say so."""
    if not (delivery.lacks or delivery.missing):
        return True
    rule = run.deployment.settings.intake
    night = waiting.nights_found(con, arrival.place, run.as_of)
    if rule.incomplete == "wait" and night <= rule.wait_nights:
        remedy = f"Send the rest. It waits; this is night {night} of {rule.wait_nights}."
        notice(con, run, "land", _incomplete(arrival.place, delivery, remedy))
        return False
    if delivery.missing:
        raise _incomplete(arrival.place, delivery, "Send the rest: without these files its source cannot be read.")
    notice(con, run, "land", _incomplete(arrival.place, delivery, "It goes in as it is. Send the rest as a delivery of its own."))
    return True


def _incomplete(where: str, delivery: Delivery, remedy: str) -> ExtractError:
    missing = f"missing files: {', '.join(delivery.missing)}"
    said = [*([missing] if delivery.missing else []), *delivery.lacks]
    more = f" … and {len(said) - NAMED_AT_MOST} more" if len(said) > NAMED_AT_MOST else ""
    return ExtractError("the delivery is incomplete", where=where, cause="; ".join(said[:NAMED_AT_MOST]) + more, remedy=remedy)


def _still_written(run: Run, where: str) -> ExtractError:
    rule = run.deployment.settings.intake
    cause = f"It has changed within {rule.settled_seconds} seconds, or lies with loose files that have."
    if rule.done_marker_required:
        cause = (
            "Its marker, NAME.done beside it or .done in the folder, is not there, and intake.done_marker_required asks for it."
        )
    remedy = "Nothing to do: it is taken the next night. Its sender can mark it as whole with NAME.done."
    return ExtractError("still being written", where=where, cause=cause, remedy=remedy)


def _take_away(con: duckdb.DuckDBPyConnection, run: Run, arrival: Arrival) -> None:
    """Removes a landed delivery from the inbox; where that is not allowed it stays, and is known again the next night."""
    try:
        take_away(arrival)
    except OSError as error:
        cause = error.strerror or type(error).__name__
        remedy = "Remove it by hand, and let the account of the night delete in the inbox."
        notice(con, run, "land", ExtractError("landed, but not removed", where=arrival.place, cause=cause, remedy=remedy))
