"""How high a row must be for its wrapped texts: LibreOffice does not find it out for a file that no spreadsheet wrote."""

from collections.abc import Iterable, Sequence
from math import ceil

from xlsxwriter.worksheet import Worksheet

LINE_POINTS = 15.0  # a line of Calibri 11
HIGHEST_POINTS = 408.75  # Excel's bound, 409, in whole pixels


def line_count(text: str, width: float) -> int:
    """Lines that `text` takes in a column of `width`, broken between words; a word too long for a line is broken in it."""
    room = max(1, int(width))  # in digits of Calibri; its letters are narrower, those of fonts that stand in for it are as wide
    lines, used = 1, 0
    for word in text.split(" "):
        need = len(word)
        if used and used + 1 + need <= room:
            used += 1 + need
            continue
        if used:
            lines += 1
        lines += max(0, ceil(need / room) - 1)
        used = need if need <= room else need % room or room
    return lines


def set_heights(
    sheet: Worksheet, rows: Iterable[Sequence[object]], widths: Sequence[float], *, first: int = 0, least: int = 1, after: int = 0
) -> None:
    """Gives each row, from row `first` on, the height that its highest text needs, at least `least` lines.

    `after` empty lines follow it. A width of 0 is a folded column.
    """
    for row, cells in enumerate(rows, start=first):
        texts = [(cell, width) for cell, width in zip(cells, widths, strict=True) if isinstance(cell, str) and width]
        lines = max((line_count(text, width) for text, width in texts if len(text) > width), default=1)
        high = max(lines, least) + after
        if high > 1:
            sheet.set_row(row, min(high * LINE_POINTS, HIGHEST_POINTS))
