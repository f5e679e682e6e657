"""The header: where it stands in a file, and at which place each column of ours is."""

import re

from dropout.errors import ExtractError
from dropout.extracts.normal import normal
from dropout.extracts.source import SourceFile, folded, many, without_accents
from dropout.warehouse.deadline import verify_time

LOOKED_AT = 40  # lines: titles, school and class stand above the header of many exports


def find_header(rows: list[list[str]], kind: SourceFile, where: str) -> tuple[int, list[str]]:
    """Index of the (first) header line within `rows` and its headers: the first line that has all that `kind` needs.

    Two header lines are joined by " / ", the upper one filled forward. Raises ExtractError when there is none;
    the error names the headers that the source knows and counts the others: a file without a header has people there.
    """
    for index in range(min(len(rows), LOOKED_AT)):
        verify_time()
        header = _joined(rows, index) if kind.header_rows == 2 else rows[index]
        if not _missing(header, kind) and (not kind.unpivot or wide_places(header, kind)):
            _verify_once(header, kind, f"{where}:{index + 1}")
            return index, header
    header = next((row for row in rows if any(cell.strip() for cell in row)), [])
    raise _not_found(header, kind, f"{where}:1")


def places(header: list[str], kind: SourceFile) -> dict[str, int]:
    """Position of every column we know; headers are compared without case, accents and extra spaces."""
    at = [folded(h) for h in header]
    found = {}
    for name, spellings in kind.headers().items():
        hit = next((at.index(folded(s)) for s in spellings if folded(s) in at), None)
        if hit is not None:
            found[name] = hit
    return found


def place_of(header: list[str], spellings: list[str]) -> int | None:
    """Position of one header, or None."""
    at = [folded(h) for h in header]
    return next((at.index(folded(s)) for s in spellings if folded(s) in at), None)


def wide_places(header: list[str], kind: SourceFile) -> dict[int, dict[str, str]]:
    """Positions of the columns that become rows, with what their headers say by named group."""
    if not kind.unpivot:
        return {}
    pattern = re.compile(kind.unpivot.headers, re.IGNORECASE)
    bare = re.compile(without_accents(kind.unpivot.headers), re.IGNORECASE)
    written = [" ".join(normal(h).split()) for h in header]
    matches = {i: pattern.search(h) or bare.search(without_accents(h)) for i, h in enumerate(written)}
    return {i: {k: v for k, v in m.groupdict().items() if v is not None} for i, m in matches.items() if m}


def _joined(rows: list[list[str]], index: int) -> list[str]:
    upper = rows[index]
    lower = rows[index + 1] if index + 1 < len(rows) else []
    width = max(len(upper), len(lower))
    joined, last = [], ""
    for i in range(width):
        own = upper[i].strip() if i < len(upper) else ""
        below = lower[i].strip() if i < len(lower) else ""
        last = own or last
        joined.append(f"{last} / {below}" if last and below else own or below)
    return joined


def _missing(header: list[str], kind: SourceFile) -> list[str]:
    return sorted(kind.required() - set(places(header, kind)))


def _verify_once(header: list[str], kind: SourceFile, where: str) -> None:
    """Raises ExtractError when a header, or a column of ours under two of its spellings, stands twice: which is meant?"""
    at = [folded(h) for h in header]
    once = {name: [name] for name in (*kind.only, *kind.deleted)}
    wanted = kind.headers() | once | ({"known_at": many(kind.known_at)} if kind.known_at else {})
    for name, spellings in wanted.items():
        found = {place: s for s in reversed(spellings) for place, h in enumerate(at) if h == folded(s)}
        if len(found) < 2:
            continue
        numbers = " and ".join(str(place + 1) for place in sorted(found))
        named = list(dict.fromkeys(found[place] for place in sorted(found)))
        what = f"header names given twice: {named[0]}" if len(named) == 1 else f"two headers for {name}: {', '.join(named)}"
        remedy = "Name each column once." if len(named) == 1 else "Export one of them, or say in the source which one it is."
        raise ExtractError(f"{what} (columns {numbers})", where=where, remedy=remedy)


def _not_found(header: list[str], kind: SourceFile, where: str) -> ExtractError:
    missing = _missing(header, kind)
    if not missing:
        return ExtractError(
            "no column is one that the source unpivots",
            where=where,
            remedy="Compare the headers with unpivot.headers in the source.",
        )
    wanted = ", ".join(kind.headers()[m][0] if m in kind.headers() else m for m in missing)
    at = places(header, kind)
    found = ", ".join(header[i].strip().lstrip("\ufeff") for i in sorted(at.values()))
    if not found:
        remedy = f"None of the {len(header)} headers is known: export the file with its header line, or map it in the source."
    else:
        others = len(header) - len(at)
        remedy = f"Found: {found}, and {others} headers the source does not know. Export the columns or map them in the source."
    return ExtractError(f"missing columns: {wanted}", where=where, remedy=remedy)
