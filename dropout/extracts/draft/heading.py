"""Where the header of an unknown file stands: the line whose cells name what stands below them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from dropout.errors import ExtractError
from dropout.extracts.draft.synonyms import is_known_header, load_synonyms, tokens
from dropout.extracts.header import LOOKED_AT, find_header
from dropout.extracts.source import SourceFile

Row = list[str]
BODY = 200  # rows below a line that are compared with it
DAY_HEADER = re.compile(r"\D{0,12}\d{1,4}([-/._ ]\d{1,2}){0,2}([-/._ ]\d{2,4})?( 00:00:00)?(\W*\D{1,12})?")
KNOWN = 0.3  # share of the cells that the synonyms have
CONTRAST = 0.5  # share of the columns whose header is of another kind than what stands below


@dataclass(frozen=True)
class Heading:
    """The header of a file: index of its (first) line, one text per column, lines it takes, and how well it fits."""

    index: int
    header: Row
    row_count: int
    score: float


def find_heading(rows: Sequence[Row]) -> Heading | None:
    """The header among the first lines, or None: better no header than a line of somebody's data taken for one."""
    found = [h for index in range(min(len(rows), LOOKED_AT)) if (h := _judged(rows, index))]
    return max(found, key=lambda h: (h.score, -h.index), default=None)


def no_heading(name: str) -> ExtractError:
    """What to say of a file without a header."""
    return ExtractError(
        "no header line found",
        where=name,
        cause=f"In none of its first {LOOKED_AT} lines do cells name the columns below.",
        remedy="Export the file with its header line, or write one above the first row.",
    )


def _judged(rows: Sequence[Row], index: int) -> Heading | None:
    row = rows[index]
    body = [r for r in rows[index + 1 :] if any(c.strip() for c in r)][:BODY]
    width = len(row)
    cells = [(place, cell.strip()) for place, cell in enumerate(row) if cell.strip()]
    if len(cells) < max(2 if width > 1 else 1, width / 3):
        return None
    same = [r for r in body if len(r) == width]
    if body and len(same) < 0.5 * len(body):
        return None
    known = sum(is_known_header(cell) or _is_subject(cell) for _, cell in cells)
    days = _day_like([cell for _, cell in cells])
    contrast = sum(_contrasts(cell, [r[place] for r in same]) for place, cell in cells)
    data = sum(_is_data(cell) for _, cell in cells) - days
    repeated = len(cells) - len({cell for _, cell in cells})
    if (
        (known + days < KNOWN * len(cells) and contrast < CONTRAST * len(cells))
        or data > 0.3 * len(cells)
        or _is_echoed(cells, row, same)
    ):
        return None
    count = len(cells)
    labels = sum(cell.endswith(":") for _, cell in cells)
    score = (
        2 * (known + days - labels) / count
        + 0.1 * min(known + days, 10)
        + contrast / count
        + 0.5 * count / width
        - 2 * data / count
        - repeated / count
    )
    if score <= 0.5:
        return None
    return _of_two_rows(rows, index, score) or Heading(index, [c.strip() for c in row], 1, score)


def _day_like(cells: list[str]) -> int:
    """Headers that look like days; a few of them are numbers of a data row."""
    days = [c for c in cells if re.search(r"\d", c) and DAY_HEADER.fullmatch(c) and len(c) <= 24]
    return len(days) if len(days) >= 5 and len(set(days)) == len(days) else 0


def _is_echoed(cells: list[tuple[int, str]], row: Row, below: list[Row]) -> bool:
    """Whether a word of the line stands below it again: then it is a value, unless a print repeats the whole line."""
    others = [r for r in below if r != row]
    return any(not re.fullmatch(r"\d*", cell) and any(r[place].strip() == cell for r in others) for place, cell in cells)


def _is_subject(cell: str) -> bool:
    return tokens(cell) in _subjects()


@cache
def _subjects() -> frozenset[tuple[str, ...]]:
    return frozenset(tokens(s) for s in load_synonyms().subjects)


def _is_data(cell: str) -> bool:
    """Numbers and dates, and ids with many digits."""
    digits = len(re.findall(r"\d", cell))
    return digits >= 3 or (digits > 0 and digits >= 0.5 * len(cell))


def _contrasts(cell: str, below: Sequence[str]) -> bool:
    """Whether a cell is of another kind than the cells below it, and not among them."""
    filled = [b.strip() for b in below if b.strip()]
    if len(filled) < 2 or cell in filled or _is_data(cell):
        return False
    with_digits = sum(bool(re.search(r"\d", b)) for b in filled)
    if with_digits >= 0.9 * len(filled):
        return not re.search(r"\d", cell)
    common = Counter(filled)
    is_code = len(common) <= 0.2 * len(filled) and max(map(len, common)) < len(cell)
    return is_code


def _of_two_rows(rows: Sequence[Row], index: int, score: float) -> Heading | None:
    """The heading when the next line splits it: cells merged above, and below them words that repeat or that we know."""
    if index + 2 >= len(rows):
        return None
    upper, lower = rows[index], rows[index + 1]
    filled = [(place, c.strip()) for place, c in enumerate(lower) if c.strip()]
    words = Counter(cell for _, cell in filled)
    is_split = any(place < len(upper) and not upper[place].strip() and any(upper[:place]) for place, _ in filled)
    are_words = all((words[cell] > 1 or is_known_header(cell)) and not _is_data(cell) for cell in words)
    body = [r for r in rows[index + 2 : index + 2 + BODY] if len(r) == len(lower)]
    if not (is_split and are_words) or _is_echoed(filled, lower, body):
        return None
    kind = SourceFile(match="*", raw="sample", header_rows=2)  # wants no column: the first line is its header
    return Heading(index, [c.strip() for c in find_header([upper, lower], kind, "")[1]], 2, score + 0.5)
