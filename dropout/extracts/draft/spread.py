"""Values that stand as columns: lessons, half days, subjects or assessments beside each other, under one row per pupil."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dropout.extracts.draft.codes import known_share
from dropout.extracts.draft.columns import Column
from dropout.extracts.draft.synonyms import likeness, load_synonyms, ours, tokens

FEWEST = 2
ALIKE = 0.55  # "Contrôle 2" is like "contrôle" by this much
NUMBERS = 0.7  # share of filled cells that are numbers, in a column of marks
STATUSES = 0.5  # share of filled cells whose code we know, in a column of a register


@dataclass(frozen=True)
class Wide:
    """Columns that become rows: `pattern` matches their headers, its groups and `into` (or `parts`) give `gives` of `table`.

    `lacking`: parts of the date that must be found around the file; `first_month` of the school year, where headers
    name no year; `questions` are what the headers leave open.
    """

    table: str
    places: tuple[int, ...]
    pattern: str
    gives: frozenset[str]
    into: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()
    first_month: int = 0
    questions: tuple[str, ...] = ()

    def said(self, headers: Sequence[str], group: str) -> list[str]:
        """What the headers say in one group of the pattern."""
        found = (re.search(self.pattern, headers[place]) for place in self.places)
        return [m[group] for m in found if m and group in m.re.groupindex and m[group]]


def spread_columns(columns: Sequence[Column]) -> Wide | None:
    """Columns of lessons, subjects or assessments, or None."""
    split = _split(columns)
    if split:
        return split
    for table, group, into, is_such, is_filled in KINDS:
        found = [c for c in columns if is_such(c.header) and is_filled(c)]
        if len(found) >= FEWEST:
            names = _one_of(c.header for c in found)
            gives = frozenset({group, into})
            return Wide(table, tuple(c.place for c in found), f"^(?P<{group}>{names})$", gives, into)
    return None


def _split(columns: Sequence[Column]) -> Wide | None:
    """Assessments or subjects over two header lines: a mark and whether the pupil was absent, side by side."""
    upper, parts = [], {}
    places = []
    for column in columns:
        name, _, part = column.header.partition(" / ")
        target = _part(part)
        if target and (_is_subject(name) or _is_assessment(name)):
            upper.append(name)
            parts[part] = target
            places.append(column.place)
    names = list(dict.fromkeys(upper))
    if len(names) < FEWEST or "mark" not in parts.values():
        return None
    group = "subject" if all(map(_is_subject, names)) else "assessment_id"
    pattern = f"^(?P<{group}>{_one_of(names)}) / (?P<part>{_one_of(parts)})$"
    return Wide("grade", tuple(places), pattern, frozenset({group, *parts.values()}), parts=parts)


def _one_of(texts: Iterable[str]) -> str:
    return "|".join(re.escape(text).replace("\\ ", " ") for text in texts)


def _part(text: str) -> str:
    if not text:
        return ""
    if likeness(text).get("mark", 0) >= 0.9:
        return "mark"
    is_absence = ours("state", text) == "absent" or likeness(text).get("status", 0) >= 0.9
    return "state" if is_absence else ""


def _is_session(header: str) -> bool:
    return ours("session", header) is not None and not header.isdigit()


def _is_subject(header: str) -> bool:
    return tokens(header) in {tokens(s) for s in load_synonyms().subjects}


def _is_assessment(header: str) -> bool:
    return likeness(header).get("assessment_id", 0) >= ALIKE


def _is_register(column: Column) -> bool:
    return known_share("status", "VARCHAR", column) >= STATUSES


def _is_marks(column: Column) -> bool:
    return column.number_share >= NUMBERS


Kind = tuple[str, str, str, Callable[[str], bool], Callable[[Column], bool]]
KINDS: tuple[Kind, ...] = (
    ("attendance", "session", "status", _is_session, _is_register),
    ("grade", "subject", "mark", _is_subject, _is_marks),
    ("grade", "assessment_id", "mark", _is_assessment, _is_marks),
)
