"""What others call our columns and words: `data_contracts/synonyms.yaml`, and how alike a header is to them."""

import difflib
import re
from functools import cache, lru_cache

from pydantic import Field

from dropout.contracts.contract import load_contracts
from dropout.errors import SettingsError
from dropout.extracts.source import folded
from dropout.resources import resource
from dropout.strict import Strict, read_yaml

FILE = "data_contracts/synonyms.yaml"
BOOLEAN = "boolean"  # words of every yes-or-no column
SAME_WORDS = {"home_locality": "locality"}  # columns that take another column's words
ENTERED = "known_at"
SHARED = 0.97  # likeness to a header that several columns go by: one that only one column goes by comes first
_LETTERS = str.maketrans({"ة": "ه", "ى": "ي", "ـ": "", "ٱ": "ا", "گ": "ك", "ک": "ك", "ی": "ي"})


class Words(Strict):
    """Spellings by language."""

    en: list[str] = []
    fr: list[str] = []
    ar: list[str] = []

    def all(self) -> list[str]:
        """The spellings of all languages."""
        return [*self.en, *self.fr, *self.ar]


class Doubt(Strict):
    """Words that are mapped, but say less than our word does."""

    words: list[str]
    because: str


class Flag(Strict):
    """Headers of a yes-or-no column, and what its yes and its no stand for."""

    headers: list[str]
    on: str = Field(alias="yes")
    off: str = Field(alias="no")


class Synonyms(Strict):
    """The layout of synonyms.yaml; see its comments."""

    headers: dict[str, Words]
    entered: Words
    files: dict[str, Words]
    codes: dict[str, dict[str, list[str]]]
    doubts: dict[str, dict[str, Doubt]]
    flags: dict[str, list[Flag]]
    assumed: dict[str, dict[str, str]]
    row_means: dict[str, list[str]]
    small_words: list[str]
    number_words: list[str]
    empty: list[str]
    subjects: list[str]


@cache
def load_synonyms() -> Synonyms:
    """The synonyms; raises SettingsError for an unknown key, and for a column or word that no contract has, or one left out."""
    found = _read()
    columns = {c.name for contract in load_contracts().values() for c in contract.canonical_columns}
    odd = sorted(columns ^ set(found.headers)) + sorted(set(load_contracts()) ^ set(found.files))
    for name, words in found.codes.items():
        odd += sorted(f"{name}.{word}" for word in set(words) ^ set(words_of_ours(name)))
    if odd:
        raise SettingsError(
            f"columns or words that the contracts do not have, or that are left out: {', '.join(odd)}", where=FILE
        )
    return found


@cache
def _read() -> Synonyms:
    return read_yaml(resource(FILE), Synonyms)


@cache
def words_of_ours(column: str) -> tuple[str, ...]:
    """The values that a contract allows in `column`; true and false for a yes-or-no column."""
    if column == BOOLEAN:
        return ("true", "false")
    every = (c.columns.get(column) for c in load_contracts().values())
    return next((c.values for c in every if c and c.values), ())


@lru_cache(maxsize=1 << 14)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a header as they are compared: studentId, "Student ID" and student_id are the same."""
    bare = folded(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)).translate(_LETTERS)
    parts = [_without_article(part) for part in re.findall(r"[^\W_]+", bare)]
    small, number = set(_read().small_words), set(_read().number_words)
    kept = tuple("no" if part in number else part for part in parts if part not in small)
    return kept or tuple(parts)


def word(text: str) -> str:
    """A code as it is compared: `folded`, and Arabic letters written alike."""
    bare = folded(text).translate(_LETTERS)
    return " ".join(re.sub(r"[_\-.()'’]+", " ", bare).split()) or bare


def _without_article(part: str) -> str:
    return part[2:] if part.startswith("ال") and len(part) > 4 else part


@cache
def _spellings() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every header we know, as (column, tokens)."""
    every = load_synonyms().headers | {ENTERED: load_synonyms().entered}
    return tuple((column, tokens(text)) for column, words in every.items() for text in [column, *words.all()])


@cache
def _columns_by_compact() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for column, parts in _spellings():
        found.setdefault("".join(parts), set()).add(column)
    return {compact: frozenset(columns) for compact, columns in found.items()}


