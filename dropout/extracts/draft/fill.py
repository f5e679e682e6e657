"""Fills the record of an entry, key by key; what the samples do not settle is asked beside the key."""

import re
from collections import Counter

from dropout.extracts.draft.codes import CodeGuess, guess_codes
from dropout.extracts.draft.columns import Column
from dropout.extracts.draft.entry import Entry
from dropout.extracts.draft.match import keys_of
from dropout.extracts.draft.mode import ModeGuess, guess_mode
from dropout.extracts.draft.named import labels_above, path_pattern
from dropout.extracts.draft.synonyms import likeness, load_synonyms
from dropout.extracts.draft.yaml_text import Notes, Path
from dropout.extracts.source import YEAR_START

SCALES = (10, 20, 100)  # usual best marks


def fill(entry: Entry, notes: Notes, place: Path) -> None:
    """Everything that one group of files can say for itself; `place` is where the notes of the entry stand."""
    for step in (_columns, _dates, _unpivot, _codes, _blanks, _constants, _highest_mark, _around, _known_at, _mode):
        step(entry, notes, place)


def _columns(entry: Entry, notes: Notes, place: Path) -> None:
    columns = {}
    for name in (n for n in entry.types if n in entry.fit.fits):
        column = entry.columns()[name]
        columns[name] = column.header
        here = (*place, "columns", name)
        if entry.fit.fits[name].by_values:
            notes.ask(here, f"'{column.header}' is taken for {name} by its values; its header does not say so. Is it?")
        if [c.header for c in entry.seen.group.columns].count(column.header) > 1:
            notes.ask(
                here, f"Two columns are called '{column.header}': the file is not read until one is renamed. Which one is it?"
            )
        if rivals := _rivals(entry, name, column):
            notes.ask(here, f"Also like {name}: {', '.join(rivals)}. Is '{column.header}' the right one?")
        if name.endswith("_id") and column.has_arabic_digits:
            notes.ask(here, f"{name} has Arabic-Indic digits, and is kept as it is written. Do all files write it so?")
    if columns:
        entry.record["columns"] = columns


def _rivals(entry: Entry, name: str, column: Column) -> list[str]:
    """Headers left over that are as much like one of our columns as the chosen one."""
    taken = {f.place for f in entry.fit.fits.values()} | {entry.seen.entered}
    least = max(likeness(column.header).get(name, 0.0) - 0.05, 0.9)
    free = [c for c in entry.seen.group.columns if c.place not in taken and c.header and c.filled]
    return [f"'{c.header}'" for c in free if likeness(c.header).get(name, 0.0) >= least]


def _dates(entry: Entry, notes: Notes, place: Path) -> None:
    every = {n: entry.seen.dates[f.place] for n, f in entry.fit.fits.items() if entry.types[n] == "DATE"}
    usual: Counter[tuple[str, ...]] = Counter()
    for name, guess in every.items():
        here = (*place, "columns", name)
        for question in guess.questions:
            notes.ask(here, f"{name}: {question}")
        for note in guess.notes:
            notes.say(here, note)
        if guess.filled and not guess.formats:
            notes.ask(here, f"{name}: no format reads its values. How are dates written there?")
        elif guess.read < guess.filled:
            notes.say(here, f"{guess.filled - guess.read:,} of {guess.filled:,} values are no date: their lines become rejects.")
        if len(guess.formats) > 1:
            notes.beside[here] = ", ".join(f"{f} on {n:,} rows" for f, n in guess.rows.items())
        if guess.formats:
            usual[tuple(guess.formats)] += guess.read
    entry.date_formats = list(usual.most_common(1)[0][0]) if usual else []
    for name, guess in every.items():
        if guess.formats and guess.formats != entry.date_formats:
            entry.record.setdefault("dates", {})[name] = guess.formats


def _unpivot(entry: Entry, notes: Notes, place: Path) -> None:
    wide = entry.wide
    if not wide:
        return
    target = {"parts": dict(wide.parts)} if wide.parts else {"into": wide.into}
    month = {"first_month": wide.first_month} if wide.first_month else {}
    entry.record["unpivot"] = {"headers": wide.pattern, **target, **month}
    here = (*place, "unpivot")
    notes.say(here, f"{len(wide.places)} columns become rows of their own.")
    for question in wide.questions:
        notes.ask(here, question)
    if "state" in wide.parts.values():
        entry.record["defaults"] = {"state": "marked"}
        notes.ask((*place, "defaults"), "A pupil with a mark and nothing beside it is taken as marked. Is that so?")


def _codes(entry: Entry, notes: Notes, place: Path) -> None:
    values = {name: c.values for name, c in entry.fit.contract.columns.items()}
    for name, column in entry.columns().items():
        if entry.types[name] == "BOOLEAN" or values.get(name):
            guess = entry.codes[name] = guess_codes(name, entry.types[name], column)
            if guess.codes:
                entry.record.setdefault("codes", {})[name] = guess.codes
            _ask_of_codes(entry, name, guess, column, notes, place)


