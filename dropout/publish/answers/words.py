"""The words around answers: `words.yaml`, strictly read. A word that is missing in a language is an error."""

from functools import cache
from pathlib import Path

from dropout.publish.words import LANGUAGES
from dropout.strict import Strict, read_yaml


class ToldWords(Strict):
    """How an answer is told, and the report's labels about answers."""

    day: str
    day_of_year: str
    answer: str
    answered_by: str
    part: str
    action_on: str
    no_action: str
    outcome: str
    note: str
    remark: str
    returned: str
    intro: str
    answered: str
    disagree: str
    not_at_this_school: str


class ToldFile(Strict):
    """The layout of words.yaml."""

    en: ToldWords
    fr: ToldWords
    ar: ToldWords


FILE = Path(__file__).with_name("words.yaml")


@cache
def load_told(path: Path = FILE) -> ToldFile:
    """The words as shipped; raises SettingsError for a missing or unknown word."""
    return read_yaml(path, ToldFile)


def told_words(language: str) -> ToldWords:
    """The words of `language`, one of those that lists are written in."""
    assert language in LANGUAGES
    words: ToldWords = getattr(load_told(), language)
    return words