@lru_cache(maxsize=1 << 14)
def is_known_header(text: str) -> bool:
    """Whether a header, or a part of a header of two rows, is written as the synonyms have it."""
    return any("".join(tokens(part)) in _columns_by_compact() for part in _parts(text))


def _parts(header: str) -> list[str]:
    return [header, *header.split(" / ")] if " / " in header else [header]


@lru_cache(maxsize=4096)
def likeness(header: str) -> dict[str, float]:
    """How much a header is like each column of ours, 0 to 1; columns it is not like are left out."""
    found: dict[str, float] = {}
    for part in _parts(header):
        weight = 1.0 if part == header else 0.9
        own = tokens(part)
        for column, theirs in _spellings() if own else ():
            score = weight * _alike(own, theirs)
            if score == 1 and len(_columns_by_compact()["".join(theirs)]) > 1:
                score = SHARED
            if score > found.get(column, 0.4):
                found[column] = round(score, 3)
    return found


def _alike(own: tuple[str, ...], theirs: tuple[str, ...]) -> float:
    if own == theirs:
        return 1.0
    mine, other = "".join(own), "".join(theirs)
    if mine == other:
        return 0.98
    if set(theirs) <= set(own):  # "date de l'absence de l'élève" holds "date absence"
        return (0.62 if len(theirs) > 1 else 0.45) + 0.3 * len(theirs) / len(own)
    if len(mine) >= 4 and len(own) == len(theirs) and all(t.startswith(o) for o, t in zip(own, theirs, strict=True)):
        return 0.72  # "dat abs" shortens "date absence"
    if min(len(mine), len(other)) >= 6 and abs(len(mine) - len(other)) <= 2 and mine[0] == other[0]:
        ratio = difflib.SequenceMatcher(None, mine, other, autojunk=False).ratio()
        return 0.75 * ratio if ratio >= 0.88 else 0.0
    return 0.0


def language_of(headers: list[str]) -> str:
    """The language most headers are in (en, fr, ar), or an empty text."""
    votes = dict.fromkeys(("ar", "fr", "en"), 0)
    every = [*load_synonyms().headers.values(), load_synonyms().entered]
    compact = {language: {"".join(tokens(t)) for words in every for t in getattr(words, language)} for language in votes}
    for header in headers:
        for language, known in compact.items():
            votes[language] += "".join(tokens(header)) in known
        votes["ar"] += bool(re.search("[\u0600-\u06ff]", header))
    best = max(votes, key=lambda language: votes[language])
    return best if votes[best] else ""


@cache
def _ours_by_word(column: str) -> dict[str, str]:
    codes = load_synonyms().codes.get(SAME_WORDS.get(column, column), {})
    known = {word(spelling): ours for ours, spellings in codes.items() for spelling in [ours, *spellings]}
    doubtful = {word(w): ours for ours, doubt in load_synonyms().doubts.get(column, {}).items() for w in doubt.words}
    return doubtful | known


@lru_cache(maxsize=1 << 14)
def ours(column: str, code: str) -> str | None:
    """Our word for a code of theirs in `column` (or `BOOLEAN`), where the synonyms have it."""
    known = _ours_by_word(column)
    return known.get(word(code)) or known.get(word(code.rpartition("#")[2]))  # Ed-Fi: uri://…Descriptor#Tardy


@cache
def known_codes() -> frozenset[str]:
    """Every word that codes are written in, ours too, as `word` compares them."""
    found = load_synonyms()
    lists = [spellings for column in found.codes.values() for spellings in column.values()]
    lists += [d.words for column in found.doubts.values() for d in column.values()]
    ours_ = [one for column in found.codes for one in words_of_ours(column)]
    return frozenset(word(text) for one in [*lists, ours_, found.empty] for text in one)


def doubt(column: str, code: str) -> str:
    """Why the word for `code` is asked about; empty where it is not."""
    every = load_synonyms().doubts.get(column, {}).values()
    return next((d.because for d in every if word(code) in {word(w) for w in d.words}), "")


def flag(column: str, header: str) -> Flag | None:
    """What yes and no stand for in a column of this header, where the header says it."""
    last = header.split(" / ")[-1]
    return next((f for f in load_synonyms().flags.get(column, []) if tokens(last) in {tokens(h) for h in f.headers}), None)
