"""explain: tonight's scores as sums over concepts, and each student's reasons."""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout.errors import HistoryError
from dropout.explain import contributions as shap_values
from dropout.explain.credit import accounted, missed_work_share
from dropout.explain.reasons import Reasons, choose
from dropout.explain.rule import rule_reasons
from dropout.explain.stability import account, held
from dropout.features.catalogue import load_catalogue
from dropout.model.frame import Floats, Frame
from dropout.model.night import tonight
from dropout.model.registry import Model, load_refits
from dropout.model.serving import load_tonight
from dropout.resources import sql
from dropout.settings import Deployment
from dropout.warehouse.ledger import Counts, Run
from dropout.warehouse.store import replace_night


def explain(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Replaces tonight's rows of `night.concept` and `night.reason`, for every student with a score.

    Concepts and base sum to the raw score. Reasons of the listed are held against the model's refits, where it has
    some: the listed are few, and each refit costs what the model itself does. Raises HistoryError when tonight was
    not scored, ModelError when the model was altered, or when contributions do not sum up or differ from shap's.
    """
    rows = tonight(con, run.as_of)
    scored = con.sql(sql("explain/scored"), params={"as_of": run.as_of}).to_arrow_table()
    if not scored.num_rows:
        raise HistoryError(f"nobody was scored as of {run.as_of}", where="night.score", remedy="Run: dropout score")
    concepts, reasons = [], []
    for version in scored.column("model_version").unique().to_pylist():
        of_version = scored.filter(pc.equal(scored.column("model_version"), version))
        model = load_tonight(con, run, version)
        mine = rows.take(np.isin(rows.student_key, of_version.column("student_key").to_numpy()))
        if model.trees is None:
            found = rule_reasons(mine)
        else:
            by_concept, found = _explained(mine, model, of_version, run.deployment)
            concepts.append(_concept_table(mine, model, by_concept))
        reasons.append(_reason_table(mine, model, found))
    replace_night(con, run, {"night.concept": concepts, "night.reason": reasons})
    return {
        "students": len(rows),
        "concepts": sum(t.num_rows for t in concepts),
        "reasons": sum(t.num_rows for t in reasons),
    }


def _explained(rows: Frame, model: Model, scored: pa.Table, deployment: Deployment) -> tuple[dict[str, Floats], Reasons]:
    """Sums by concept and reasons of `rows`, which are `scored` in the same order."""
    card, catalogue, settings = model.card, load_catalogue(), deployment.settings.model
    assert model.trees is not None
    x = rows.matrix(card.features)
    found = shap_values.contributions(model.trees, x, settings.threads)
    shap_values.check_sums(found, scored.column("raw").to_numpy(), card.version)
    shap_values.check_with_shap(model.trees, x, found, settings.seed, card.version)
    share = missed_work_share(rows)
    found, concepts = accounted(rows, found, share, card.features, catalogue)
    listed = np.flatnonzero(scored.column("is_listed").to_numpy(zero_copy_only=False).astype(np.bool_))
    refits = load_refits(deployment, model) if len(listed) else []
    few = rows.take(listed)
    again = held(listed, (account(t, few, share[listed], card.features, catalogue, settings.threads) for t in refits))
    return concepts, choose(rows, found, concepts, card.features, catalogue, held=again)


def _concept_table(rows: Frame, model: Model, concepts: dict[str, Floats]) -> pa.Table:
    names, count = list(concepts), len(rows)
    return pa.table(
        {
            "student_key": np.tile(rows.student_key, len(names)),
            "as_of_date": pa.array(np.tile(rows.as_of_date, len(names))),
            "target": np.full(count * len(names), model.card.target, dtype=object),
            "concept": np.repeat(np.array(names, dtype=object), count),
            "log_odds": np.concatenate([concepts[n] for n in names]),
        }
    )


def _reason_table(rows: Frame, model: Model, found: Reasons) -> pa.Table:
    row = found.row.astype(np.int64)
    return pa.table(
        {
            "student_key": rows.student_key[row],
            "as_of_date": pa.array(rows.as_of_date[row]),
            "target": pa.array(np.full(len(row), model.card.target, dtype=object), pa.string()),
            "direction": pa.array(found.direction, pa.string()),
            "reason_rank": found.reason_rank.astype(np.int32),
            "concept": pa.array(found.concept, pa.string()),
            "feature": pa.array(found.feature, pa.string()),
            "log_odds": found.log_odds.astype(np.float64),
            "value": _known(found.value),
            "class_mean": _known(found.class_mean),
            "stability": _known(found.stability),
            "log_odds_low": _known(found.log_odds_low),
            "log_odds_high": _known(found.log_odds_high),
        }
    )


def _known(numbers: Floats) -> pa.Array:
    """NULL where not known."""
    numbers = numbers.astype(np.float64)
    return pa.array(numbers, mask=np.isnan(numbers))
