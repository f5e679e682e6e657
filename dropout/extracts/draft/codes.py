"""The codes of a column and our words for them; what the synonyms do not settle is asked and mapped to nothing."""

import re
from collections import Counter
from dataclasses import dataclass, field

from dropout.extracts.draft.columns import CODES_AT_MOST, Column
from dropout.extracts.draft.synonyms import BOOLEAN, Flag, doubt, flag, ours, words_of_ours
from dropout.extracts.masked import shape_of
from dropout.extracts.source import folded

MAJORITY = 0.7  # of two numbers in a register, the one on so many rows is taken for present
KNOWN_SHARE = 0.3  # of the rows, before other values of the column may be shown as codes
SHORT, OFTEN = 3, 0.01  # characters, and share of the rows: such values are codes
FEW_CODES, MANY_ROWS = 30, 200  # different values, and rows: a list of codes, where some are known
SHAPES = 5

IMPERSONAL = re.compile(r"(?=.{1,12}$)(\d{1,2}|[^\w]+)+")  # signs and small numbers, such as the hours of a lesson


@dataclass
class CodeGuess:
    """Proposed codes (theirs → ours) with notes, those nobody could settle with their rows, and how many are not shown."""

    codes: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    unsettled: dict[str, int] = field(default_factory=dict)
    hidden: int = 0
    hidden_rows: int = 0
    shapes: list[str] = field(default_factory=list)  # of those that are not shown, the commonest
    questions: list[str] = field(default_factory=list)


def guess_codes(name: str, type_: str, column: Column) -> CodeGuess:
    """Codes for our column `name`; empty where its values are our own words already."""
    spellings = _spellings(column)
    guess = CodeGuess()
    known = {code: _ours(name, type_, column.header, code) for code in spellings}
    meaning = flag(name, column.header) if type_ != "BOOLEAN" else None
    for code, count in spellings.items():
        word = known[code]
        if word:
            guess.codes[code] = word
            if because := doubt(name, code) if not meaning else "":
                guess.notes[code] = f"'{code}' {because}; taken as {word}"
        else:
            guess.unsettled[code] = count
    if meaning and guess.codes:
        guess.questions.append(
            f"By its header the column says yes or no: yes is taken as {meaning.on}, no as {meaning.off}. Is that so?"
        )
    if name == "session":
        _half_days(guess)
    if name == "status" and guess.unsettled:
        _by_majority(guess, spellings)
    _hide(guess, name, column, spellings)
    if not guess.unsettled and not guess.hidden and all(code == word for code, word in guess.codes.items()):
        return CodeGuess()
    return guess


def known_share(name: str, type_: str, column: Column) -> float:
    """Share of the filled rows whose code the synonyms have for our column `name`."""
    return column.share(lambda text: _ours(name, type_, column.header, text)) if len(column.values) <= 500 else 0.0


def _spellings(column: Column) -> Counter[str]:
    """Rows by code, each in its commonest spelling: the reader does not look at case and accents."""
    best: dict[str, str] = {}
    rows: Counter[str] = Counter()
    for text, count in column.values.most_common():
        rows[best.setdefault(folded(text), text)] += count
    return rows


def _ours(name: str, type_: str, header: str, code: str) -> str | None:
    if type_ == "BOOLEAN":
        return ours(BOOLEAN, code)
    found = ours(name, code)
    meaning: Flag | None = flag(name, header)
    if found and not (meaning and ours(BOOLEAN, code)):
        return found
    answer = ours(BOOLEAN, code) if meaning else None
    return (meaning.on if answer == "true" else meaning.off) if meaning and answer else None


def _half_days(guess: CodeGuess) -> None:
    """AM beside M is après-midi and matin, and not one morning twice; whatever else two codes share is asked."""
    by_fold = {folded(code): code for code in guess.codes}
    if {"m", "am"} <= by_fold.keys() and "pm" not in by_fold:
        guess.codes[by_fold["am"]] = "pm"
        guess.notes[by_fold["am"]] = f"'{by_fold['am']}' stands beside '{by_fold['m']}' and is taken for après-midi: pm"
    for word in sorted(set(guess.codes.values())):
        same = sorted(code for code, ours_ in guess.codes.items() if ours_ == word)
        if len(same) > 1:
            guess.questions.append(f"{' and '.join(map(repr, same))} are both taken as {word}. Is that so?")


def _by_majority(guess: CodeGuess, spellings: Counter[str]) -> None:
    """A register of two numbers: nearly all pupils are there nearly always."""
    numbers = [code for code in guess.unsettled if re.fullmatch(r"\d{1,2}", code)]
    if len(numbers) != len(spellings) or not numbers:
        return
    first, count = spellings.most_common(1)[0]
    if len(numbers) > 1 and count >= MAJORITY * spellings.total():
        guess.codes[first] = "present"
        guess.notes[first] = (
            f"'{first}' stands on {count:,} of {spellings.total():,} rows, and is taken as present for that alone"
        )
        del guess.unsettled[first]


def _hide(guess: CodeGuess, name: str, column: Column, spellings: Counter[str]) -> None:
    """Takes unsettled values out of sight unless they are codes: they could be a person's.

    Short ones that are frequent are codes; so are all of a column that has few values over many rows, among them some
    that are known: a column of names has none.
    """
    settled = sum(count for code, count in spellings.items() if code in guess.codes)
    is_short = all(len(code) <= 2 or IMPERSONAL.fullmatch(code) for code in spellings)
    is_few = len(spellings) <= CODES_AT_MOST and all(count > 1 for count in guess.unsettled.values())
    is_list = is_few and (settled >= KNOWN_SHARE * column.filled or (is_short and bool(words_of_ours(name))))
    is_list |= bool(settled) and len(spellings) <= FEW_CODES and column.filled >= MANY_ROWS
    if is_list:
        return
    is_frequent = {code for code, n in guess.unsettled.items() if len(code) <= SHORT and n >= OFTEN * column.filled}
    hidden = {code: n for code, n in guess.unsettled.items() if code not in is_frequent}
    guess.hidden, guess.hidden_rows = len(hidden), sum(hidden.values())
    guess.shapes = list(dict.fromkeys(shape_of(code) for code in sorted(hidden, key=lambda c: -hidden[c])))[:SHAPES]
    guess.unsettled = {code: n for code, n in guess.unsettled.items() if code in is_frequent}
