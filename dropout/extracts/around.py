"""What stands around a file's rows: in its path, and in the lines above its header."""

import re
import unicodedata

from dropout.errors import ExtractError
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import YEAR_START, SourceFile, folded, many
from dropout.extracts.wide import full_year


def around(kind: SourceFile, name: str, sheet: Sheet) -> dict[str, str]:
    """Values by column or date part that hold for every row of file `name`.

    Raises ExtractError when the name does not fit `kind.path`, or a required label has no value beside it.
    """
    return _from_path(kind, name) | _from_cells(kind, name, sheet)


def _from_path(kind: SourceFile, name: str) -> dict[str, str]:
    if not kind.path:
        return {}
    found = re.search(kind.path, unicodedata.normalize("NFC", name))
    if not found:
        raise ExtractError(
            "the file's name does not say what the source takes from it",
            where=name,
            cause=f"It does not fit: {kind.path}",
            remedy="Rename the file as the other ones, or correct `path` in the source.",
        )
    said = {group: text for group, text in found.groupdict().items() if text is not None}
    if YEAR_START in said:
        start = full_year(said[YEAR_START])
        said[YEAR_START] = str(start)
        said.setdefault("school_year", f"{start}-{start + 1}")
    return said


def _from_cells(kind: SourceFile, name: str, sheet: Sheet) -> dict[str, str]:
    said = {}
    required = {c.name for c in kind.contract.canonical_columns if c.is_required} if kind.contract else set()
    for column, labels in kind.cells.items():
        value = next((v for label in many(labels) if (v := _beside(folded(label), sheet.above))), "")
        if value:
            said[column] = value
        elif column in required and column not in kind.defaults:
            raise ExtractError(
                f"nothing stands beside '{many(labels)[0]}' above the header",
                where=name,
                remedy="Export the sheet with its upper lines, or correct `cells` in the source.",
            )
    return said


def _beside(label: str, above: list[list[str]]) -> str:
    """The first cell with something in it after the one that holds `label`; or what follows "label:" in the same cell."""
    for row in above:
        for place, cell in enumerate(row):
            text = folded(cell)
            if text.rstrip(" :") == label:
                return next((c.strip() for c in row[place + 1 :] if c.strip()), "")
            if text.startswith(label + ":") or text.startswith(label + " :"):
                return cell.split(":", 1)[1].strip()
    return ""
