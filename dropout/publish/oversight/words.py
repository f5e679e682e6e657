"""The words of oversight: `words.yaml`, strictly read. The fields of `Why` and `Answer` are the codes that are recorded."""

from functools import cache
from pathlib import Path

from dropout.publish.words import words_of
from dropout.strict import Strict, read_yaml


class Why(Strict):
    """Why a family contests an entry: the field is the code."""

    wrong_data: str
    wrong_pupil: str
    has_changed: str
    disagrees: str
    unwanted: str


class Answer(Strict):
    """What became of a contestation: the field is the code."""

    data_corrected: str
    chance_set_aside: str
    stands: str
    withdrawn: str


class OversightWords(Strict):
    """Sentences of list, page, sheet and report. `contested` fills in date and why, `older` season and version."""

    suspended: str
    suspended_sheet: str
    older: str
    contested: str
    pending: str
    answered: str
    why: Why
    answer: Answer
    report_title: str
    report_suspended: str
    report_older: str
    report_contests: str
    report_why: str
    report_open: str
    report_answered: str
    no_contests: str


class OversightFile(Strict):
    """The layout of words.yaml."""

    en: OversightWords
    fr: OversightWords
    ar: OversightWords


FILE = Path(__file__).with_name("words.yaml")
WHY_CODES = tuple(Why.model_fields)
ANSWER_CODES = tuple(Answer.model_fields)


@cache
def oversight_words(language: str) -> OversightWords:
    """The words of `language`; raises SettingsError for a language there is not, and for a missing or unknown word."""
    words_of(language)
    words: OversightWords = getattr(read_yaml(FILE, OversightFile), language)
    return words
