"""draft: sample files → the text of a `source.yaml` that loads, or that says what keeps it from loading."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dropout.errors import SettingsError
from dropout.extracts.draft.dates import Habit, guess_dates
from dropout.extracts.draft.days import day_columns
from dropout.extracts.draft.entry import Entry, Seen
from dropout.extracts.draft.fill import fill
from dropout.extracts.draft.ignored import ignore
from dropout.extracts.draft.joins import Raw, join_siblings
from dropout.extracts.draft.match import Evidence, TableFit, entered_place, keys_of, table_fits
from dropout.extracts.draft.named import name_words
from dropout.extracts.draft.record import source_record
from dropout.extracts.draft.samples import Group, open_samples
from dropout.extracts.draft.spread import spread_columns
from dropout.extracts.draft.synonyms import language_of
from dropout.extracts.draft.yaml_text import Notes, written
from dropout.extracts.source import Source, many, verify
from dropout.quiet import NOTHING_FROM_OUTSIDE
from dropout.strict import read_yaml

SURE = 0.9


@dataclass(frozen=True)
class Drafted:
    """A drafted source: its text, the questions in it by entry, what each mapped column became, and why it does not load yet."""

    name: str
    text: str
    questions: list[tuple[str, str]]  # entry, or an empty text for all of the source; question
    columns: list[tuple[str, str, str, str]]  # files, table, their header, our column
    refusal: str
    looked_at: list[tuple[str, int]] = field(default_factory=list)  # files, and how many of their rows


def draft(name: str, paths: Sequence[Path]) -> Drafted:
    """Looks at sample files and drafts source `name`. No value of a person is in what it returns.

    Raises ExtractError for a file that is not there, cannot be read, or has no header line.
    """
    with tempfile.TemporaryDirectory(prefix="samples-") as work, duckdb.connect(config=NOTHING_FROM_OUTSIDE) as con:
        seen = _looked_at(con, open_samples(con, paths, Path(work)))
        notes = Notes()
        entries = _entries(seen)
        raws = _write(entries, notes)
        record = source_record(name, seen, entries, raws, notes)
    notes.settle(record)
    text = written(record, notes)
    questions = [(_entry_name(record, place), question) for place, question in notes.questions(record)]
    columns = [
        (", ".join(e.seen.group.names), e.table, header, ours)
        for e in entries
        for ours, header in e.record.get("columns", {}).items()
    ]
    looked_at = [(", ".join(s.group.names), sum(len(sample.body) for sample in s.group.samples)) for s in seen]
    return Drafted(name, text, questions, columns, _refusal(text), looked_at)


def _entry_name(record: dict[str, Any], place: tuple[str | int, ...]) -> str:
    """The entry of `files` that a place is in, as a person knows it."""
    if len(place) < 2:
        return ""
    entry = record["files"][place[1]]
    return f"{', '.join(many(entry['match']))} ({entry.get('table') or 'no table'})"


def _looked_at(con: duckdb.DuckDBPyConnection, groups: list[Group]) -> list[Seen]:
    """What the columns of each group hold. Where nothing tells day from month, a column that does speaks for the others."""
    language = language_of([h for g in groups for h in g.headers])
    seen = [_seen(con, group, Habit(is_month_first=language == "en")) for group in groups]
    settled = {order for s in seen for guess in s.dates.values() for order in guess.settled}
    if len(settled) == 1:
        seen = [_seen(con, group, Habit(is_month_first=settled == {"mdy"}, is_shown=True)) for group in groups]
    return seen


def _seen(con: duckdb.DuckDBPyConnection, group: Group, habit: Habit) -> Seen:
    wide = day_columns(group.headers) or spread_columns(group.columns)
    columns = [c for c in group.columns if c.header and not (wide and c.place in wide.places)]
    dates = {c.place: guess_dates(con, c.values, habit) for c in columns}
    provided = {wide.table: wide.gives} if wide else {}
    evidence = Evidence(columns, dates, name_words([*group.names, *(s.sheet for s in group.samples)]), provided)
    return Seen(group, dates, wide, table_fits(evidence), entered_place(evidence))


def _entries(seen: list[Seen]) -> list[Entry]:
    """The likeliest table of each group; and a second one that nobody else brings, where the file holds all it needs."""
    known = [s for s in seen if s.is_known]
    brought = {s.fits[0].contract.table for s in known}
    entries: list[Entry] = []
    for one in known:
        entries.append(Entry(one, one.fits[0]))
        for other in one.fits[1:]:
            is_whole = not other.missing and not other.by_values and _own_columns(other, one.fits[0]) > 0
            if is_whole and other.contract.table not in brought:
                entries.append(Entry(one, other))
                brought.add(other.contract.table)
    return entries


def _own_columns(fit: TableFit, first: TableFit) -> int:
    """Columns beside the key, found by their headers, that the first table does not take."""
    taken, key = {f.place for f in first.fits.values()}, keys_of(fit.contract)
    own = [f for name, f in fit.fits.items() if name not in key and not f.by_values and f.score >= SURE]
    return sum(f.place not in taken for f in own)


def _write(entries: list[Entry], notes: Notes) -> list[Raw]:
    """Fills the records of all entries, then what one needs of another; returns the files that are kept for joins."""
    for number, entry in enumerate(entries):
        fill(entry, notes, ("files", number))
    raws = join_siblings(entries, notes)
    for number, entry in enumerate(entries):
        same = [i for i, e in enumerate(entries) if e.seen is entry.seen]
        if same[0] == number:
            ignore([entries[i] for i in same], notes, ("files", number))
            _mention(entry, {e.table for e in entries}, notes, ("files", number))
    return raws


def _mention(entry: Entry, brought: set[str], notes: Notes, place: tuple[str, int]) -> None:
    """Asks about tables that the file has columns of, and not all that they need."""
    for other in entry.seen.fits:
        table = other.contract.table
        if table not in brought and other.missing and _own_columns(other, entry.fit) > 0:
            lacking = ", ".join(other.missing)
            said = f"The file also has columns of {table}, and lacks {lacking}. Which other file has them?"
            notes.ask((*place, "match"), f"{said} To read {table} from this one too, add an entry with the same `match`.")


def _refusal(text: str) -> str:
    """Why the text does not load as a source; empty when it does."""
    with tempfile.TemporaryDirectory(prefix="drafted-") as folder:
        path = Path(folder) / "source.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            source = read_yaml(path, Source)
            for file in source.files:
                verify(file, source, "source.yaml")
        except SettingsError as error:
            return error.what
    return ""
