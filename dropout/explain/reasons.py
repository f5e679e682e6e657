"""Contributions become reasons: one feature per concept that can change, pointing the way its words say."""

from dataclasses import dataclass, fields

import numpy as np

from dropout.explain.classes import class_means
from dropout.explain.stability import NOT_HELD, Held
from dropout.features.catalogue import Catalogue, Feature
from dropout.model.frame import Bools, Floats, Frame, Ints

LEAST_LOG_ODDS = 0.10  # a tenth more, or less, in the odds: below, a reason would be noise
MOST = {"raises": 4, "lowers": 2}
SIGN = {"raises": 1.0, "lowers": -1.0}
BACKGROUND = "background"  # concept and direction of the one line on what cannot change; it names no feature


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
    stability: Floats  # share of refits in which it holds; NaN where not measured
    log_odds_low: Floats  # of the refits
    log_odds_high: Floats


Columns = tuple[np.ndarray, ...]  # those of Reasons, in their order
Means = dict[str, Floats]  # feature → its class's mean, per row


def reason_means(rows: Frame, features: list[str], catalogue: Catalogue) -> Means:
    """Class means of every feature that may be a reason. `rows` hold whole classes, of one night."""
    names = [n for n in features if catalogue.by_name[n].is_reason]
    return dict(zip(names, class_means(rows, names).T, strict=True)) if names else {}


def choose(
    rows: Frame,
    found: Floats,
    concepts: dict[str, Floats],
    features: list[str],
    catalogue: Catalogue,
    *,
    held: Held = NOT_HELD,
    means: Means | None = None,
) -> Reasons:
    """Up to four concepts that raise and two that lower, the strongest first, each by its strongest fitting feature.

    Of what raises, concepts of one theme stand together, and the theme whose concepts sum to most comes first:
    credit is shared within a theme, and a theme that is told in two concepts would else lose to one told in one.
    Of what goes well only two are said, so each concept is ranked for itself.
    A feature fits when it is a reason in the catalogue, its value is known, its own contribution has the sign of
    the direction, and its value lies on the side that its words speak of (`points`).
    A concept that does not hold in enough of the refits (`held`) is passed over, and the next one moves up; where
    there are none, nothing is. `means` are the class means, for rows that are not whole classes.
    What cannot change is one line at most, without a feature (`_background`).
    """
    means = reason_means(rows, features, catalogue) if means is None else means
    declared = [catalogue.by_name[name] for name in features]
    changeable = [c.name for c in catalogue.concepts.values() if c.is_changeable and c.name in concepts]
    parts = []
    for direction in MOST:
        chosen = [_strongest(rows, found, declared, name, direction, means) for name in changeable]
        themes = [catalogue.concepts[n].theme or n if direction == "raises" else n for n in changeable]
        parts.append(_ranked(rows, concepts, changeable, themes, chosen, direction, held))
    parts.append(_background(rows, concepts, parts[0], held))
    return Reasons(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass(frozen=True)
class _Chosen:
    """Per row, the strongest fitting feature of one concept; `is_there` says whether there is one."""

    is_there: Bools
    feature: np.ndarray
    value: Floats
    class_mean: Floats


def _strongest(rows: Frame, found: Floats, declared: list[Feature], concept: str, direction: str, known_means: Means) -> _Chosen:
    columns = [i for i, f in enumerate(declared) if f.concept == concept and _has_words(f, direction)]
    if not columns:
        nothing = np.full(len(rows), np.nan)
        return _Chosen(np.zeros(len(rows), dtype=np.bool_), np.full(len(rows), "", dtype=object), nothing, nothing)
    names = [declared[i].name for i in columns]
    values = np.stack([rows.column(n) for n in names], axis=1)
    means = np.stack([known_means[n] for n in names], axis=1)
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
    rows: Frame,
    concepts: dict[str, Floats],
    names: list[str],
    themes: list[str],
    chosen: list[_Chosen],
    direction: str,
    held: Held,
) -> Columns:
    """The strongest themes of each row and in them the strongest concepts, at most MOST[direction], by row and rank."""
    if not names:
        return tuple(np.empty(0) for _ in fields(Reasons))
    total = np.stack([concepts[n] for n in names], axis=1)
    strength = SIGN[direction] * total
    agreement = held.agreement(names, SIGN[direction], len(rows))
    is_said = np.stack([c.is_there for c in chosen], axis=1) & (strength >= LEAST_LOG_ODDS)
    is_said &= ~(agreement < held.tolerance)  # a comparison with NaN is False: what was not measured is said
    order = _by_theme(np.where(is_said, strength, 0.0), themes)[:, : MOST[direction]]
    row = np.repeat(np.arange(len(rows)), order.shape[1])
    concept = order.ravel()
    rank = np.tile(np.arange(1, order.shape[1] + 1), len(rows))
    keep = is_said[row, concept]
    row, concept, rank = row[keep], concept[keep], rank[keep]
    said = np.array(names, dtype=object)[concept]

    def pick(column: list[np.ndarray]) -> np.ndarray:
        return np.stack(column, axis=1)[row, concept]

    return (
        row,
        np.full(len(row), direction, dtype=object),
        rank,
        said,
        pick([c.feature for c in chosen]),
        total[row, concept],
        pick([c.value for c in chosen]),
        pick([c.class_mean for c in chosen]),
        agreement[row, concept],
        *held.ends(row, said),
    )


def _background(rows: Frame, concepts: dict[str, Floats], raising: Columns, held: Held) -> Columns:
    """One line for each row whose background raises by as much as the least of its `raising` reasons, and holds.

    Without such a reason the bound is that of any reason. No feature, value or mean: it is never detailed.
    """
    if BACKGROUND not in concepts:
        return tuple(np.empty(0) for _ in fields(Reasons))
    total = concepts[BACKGROUND]
    least = np.full(len(rows), np.inf)
    np.minimum.at(least, raising[0].astype(np.int64), raising[5].astype(np.float64))
    agreement = held.agreement([BACKGROUND], SIGN["raises"], len(rows))[:, 0]
    is_said = (total >= np.where(np.isinf(least), LEAST_LOG_ODDS, least)) & ~(agreement < held.tolerance)
    row = np.flatnonzero(is_said)
    said = np.full(len(row), BACKGROUND, dtype=object)
    none, rank = np.full(len(row), np.nan), np.ones(len(row), dtype=np.int64)
    feature = np.full(len(row), "", dtype=object)
    return (row, said, rank, said, feature, total[row], none, none, agreement[row], *held.ends(row, said))


def _by_theme(strength: Floats, themes: list[str]) -> Ints:
    """Per row the places of its concepts: themes by their sums, in them concepts by their strength; 0 is not said, and last."""
    theme = np.array([themes.index(t) for t in themes])
    sums = np.stack([strength[:, theme == t].sum(axis=1) for t in theme], axis=1)
    is_silent = strength <= 0
    return np.lexsort((-strength, np.broadcast_to(theme, strength.shape), -sums, is_silent), axis=1)
