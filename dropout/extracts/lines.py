"""Lines judged one by one: each becomes a row or a reject, whatever its neighbours look like."""

import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from dropout.extracts.decode import UNREADABLE
from dropout.extracts.sheet import Reject

CHUNK = 1 << 20
LONGEST = 1 << 20  # characters of a line; what is longer is no line of a register
RUNS_AT_MOST = 50  # lines that one quoted cell may run over
OPEN_QUOTE = "an open or misplaced quote"


def mend(source: Path, target: Path, width: int, delimiter: str, header_line: int) -> tuple[int, list[Reject]]:
    """Writes every good line of UTF-8 file `source` below `header_line` to `target`: its number, then its cells, quoted.

    A quoted cell may run over several lines as long as none of the lines it takes in would be a row by itself.
    Returns how many lines hold anything (a row over several lines counts once) and the rejects.
    """
    count, rejects = 0, []
    with source.open("rb") as raw, target.open("w", encoding="utf-8", newline="") as out:
        file = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
        write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
        waiting: deque[tuple[int, str]] = deque()
        numbered = enumerate(_physical(file), start=1)
        while waiting or (ahead := next(numbered, None)):
            number, line = waiting.popleft() if waiting else ahead  # type: ignore[misc]
            if number <= header_line or not line.strip():
                continue
            count += 1
            fields, reason = judge(line, width, delimiter)
            if reason == OPEN_QUOTE:
                fields, reason = _run_on(line, width, delimiter, waiting, numbered)
            if reason:
                rejects.append((number, "", reason))
            else:
                write((number, *fields))
    return count, rejects


def judge(line: str, width: int, delimiter: str) -> tuple[list[str], str]:
    """The cells of one line, or why it has none."""
    line = line.rstrip("\r")
    if len(line) > LONGEST:
        return [], "a line of more than a million characters"
    if "\0" in line:
        return [], "a NUL byte"
    if UNREADABLE in line:
        return [], "bytes that are no text in the file's encoding"
    try:
        fields = cut(line, delimiter, strict=True)
    except csv.Error:
        return [], OPEN_QUOTE
    if len(fields) == width:
        return fields, ""
    return [], "too few fields" if len(fields) < width else "too many fields"


def cut(line: str, delimiter: str, *, strict: bool = False) -> list[str]:
    """The fields of a line; raises csv.Error for an open or misplaced quote when `strict`."""
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter, strict=strict), [])


def _run_on(
    line: str, width: int, delimiter: str, waiting: deque[tuple[int, str]], numbered: Iterator[tuple[int, str]]
) -> tuple[list[str], str]:
    """Tries the line with the ones after it; takes them from `waiting` only when together they are one row."""
    whole = line
    for taken in range(RUNS_AT_MOST):
        if taken == len(waiting):
            following = next(numbered, None)
            if following is None:
                break
            waiting.append(following)
        following_line = waiting[taken][1]
        if following_line.count('"') % 2 == 0 and not judge(following_line, width, delimiter)[1]:
            break
        whole += "\n" + following_line
        fields, reason = judge(whole, width, delimiter)
        if not reason:
            for _ in range(taken + 1):
                waiting.popleft()
            return fields, ""
        if len(whole) > LONGEST:
            break
    return [], OPEN_QUOTE


def _physical(file: io.TextIOWrapper) -> Iterator[str]:
    """Lines as the counting pass saw them: ended by LF alone (with newline='' Python would end them at a lone CR too)."""
    rest: list[str] = []
    size = 0
    while chunk := file.read(CHUNK):
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
