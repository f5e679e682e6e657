"""The words of the sheet for families: `words.yaml`, strictly read. A word or plural that a language lacks is an error."""

from functools import cache
from pathlib import Path

from babel.core import Locale

from dropout.errors import SettingsError
from dropout.publish.numbers import decimal
from dropout.publish.words import words_of
from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("words.yaml")


class IdentityWords(Strict):
    """What names a person."""

    student_id: str
    given_name: str
    family_name: str
    birth_date: str
    guardian_phone: str


class HeldWords(Strict):
    """What is kept. `details` are the student's columns that serve the audit of groups alone."""

    title: str
    intro: str
    kind: str
    what: str
    person: str
    identity: IdentityWords
    details: dict[str, str]
    details_title: str
    details_note: str
    school: str
    class_name: str
    from_on: str
    from_to: str
    attendance: str
    attendance_days: str
    attendance_absent: str
    attendance_no_register: str
    marks: str
    marks_count: str
    marks_missing: str
    other: str
    other_on: str
    other_undated: str
    earlier: str
    earlier_note: str
    aside: str
    aside_note: str


class ComputedWords(Strict):
    """What was computed, and that it is no decision."""

    title: str
    how: str
    why: str
    no_decision: str
    as_of: str
    targets: dict[str, str]
    abstained: str
    opted_out: str
    by_rule: str
    never: str
    nights: str
    reasons: str
    going_well: str
    no_reasons: str
    unused: str


class SourceWords(Strict):
    """From which data."""

    title: str
    intro: str
    records: str
    received: str
    once: str
    times: str
    none: str


class SeenWords(Strict):
    """Who saw it; `act` has a word for each act of the audit log on a pupil that a family is told of."""

    title: str
    readers: str
    lists: str
    school: str
    dates: str
    on_one: str
    on_several: str
    no_lists: str
    acts: str
    act: dict[str, str]
    no_acts: str


class KeptWords(Strict):
    """How long it is kept: `until` with the years of names, of days and marks, of the rest, and of received files."""

    title: str
    until: str
    generations: str


class RightsWords(Strict):
    """What a family can do; `authority` names authority and law where the country pack does."""

    title: str
    ask: str
    correct: str
    contest: str
    stop: str
    contact: str
    authority: str
    authority_unnamed: str


class AnswerWords(Strict):
    """The part to sign."""

    title: str
    intro: str
    boxes: list[str]
    name: str
    date: str
    signature: str


class Nouns(Strict):
    """Counted things; each by its plural forms."""

    day: dict[str, str]
    mark: dict[str, str]
    subject: dict[str, str]
    assessment: dict[str, str]
    entry: dict[str, str]
    night: dict[str, str]
    time: dict[str, str]
    list: dict[str, str]
    year: dict[str, str]


class SheetWords(Strict):
    """All words of one language; `separator` stands between things in a row."""

    separator: str
    title: str
    nobody: str
    intro: str
    printed: str
    number: str
    held: HeldWords
    kinds: dict[str, str]
    computed: ComputedWords
    sources: SourceWords
    seen: SeenWords
    kept: KeptWords
    rights: RightsWords
    answer: AnswerWords
    nouns: Nouns


class SheetWordsFile(Strict):
    """The layout of words.yaml."""

    en: SheetWords
    fr: SheetWords
    ar: SheetWords


@cache
def load_sheet_words(path: Path = FILE) -> SheetWordsFile:
    """The words as shipped; raises SettingsError for a missing or unknown word, or a plural form that a language lacks."""
    words = read_yaml(path, SheetWordsFile)
    for language in SheetWordsFile.model_fields:
        needed = plural_forms(words_of(language).locale)
        for noun, forms in getattr(words, language).nouns:
            if set(forms) != needed:
                raise SettingsError(f"{language}: nouns.{noun} needs the forms {', '.join(sorted(needed))}", where=path.name)
    return words


def sheet_words(language: str) -> SheetWords:
    """The words of `language`; raises SettingsError naming the languages there are."""
    if language not in SheetWordsFile.model_fields:
        known = ", ".join(SheetWordsFile.model_fields)
        raise SettingsError(f"a sheet cannot be written in language '{language}'", remedy=f"Choose one of: {known}.")
    words: SheetWords = getattr(load_sheet_words(), language)
    return words


def plural_forms(locale: str) -> set[str]:
    """Names of the plural forms that whole numbers have in `locale` (CLDR), e.g. one, other."""
    return {*Locale.parse(locale).plural_form.tags, "other"}


def counted(count: int, forms: dict[str, str], locale: str) -> str:
    """`count` things in words: the form that the language has for the number, with the number where the form shows it."""
    return forms[Locale.parse(locale).plural_form(count)].format(n=decimal(count, locale))
