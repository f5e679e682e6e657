"""Words that a shown name may hold: `words.yaml`, strictly read."""

from functools import cache
from pathlib import Path

from dropout.extracts.source import folded
from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("words.yaml")


class NameWords(Strict):
    """The layout of words.yaml."""

    words: list[list[str]]
    suffixes: list[str]


@cache
def name_words() -> NameWords:
    """The words as shipped; raises SettingsError for an unknown key."""
    return read_yaml(FILE, NameWords)


@cache
def harmless() -> frozenset[str]:
    """Every word, as it is compared."""
    return frozenset(folded(word) for line in name_words().words for word in line)
