"""A list that came back, text or workbook → a sheet: lines as a spreadsheet leaves them, not as a system exports them."""

from dataclasses import replace
from pathlib import Path

import duckdb

from dropout.errors import ExtractError
from dropout.extracts.answers.recognise import LARGEST, readings
from dropout.extracts.confined import Limits
from dropout.extracts.header import LOOKED_AT, find_header
from dropout.extracts.lines import cut
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import SourceFile, many
from dropout.extracts.text import read_text
from dropout.extracts.workbook import read_workbook

QUOTE = '"'


def read_returned(con: duckdb.DuckDBPyConnection, path: Path, kind: SourceFile, work: Path, limits: Limits) -> Sheet:
    """The sheet of a list: a workbook by its bytes, else text in the encoding in which its header is known.

    Excel leaves out the empty cells at the end of a line where sixteen lines have none (its article 77295); the
    answers are the last cells, so lines are filled up to the header before they are judged. Raises ExtractError as the
    readers of text and workbooks do.
    """
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            return read_workbook(con, path, kind, work, limits)
    if path.stat().st_size > LARGEST:
        raise ExtractError("a list of more than 16 MiB", where=path.name, remedy="Send the school's list alone.")
    text, encoding, delimiter, width = _known(path.read_bytes(), kind, path.name)
    copy = work / f"{path.name}.filled"
    copy.write_text(_filled(text, delimiter, width), encoding="utf-8", newline="")
    plain = kind.model_copy(update={"encoding": "utf-8", "delimiter": delimiter})
    return replace(read_text(con, copy, plain, work, limits), encoding=encoding)


def _known(data: bytes, kind: SourceFile, where: str) -> tuple[str, str, str, int]:
    """The text in the first encoding, and by the first delimiter, with which the header is known; and the header's width.

    An old Macintosh ends its lines by a carriage return alone.
    """
    errors: dict[int, ExtractError] = {}  # by the cells of the widest line: what is wrong is said of the best cut
    for text, encoding in readings(data):
        lines = text.replace("\r\n", "\n") if "\n" in text else text.replace("\r", "\n")
        head = lines.split("\n", LOOKED_AT)[:LOOKED_AT]
        for delimiter in many(kind.delimiter or ","):
            rows = [cut(line, delimiter) for line in head]
            try:
                _, header = find_header(rows, kind, where)
            except ExtractError as error:
                errors.setdefault(max(map(len, rows)), error)
                continue
            return lines, encoding, delimiter, len(header)
    raise errors[max(errors)]


def _filled(text: str, delimiter: str, width: int) -> str:
    """`text` with every record filled up to `width` cells; where a quoted cell runs over lines, after its last one."""
    filled: list[str] = []
    record: list[str] = []
    is_open = False
    for line in text.split("\n"):
        record.append(line)
        is_open ^= bool(line.count(QUOTE) % 2)
        if is_open:
            continue
        cells = " ".join(record)
        lacking = width - len(cut(cells, delimiter)) if cells.strip() else 0
        filled += [*record[:-1], line + delimiter * max(0, lacking)]
        record = []
    return "\n".join([*filled, *record])
