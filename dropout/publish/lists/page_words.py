"""The words of a school's page beside those of its list: `page_words.yaml`, strictly read, once per language."""

from functools import cache
from pathlib import Path

from dropout.publish.words import words_of
from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("page_words.yaml")


class DayWords(Strict):
    """What a register says of a pupil on a day; the order is that of the legend."""

    present: str
    unexcused: str
    excused: str
    late: str
    not_taken: str
    no_school: str
    elsewhere: str


class AttendanceWords(Strict):
    """The strip of school days. `says` is what who hears the page is told; `counted` and `dated` are its parts."""

    title: str
    none: str
    says: str
    counted: str
    dated: str
    last: str
    days: DayWords


class MarkWords(Strict):
    """The plot of marks; `says` and `of_term` are what who hears the page is told."""

    title: str
    none: str
    all_subjects: str
    pupil: str
    class_mean: str
    pass_mark: str
    more: str
    says: str
    of_term: str
    of_subject: str
    of_subject_alone: str


class PageWords(Strict):
    """All words of one language's page."""

    title: str
    skip: str
    what_it_is: str
    what_it_is_not: str
    left_means: str
    private: str
    method: str
    methods: dict[str, str]
    the_list: str
    nobody: str
    place: str
    name: str
    first_reason: str
    left_list: str
    sheets: str
    sheet_note: str
    back: str
    reasons: str
    no_reasons: str
    going_well: str
    no_going_well: str
    changed: str
    answer: str
    page_of: str
    attendance: AttendanceWords
    marks: MarkWords


class PageWordsFile(Strict):
    """The layout of page_words.yaml."""

    en: PageWords
    fr: PageWords
    ar: PageWords


@cache
def load_page_words(path: Path = FILE) -> PageWordsFile:
    """The words as shipped; raises SettingsError for a missing or unknown one."""
    return read_yaml(path, PageWordsFile)


def page_words_of(language: str) -> PageWords:
    """The words of `language`; raises SettingsError naming the languages there are."""
    words_of(language)  # refuses a language that nobody wrote words for
    words: PageWords = getattr(load_page_words(), language)
    return words
