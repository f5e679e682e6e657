"""The whole record of a drafted source: what holds for all files on top, what differs in each entry."""

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from dropout.extracts.draft.entry import Entry, Seen
from dropout.extracts.draft.joins import Raw
from dropout.extracts.draft.named import match_pattern
from dropout.extracts.draft.samples import Group
from dropout.extracts.draft.yaml_text import Notes
from dropout.extracts.source import many

ORDER = (
    "match", "table", "raw", "sheet", "header_rows", "encoding", "delimiter", "decimal_comma", "date_formats", "attendance_mode",
    "path", "cells", "columns", "keys", "fields", "dates", "constants", "unpivot", "codes", "empty", "defaults", "join",
    "known_at", "ignored",
)  # fmt: skip
ISO = "%Y-%m-%d"
DECIMAL_COMMA, DECIMAL_POINT = r"[-+]?\d+,\d+", r"[-+]?\d+\.\d+"
Value = TypeVar("Value")


def source_record(name: str, seen: Sequence[Seen], entries: Sequence[Entry], raws: Sequence[Raw], notes: Notes) -> dict[str, Any]:
    """The record of `source.yaml`; notes on what holds for all of it are added to `notes`."""
    texts = [s.group for s in seen if s.group.first.encoding]
    top: dict[str, Any] = {"source": name, "title": f"Drafted from {_listed(n for s in seen for n in s.group.names)}"}
    notes.say((), "Drafted by `dropout source new` from sample files. Answer each QUESTION, then: dropout source check")
    if texts:
        top["encoding"] = _usual(_encoding(g) for g in texts)
        top["delimiter"] = _usual(g.first.delimiter for g in texts)
        _explain_encodings(texts, notes)
    commas = {id(e): _decimal_comma(e, notes) for e in entries}
    top["decimal_comma"] = bool(_usual(c for c in commas.values() if c is not None))
    top["date_formats"] = list(_usual(tuple(e.date_formats) for e in entries if e.date_formats) or (ISO,))
    top["delivered_on"] = r"(?P<date>\d{4}-\d{2}-\d{2})"
    notes.say(("delivered_on",), "The date in a delivery's name, for history loaded at once.")
    top["reporting_lag_days"] = 1
    notes.say(("reporting_lag_days",), "Days between an event and its arrival, for history without such a date.")
    top["attendance_mode"] = _mode(entries, notes)
    top["contents"] = "increment"
    notes.say(("contents",), "snapshot where each file holds everything of its kind: then what it leaves out is deleted.")
    patterns = _patterns(seen)
    top["files"] = [
        *(_entry_record(e, top, patterns, commas[id(e)], notes, ("files", i)) for i, e in enumerate(entries)),
        *(_ordered(_reading(r.seen, top, patterns) | r.record) for r in raws),
        *_unknown([s for s in seen if not s.is_known], top, patterns, notes, len(entries) + len(raws)),
    ]
    return top


def _entry_record(
    entry: Entry, top: dict[str, Any], patterns: dict[int, Any], comma: bool | None, notes: Notes, place: tuple[str, int]
) -> dict[str, Any]:
    record = _reading(entry.seen, top, patterns) | {"table": entry.table} | entry.record
    if comma is not None and comma != top["decimal_comma"]:
        record["decimal_comma"] = comma
    if entry.date_formats and entry.date_formats != top["date_formats"]:
        record["date_formats"] = entry.date_formats
    if entry.mode and entry.mode.mode != top["attendance_mode"]:
        record["attendance_mode"] = entry.mode.mode
    samples = entry.seen.group.samples
    rows = sum(len(s.body) for s in samples)
    notes.above.setdefault(place, []).insert(0, f"{_listed(entry.seen.group.names)}: {rows:,} rows looked at.")
    if any(not re.search(r"[^\W\d_]{2}", pattern.rpartition(".")[0]) for pattern in many(record["match"])):
        notes.ask(
            (*place, "match"), "These names are hardly told from others: is there a word that only this system's files have?"
        )
    return _ordered(record)


