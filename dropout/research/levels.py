"""How much detail a research extract can bear: full-domain generalisation, the finest that keeps k and l.

Every pupil's place, grade, birth years and sex are shown at one level of detail. All combinations of levels are tried,
and the one that loses least is taken among those that leave out at most 5 % of the pupils; those whose class is too small,
or too much of one outcome, are left out and counted. Sources: Samarati 2001; El Emam et al. 2009 (OLA); Machanavajjhala
et al. 2007 (l-diversity, in the form that no outcome is rarer than a bound).
"""

from dataclasses import dataclass
from itertools import product

import duckdb

from dropout.errors import DisclosureError
from dropout.privacy.disclosure import LEAST

LEVELS = {"place": 3, "grade": 3, "birth": 3, "sex": 2}  # levels of each, 0 the finest, the last one nothing
LEFT_OUT_AT_MOST = 0.05
EACH_OUTCOME_LEAST = 3  # pupils of a class who left, and who stayed
EACH_OUTCOME_SHARE = 0.01
Level = tuple[int, ...]


@dataclass(frozen=True)
class Detail:
    """The chosen level of each quasi-identifier, and what it costs."""

    level: Level
    pupils: int
    left_out: int


def columns(level: Level) -> list[str]:
    """The columns of `research_pupil` that show each quasi-identifier at `level`."""
    return [f"{name}_{depth}" for name, depth in zip(LEVELS, level, strict=True)]


def is_safe(*, is_mature: bool) -> str:
    """The condition on a class, as SQL over its pupils: k, and where outcomes are known l with bounds on the shares."""
    enough = f"count(*) >= {LEAST}"
    if not is_mature:
        return enough
    rarer = "least(sum(outcome), count(*) - sum(outcome))"
    return f"{enough} and {rarer} >= {EACH_OUTCOME_LEAST} and {rarer} >= {EACH_OUTCOME_SHARE} * count(*)"


def chosen(con: duckdb.DuckDBPyConnection, *, is_mature: bool) -> Detail:
    """The level that loses least, for temp table `research_pupil`; raises DisclosureError where none is safe."""
    found = [_tried(con, level, is_mature=is_mature) for level in product(*(range(n) for n in LEVELS.values()))]
    fit = [d for d in found if d.pupils and d.left_out <= LEFT_OUT_AT_MOST * d.pupils]
    if not fit:
        raise DisclosureError(
            "the pupils are too few, or too much alike in their outcome, for any level of detail",
            where="research extract",
            remedy="Choose a school year with more pupils, or one whose outcomes are known: --school-year.",
        )
    return min(fit, key=lambda d: (_loss(d.level), d.left_out, d.level))


def _tried(con: duckdb.DuckDBPyConnection, level: Level, *, is_mature: bool) -> Detail:
    names = ", ".join(columns(level))
    ((pupils, safe),) = con.execute(
        f"select coalesce(sum(n), 0), coalesce(sum(n) filter (is_safe), 0) from (select count(*) as n, "
        f"{is_safe(is_mature=is_mature)} as is_safe from research_pupil group by {names})"
    ).fetchall()
    return Detail(level, int(pupils), int(pupils - safe))


def _loss(level: Level) -> float:
    """0 where all is shown, 1 for each quasi-identifier that is shown no more."""
    return sum(depth / (n - 1) for depth, n in zip(level, LEVELS.values(), strict=True))
