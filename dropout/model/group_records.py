"""What a season keeps of the group audit: rows for `ops.evaluation`, facts for promotion, and a notice of proxies."""

import math
from collections.abc import Callable
from typing import Any

import duckdb

from dropout.country import Target
from dropout.errors import ModelError
from dropout.model.comparison import Comparison, Record
from dropout.model.group_parts import JOINED
from dropout.model.groups import Audit, out_of_bounds, safe_sizes
from dropout.model.proxies import proxies
from dropout.settings import Settings
from dropout.warehouse.ledger import Run, notice


def by_group(
    main: Comparison, side: Comparison, cohort: str, side_cohort: str, group_of: Callable[[str], str], settings: Settings
) -> tuple[list[Record], dict[str, Any]]:
    """Rows by group, pair, list size and as-of date, and of proxies; and the facts of an Evaluation that they give.

    `main` judged the lists on `cohort`, `side` the chances on `side_cohort`; `group_of` names a night.
    """
    audit = Audit(main)
    found, sizes, chances = audit.found(), audit.by_size(), Audit(side).calibrated()
    told, at_most = proxies(main.rows, settings.model), settings.fairness.proxy_auc_at_most
    records = [
        *(r for g in found for r in g.records(cohort)),
        *(r for g in chances for r in g.records(side_cohort)),
        *(
            r
            for share, groups in sizes.items()
            for g in groups
            if not math.isclose(share, main.judged_share) and JOINED not in g.column
            for r in g.records(cohort)
        ),
        *(r for night, g in audit.by_night() for r in g.records(cohort, as_of_group=group_of(night))),
        *(r for p in told for r in p.records(cohort, at_most)),
    ]
    return records, {
        "groups_out_of_bounds": out_of_bounds([*found, *chances], settings.model),
        "safe_sizes": safe_sizes(sizes, settings.model),
        "proxies_flagged": [f"{p.column}: {name}" for p in told for name in p.flagged(at_most)],
    }


def proxy_notice(con: duckdb.DuckDBPyConnection, run: Run, target: Target, flagged: list[str]) -> None:
    """Tells the operator of features that alone tell a sensitive attribute too well; the season goes on."""
    if flagged:
        bound = run.deployment.settings.fairness.proxy_auc_at_most
        found = ModelError(
            f"{len(flagged)} feature(s) of the model tell a sensitive attribute",
            where=f"{target}: {', '.join(flagged)}",
            cause=f"Alone each tells the attribute with an AUC above {bound} ([fairness] proxy_auc_at_most).",
            remedy="Read the groups' errors in the model card; if they differ, ask for the feature to be left out.",
        )
        notice(con, run, "evaluate", found)
