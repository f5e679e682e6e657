"""What one file lacks and a sibling has under a shared key: a join, where only one sibling can give it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dropout.contracts.contract import load_contracts
from dropout.extracts.draft.columns import Column
from dropout.extracts.draft.entry import Entry, Seen
from dropout.extracts.draft.match import keys_of
from dropout.extracts.draft.synonyms import likeness
from dropout.extracts.draft.yaml_text import Notes

ALIKE = 0.9
SERIAL_DAY = re.compile(r"[34]\d{4}(\.\d+)?")  # days since 1900: 1982 to 2036
OVERLAP = 0.5  # share of a file's keys that must stand in the sibling's sample


@dataclass
class Raw:
    """A file that is kept for joins, beside its own table."""

    seen: Seen
    record: dict[str, Any]


@dataclass(frozen=True)
class Candidate:
    """A sibling with the column that is looked for, and the key both share."""

    entry: Entry
    key: str
    own_key: Column
    their_key: Column
    column: Column


def join_siblings(entries: list[Entry], notes: Notes) -> list[Raw]:
    """Adds joins for required columns that a file lacks; what stays missing is asked. Returns the siblings to be kept."""
    raws: dict[int, Raw] = {}
    for number, entry in enumerate(entries):
        for missing in entry.missing:
            found = list(_candidates(entry, missing, entries))
            givers = {id(c.entry.seen) for c in found}
            if len(givers) == 1:
                _join(entry, missing, found[0], raws)
                names = ", ".join(found[0].entry.seen.group.names)
                notes.ask(
                    ("files", number, "join"),
                    f"{missing} is taken from {names} by {found[0].key}. Do the two always come together?",
                )
            else:
                notes.ask(("files", number, "columns"), _asked(missing, entry, len(givers)))
    return list(raws.values())


def _asked(missing: str, entry: Entry, sibling_count: int) -> str:
    if sibling_count > 1:
        return f"Required and not found: {missing}. {sibling_count} of the other files have it: which one is to be joined?"
    says = next(c.description for name, c in entry.fit.contract.columns.items() if missing in (name, c.source))
    asked = f"Required and not found: {missing} ({says.rstrip('.')})."
    alike = [c for c in entry.seen.group.columns if c.header and likeness(c.header).get(missing, 0.0) >= ALIKE]
    if alike:
        are_days = alike[0].share(SERIAL_DAY.fullmatch) >= 0.8
        asked += f" '{alike[0].header}' is called so, but its values do not fit"
        asked += (
            ": they are the day numbers of a spreadsheet. Export it as a workbook, or the dates as text." if are_days else "."
        )
    return (
        f"{asked} Which column has it? Or does it stand in a sibling file (`join`), the file name (`path`), a cell above "
        "the header (`cells`), or is it always the same (`constants`)?"
    )


def _candidates(entry: Entry, missing: str, entries: list[Entry]) -> Iterator[Candidate]:
    """Siblings whose key numbers each of their rows, and knows the keys of this file."""
    own = _named_columns(entry.seen)
    for other in entries:
        if other.seen is entry.seen or missing not in other.fit.fits:
            continue
        theirs = _named_columns(other.seen)
        for key in [k for k in _keys() if k in own and k in theirs and k != missing]:
            if _is_unique(theirs[key]) and _overlap(own[key], theirs[key]) >= OVERLAP:
                yield Candidate(other, key, own[key], theirs[key], other.columns()[missing])
                break


def _keys() -> list[str]:
    """Columns that tables are keyed by, or refer to each other by."""
    names = [name for c in load_contracts().values() for name in keys_of(c)]
    names += [name for c in load_contracts().values() for name in ("class_id",) if name in c.columns]
    return [name for name in dict.fromkeys(names) if name.endswith("_id")]


def _named_columns(seen: Seen) -> dict[str, Column]:
    """Columns by what their header surely is, whatever the table."""
    found: dict[str, Column] = {}
    for fit in seen.fits[:1]:
        found |= {name: seen.group.columns[f.place] for name, f in fit.fits.items()}
    for column in seen.group.columns:
        every = likeness(column.header)
        for name in [n for n, score in every.items() if score >= ALIKE]:
            found.setdefault(name, column)
    return found


def _is_unique(column: Column) -> bool:
    return column.filled > 0 and len(column.values) == column.filled


def _overlap(own: Column, theirs: Column) -> float:
    return sum(text in theirs.values for text in own.values) / len(own.values) if own.values else 0.0


def _join(entry: Entry, missing: str, found: Candidate, raws: dict[int, Raw]) -> None:
    raw = raws.setdefault(id(found.entry.seen), Raw(found.entry.seen, {"raw": f"{found.entry.table}_of_sibling"}))
    types = {c.name: c.type for c in found.entry.fit.contract.canonical_columns}
    fields, columns = raw.record.setdefault("fields", {}), raw.record.setdefault("columns", {})
    fields |= {found.key: "VARCHAR", missing: types[missing]}
    columns |= {found.key: found.their_key.header, missing: found.column.header}
    if missing in found.entry.record.get("codes", {}):
        raw.record.setdefault("codes", {})[missing] = found.entry.record["codes"][missing]
    if found.key not in entry.fit.fits:
        entry.record.setdefault("keys", {})[found.key] = found.own_key.header
    joins = entry.record.setdefault("join", [])
    same = next((j for j in joins if j["file"] == raw.record["raw"]), None)
    if same:
        same["take"][missing] = missing
    else:
        joins.append({"file": raw.record["raw"], "on": {found.key: found.key}, "take": {missing: missing}})
