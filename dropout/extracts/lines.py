"""Lines judged one by one: each becomes a row or a reject, whatever its neighbours look like."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dropout.extracts.decode import UNREADABLE
from dropout.extracts.sheet import Reject
from dropout.warehouse.deadline import verify_time

CHUNK = 1 << 20
LONGEST = 1 << 20  # characters of a line; what is longer is no line of a register
SHORT = LONGEST // 4  # a line of fewer characters has fewer bytes than LONGEST, whatever they are
RUNS_AT_MOST = 50  # lines that one quoted cell may run over
CHECKED_EVERY = 1024  # lines between two looks at the clock
OPEN_QUOTE = "an open or misplaced quote"
TOO_LONG = "a line of more than a million characters"
LONE_CR = "a carriage return outside quotes"
TO_A_QUOTE = re.compile(r'[^"]*+(?:""[^"]*+)*+')  # the text of a cell, up to the quote that closes it
csv.field_size_limit(LONGEST)  # Python's own is 131,072; a line is never longer than ours


@dataclass
class Mended:
    """What became of the lines below a header: each is the first of a record, taken in by the one before, or blank.

    `record_count` counts rows and rejects; `continued_count`, lines that a quoted cell took in.
    """

    record_count: int = 0
    continued_count: int = 0
    blank_count: int = 0
    rejects: list[Reject] = field(default_factory=list)


def mend(source: Path, target: Path, width: int, delimiter: str, header_line: int) -> Mended:
    """Writes every good line of UTF-8 file `source` below `header_line` to `target`: its number, then its cells, quoted.

    A quoted cell may run over several lines where all of them together are one row in good form, and none of them
    looks like a row by itself. Raises ExtractError when the time is over.
    """
    made = Mended()
    with source.open("rb") as raw, target.open("w", encoding="utf-8", newline="") as out:
        file = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
        write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
        waiting: deque[tuple[int, str]] = deque()
        numbered = enumerate(_physical(file), start=1)
        while waiting or (ahead := next(numbered, None)):
            number, line = waiting.popleft() if waiting else ahead  # type: ignore[misc]
            if number % CHECKED_EVERY == 0:
                verify_time()
            if number <= header_line:
                continue
            if not line.strip():
                made.blank_count += 1
                continue
            made.record_count += 1
            fields, reason = judge(line, width, delimiter)
            if reason == OPEN_QUOTE:
                fields, reason, taken = _run_on(line, width, delimiter, waiting, numbered)
                made.continued_count += taken
            if reason:
                made.rejects.append((number, "", reason))
            else:
                write((number, *fields))
    return made


def judge(line: str, width: int, delimiter: str) -> tuple[list[str], str]:
    """The cells of one line, or why it has none; empty cells beyond the last column are no cells."""
    line = line.rstrip("\r")
    if len(line) > LONGEST or (len(line) > SHORT and len(line.encode()) > LONGEST):
        return [], TOO_LONG
    if "\0" in line:
        return [], "a NUL byte"
    if UNREADABLE in line:
        return [], "bytes that are no text in the file's encoding"
    fields, reason = _cells(line, delimiter)
    if reason:
        return [], reason
    if len(fields) > width and not any(cell.strip() for cell in fields[width:]):
        del fields[width:]
    if len(fields) == width:
        return fields, ""
    return [], "too few fields" if len(fields) < width else "too many fields"


def cut(line: str, delimiter: str) -> list[str]:
    """The fields of a line that may be a header, as far as they can be told: an open quote runs to the end of the line."""
    if '"' not in line:
        return line.split(delimiter)
    parted = _parted(line, delimiter)
    if parted.tail is None:
        return parted.fields
    try:
        return next(csv.reader([line.replace("\r", " ")], delimiter=delimiter), [])
    except csv.Error:  # a field longer than any line of ours
        return line.split(delimiter)


def _cells(line: str, delimiter: str) -> tuple[list[str], str]:
    if '"' not in line:
        return line.split(delimiter), LONE_CR if "\r" in line else ""
    if '" ' not in line and ' "' not in line:
        try:  # a list of one line, so that csv does not part it at a CR, and fails there
            return next(csv.reader([line], delimiter=delimiter, strict=True), []), ""
        except csv.Error:
            pass
    parted = _parted(line, delimiter)
    if parted.tail is not None:
        return [], OPEN_QUOTE
    return parted.fields, LONE_CR if "\r" in parted.unquoted else ""


class Parted(NamedTuple):
    """The fields of a line; those without quotes, together; and what is left from a quote on that ends no field, or None."""

    fields: list[str]
    unquoted: str
    tail: str | None


@cache
def _grammar(delimiter: str) -> re.Pattern[str]:
    """One field: quoted, perhaps with blanks around the quotes as DuckDB allows them, or without a quote at its beginning."""
    end, blank = re.escape(delimiter), "" if delimiter == " " else " *+"
    quoted = rf'{blank}"([^"]*+(?:""[^"]*+)*+)"{blank}(?={end}|\Z)'
    return re.compile(rf'{quoted}|(?!{blank}")([^{end}]*+)')


def _parted(line: str, delimiter: str) -> Parted:
    fields: list[str] = []
    unquoted: list[str] = []
    match, at = _grammar(delimiter).match, 0
    while found := match(line, at):
        text, plain = found.groups()
        if text is None:
            unquoted.append(plain)
        fields.append(plain if text is None else text.replace('""', '"'))
        at = found.end() + 1
        if at > len(line):
            return Parted(fields, "".join(unquoted), None)
    return Parted(fields, "".join(unquoted), line[at:])


def _run_on(
    line: str, width: int, delimiter: str, waiting: deque[tuple[int, str]], numbered: Iterator[tuple[int, str]]
) -> tuple[list[str], str, int]:
    """Tries the line with the ones after it; takes them from `waiting` only when together they are one row, and says how many.

    The first of them with an odd number of quotes closes the cell, or nothing does.
    """
    refused: tuple[list[str], str, int] = [], OPEN_QUOTE, 0
    opening = _parted(line.rstrip("\r"), delimiter)
    if not _may_run_on(opening, width, delimiter):
        return refused
    whole, size = [line], len(line)
    for taken in range(RUNS_AT_MOST):
        if taken == len(waiting):
            following = next(numbered, None)
            if following is None:
                return refused
            waiting.append(following)
        further = waiting[taken][1]
        whole.append(further)
        size += len(further)
        is_closing = further.count('"') % 2 == 1
        if size > LONGEST or _looks_like_a_row(further, len(opening.fields) if is_closing else None, width, delimiter):
            return refused
        if is_closing:
            together = "\n".join(whole)
            fields, reason = judge(together, width, delimiter)
            if reason or '"' in _parted(together.rstrip("\r"), delimiter).unquoted:
                return refused
            for _ in range(taken + 1):
                waiting.popleft()
            return fields, "", taken + 1
    return refused


def _may_run_on(opening: Parted, width: int, delimiter: str) -> bool:
    """Whether a line ends within a quoted cell, and is not a whole row with a stray quote before its last cell."""
    if opening.tail is None or opening.tail.count('"') % 2 == 0 or '"' in opening.unquoted:
        return False
    return len(opening.fields) == width - 1 or len(opening.fields) + len(opening.tail.split(delimiter)) != width


def _looks_like_a_row(line: str, closes_after: int | None, width: int, delimiter: str) -> bool:
    """Whether a line that may stand within a quoted cell is a row by itself, or would be without a stray quote.

    One that closes a cell with `closes_after` fields before it has as many as a row if as many stand before its quote:
    for the first cell of a row that is so of any text, and tells nothing.
    """
    if closes_after is not None:
        text = TO_A_QUOTE.match(line)
        return text is not None and 0 < closes_after == text[0].count(delimiter)
    if any(part.strip() and not judge(part, width, delimiter)[1] for part in line.split("\r")):  # a lone CR parts rows too
        return True
    parted = _parted(line.rstrip("\r"), delimiter)
    return parted.tail is not None and len(parted.fields) + len(parted.tail.split(delimiter)) == width


def _physical(file: io.TextIOWrapper) -> Iterator[str]:
    """Lines as the counting pass saw them: ended by LF alone (with newline='' Python would end them at a lone CR too)."""
    rest: list[str] = []
    size = 0
    while chunk := file.read(CHUNK):
        verify_time()
        first, *others = chunk.split("\n")
        if size <= LONGEST:  # the rest of a line that is too long is not kept
            rest.append(first)
            size += len(first)
        if others:
            yield "".join(rest)
            yield from others[:-1]
            rest, size = [others[-1]], len(others[-1])
    if size:
        yield "".join(rest)
