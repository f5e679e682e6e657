"""The words that only the workbook says: `words.yaml`, strictly read, within Excel's bounds on their length."""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("words.yaml")

SheetName = Annotated[str, Field(min_length=1, max_length=31, pattern=r"^[^\[\]:*?/\\']+$")]
Title = Annotated[str, Field(max_length=32)]
Hint = Annotated[str, Field(max_length=255)]


class SheetNames(Strict):
    """What the sheets are called."""

    list: SheetName
    left: SheetName
    guide: SheetName
    pupils: SheetName


class Hints(Strict):
    """What is shown when an answer cell is chosen."""

    decision: Hint
    action: Hint
    action_date: Hint
    outcome: Hint
    note_code: Hint
    remark: Hint
    reviewer: Hint


class Refusals(Strict):
    """What is shown when an answer is none that can be read."""

    title: Title
    choice: Hint
    date: Hint
    code: Hint


class Guide(Strict):
    """The sheet `how to read this`: titles and paragraphs."""

    title: str
    is_title: str
    is_text: str
    is_not_title: str
    is_not_text: str
    chance_title: str
    chance_text: str
    precision_title: str
    method_title: str
    method_model: str
    start_title: str
    start_text: str
    columns_title: str
    columns_text: str
    answer_title: str
    answer_text: str
    pupils_title: str
    pupils_text: str
    ask_title: str
    ask_text: str


class PupilColumns(Strict):
    """Headers of all pupils' numbers, and what is said of a pupil without a chance."""

    registers_taken: str
    days_missed: str
    days_unexcused: str
    mark_mean: str
    assessments_missing: str
    incidents: str


class WorkbookWords(Strict):
    """The words of one language, with how it writes a date in a cell."""

    date_format: str
    sheets: SheetNames
    page: str
    nobody: str
    hints: Hints
    refused: Refusals
    guide: Guide
    pupils: PupilColumns


class WordsFile(Strict):
    """The layout of words.yaml."""

    en: WorkbookWords
    fr: WorkbookWords
    ar: WorkbookWords


@cache
def load_words(path: Path = FILE) -> WordsFile:
    """The words as shipped; raises SettingsError for a missing, unknown or too long word."""
    return read_yaml(path, WordsFile)


def workbook_words(language: str) -> WorkbookWords:
    """The words of `language`, one of publish.words.LANGUAGES."""
    words: WorkbookWords = getattr(load_words(), language)
    return words