def _ask_of_codes(entry: Entry, name: str, guess: CodeGuess, column: Column, notes: Notes, place: Path) -> None:
    here = (*place, "codes", name) if guess.codes else (*place, "columns" if entry.fit.fits else "unpivot")
    ours = ", ".join(entry.fit.contract.columns[name].values or ("true", "false"))
    for question in guess.questions:
        notes.ask(here, question)
    for code, note in guess.notes.items():
        notes.ask((*place, "codes", name, code), f"{note}. Is that so?")
    for code, count in guess.unsettled.items():
        said = f"{name}: '{code}' ({count:,} of {column.filled:,}): which of {ours}?"
        notes.ask(here, f"{said} If it says nothing, list it under `empty`.")
    if guess.hidden:
        said = f"{name}: {guess.hidden:,} other values on {guess.hidden_rows:,} of {column.filled:,} rows are no codes we know"
        said += f" (such as {', '.join(guess.shapes)})"
        notes.ask(
            here, f"{said}, and are not shown: they could be a person's. Is this the column, and which of {ours} do they mean?"
        )


def _blanks(entry: Entry, notes: Notes, place: Path) -> None:
    """Words that say nothing, where they would be rejects."""
    coded = set(entry.record.get("codes", {}))
    for name, column in entry.columns().items():
        if column.blanks and (name in coded or entry.types[name] != "VARCHAR"):
            entry.record.setdefault("empty", {})[name] = column.blanks


def _constants(entry: Entry, notes: Notes, place: Path) -> None:
    for name, value in load_synonyms().assumed.get(entry.table, {}).items():
        if name in entry.columns():
            continue
        entry.record.setdefault("constants", {})[name] = value
        said = f"No column gives {name}: every row is taken as {value}. Is that so?"
        if name == "session" and (several := _several_a_day(entry)):
            said += f" {several:,} rows repeat the pupil and day of another row; only the last of each would be kept."
        notes.ask((*place, "constants", name), said)


def _several_a_day(entry: Entry) -> int:
    """Rows that share the rest of the key with an earlier row of their file."""
    key = [name for name in keys_of(entry.fit.contract) if name != "session"]
    if any(name not in entry.fit.fits for name in key):
        return 0
    places = [entry.fit.fits[name].place for name in key]
    bodies = ([tuple(row[p].strip() for p in places) for row in s.body] for s in entry.seen.group.samples)
    return sum(len(rows) - len(set(rows)) for rows in bodies)


def _highest_mark(entry: Entry, notes: Notes, place: Path) -> None:
    columns = entry.columns()
    if entry.table != "grade" or "mark" not in columns or "max_mark" in columns:
        return
    numbers = [float(t.replace(",", ".")) for t in columns["mark"].values if re.fullmatch(r"\d+([.,]\d+)?", t)]
    best = next((scale for scale in SCALES if numbers and max(numbers) <= scale), None)
    if best:
        entry.record.setdefault("constants", {})["max_mark"] = str(best)
        notes.ask((*place, "constants", "max_mark"), f"No column gives the best mark, and no mark is above {best}. Is it {best}?")


def _around(entry: Entry, notes: Notes, place: Path) -> None:
    group, wide = entry.seen.group, entry.wide
    wanted = set(entry.types) - set(entry.columns()) - entry.fit.provided
    if "school_year" in wanted:
        wanted.add(YEAR_START)
    if wide and wide.lacking:
        wanted |= {"year", "month"} if "month" in wide.lacking else {YEAR_START}
    cells = labels_above(group.above, wanted)
    if cells:
        entry.record["cells"] = cells
        notes.say((*place, "cells"), "Labels above the header; the value stands beside each.")
    pattern, groups = path_pattern(group.names, wanted - set(cells))
    if pattern:
        entry.record["path"] = pattern
        named = ", ".join("school_year" if g == YEAR_START else g for g in groups)
        notes.ask((*place, "path"), f"Taken from the file's name: {named}. Do all files of the system have such names?")
    _ask_of_year(entry, {*groups, *cells}, notes, place)


def _ask_of_year(entry: Entry, given: set[str], notes: Notes, place: Path) -> None:
    """Asks for the parts of the date that neither headers nor names give."""
    lacking = [part for part in (entry.wide.lacking if entry.wide else ()) if part not in given]
    if given & {YEAR_START, "school_year"}:
        lacking = [part for part in lacking if part != "year"]
    if lacking:
        notes.ask(
            (*place, "unpivot"),
            f"Neither the headers nor the file's name give the {' and the '.join(lacking)}. Name the files so that they do "
            "(absences_2024-10.csv, absences_2024-2025.csv) and take it with `path`; until then every date is a reject.",
        )


def _known_at(entry: Entry, notes: Notes, place: Path) -> None:
    entered = entry.seen.entered
    if entered is not None and entered not in {f.place for f in entry.fit.fits.values()}:
        entry.record["known_at"] = entry.seen.group.columns[entered].header
        notes.say((*place, "known_at"), "The day a row was entered: history loaded at once counts as known from then.")


def _mode(entry: Entry, notes: Notes, place: Path) -> None:
    if entry.table == "attendance_total":
        entry.mode = ModeGuess("totals", "its columns count days over a period")
    if entry.table != "attendance":
        return
    column = entry.columns().get("status")
    entry.mode = guess_mode(entry.codes.get("status"), column, entry.seen.group)
    if column is None and entry.mode.stands_for:
        entry.record.setdefault("constants", {})["status"] = entry.mode.stands_for
        said = f"No column gives status: by the file's name every row is taken as {entry.mode.stands_for}. Is that so?"
        notes.ask((*place, "constants", "status"), said)
