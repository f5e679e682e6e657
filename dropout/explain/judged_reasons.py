"""What stability does to the reasons of lists: measured on the judged cohort, which neither model nor refits saw.

The lists are those of the schools' capacities on each of the cohort's as-of dates.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from dropout.explain.credit import missed_work_share
from dropout.explain.reasons import Means, Reasons, choose, reason_means
from dropout.explain.stability import Account, Held, account, held
from dropout.features.catalogue import Catalogue, load_catalogue
from dropout.model import booster
from dropout.model.candidate import Candidate
from dropout.model.comparison import ALL, Record
from dropout.model.cut import ranks
from dropout.model.evaluate import Capacity
from dropout.model.frame import Bools, Floats, Frame, concatenated
from dropout.model.recipe import Plan
from dropout.model.resample import draws, interval
from dropout.model.stages import scored
from dropout.model.subsample import some_students
from dropout.settings import ModelSettings

MOST_ROWS = 5_000  # listed snapshots; shares of so many are known to a point, and each costs as many SHAP values as refits
METRICS = {  # name → numerator and denominator, both of `Counted`
    "reason_stable_share": ("stable", "before"),
    "reasons_before_stability_mean": ("before", "listed"),
    "reasons_mean": ("shown", "listed"),
    "without_reason_before_stability_share": ("none_before", "listed"),
    "without_reason_share": ("none_shown", "listed"),
    "first_reason_agreement_share": ("same_first", "listed"),
    "going_well_stable_share": ("going_well_stable", "going_well_before"),
}


@dataclass(frozen=True)
class Counted:
    """Per listed snapshot: how many reasons that raise would be said without stability (`before`), how many of them hold
    (`stable`), how many are said (`shown`, others having moved up), whether none is; the same of what goes well; and the
    share of pairs of refits, no student in both, that say the same first."""

    listed: Floats
    before: Floats
    stable: Floats
    shown: Floats
    none_before: Floats
    none_shown: Floats
    same_first: Floats
    going_well_before: Floats
    going_well_stable: Floats


@dataclass(frozen=True)
class _Judged:
    """The judged booster, its refits, and how they are read."""

    trees: lgb.Booster
    refits: list[lgb.Booster]
    features: list[str]
    catalogue: Catalogue
    threads: int


def reason_records(
    candidate: Candidate, plan: Plan, refits: Sequence[str], capacity: Capacity, settings: ModelSettings
) -> list[Record]:
    """Rows of `ops.evaluation`, one per metric of METRICS; `refits` are of the judged booster, as text."""
    stage = plan.recipe.judged
    assert stage is not None
    found = scored(candidate, plan, stage, settings)
    chosen = _listed(found.rows, found.raw, capacity(found.rows), settings)
    catalogue = load_catalogue()
    judged = _Judged(
        trees=booster.load(candidate.booster(stage.booster)),
        refits=[booster.load(text) for text in refits],
        features=[f.name for f in catalogue.model_features],
        catalogue=catalogue,
        threads=settings.threads,
    )
    nights = [found.rows.as_of_date == d for d in np.unique(found.rows.as_of_date[chosen])]
    parts = [_counted(judged, found.rows.take(night), chosen[night]) for night in nights]
    if not parts:
        return []
    listed = concatenated([found.rows.take(night & chosen) for night in nights])
    sums = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(Counted)}
    return _records(stage.school_year, listed, sums, settings.seed)


def _listed(rows: Frame, raw: Floats, capacity: Floats, settings: ModelSettings) -> Bools:
    """Rows on the schools' lists of their night; of more than MOST_ROWS, those of some students, drawn."""
    listed = np.zeros(len(rows), dtype=np.bool_)
    thin = rows.is_thin(settings.taken_registers_at_least)
    for date in np.unique(rows.as_of_date):
        here = np.flatnonzero(rows.as_of_date == date)
        listed[here] = ~thin[here] & (ranks(raw[here], rows.take(here), thin[here]) <= capacity[here])
    drawn = some_students(rows.take(listed), MOST_ROWS, settings.seed)
    return listed & np.isin(rows.student_key, drawn.student_key)


def _counted(judged: _Judged, rows: Frame, listed: Bools) -> Counted:
    """One night: `rows` are everybody of it, since reasons are compared with whole classes."""
    few = rows.take(listed)
    share = missed_work_share(rows)[listed]
    means = {name: mean[listed] for name, mean in reason_means(rows, judged.features, judged.catalogue).items()}
    accounts = [
        account(trees, few, share, judged.features, judged.catalogue, judged.threads) for trees in (judged.trees, *judged.refits)
    ]
    again = held(np.arange(len(few)), accounts[1:])
    shown = _chosen(judged, few, accounts[0], means, again)
    before = _chosen(judged, few, accounts[0], means, dataclasses.replace(again, tolerance=0.0))

    def count(reasons: Reasons, direction: str, least: float = 0.0) -> Floats:
        is_counted = (reasons.direction == direction) & (reasons.stability.astype(np.float64) >= least)
        return np.bincount(reasons.row[is_counted].astype(np.int64), minlength=len(few)).astype(np.float64)

    firsts = [_first(_chosen(judged, few, one, means), len(few)) for one in accounts[1:]]
    pairs = [a == b for a, b in zip(firsts[::2], firsts[1::2], strict=False)]
    return Counted(
        listed=np.ones(len(few)),
        before=count(before, "raises"),
        stable=count(before, "raises", again.tolerance),
        shown=count(shown, "raises"),
        none_before=(count(before, "raises") == 0).astype(np.float64),
        none_shown=(count(shown, "raises") == 0).astype(np.float64),
        same_first=np.mean(pairs, axis=0) if pairs else np.full(len(few), np.nan),
        going_well_before=count(before, "lowers"),
        going_well_stable=count(before, "lowers", again.tolerance),
    )


def _chosen(judged: _Judged, rows: Frame, said: Account, means: Means, again: Held | None = None) -> Reasons:
    given = {} if again is None else {"held": again}
    return choose(rows, said.found, said.concepts, judged.features, judged.catalogue, means=means, **given)


def _first(reasons: Reasons, rows: int) -> np.ndarray:
    """The concept of each row's first reason; '' where there is none."""
    first = np.full(rows, "", dtype=object)
    is_first = (reasons.direction == "raises") & (reasons.reason_rank == 1)
    first[reasons.row[is_first].astype(np.int64)] = reasons.concept[is_first]
    return first


def _records(cohort: str, listed: Frame, sums: dict[str, Floats], seed: int) -> list[Record]:
    """Each metric with its interval by resampling clusters, as in every evaluation."""
    clusters = int(listed.cluster.max()) + 1
    drawn = draws(clusters, seed)
    totals = {name: drawn @ np.bincount(listed.cluster, weights=v, minlength=clusters) for name, v in sums.items()}
    students, left = (len(np.unique(listed.student_key[mask])) for mask in (listed.label >= 0, listed.label == 1))
    found = []
    for metric, (part, whole) in METRICS.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = totals[part] / totals[whole]
        value, low, high = (round(float(v), 8) if np.isfinite(v) else None for v in (shares[0], *interval(shares)))
        found.append(Record(cohort, ALL, "model", metric, None, value, low, high, students, left))
    return found
