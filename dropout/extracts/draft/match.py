"""Which of our tables a file is, and which of its columns are which of ours: by headers first, by values second."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dropout.contracts.contract import CanonicalColumn, Contract, Type, load_contracts
from dropout.extracts.draft.codes import known_share
from dropout.extracts.draft.columns import CODES_AT_MOST, Column
from dropout.extracts.draft.dates import DateGuess
from dropout.extracts.draft.synonyms import ENTERED, likeness, load_synonyms, tokens, words_of_ours

NEARLY = 0.12  # a header goes to a column it is nearly as much like as to its best one
ENOUGH = 0.5
BY_VALUES = 0.7  # score of a column whose header says nothing and whose values speak for themselves
DATES_AT_LEAST = 0.3
NAME_BONUS = 0.45
MORE = 0.15  # what an optional column counts beside a required one
MOSTLY = 0.6  # share of rows with a code we know that makes a column one of codes, whatever its header
CODE_LENGTH = 24  # longer texts are no codes
NUMBERS_AT_MOST = 12  # different numbers that may be codes; more of them measure something
WITHOUT_ID = 0.3  # of its score is left to a file that does not say whom, or which school or class, it speaks of
LIKELY = 0.25  # score below which a table is no candidate


@dataclass(frozen=True)
class Fit:
    """One of our columns in a file: the place of its column, how sure, and whether only its values say so."""

    place: int
    score: float
    by_values: bool = False


@dataclass(frozen=True)
class TableFit:
    """How well a file fits one of our tables."""

    contract: Contract
    fits: Mapping[str, Fit]
    score: float
    provided: frozenset[str] = field(default_factory=frozenset)  # by the layout, not by a column of their own

    @property
    def by_values(self) -> list[str]:
        """Columns that only their values speak for."""
        return [name for name, fit in self.fits.items() if fit.by_values]

    @property
    def missing(self) -> list[str]:
        """Required columns that the file does not give."""
        return [
            c.name
            for c in self.contract.canonical_columns
            if c.is_required and c.name not in self.fits and c.name not in self.provided
        ]


@dataclass(frozen=True)
class Evidence:
    """The columns of a file, their dates by place, the words of its names, and the columns a wide layout gives by table."""

    columns: Sequence[Column]
    dates: Mapping[int, DateGuess]
    name_words: frozenset[str]
    provided: Mapping[str, frozenset[str]]


Judge = Callable[[CanonicalColumn, Column, DateGuess], float]


def table_fits(evidence: Evidence) -> list[TableFit]:
    """Every table that the file has a key column of, the likeliest first."""
    found = [_fit(contract, evidence) for contract in load_contracts().values()]
    return sorted((f for f in found if f.score > 0), key=lambda f: -f.score)


def entered_place(evidence: Evidence) -> int | None:
    """Place of the column that says when a row was entered."""
    places = [c.place for c in evidence.columns if likeness(c.header).get(ENTERED, 0) >= 0.9]
    return next((p for p in places if evidence.dates[p].share >= DATES_AT_LEAST), None)


def _fit(contract: Contract, evidence: Evidence) -> TableFit:
    provided = evidence.provided.get(contract.table, frozenset())
    ours = [c for c in contract.canonical_columns if c.name not in provided]
    fits = _assigned(ours, evidence, _by_header)
    free = {c.place for c in evidence.columns} - {f.place for f in fits.values()}
    fits |= _assigned([c for c in ours if c.name not in fits], evidence, _by_values, free)
    return TableFit(contract, fits, _score(contract, fits, evidence), provided)


def _assigned(ours: Sequence[CanonicalColumn], evidence: Evidence, judge: Judge, free: set[int] | None = None) -> dict[str, Fit]:
    """The best pairs first; each header (of those at the places `free`) and each column of ours once."""
    pairs = [
        (judge(c, column, evidence.dates[column.place]), -column.place, c.name)
        for c in ours
        for column in evidence.columns
        if free is None or column.place in free
    ]
    pairs = [p for p in pairs if p[0] > 0]
    if judge is _by_values:  # several columns of dates, or of codes, could each be the one: nothing is guessed
        pairs = [p for p in pairs if p[2] == "student_id" or sum(q[2] == p[2] for q in pairs) == 1]
    fits: dict[str, Fit] = {}
    for score, place, name in sorted(pairs, key=lambda p: (-p[0], -p[1], p[2])):
        if name not in fits and -place not in {f.place for f in fits.values()}:
            fits[name] = Fit(-place, score, by_values=judge is _by_values)
    return fits


def _by_header(ours: CanonicalColumn, column: Column, dates: DateGuess) -> float:
    every = likeness(column.header)
    score = every.get(ours.name, 0.0)
    if score < ENOUGH or score < max(every.values()) - NEARLY:
        return 0.0
    verdict = _plausible(ours.name, ours.type, column, dates)
    return score + 0.2 * verdict if verdict >= 0 else 0.0


def _by_values(ours: CanonicalColumn, column: Column, dates: DateGuess) -> float:
    """A date, codes of ours or numbers of people, where the header is like nothing we know."""
    every = {name: score for name, score in likeness(column.header).items() if score >= 0.7}
    if not column.filled or (every and (ours.type != "DATE" or set(every) != {"date"})):
        return 0.0
    if ours.type == "DATE":
        return BY_VALUES if ours.name in _event_dates() and dates.share >= 0.8 else 0.0
    if words_of_ours(ours.name):
        is_worded = len([t for t in column.values if not re.search(r"\d", t)]) > 1
        return BY_VALUES if is_worded and known_share(ours.name, ours.type, column) >= MOSTLY else 0.0
    if ours.name == "student_id" and column.is_identifier and dates.share < 0.5:
        return BY_VALUES * (0.8 + 0.2 * len(column.values) / column.filled)
    return 0.0


def _event_dates() -> set[str]:
    return {c.event_date for c in load_contracts().values() if c.event_date}


def _plausible(name: str, type_: Type, column: Column, dates: DateGuess) -> float:
    """1 where the values agree, -1 where they contradict, 0 where they say nothing."""
    if not column.filled:
        return 0.0
    if type_ == "DATE":
        return 1.0 if dates.share >= 0.8 else -1.0 if dates.share < DATES_AT_LEAST else 0.0
    if type_ in ("INTEGER", "DOUBLE", "BIGINT"):
        return 1.0 if column.number_share >= 0.8 else -1.0 if column.number_share < 0.3 else 0.0
    if type_ == "BOOLEAN" or words_of_ours(name):
        return _as_codes(name, type_, column)
    is_date = dates.share >= 0.8 and not column.share(lambda t: re.fullmatch(r"\d{8}", t))
    if name == "school_year":
        return 1.0 if column.share(lambda t: re.match(r"(19|20)\d{2}", t)) >= 0.8 else -1.0
    if name == "student_id":
        return -1.0 if is_date else 1.0 if column.is_identifier else 0.0
    return -1.0 if is_date else 0.0


def _as_codes(name: str, type_: Type, column: Column) -> float:
    """Whether values are a list of codes: few and short, and not a scale of numbers."""
    if known_share(name, type_, column) >= 0.5:
        return 1.0
    is_long = column.share(lambda t: len(t) > CODE_LENGTH) > 0.5
    is_scale = column.number_share >= 0.8 and len(column.values) > NUMBERS_AT_MOST
    return -1.0 if is_long or is_scale or len(column.values) > CODES_AT_MOST else 0.0


def _score(contract: Contract, fits: Mapping[str, Fit], evidence: Evidence) -> float:
    """What the file has of the table, columns that few tables have counting more; what it lacks of the key weighs most."""
    provided = evidence.provided.get(contract.table, frozenset())
    has = {name: min(fit.score, 1.0) for name, fit in fits.items()} | dict.fromkeys(provided, 1.0)
    if not set(keys_of(contract)) & set(has):
        return 0.0
    spared = _spared(contract.table, evidence.name_words) - set(has)
    needed = [c.name for c in contract.canonical_columns if c.is_required and c.name not in spared]
    total = sum(1 / _tables_with(name) for name in needed)
    found = sum(has.get(name, 0.0) / _tables_with(name) for name in needed)
    keys = [name for name in keys_of(contract) if name not in spared]
    found *= (found / total) ** 2 * sum(name in has for name in keys) / len(keys)
    whom = 1.0 if keys[0] in has else WITHOUT_ID
    more = sum(has.get(c.name, 0.0) / _tables_with(c.name) for c in contract.canonical_columns if not c.is_required)
    is_named = bool(evidence.name_words & _file_words(contract.table))
    return whom * (found + MORE * more + NAME_BONUS * is_named + bool(provided))


def _spared(table: str, words: frozenset[str]) -> set[str]:
    """Required columns that a file may do without: a constant is usual, or the file's name says what its rows mean."""
    synonyms = load_synonyms()
    said = {"".join(tokens(t)) for spellings in synonyms.row_means.values() for t in spellings}
    return {*synonyms.assumed.get(table, {}), *(["status"] if table == "attendance" and words & said else [])}


def keys_of(contract: Contract) -> list[str]:
    """The key of a table as its extract has it: the pupil's number, not the pseudonym."""
    return [contract.columns[name].source or name for name in contract.key]


def _tables_with(name: str) -> int:
    return sum(any(c.name == name for c in contract.canonical_columns) for contract in load_contracts().values())


def _file_words(table: str) -> set[str]:
    return {part for text in load_synonyms().files[table].all() for part in ["".join(tokens(text))]}
