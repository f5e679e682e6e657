"""Delimited text of unknown make: its beginning and some places further on, cut into cells."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dropout.errors import ExtractError
from dropout.extracts.decode import NOT_TEXT
from dropout.extracts.draft.encoding import EncodingGuess, decoded, guess_encoding
from dropout.extracts.draft.evenly import ROWS, evenly
from dropout.extracts.draft.heading import Heading, Row, find_heading
from dropout.extracts.lines import cut

LINES = 2000
HEAD_BYTES = 4 << 20
BLOCKS, BLOCK_BYTES = 16, 1 << 17
# in the order of habit; a colon also stands in times, and comes last
DELIMITERS = (";", ",", "\t", "|", "~", "^", "¦", "؛", "،", "\x1f", "#", ":")


@dataclass(frozen=True)
class TextSample:
    """Rows from the top and from further on; `heading` is None when no line looks like a header."""

    rows: list[Row]
    further: list[Row]
    encoding: EncodingGuess
    delimiter: str
    heading: Heading | None


def read_delimited(path: Path) -> TextSample:
    """The sample of a text file: its beginning, and rows from all over it. At most 6 MiB are read, whatever its size.

    Raises ExtractError for what is no text."""
    blocks = _blocks(path)
    _verify_text(path, blocks[0])
    encoding = guess_encoding(blocks)
    head, *others = [decoded(block, encoding.encoding) for block in blocks]
    is_cut = path.stat().st_size >= HEAD_BYTES
    every = _lines(head, is_cut=is_cut)
    lines = [line for line in every[:LINES] if line.strip()]
    delimiter, heading = _delimiter(lines)
    rest = [line for line in every[LINES:] if line.strip()]
    rest += [line for text in others for line in _lines(text, is_cut=True)[1:] if line.strip()]
    further = evenly(rest, ROWS - LINES)
    return TextSample([cut(x, delimiter) for x in lines], [cut(x, delimiter) for x in further], encoding, delimiter, heading)


def _verify_text(path: Path, head: bytes) -> None:
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise ExtractError("the file is empty", where=path.name, remedy="Give a sample with a header and some rows.")
    found = next((what for magic, what in NOT_TEXT.items() if head.startswith(magic)), None)
    if found:
        remedy = "Export it as CSV or .xlsx; a workbook needs the ending .xlsx to be taken for one."
        raise ExtractError("the file is not delimited text", where=path.name, cause=f"It is {found}.", remedy=remedy)


def _blocks(path: Path) -> list[bytes]:
    """The beginning, and for a larger file blocks at equal distances up to its end; at even places, for UTF-16."""
    size = path.stat().st_size
    last = max(HEAD_BYTES, size - BLOCK_BYTES)
    places = [HEAD_BYTES + (last - HEAD_BYTES) * number // (BLOCKS - 1) for number in range(BLOCKS)]
    with path.open("rb") as file:
        blocks = [file.read(HEAD_BYTES)]
        for place in sorted(set(places)) if size > HEAD_BYTES else []:
            file.seek(place // 2 * 2)
            blocks.append(file.read(BLOCK_BYTES))
    return blocks


def _lines(text: str, *, is_cut: bool) -> list[str]:
    """Whole lines, without their ends; a lone CR ends them only where no LF does."""
    end = "\n" if "\n" in text or "\r" not in text else "\r"
    lines = text.split(end)
    if is_cut and len(lines) > 1:
        lines.pop()
    return [line.rstrip("\r") for line in lines]


def _delimiter(lines: list[str]) -> tuple[str, Heading | None]:
    """The delimiter with which the lines are most alike and one of them is most clearly a header."""
    best: tuple[float, str, Heading | None] = (-1.0, ",", find_heading([[line] for line in lines]))
    for rank, delimiter in enumerate(DELIMITERS):
        if sum(delimiter in line for line in lines) < 0.5 * len(lines):
            continue
        rows = [cut(line, delimiter) for line in lines]
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width < 2:
            continue
        heading = find_heading(rows)
        fits = heading is not None and len(heading.header) == width
        score = count / len(rows) + (heading.score if heading and fits else -1) - 0.01 * rank
        if score > best[0]:
            best = (score, delimiter, heading if fits else None)
    return best[1], best[2]
