"""The hidden course of a pupil's year, and the exact chance of leaving that follows from it.

Each week a pupil is in one of four states; the next week's state depends on this week's state and on one
number, the vulnerability, alone. So the chance of leaving from any week on is a backward recursion over
weeks and states (a finite Markov chain with absorption), and the best AUC that anything can reach is known.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dropout.simulate.roll import Roll

Floats = NDArray[np.float64]

STATES = ("steady", "strained", "withdrawing", "shock")
STEADY, STRAINED, WITHDRAWING, SHOCK = range(4)
CAUSES = ("marks", "mobility", "background")


@dataclass(frozen=True)
class Causes:
    """What raises or lowers vulnerability, by cause, one row per pupil."""

    marks: Floats
    mobility: Floats
    background: Floats

    def total(self, without: str = "") -> Floats:
        """The vulnerability, or what it would be with one cause at its average."""
        return np.asarray(sum(getattr(self, c) for c in CAUSES if c != without))


@dataclass(frozen=True)
class Hazard:
    """All numbers of the chain; weekly unless said otherwise. `by_v` says how strongly vulnerability acts."""

    per_ability: float = -0.8
    per_repeating: float = 0.35
    per_year_over_age: float = 0.2
    per_newcomer: float = 0.3
    per_log_km: float = 0.12
    per_poverty: float = 0.2
    per_middle_school: float = 0.35
    move: float = 0.0006
    after_move: tuple[float, ...] = (0.40, 0.38, 0.10, 0.12)
    to_strained: float = 0.0030
    to_shock: float = 0.0012
    strained_to_steady: float = 0.030
    strained_to_withdrawing: float = 0.011
    withdrawing_to_strained: float = 0.030
    withdrawing_to_steady: float = 0.010
    shock_to: tuple[float, ...] = (0.10, 0.07, 0.04)  # steady, strained, withdrawing
    worsen_by_v: float = 0.8
    recover_by_v: float = -0.4
    leave: tuple[float, ...] = (0.00011, 0.0005, 0.010, 0.003)  # by state
    leave_by_v: float = 0.5
    stay_away: tuple[float, ...] = (-4.9, -3.4, -0.6, -2.6)  # log-odds of not coming back after the summer, by state
    stay_away_by_v: float = 0.9
    stay_away_end_of_cycle: float = 0.3  # after grades 6 and 9
    graduate: tuple[float, float] = (1.2, 1.2)  # log-odds in grade 12: at average ability, per unit of ability
    back_before_census: float = 0.03  # of those who leave during the year
    back_after_census: float = 0.01  # of those who left, in January of the next year
    back_a_year_later: float = 0.04  # of those who left
    keep_over_summer: float = 0.45  # chance that the last state is the next year's first one, else drawn afresh

    def as_dict(self) -> dict[str, Any]:
        """All parameters by name."""
        return asdict(self)


def causes(hazard: Hazard, roll: Roll, ability: Floats, poverty: Floats) -> Causes:
    """Vulnerability of each pupil of the roll, by cause, each centred near its mean."""
    middle = (roll.grade >= 7) & (roll.grade <= 9)
    return Causes(
        marks=hazard.per_ability * np.clip(ability, -2.5, 2.5),
        mobility=hazard.per_repeating * roll.is_repeater
        + hazard.per_year_over_age * np.minimum(roll.years_over_age, 3)
        + hazard.per_newcomer * roll.is_newcomer,
        background=hazard.per_log_km * (np.log1p(roll.km) - 1.0)
        + hazard.per_poverty * (poverty - 0.42)
        + hazard.per_middle_school * middle,
    )


def transition(hazard: Hazard, v: Floats) -> Floats:
    """Chance of each next state, n × from × to; a change of school is part of it."""
    worse, better = np.exp(hazard.worsen_by_v * v), np.exp(hazard.recover_by_v * v)
    p = np.zeros((len(v), 4, 4))
    p[:, STEADY, STRAINED] = np.minimum(0.3, hazard.to_strained * worse)
    p[:, STEADY, SHOCK] = hazard.to_shock
    p[:, STRAINED, STEADY] = np.minimum(0.3, hazard.strained_to_steady * better)
    p[:, STRAINED, WITHDRAWING] = np.minimum(0.3, hazard.strained_to_withdrawing * worse)
    p[:, STRAINED, SHOCK] = hazard.to_shock
    p[:, WITHDRAWING, STRAINED] = np.minimum(0.3, hazard.withdrawing_to_strained * better)
    p[:, WITHDRAWING, STEADY] = np.minimum(0.3, hazard.withdrawing_to_steady * better)
    p[:, SHOCK, STEADY] = hazard.shock_to[0]
    p[:, SHOCK, STRAINED] = hazard.shock_to[1]
    p[:, SHOCK, WITHDRAWING] = np.minimum(0.3, hazard.shock_to[2] * worse)
    stay = np.arange(4)
    p[:, stay, stay] = 1 - p.sum(axis=2)
    return np.asarray((1 - hazard.move) * p + hazard.move * np.array(hazard.after_move))


def leave_in_week(hazard: Hazard, v: Floats) -> Floats:
    """Chance of leaving within a week, n × states."""
    return np.asarray(np.minimum(0.4, np.exp(hazard.leave_by_v * v)[:, None] * np.array(hazard.leave)))


def graduate(hazard: Hazard, grade: NDArray[np.int64], ability: Floats) -> Floats:
    """Chance of finishing school at the year's end."""
    at_average, per_ability = hazard.graduate
    return np.where(grade == 12, _chance(at_average + per_ability * ability), 0.0)


def stay_away(hazard: Hazard, v: Floats, grade: NDArray[np.int64]) -> Floats:
    """Chance of not coming back after the summer, n × last state, for those who do not finish."""
    ends = hazard.stay_away_end_of_cycle * np.isin(grade, (6, 9))
    return _chance(np.array(hazard.stay_away) + (hazard.stay_away_by_v * v + ends)[:, None])


def risk_after_week(hazard: Hazard, v: Floats, grade: NDArray[np.int64], ability: Floats, weeks: int) -> NDArray[np.float32]:
    """Chance to be gone by the next year's census, given the state of a week and that its end was reached.

    Returns weeks × n × states. The last week's is that of not coming back; each earlier week's follows
    from the next one: leave in it (and not be back before the census), or reach its end.
    """
    p, leave = transition(hazard, v), leave_in_week(hazard, v)
    gone = leave * (1 - hazard.back_before_census)
    after = np.empty((weeks, len(v), 4), dtype=np.float32)
    reached = (1 - graduate(hazard, grade, ability))[:, None] * stay_away(hazard, v, grade)
    for week in range(weeks - 1, -1, -1):
        after[week] = reached
        at_start = gone + (1 - leave) * reached
        reached = np.einsum("nij,nj->ni", p, at_start)
    return after


def risk_on(hazard: Hazard, leave: Floats, after: Floats, week_left: float) -> Floats:
    """Chance of leaving by the next year on a day in the week, with the share `week_left` of the week still to come.

    `leave` and `after` belong to the week's state. Leaving falls on each weekday alike, so who has not left
    yet still faces `leave × week_left` of the week.
    """
    ahead = leave * week_left / (1 - leave * (1 - week_left))
    return np.asarray(ahead * (1 - hazard.back_before_census) + (1 - ahead) * after)


def _chance(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-log_odds)))
