"""How a card writes numbers: one rule per kind of measure, so that each can be held against its row of the evaluation.

number 3 decimals; share as percent with 1; ratio 2 decimals; days 1 decimal; points (a difference of shares) 1 decimal with
its sign. An interval follows in brackets: "41.2% (38.0 to 44.4)". Rounding is Python's, half to even on the binary value.
"""

from collections.abc import Sequence
from typing import Literal

from dropout.privacy.disclosure import protected
from dropout.publish.model_card.version import Measure

Kind = Literal["number", "share", "ratio", "days", "points"]
NOT_MEASURED, HIDDEN, NOT_RECORDED = "not measured", "hidden", "not recorded"
_DECIMALS: dict[Kind, int] = {"number": 3, "share": 1, "ratio": 2, "days": 1, "points": 1}
_UNITS: dict[Kind, str] = {"number": "", "share": "%", "ratio": "", "days": "", "points": " points"}


def written(value: float, kind: Kind) -> str:
    """`value` by the rule of its kind, with its unit."""
    return _bare(value, kind) + _UNITS[kind]


def _bare(value: float, kind: Kind) -> str:
    scaled = 100 * value if kind in ("share", "points") else value
    decimals = _DECIMALS[kind]
    text = f"{scaled:+.{decimals}f}" if kind == "points" else f"{scaled:.{decimals}f}"
    return text.replace("-", "") if float(text) == 0 else text  # no minus before a zero


def cell(measure: Measure | None, kind: Kind) -> str:
    """A measure with its interval; says so where it was not measured, or is of too few students to be shown."""
    if measure is None or measure.value is None:
        return NOT_MEASURED
    if measure.is_disclosive:
        return HIDDEN
    text = written(measure.value, kind)
    if measure.low is None or measure.high is None:
        return text
    return f"{text} ({_bare(measure.low, kind)} to {_bare(measure.high, kind)})"


def counts(numbers: Sequence[int]) -> list[str]:
    """Counts of one column, small ones hidden and others rounded (`disclosure.protected`)."""
    return [HIDDEN if n is None else f"{n:,}" for n in protected(numbers)]
