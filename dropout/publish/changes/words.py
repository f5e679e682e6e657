"""The words about changes: `words.yaml`, strictly read."""

from functools import cache
from pathlib import Path

from dropout.publish.words import words_of
from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("words.yaml")


class StateWords(Strict):
    """What became of a student's place on the list; `…_chance` where the chance then is known."""

    first: str
    added: str
    kept: str
    kept_chance: str
    back: str
    back_chance: str
    left: str
    said_elsewhere: str


class WhyWords(Strict):
    """Why a student left the list."""

    transferred: str
    left_school: str
    finished: str
    no_data: str
    ranked_anew: str
    followed_up: str
    risk_fell: str
    others_first: str
    others_first_chance: str


class NumberWords(Strict):
    """A main number then and now; the fields but `since` are features of the catalogue, in the order in which they are told."""

    since: str
    absences_unexcused_28d_count: str
    absence_share_year: str
    mark_mean_year_share: str
    assessments_missing_count: str
    incidents_year_count: str


class Changes(Strict):
    """All words about changes in one language."""

    change: StateWords
    why: WhyWords
    numbers: NumberWords


class ChangesFile(Strict):
    """The layout of words.yaml."""

    en: Changes
    fr: Changes
    ar: Changes


@cache
def load_changes() -> ChangesFile:
    """The words as shipped; raises SettingsError for a missing or unknown one."""
    return read_yaml(FILE, ChangesFile)


def changes_of(language: str) -> Changes:
    """The words of `language`; raises SettingsError naming the languages there are."""
    words_of(language)  # says so for both files
    words: Changes = getattr(load_changes(), language)
    return words
