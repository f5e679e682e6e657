"""Contributions become reasons: one feature per concept that can change, pointing the way its words say."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dropout.features.catalogue import Catalogue, Feature
from dropout.model.frame import Bools, Floats, Frame, Ints

LEAST_LOG_ODDS = 0.10  # a tenth more, or less, in the odds: below, a reason would be noise
MOST = {"raises": 4, "lowers": 2}
SIGN = {"raises": 1.0, "lowers": -1.0}
CLASS_AT_LEAST = 5  # students with a known value; the mean of fewer is no comparison, and may tell on one


@dataclass(frozen=True)
class Reasons:
    """Reasons in columns: row of the frame, direction, rank, and what `night.reason` asks for."""

    row: Ints
    direction: np.ndarray
    reason_rank: Ints
    concept: np.ndarray
    feature: np.ndarray
    log_odds: Floats
    value: Floats
    class_mean: Floats


def class_means(rows: Frame, names: Iterable[str]) -> Floats:
    """Mean of each feature over the student's class tonight, rows × names; NaN where fewer than five are known."""
    pair = np.array([f"{s}\0{c}" for s, c in zip(rows.school_id, rows.class_id, strict=True)])
    _, group = np.unique(pair, return_inverse=True)
    is_in_class = rows.class_id != ""
    means = []
    for name in names:
        value = rows.column(name)
        known = ~np.isnan(value) & is_in_class
        count = np.bincount(group, weights=known)
        total = np.bincount(group, weights=np.where(known, value, 0))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(count >= CLASS_AT_LEAST, total / count, np.nan)
        means.append(np.where(is_in_class, mean[group], np.nan))
    return np.stack(means, axis=1)


def choose(rows: Frame, found: Floats, concepts: dict[str, Floats], features: list[str], catalogue: Catalogue) -> Reasons:
    """Up to four concepts that raise and two that lower, the strongest first, each by its strongest fitting feature.

    Of what raises, concepts of one theme stand together, and the theme whose concepts sum to most comes first:
    credit is shared within a theme, and a theme that is told in two concepts would else lose to one told in one.
    Of what goes well only two are said, so each concept is ranked for itself.
    A feature fits when it is a reason in the catalogue, its value is known, its own contribution has the sign of
    the direction, and its value lies on the side that its words speak of (`points`).
    """
    declared = [catalogue.by_name[name] for name in features]
    changeable = [c.name for c in catalogue.concepts.values() if c.is_changeable and c.name in concepts]
    parts = []
    for direction in MOST:
        chosen = [_strongest(rows, found, declared, name, direction) for name in changeable]
        themes = [catalogue.concepts[n].theme or n if direction == "raises" else n for n in changeable]
        parts.append(_ranked(rows, concepts, changeable, themes, chosen, direction))
    return Reasons(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass(frozen=True)
class _Chosen:
    """Per row, the strongest fitting feature of one concept; `is_there` says whether there is one."""

    is_there: Bools
    feature: np.ndarray
    value: Floats
    class_mean: Floats


def _strongest(rows: Frame, found: Floats, declared: list[Feature], concept: str, direction: str) -> _Chosen:
    columns = [i for i, f in enumerate(declared) if f.concept == concept and _has_words(f, direction)]
    if not columns:
        nothing = np.full(len(rows), np.nan)
        return _Chosen(np.zeros(len(rows), dtype=np.bool_), np.full(len(rows), "", dtype=object), nothing, nothing)
    names = [declared[i].name for i in columns]
    values = np.stack([rows.column(n) for n in names], axis=1)
    means = class_means(rows, names)
    strength = SIGN[direction] * found[:, columns].astype(np.float64)
    fits = np.stack([points(declared[i], values[:, k], means[:, k], direction) for k, i in enumerate(columns)], axis=1)
    strength = np.where(fits & (strength > 0), strength, -np.inf)
    best = strength.argmax(axis=1)
    row = np.arange(len(rows))
    return _Chosen(np.isfinite(strength[row, best]), np.array(names, dtype=object)[best], values[row, best], means[row, best])


def _has_words(feature: Feature, direction: str) -> bool:
    return feature.is_reason and (direction == "raises" or feature.has_praise)


def points(feature: Feature, value: Floats, class_mean: Floats, direction: str) -> Bools:
    """Whether the words fit: worse than the class (or than nothing at all) to raise, no worse than it to lower.

    Worse is what `feature.worse` says. Where more is worse, nothing at all is 0, and so it is for differences:
    "absence is rising" needs a rise, whatever the class did.
    """
    worse, mean = feature.worse * value, feature.worse * class_mean
    has_zero = feature.worse > 0 or feature.unit == "difference"
    if direction == "raises":
        bound = np.fmax(mean, 0.0) if has_zero else np.where(np.isnan(mean), -np.inf, mean)
        return np.asarray(worse > bound, dtype=np.bool_)  # never where the value is NaN
    bound = np.where(np.isnan(mean), np.inf, mean)
    if feature.unit == "difference":
        bound = np.minimum(bound, 0.0)
    return np.asarray(worse <= bound, dtype=np.bool_)


def _ranked(
    rows: Frame, concepts: dict[str, Floats], names: list[str], themes: list[str], chosen: list[_Chosen], direction: str
) -> tuple[np.ndarray, ...]:
    """The strongest themes of each row and in them the strongest concepts, at most MOST[direction], by row and rank."""
    if not names:
        empty = np.empty(0)
        return tuple(empty for _ in range(8))
    total = np.stack([concepts[n] for n in names], axis=1)
    strength = SIGN[direction] * total
    is_said = np.stack([c.is_there for c in chosen], axis=1) & (strength >= LEAST_LOG_ODDS)
    order = _by_theme(np.where(is_said, strength, 0.0), themes)[:, : MOST[direction]]
    row = np.repeat(np.arange(len(rows)), order.shape[1])
    concept = order.ravel()
    rank = np.tile(np.arange(1, order.shape[1] + 1), len(rows))
    keep = is_said[row, concept]
    row, concept, rank = row[keep], concept[keep], rank[keep]

    def pick(column: list[np.ndarray]) -> np.ndarray:
        return np.stack(column, axis=1)[row, concept]

    return (
        row,
        np.full(len(row), direction, dtype=object),
        rank,
        np.array(names, dtype=object)[concept],
        pick([c.feature for c in chosen]),
        total[row, concept],
        pick([c.value for c in chosen]),
        pick([c.class_mean for c in chosen]),
    )


def _by_theme(strength: Floats, themes: list[str]) -> Ints:
    """Per row the places of its concepts: themes by their sums, in them concepts by their strength; 0 is not said, and last."""
    theme = np.array([themes.index(t) for t in themes])
    sums = np.stack([strength[:, theme == t].sum(axis=1) for t in theme], axis=1)
    is_silent = strength <= 0
    return np.lexsort((-strength, np.broadcast_to(theme, strength.shape), -sums, is_silent), axis=1)
