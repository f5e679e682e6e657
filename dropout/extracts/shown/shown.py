"""A name that a sender gave → the same name with a code in place of whatever could be a person's.

A school names a file as it likes: after a pupil, a teacher, a student number. That name would stand in the ledger, in
notices, in logs and in errors. So what a name says is kept only where it is known to be nobody's: what a source's own
pattern spells out or takes from the name, dates, short numbers, the schools' numbers, and the words of words.yaml. Any
other run of it becomes `~` and 8 hexadecimal digits of its HMAC under the deployment's key: equal runs have equal codes,
and a code cannot be tried against a list of names. Files are called so in `raw/`, where the operator finds them by what is shown.
"""

import datetime as dt
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import PurePosixPath

import duckdb

from dropout.country import Country
from dropout.extracts.shown.words import harmless, name_words
from dropout.extracts.source import Source, folded, learn, load_source, many
from dropout.extracts.unpack import Shown
from dropout.privacy.keys import read_key
from dropout.settings import Deployment

CODE_DIGITS = 8
NUMBER_AT_MOST, NUMBERS_AT_MOST = 4, 6  # digits of one number, and of numbers in a row: a phone is longer
LETTERS_AT_MOST = 2  # one by one in a row
# combining marks belong to their letter: a name with vowel signs is one word
WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f\u064b-\u065f\u0670])+")
CODE = re.compile(rf"~[0-9a-f]{{{CODE_DIGITS}}}(?![^\W_])")
YEAR = r"(?:19|20)\d\d"
DATE = re.compile(rf"(?<!\d)(?:{YEAR}[-_ ]{YEAR}|{YEAR}([-_. ]?)\d\d(?:\1\d\d)?|\d\d([-_. ]?)\d\d\2{YEAR})(?!\d)")
FORMATS = ("%Y%m%d", "%d%m%Y", "%Y%m")
GRADE = re.compile(r"\d{1,2}[a-z]{1,4}|[a-z]\d{1,2}", re.IGNORECASE)  # a class or a term: 2APIC, 7B, T1


def shown_names(deployment: Deployment, con: duckdb.DuckDBPyConnection) -> Shown:
    """What to show for a name or a relative path of the inbox of `deployment`; the same for a name that is shown already."""
    key, patterns = read_key(deployment), _patterns(deployment.country)
    paths = _paths(deployment.country)
    schools = _school_numbers(con)

    def code(run: str) -> str:
        return "~" + hmac.new(key, b"name " + run.encode(), hashlib.sha256).hexdigest()[:CODE_DIGITS]

    @cache
    def shown(written: str) -> str:
        text = unicodedata.normalize("NFC", written)
        kept = _kept(text, patterns, paths)
        return "".join(text[a:b] if is_safe else code(text[a:b]) for a, b, is_safe in _runs(text, kept, schools))

    return shown


