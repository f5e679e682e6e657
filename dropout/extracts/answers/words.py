"""The words of the answer columns: `words.yaml`, strictly read; code → word for the writer, word → code for the reader."""

from functools import cache
from pathlib import Path
from typing import Literal

from dropout.contracts.contract import load_contracts
from dropout.errors import SettingsError
from dropout.extracts.source import folded
from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("words.yaml")
CHOICES = ("decision", "action", "outcome")  # columns of a list that hold one of a few words
Spoken = Literal["en", "fr", "ar"]


class Spelling(Strict):
    """A code in one language: the word that is offered, and others that are understood."""

    word: str
    also: list[str]


class Code(Strict):
    """A code in every language."""

    en: Spelling
    fr: Spelling
    ar: Spelling


class AnswerWords(Strict):
    """The layout of words.yaml."""

    decision: dict[str, Code]
    action: dict[str, Code]
    outcome: dict[str, Code]


@cache
def load_answer_words(path: Path = FILE) -> AnswerWords:
    """The words as shipped; raises SettingsError where their codes are not those of the contract, or one word has two codes."""
    words = read_yaml(path, AnswerWords)
    for column in CHOICES:
        codes, ours = set(_codes(words, column)), set(load_contracts()["followup"].columns[column].values)
        if codes != ours:
            raise SettingsError(
                f"{column}: the codes are not those of followup: {', '.join(sorted(codes ^ ours))}", where=str(path)
            )
    for column in CHOICES:
        _spellings(words, column, str(path))
    return words


def answer_words(language: str) -> dict[str, dict[str, str]]:
    """Column → code → the word a list in `language` offers, in the order in which they are offered; see CHOICES."""
    words = load_answer_words()
    return {column: {code: getattr(entry, language).word for code, entry in _codes(words, column).items()} for column in CHOICES}


def spellings(column: str) -> dict[str, str]:
    """Folded spelling → code, in all languages: a school may fill a list in another one than it was written in."""
    return _spellings(load_answer_words(), column, str(FILE))


def _spellings(words: AnswerWords, column: str, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for code, entry in _codes(words, column).items():
        written = [code, code.replace("_", " ")]
        written += [text for spoken in (entry.en, entry.fr, entry.ar) for text in (spoken.word, *spoken.also)]
        for text in written:
            if found.setdefault(folded(text), code) != code:
                raise SettingsError(f"{column}: '{text}' is said of two codes: {found[folded(text)]} and {code}", where=where)
    return found


def _codes(words: AnswerWords, column: str) -> dict[str, Code]:
    codes: dict[str, Code] = getattr(words, column)
    return codes
