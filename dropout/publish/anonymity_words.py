"""The report's words on the protection of single pupils, in each language: `anonymity_words.yaml`, strictly read."""

from functools import cache
from pathlib import Path

from pydantic import RootModel

from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("anonymity_words.yaml")


class AnonymityWords(Strict):
    """Title, note and the heads of the table."""

    title: str
    note: str
    table: str
    k: str
    generalised: str
    left_out: str


class _File(RootModel[dict[str, AnonymityWords]]):
    """The layout of anonymity_words.yaml."""


@cache
def anonymity_words(language: str) -> AnonymityWords:
    """The words of `language` (en, fr or ar)."""
    return read_yaml(FILE, _File).root[language]
