"""score: each student's calibrated chance per target, with its interval, and the lists cut at capacity."""

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout.contracts.ddl import create_core
from dropout.country import Target
from dropout.errors import ExtractError, ModelError
from dropout.model import booster, opted_out
from dropout.model.baselines import LISTED_FROM, absence_rule
from dropout.model.cut import KEPT_LOG_ODDS, cut, ranks
from dropout.model.earlier import on_last_list
from dropout.model.evaluate import capacities
from dropout.model.frame import Bools, Floats, Frame
from dropout.model.night import tonight
from dropout.model.registry import Model, list_target
from dropout.model.serving import Served, serving, serving_table
from dropout.resources import sql
from dropout.settings import Settings
from dropout.warehouse.ledger import Counts, Run, notice
from dropout.warehouse.store import replace_night

THIN = "fewer taken registers than the settings ask for, and no marks"
STALE = "no fresh data from the school"


SHOWN = 20  # schools that a notice names


def score(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Replaces tonight's rows of `night.score` for every target with a version in force.

    A student who opted out, with thin data, or of a school that has fallen silent, is abstained from: no chance, no rank.
    On a list stand the first of each school, up to its capacity, whose chance is at least the settings' multiple
    of the mean, by the target that `registry.list_target` names; who is on the school's last list stays before a
    newcomer who is hardly ahead (`cut.cut`), so that a rank on a list may lie beyond the capacity. Which version
    speaks, serving.py tells: a model that is suspended does not. Raises ModelError when no version is in force for
    that target, or none of a target is whole.
    """
    country, settings = run.deployment.country, run.deployment.settings
    rows = tonight(con, run.as_of)
    capacity = capacities(con, run)(rows)
    stale, lists, left_out = _stale_schools(con, run), list_target(con, country), opted_out.mask(con, rows)
    counts: Counts = {"students": len(rows), "targets": 0, "corrected": 0, "abstained": 0, "listed": 0}
    counts["schools_without_fresh_data"] = len(stale)
    counts["opted_out"] = int(left_out.sum())
    counts["list_target"] = lists
    tables = []
    served = serving(con, run)
    _need(lists, served)
    for target, model, state in ((s.target, s.model, s.state) for s in served):
        stays = on_last_list(con, run, rows, target) if target == lists else None
        if stays is not None and state == "suspended":
            stays = np.zeros_like(stays)  # a place that the model gave decides nothing now, not even between equals
        table, found = _scored(rows, model, settings, capacity, stale, stays, left_out)
        tables.append(table)
        counts["targets"] += 1
        counts["corrected"] += model.correction.kind != "none"
        counts["abstained"] = max(counts["abstained"], found["abstained"])
        counts["listed"] += found["listed"]
    replace_night(con, run, {"night.score": tables, "night.serving": [serving_table(run, served)]})
    return {**counts, **{str(s.target): s.state for s in served if s.state != "in_force"}}


def _need(list_target: Target, served: list[Served]) -> None:
    if list_target not in {s.target for s in served}:
        raise ModelError(
            f"no model is in force for {list_target}", remedy="Train one with: dropout season (the first night does it by itself)"
        )


def _stale_schools(con: duckdb.DuckDBPyConnection, run: Run) -> list[str]:
    """Schools of which nothing has come while others' data did: for long, or though they were open; a notice names them.

    What is known of them is old: to rank their pupils would tell some of them "low risk". A school that never sent
    anything is left to the rule for thin data.
    """
    create_core(con)  # an older warehouse may lack a table
    con.execute(f"create or replace table night.school_newest as {sql('model/school_newest')}", {"as_of": run.as_of})
    newest = dict(con.execute("from night.school_newest order by school_id").fetchall())
    dates = [date for date in newest.values() if date]
    days = run.deployment.settings.gate.school_fresh_within_days
    missing = _silent_schools(con, run)
    stale = sorted(s for s, date in newest.items() if date and (s in missing or (max(dates) - date).days > days))
    if stale:
        shown = ", ".join(stale[:SHOWN]) + (f" and {len(stale) - SHOWN} more" if len(stale) > SHOWN else "")
        silent = ExtractError(
            f"no fresh data from {len(stale)} of {len(newest)} schools",
            where=shown,
            cause=f"Their newest data is more than {days} days older than that of others, or they were open and sent nothing.",
            remedy="Ask these schools for their extracts. Their lists say that no data came, and rank nobody.",
        )
        notice(con, run, "score", silent)
    return stale


def _silent_schools(con: duckdb.DuckDBPyConnection, run: Run) -> set[str]:
    """Schools that were open by their calendar and of which nothing has come since, as the load keeps them in mind."""
    there = "select 1 from duckdb_tables() where schema_name = 'night' and table_name = 'silent_school' and not temporary"
    if not con.execute(there).fetchone():
        return set()
    return {s for (s,) in con.execute("select school_id from night.silent_school where since < ?", [run.as_of]).fetchall()}


def _scored(
    rows: Frame, model: Model, settings: Settings, capacity: Floats, stale: list[str], stays: Bools | None, left_out: Bools
) -> tuple[pa.Table, dict[str, int]]:
    """Rows of `night.score` for one target; `stays` is None where no list is cut by it, else who is on the last lists.

    Of those `left_out`, who opted out, nothing is said.
    """
    silent = np.isin(rows.school_id.astype(str), stale)
    thin = rows.is_thin(settings.model.taken_registers_at_least) | silent | left_out
    found = in_force(rows, model, settings)
    by, raw, chance, bounds = found.by, found.raw, found.chance, found.bounds
    rank = ranks(by, rows, thin)
    listed = np.zeros(len(rows), dtype=np.bool_)
    if stays is not None:
        worth = ~thin & _is_worth(by, chance, thin, settings.night.minimum_lift)
        listed = cut(by, rows, worth, stays, capacity, 0.0 if np.isnan(raw).all() else KEPT_LOG_ODDS)
    card = model.card
    table = pa.table(
        {
            "student_key": rows.student_key,
            "as_of_date": pa.array(rows.as_of_date),
            "target": _same(card.target, rows),
            "model_version": _same(card.version, rows),
            "method": _same(card.method, rows),
            "raw": _known(raw, ~thin),
            "chance": _known(chance, ~thin),
            "chance_low": _known(bounds[0], ~thin),
            "chance_high": _known(bounds[1], ~thin),
            "is_abstained": thin,
            "abstain_reason": pa.array(_reasons(silent, left_out), pa.string(), mask=~thin),
            "school_id": pa.array(rows.school_id, pa.string()),
            "school_rank": pa.array(rank, pa.int32(), mask=thin | (stays is None)),
            "is_listed": listed,
        }
    )
    return table, {"abstained": int(thin.sum()), "listed": int(listed.sum())}


def _reasons(silent: Bools, left_out: Bools) -> npt.NDArray[np.object_]:
    """Why a row would be abstained from; that nothing may be said comes before that nothing could be."""
    return np.where(left_out, opted_out.OPTED_OUT, np.where(silent, STALE, THIN)).astype(object)


@dataclass(frozen=True)
class InForce:
    """What a version says of each row: what it ranks by, its log-odds (NaN of a rule), its chance and interval (NaN: unknown)."""

    by: Floats
    raw: Floats
    chance: Floats
    bounds: tuple[Floats, Floats]


def in_force(rows: Frame, model: Model, settings: Settings) -> InForce:
    """What `model` says of every row, also of those on which the night abstains."""
    raw = np.full(len(rows), np.nan)
    if model.trees is not None and model.card.calibrator is not None:
        raw = booster.raw_scores(model.trees, rows.matrix(model.card.features), settings.model.threads)
        low, high = model.card.calibrator.bounds(raw)
        chance, applied = model.card.calibrator.chance(raw), model.correction.applied
        return InForce(raw, raw, applied(chance), (applied(low), applied(high)))
    by = absence_rule(rows)
    if model.card.bands is not None:
        return InForce(by, raw, model.card.bands.chance(by), model.card.bands.bounds(by))
    return InForce(by, raw, raw, (raw, raw))


def _is_worth(by: Floats, chance: Floats, thin: Bools, minimum_lift: float) -> Bools:
    """Whether a student's chance is high enough for a list; with rates unknown, whether the rule's flags say so."""
    if np.isnan(chance).all():
        return np.asarray(by >= LISTED_FROM, dtype=np.bool_)
    return np.asarray(chance >= minimum_lift * np.mean(chance[~thin]) if (~thin).any() else ~thin, dtype=np.bool_)


def _known(numbers: Floats, known: Bools) -> pa.Array:
    return pa.array(numbers, mask=~known | np.isnan(numbers))


def _same(text: str, rows: Frame) -> npt.NDArray[np.object_]:
    return np.full(len(rows), text, dtype=object)
