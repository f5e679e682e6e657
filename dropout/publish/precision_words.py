"""What lists were worth, in words: how many of a school's last list left, and how many of a list did in the model's test."""

import math
from functools import cache
from pathlib import Path

from dropout.features.plurals import Forms
from dropout.features.templates import parse
from dropout.publish.numbers import counted, isolated
from dropout.publish.words import words_of
from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("precision.yaml")


class PrecisionWords(Strict):
    """Pupils `listed`, and what became of them (`left`, `returned`), counted; and the sentences that hold them."""

    listed: Forms
    left: Forms
    returned: Forms
    last_list: str
    nobody: str
    tested: Forms


class PrecisionFile(Strict):
    """The layout of precision.yaml."""

    en: PrecisionWords
    fr: PrecisionWords
    ar: PrecisionWords


@cache
def precision_words(language: str, path: Path = FILE) -> PrecisionWords:
    """The words of `language`, as shipped; raises SettingsError for a missing or unknown one."""
    words: PrecisionWords = getattr(read_yaml(path, PrecisionFile), language)
    return words


def last_list_in_words(listed: int, left: int, returned: int | None, school_year: str, language: str) -> str:
    """Of `listed` pupils on a school's list in `school_year`, how many left, and how many more left and came back.

    `left` does not count the `returned`, who are not spoken of where there are none, or none are known (None).
    """
    words, locale = precision_words(language), words_of(language).locale
    said = {
        "listed": counted(listed, forms=words.listed, locale=locale),
        "left": counted(left, forms=words.left, locale=locale),
        "year": _year(school_year, language),
    }
    if returned:
        said["returned"] = counted(returned, forms=words.returned, locale=locale)
    return _filled(words.last_list if listed else words.nobody, said)


def measured_in_words(precision: float, school_year: str, language: str, *, of: int = 20) -> str:
    """In the test on `school_year`: of `of` pupils on such lists about how many left, from the share `precision` (0..1).

    Whole pupils, a half is one. Raises ValueError for what is no share.
    """
    if not 0 <= precision <= 1:
        raise ValueError("a precision is a share, from 0 to 1")
    words, locale = precision_words(language), words_of(language).locale
    said = {
        "listed": counted(of, forms=words.listed, locale=locale),
        "year": _year(school_year, language),
    }
    return _filled(counted(math.floor(precision * of + 0.5), forms=words.tested, locale=locale), said)


def _year(school_year: str, language: str) -> str:
    """In right-to-left text, digits with a hyphen would change places."""
    return isolated(school_year) if words_of(language).direction == "rtl" else school_year


def _filled(template: str, said: dict[str, str]) -> str:
    """`template` with what is said, without brackets that speak of something else; raises KeyError for it outside of them."""
    parts = [p for p in parse(template) if not p.is_optional or all(piece.field in said for piece in p.pieces if piece.field)]
    return "".join(said[piece.field] if piece.field else piece.text for part in parts for piece in part.pieces)
