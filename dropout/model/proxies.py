"""The proxy check: how well sensitive attributes can be told from the features that the model reads.

To leave sex or poverty out of the features does not keep them out of attendance or marks. For each attribute a small
booster guesses its commonest word from the features of students on one date, cross-validated; and each feature alone is
asked, its values in bins that are ordered on one half of the students and judged on the other, so that noise gets no credit.
0.5 is chance. Source of the idea: Feldman et al. 2015, Certifying and removing disparate impact (predictability).
"""

from dataclasses import dataclass

import numpy as np

from dropout.features.catalogue import load_catalogue
from dropout.model import booster, metrics
from dropout.model.comparison import ALL, FEWEST_HEADS, Record, record
from dropout.model.frame import SENSITIVE, Bools, Floats, Frame, Ints
from dropout.model.metrics import Outcomes, Value
from dropout.model.resample import draws
from dropout.settings import ModelSettings

FOLDS = 3
TREES = 40
BINS = 20
FEWEST_STUDENTS = 200
MOST_STUDENTS = 20_000  # an AUC is known to less than a hundredth then
SHOWN = 3  # features kept for each attribute, beside those above the bound
PROXY, FEATURE = "proxy_auc", "proxy_feature_auc"


@dataclass(frozen=True)
class Proxy:
    """How well an attribute's `word` is told: by all features together, and by the features alone that do so best."""

    column: str
    word: str
    students: int
    count: int  # of them with the word
    auc: Value
    features: dict[str, float]  # feature → AUC, the best first

    def flagged(self, at_most: float) -> list[str]:
        """Features that alone tell the attribute better than the bound."""
        return [name for name, auc in self.features.items() if auc > at_most]

    def records(self, cohort: str, at_most: float) -> list[Record]:
        """Rows for `ops.evaluation`: `student_group` is the attribute; of a feature alone, `ranking` is the feature."""
        counts = (self.students, self.count)
        kept = dict.fromkeys([*list(self.features)[:SHOWN], *self.flagged(at_most)])
        alone = [(name, Value(FEATURE, None, self.features[name], np.nan, np.nan)) for name in kept]
        return [
            record(self.auc, cohort, ALL, "model", counts, self.column),
            *(record(v, cohort, ALL, name, counts, self.column) for name, v in alone),
        ]


def proxies(rows: Frame, settings: ModelSettings) -> list[Proxy]:
    """One per attribute of SENSITIVE that is known of FEWEST_STUDENTS students, FEWEST_HEADS with its commonest word and without.

    Asked on the as-of date of `rows` in the middle, each student once.
    """
    dates = np.unique(rows.as_of_date)
    night = rows.take(rows.as_of_date == dates[len(dates) // 2])
    found = []
    for column in SENSITIVE:
        words = night.group(column).astype(str)
        known = np.flatnonzero(words != "")
        if len(known) > MOST_STUDENTS:
            known = np.sort(np.random.default_rng(settings.seed).choice(known, MOST_STUDENTS, replace=False))
        there, counts = np.unique(words[known], return_counts=True)
        most = int(counts.max(initial=0))
        if len(known) >= FEWEST_STUDENTS and FEWEST_HEADS <= most <= len(known) - FEWEST_HEADS:
            word = str(there[int(counts.argmax())])
            found.append(_proxy(night.take(known), column, word, settings))
    return found


def _proxy(rows: Frame, column: str, word: str, settings: ModelSettings) -> Proxy:
    features = load_catalogue().model_features
    x, is_word = rows.matrix(f.name for f in features), np.asarray(rows.group(column) == word, dtype=np.float64)
    fold = np.random.default_rng(settings.seed).permutation(len(rows)) % FOLDS
    free = [f.model_copy(update={"direction": 0}) for f in features]  # directions speak of leaving, not of the attribute
    small = settings.model_copy(update={"trees": TREES, "rows_in_leaf_at_least": 20, "learning_rate": 0.1})
    raw, everyone = np.empty(len(rows)), np.ones(len(rows))
    for k in range(FOLDS):
        text = booster.fit(x[fold != k], is_word[fold != k], everyone[fold != k], free, small)
        raw[fold == k] = booster.raw_scores(booster.load(text), x[fold == k], settings.threads)
    half = np.asarray(np.random.default_rng(settings.seed + 1).permutation(len(rows)) % 2 == 0, dtype=np.bool_)
    alone = {f.name: round(feature_auc(x[:, i].astype(np.float64), is_word, half), 6) for i, f in enumerate(features)}
    best = dict(sorted(alone.items(), key=lambda item: (-item[1], item[0])))
    return Proxy(column, word, len(rows), int(is_word.sum()), _auc(raw, is_word, rows, settings), best)


def _auc(raw: Floats, is_word: Floats, rows: Frame, settings: ModelSettings) -> Value:
    """AUC with its interval, by resampling schools (classes, students) as everywhere."""
    cluster = rows.cluster
    outcomes = Outcomes(is_word, cluster, cluster, is_word, is_word > 0, draws(int(cluster.max()) + 1, settings.seed))
    pairs = metrics.ranked_sums(raw, outcomes)
    with np.errstate(invalid="ignore", divide="ignore"):
        return metrics.value(PROXY, None, pairs["pairs right"] / pairs["pairs"])


def feature_auc(values: Floats, is_word: Floats, half: Bools) -> float:
    """AUC of one feature alone, mean of two halves: bins ordered by their rate in one half, judged in the other.

    Unknown is a bin of its own: that a value is missing can tell an attribute, too.
    """
    cell = _bins(values)
    aucs = [_ordered_auc(cell, is_word, ~part, part) for part in (half, ~half)]
    return float(np.mean(aucs))


def _bins(values: Floats) -> Ints:
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right")).astype(np.int64)


def _ordered_auc(cell: Ints, is_word: Floats, learned: Bools, judged: Bools) -> float:
    """Pairs (one with the word, one without) in the right order; equal bins count half. 0.5 where there is no pair."""
    cells = int(cell.max()) + 1
    overall = is_word[learned].mean() if learned.any() else 0.5
    count, hits = np.bincount(cell[learned], minlength=cells), np.bincount(cell[learned], is_word[learned], cells)
    rate = (hits + overall) / (count + 1)  # a bin that was not met has the rate of all
    order = np.argsort(rate, kind="stable")
    with_word = np.bincount(cell[judged], is_word[judged], cells)[order]
    without = np.bincount(cell[judged], 1 - is_word[judged], cells)[order]
    below = np.cumsum(without) - without
    pairs = with_word.sum() * without.sum()
    return float((with_word * (below + without / 2)).sum() / pairs) if pairs else 0.5
