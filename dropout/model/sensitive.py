"""What leaving sensitive attributes out costs: the judged recipe once more, with them, on the same rows. Never promoted.

The booster learns from the same cohorts with the same settings; beside the features it sees the words of Frame's
SENSITIVE attributes. Both rankings are then judged side by side, with paired intervals.
"""

import numpy as np
import numpy.typing as npt

from dropout.features.catalogue import Feature, load_catalogue
from dropout.model import booster, metrics
from dropout.model.candidate import Candidate
from dropout.model.comparison import ALL, Comparison, Record, heads, record
from dropout.model.frame import SENSITIVE, Floats, Frame
from dropout.model.groups import RECALL_GAP, Audit
from dropout.model.logistic import chances
from dropout.model.rankings import Ranking
from dropout.model.recipe import OUT_OF_FOLD, Plan, Stage
from dropout.model.stages import is_first_half
from dropout.model.train import folds
from dropout.settings import ModelSettings

WITH_SENSITIVE = "with_sensitive"
METRICS = ("auc", "recall_in_schools", "recall_at_capacity")
FEWEST_ROWS = 500  # of training snapshots with a word, for a column of its own
Words = list[tuple[str, str]]


def sensitive_records(
    candidate: Candidate, plan: Plan, stage: Stage, main: Comparison, capacity: Floats, settings: ModelSettings
) -> list[Record]:
    """Rows of ranking `with_sensitive`, and its gains over the model; none where no attribute is on record.

    `main` has judged the model on the rows of `stage`, whose schools' capacities are `capacity`.
    """
    raw = sensitive_scores(candidate, plan, stage, main.rows, settings)
    if raw is None:
        return []
    ranked = {"model": main.ranked["model"], WITH_SENSITIVE: Ranking(raw, chances(raw))}
    both = Comparison(main.rows, ranked, capacity, settings)
    groups = Audit(both, WITH_SENSITIVE).found()
    cohort, counts = stage.school_year, heads(main.rows, np.ones(len(main.rows), dtype=np.bool_))
    sums = {name: both.over_all(name) for name in ranked}
    with np.errstate(invalid="ignore", divide="ignore"):
        auc = {name: s["pairs right"] / s["pairs"] for name, s in sums.items()}
    gain = metrics.value("auc_gain_over_model", None, auc[WITH_SENSITIVE] - auc["model"])
    values = [v for v in metrics.values(sums[WITH_SENSITIVE], (), both.judged_share) if v.metric in METRICS]
    return [
        *(record(v, cohort, ALL, WITH_SENSITIVE, counts) for v in (*values, gain)),
        *both.gain_records(cohort, WITH_SENSITIVE, over=("model",)),
        *(r for g in groups for r in g.records(cohort, WITH_SENSITIVE) if r.metric in ("recall_in_schools", RECALL_GAP)),
    ]


def sensitive_scores(candidate: Candidate, plan: Plan, stage: Stage, judged: Frame, settings: ModelSettings) -> Floats | None:
    """Log-odds of the `judged` rows from the stage's recipe with the attributes; None where none is known of enough rows."""
    if stage.booster != OUT_OF_FOLD:
        past = candidate.rows(plan.recipe.fits[stage.booster])
        words = _words(past)
        return _scores(past, judged, words, settings) if words else None
    whole = candidate.rows([stage.school_year])
    words = _words(whole)
    if not words:
        return None
    fold, raw = folds(whole, settings.seed), np.empty(len(whole))
    for k in np.unique(fold):
        raw[fold == k] = _scores(whole.take(fold != k), whole.take(fold == k), words, settings)
    return raw if stage.part == "all" else raw[is_first_half(whole, settings.seed) == (stage.part == "a")]


def _scores(past: Frame, rows: Frame, words: Words, settings: ModelSettings) -> Floats:
    known = load_catalogue().model_features
    added = [_feature(i) for i in range(len(words))]
    text = booster.fit(_matrix(past, words), past.label, past.weight, (*known, *added), settings)
    return booster.raw_scores(booster.load(text), _matrix(rows, words), settings.threads)


def _feature(i: int) -> Feature:
    """A column that only this comparison knows; its name holds no word, which could be one that LightGBM cannot write."""
    return Feature(name=f"sensitive_{i}", concept="sensitive", unit="flag", direction=0, meaning="A sensitive attribute's word.")


def _words(past: Frame) -> Words:
    """Attribute and word, of those that are common enough; of two words that say the same, one would do, and both are kept."""
    found = []
    for column in SENSITIVE:
        words, counts = np.unique(past.group(column).astype(str), return_counts=True)
        found += [(column, str(w)) for w, n in zip(words, counts, strict=True) if w and n >= FEWEST_ROWS]
    return found


def _matrix(rows: Frame, words: Words) -> npt.NDArray[np.float32]:
    """The features, then 1 or 0 for each word, NaN where the attribute is unknown."""
    known = {column: rows.group(column) for column, _ in words}
    columns = [np.where(known[c] == "", np.nan, known[c] == w).astype(np.float32) for c, w in words]
    features = rows.matrix(f.name for f in load_catalogue().model_features)
    return np.ascontiguousarray(np.column_stack([features, *columns]), dtype=np.float32)