def _reading(seen: Seen, top: dict[str, Any], patterns: dict[int, Any]) -> dict[str, Any]:
    """How the files of a group are found and cut, where it is not as on top."""
    first = seen.group.first
    record: dict[str, Any] = {"match": patterns[id(seen)]}
    if first.sheet:
        record["sheet"] = first.sheet
    if first.heading.row_count == 2:
        record["header_rows"] = 2
    if first.encoding and _encoding(seen.group) != top["encoding"]:
        record["encoding"] = _encoding(seen.group)
    if first.encoding and first.delimiter != top["delimiter"]:
        record["delimiter"] = first.delimiter
    return record


def _unknown(
    seen: Sequence[Seen], top: dict[str, Any], patterns: dict[int, Any], notes: Notes, start: int
) -> list[dict[str, Any]]:
    """Files that are none of our tables: named, so that a delivery with them is read, and asked about."""
    found = []
    for number, one in enumerate(seen, start=start):
        notes.ask(
            ("files", number), f"{_listed(one.group.names)}: which of our tables is this? Nothing of it is read as it stands."
        )
        found.append(_ordered(_reading(one, top, patterns) | {"raw": f"unknown_{number}"}))
    return found


def _patterns(seen: Sequence[Seen]) -> dict[int, Any]:
    """The name patterns of each group; the names themselves where a pattern would take another group's files."""
    patterns = {id(s): list(dict.fromkeys(match_pattern(n) for n in s.group.names)) for s in seen}
    for one in seen:
        strangers = [n for other in seen if other is not one for n in other.group.names if n not in one.group.names]
        if any(fnmatch.fnmatchcase(n.lower(), p.lower()) for n in strangers for p in patterns[id(one)]):
            patterns[id(one)] = one.group.names
    return {key: found[0] if len(found) == 1 else found for key, found in patterns.items()}


def _encoding(group: Group) -> str | list[str]:
    found = sorted({s.encoding.encoding for s in group.samples if s.encoding}, key=lambda e: e != "utf-8")
    return found[0] if len(found) == 1 else list(found)


def _explain_encodings(groups: Sequence[Group], notes: Notes) -> None:
    for sample in (s for g in groups for s in g.samples):
        assert sample.encoding is not None
        said = f"{sample.name}: {sample.encoding.encoding}: {sample.encoding.why}."
        if sample.encoding.is_sure:
            notes.say(("encoding",), said)
        else:
            notes.ask(("encoding",), f"{said} Open the file and look at its accents, or its Arabic: are they right?")


def _decimal_comma(entry: Entry, notes: Notes) -> bool | None:
    """Whether numbers have a comma; None where no number of the file has decimals."""
    kinds = entry.types
    columns = [column for name, column in entry.columns().items() if kinds[name] == "DOUBLE"]
    comma = sum(round(c.share(re.compile(DECIMAL_COMMA).fullmatch) * c.filled) for c in columns)
    point = sum(round(c.share(re.compile(DECIMAL_POINT).fullmatch) * c.filled) for c in columns)
    if comma or point:
        notes.say(("decimal_comma",), f"{entry.table}: {comma:,} numbers with a comma, {point:,} with a point.")
    return bool(comma) if comma or point else None


def _mode(entries: Sequence[Entry], notes: Notes) -> str:
    guesses = [e.mode for e in entries if e.mode]
    if not guesses:
        notes.say(("attendance_mode",), "No attendance among the samples: this says nothing until there is.")
        return "full"
    for guess in guesses:
        notes.ask(("attendance_mode",), f"{guess.mode}, since {guess.why}. Is that how the system speaks? {MEANS[guess.mode]}")
    return str(_usual(g.mode for g in guesses))


MEANS = {
    "full": "(full: a row for everybody, present or not.)",
    "exceptions": "(exceptions: who is not listed was present if the register was taken.)",
    "presence": "(presence: who is not listed on a school day was absent.)",
    "totals": "(totals: sums over a period.)",
}


def _usual(values: Iterable[Value]) -> Value | None:
    """The commonest value, the first of those that are equally common; None of none."""
    listed = list(values)
    counts = Counter(map(str, listed))
    return max(listed, key=lambda v: counts[str(v)], default=None)


def _listed(names: Iterable[str], at_most: int = 3) -> str:
    every = list(dict.fromkeys(names))
    more = f" and {len(every) - at_most} more" if len(every) > at_most else ""
    return ", ".join(every[:at_most]) + more


def _ordered(record: dict[str, Any]) -> dict[str, Any]:
    return {key: record[key] for key in ORDER if key in record}
