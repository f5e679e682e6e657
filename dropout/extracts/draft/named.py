"""What file names and the lines above the header tell: patterns that find further files, school year, grade, class, labels."""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from dropout.extracts.draft.synonyms import likeness, tokens
from dropout.extracts.source import YEAR_START

# what stands in names, in the order in which it is looked for; `year` and `month` only serve headers that are days
CLASS = r"(?:^|[_ ])(?P<class_id>\d[A-Za-z]{1,6}(?:-?\d{1,2})?)(?=[_. ])"
FOUND_IN_NAMES: tuple[tuple[str, str], ...] = (
    (YEAR_START, r"(?<!\d)(?P<year_start>(?:19|20)\d{2})[-_](?:19|20)?\d{2}(?!\d)"),
    (YEAR_START, r"(?:ay|sy|as)[-_]?(?P<year_start>\d{2})[-_]?\d{2}(?!\d)"),
    ("month", r"(?<!\d)(?P<year>(?:19|20)\d{2})[-_.]?(?P<month>0[1-9]|1[0-2])(?!\d)"),
    ("month", r"(?<!\d)(?P<month>0[1-9]|1[0-2])[-_.](?P<year>(?:19|20)\d{2})(?!\d)"),
    ("grade_level", r"(?i:grade|niveau|std|class|year)[-_ ]?(?P<grade_level>\d{1,2})(?!\d)"),
    ("term", r"(?:^|[_ -])(?P<term>[ST][1-3])(?=[_. -])"),
    ("class_id", CLASS),
)


def name_words(names: Sequence[str]) -> frozenset[str]:
    """The words of file names, one by one and in pairs."""
    found: set[str] = set()
    for name in names:
        parts = [t for t in tokens(PurePosixPath(name).stem.replace(".", " ")) if not t.isdigit()]
        parts = [re.sub(r"\d+", "", t) or t for t in parts]
        found |= {*parts, *(a + b for a, b in pairwise(parts))}
    return frozenset(found)


def match_pattern(name: str) -> str:
    """A pattern for this file and its like: what changes from file to file (numbers, classes) becomes `*`."""
    stem, dot, suffix = name.partition(".")
    stem = re.sub(CLASS.replace(r"(?=[_. ])", r"(?=[_. ]|$)"), "*", stem)
    stem = re.sub(r"[-_ .]*\d+(?:[-_ .]+\d+)*", "*", stem) + "*"
    stem = re.sub(r"[-_ .]*\*[-_ .*]*", "*", re.sub(r"[\[\]?]", "?", stem))
    return stem + dot + suffix.lower()


def path_pattern(names: Sequence[str], wanted: Collection[str]) -> tuple[str, list[str]]:
    """A pattern that takes `wanted` (our columns and parts of a date) from every one of `names`, and the groups it gives."""
    fragments: list[tuple[int, str, list[str]]] = []
    given: set[str] = set()
    for _, pattern in FOUND_IN_NAMES:
        groups = list(re.compile(pattern).groupindex)
        if not set(groups) & set(wanted) or given & set(groups) or not _is_in_all(pattern, names):
            continue
        if YEAR_START in groups and not all(_follows(pattern, name) for name in names):
            continue
        first = re.search(pattern, names[0])
        assert first is not None
        if any(start <= first.start() < start + len(text) for start, text, _ in _taken(fragments, names[0])):
            continue
        fragments.append((first.start(), pattern, groups))
        given |= set(groups)
    fragments.sort()
    whole = ".*".join(pattern for _, pattern, _ in fragments)
    if not whole or not _is_in_all(whole, names):
        return "", []
    return whole, [group for _, _, groups in fragments for group in groups]


def _taken(fragments: list[tuple[int, str, list[str]]], name: str) -> list[tuple[int, str, list[str]]]:
    return [(m.start(), m[0], groups) for _, pattern, groups in fragments if (m := re.search(pattern, name))]


def _is_in_all(pattern: str, names: Sequence[str]) -> bool:
    return all(re.search(pattern, name) for name in names)


def _follows(pattern: str, name: str) -> bool:
    """Whether the second number of a school year is the one after the first."""
    found = re.search(pattern, name)
    if not found:
        return False
    first, second = found[YEAR_START][-2:], re.sub(r"\D", "", found[0])[-2:]
    return (int(first) + 1) % 100 == int(second)


def labels_above(above: Sequence[Sequence[Sequence[str]]], wanted: Collection[str]) -> dict[str, str]:
    """Our columns whose label, with a value beside it, stands above the header of every file: column → label."""
    found: dict[str, str] = {}
    for lines in above[:1]:
        for row in lines:
            for place, cell in enumerate(row):
                label, colon, value = cell.partition(":")
                beside = value.strip() or next((c.strip() for c in row[place + 1 :] if c.strip()), "")
                if not beside or not label.strip() or (not colon and value):
                    continue
                every = likeness(label.strip())
                best = max((c for c in every if c in wanted), key=lambda c: every[c], default="")
                if best and every[best] >= 0.9 and best not in found and _stands_in(label.strip(), above):
                    found[best] = " ".join(label.split())
    return found


def _stands_in(label: str, above: Sequence[Sequence[Sequence[str]]]) -> bool:
    return all(any(cell.strip().startswith(label) for row in lines for cell in row) for lines in above)