def _school_numbers(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Numbers of the schools that the warehouse knows; none before the first load has made the table."""
    own = "database_name = current_database() and schema_name = 'core' and table_name = 'school'"
    if not con.execute(f"select 1 from duckdb_tables() where {own}").fetchone():
        return frozenset()
    return frozenset(folded(s) for (s,) in con.execute("select distinct school_id from core.school").fetchall() if s)


def _sources(country: Country) -> list[Source]:
    learn(country)
    return [load_source(name) for name in country.sources]


def _patterns(country: Country) -> list[re.Pattern[str]]:
    """The patterns of names that the country's sources know; what stands in no group is spelled out by the pattern."""
    written = [p for s in _sources(country) for f in s.files for p in many(f.match)]
    written += [s.manifest for s in _sources(country) if s.manifest]
    wild = {"*": "(.*)", "?": "(.)"}
    parts = [re.split(r"(\*|\?|\[[^\]]*\])", unicodedata.normalize("NFC", p)) for p in dict.fromkeys(written)]
    return [
        re.compile("".join(wild.get(x) or (f"({x.replace('[!', '[^')})" if x.startswith("[") else re.escape(x)) for x in p), re.I)
        for p in parts
    ]


def _paths(country: Country) -> list[re.Pattern[str]]:
    """What the sources take from a path: it becomes data, by their word."""
    return [re.compile(f.path) for s in _sources(country) for f in s.files if f.path]


def _kept(text: str, patterns: list[re.Pattern[str]], paths: list[re.Pattern[str]]) -> list[bool]:
    """For each character of a path, whether a pattern, a known end of a name, or a code that stands there keeps it."""
    kept = [False] * len(text)
    start, stop = len(text) - len(PurePosixPath(text).name), len(text)
    while (end := PurePosixPath(text[start:stop]).suffix.lower()) in name_words().suffixes and end:
        kept[stop - len(end) : stop] = [True] * len(end)
        stop -= len(end)
        _keep(kept, patterns, text, start, stop + len(end))
    _keep(kept, patterns, text, start, stop)
    spans = [m.span() for m in CODE.finditer(text)]
    spans += [m.span() for m in DATE.finditer(text) if _is_date(m.group())]
    spans += [m.span(group) for p in paths for m in [p.search(text)] if m for group in p.groupindex]
    for a, b in spans:
        kept[max(a, 0) : max(b, 0)] = [True] * (b - a)
    return kept


def _keep(kept: list[bool], patterns: list[re.Pattern[str]], text: str, start: int, stop: int) -> None:
    """Keeps what the first pattern that fits `text[start:stop]` spells out."""
    match = next((m for p in patterns if (m := p.fullmatch(text, start, stop))), None)
    if match:
        inside = {i for group in range(1, match.re.groups + 1) for i in range(*match.span(group))}
        for place in set(range(start, stop)) - inside:
            kept[place] = True


def _is_date(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    if re.fullmatch(f"{YEAR}[-_ ]{YEAR}", text):  # a school year
        return int(digits[4:]) - int(digits[:4]) in (0, 1)
    for form in FORMATS:
        with suppress(ValueError):
            dt.datetime.strptime(digits, form)
            return True
    return False


def _runs(text: str, kept: list[bool], schools: frozenset[str]) -> Iterator[tuple[int, int, bool]]:
    """The path cut in stretches: start, end, and whether it may be shown. Words side by side that may not are one stretch."""
    words = [(m.start() + a, m.start() + b) for m in WORD.finditer(text) for a, b in _open(kept[m.start() : m.end()])]
    rows = _in_long_rows(text, words, kept)
    bad = [(a, b) for a, b in words if (a, b) in rows or not _is_harmless(text[a:b], schools)]
    done = 0
    while bad:
        a, b = bad.pop(0)
        while (
            bad
            and "/" not in text[b : bad[0][0]]
            and not any(b <= x < bad[0][0] for x, _ in words)
            and not any(kept[b : bad[0][0]])
        ):
            b = bad.pop(0)[1]
        yield done, a, True
        yield a, b, False
        done = b
    yield done, len(text), True


def _open(kept: list[bool]) -> Iterator[tuple[int, int]]:
    """Stretches of a word that nothing keeps yet."""
    for match in re.finditer("0+", "".join("01"[k] for k in kept)):
        yield match.span()


def _in_long_rows(text: str, words: list[tuple[int, int]], kept: list[bool]) -> set[tuple[int, int]]:
    """Numbers too long, or in a row that is: a phone is written in pairs, too; and letters one by one that spell a word."""
    found: set[tuple[int, int]] = set()
    row: list[tuple[int, int]] = []
    for a, b in [*words, (len(text), len(text))]:
        kind = _kind(text[a:b])
        if row and (kind != _kind(text[slice(*row[0])]) or any(kept[row[-1][1] : a])):
            lengths = [y - x for x, y in row]
            limits = (NUMBER_AT_MOST, NUMBERS_AT_MOST) if text[slice(*row[0])].isdigit() else (1, LETTERS_AT_MOST)
            if max(lengths) > limits[0] or sum(lengths) > limits[1]:
                found |= set(row)
            row = []
        if kind:
            row.append((a, b))
    return found


def _kind(word: str) -> str:
    return "number" if word.isdigit() else "letter" if len(word) == 1 else ""


def _is_harmless(word: str, schools: frozenset[str]) -> bool:
    """Whether a word may be shown; one letter alone, or one after a word that is kept as its plural, is nobody's."""
    is_short = len(word) == 1 or word.isdigit() or GRADE.fullmatch(word) is not None
    return is_short or folded(word) in harmless() or folded(word) in schools
