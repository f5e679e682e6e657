"""The words that answer columns offer: `offered.yaml`, strictly read."""

from functools import cache
from pathlib import Path

from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("offered.yaml")


class Offered(Strict):
    """Code → word, of one language."""

    decision: dict[str, str]
    action: dict[str, str]
    outcome: dict[str, str]


class OfferedFile(Strict):
    """The layout of offered.yaml."""

    en: Offered
    fr: Offered
    ar: Offered


@cache
def answer_words(language: str) -> dict[str, dict[str, str]]:
    """Answer column → code → word of `language`, in the order in which they are offered."""
    words: Offered = getattr(read_yaml(FILE, OfferedFile), language)
    return words.model_dump()
