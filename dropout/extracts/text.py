"""Delimited text → a sheet of text cells; every line is in it or is a reject.

A file of which DuckDB's scan accounts for every line is taken as DuckDB reads it. Any other file is read again
line by line (`lines.py`), each line on its own, so that an open quote costs one line and no more.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from dropout.errors import ExtractError
from dropout.extracts import lines
from dropout.extracts.confined import Limits
from dropout.extracts.decode import as_utf8, mark_of
from dropout.extracts.header import LOOKED_AT, find_header
from dropout.extracts.sheet import Reject, Sheet
from dropout.extracts.source import SourceFile, many
from dropout.warehouse.deadline import verify_time

CHUNK = 1 << 20
COLUMNS_AT_MOST = 20_000  # of a header
HEAD_AT_MOST = 4 << 20  # characters, of all lines among which the header is looked for
WRITTEN_AT_MOST = 3 * lines.LONGEST  # bytes of a line as `lines.mend` writes it: each quote twice, each cell in quotes
BLOCK = 4096
# DuckDB keeps the whole line, several times over, for each field too many in it: a few hundred wide lines would fill the memory
WATCHED = "ignore_errors=true, store_rejects=true, rejects_limit=5000"
NEWLINE = ord("\n")
STRUCTURE = {"MISSING COLUMNS": "too few fields", "TOO MANY COLUMNS": "too many fields"}


@dataclass(frozen=True)
class Survey:
    """What one pass over the bytes tells: lines, and what a quick reader could trip over."""

    physical_count: int  # ends of line, and the last line without one
    line_count: int  # without empty ones at the end
    has_nul: bool
    has_quote: bool
    has_mixed_ends: bool
    has_long_line: bool  # of more than 2 * BLOCK bytes, or some of more than BLOCK


@dataclass(frozen=True)
class Layout:
    """How a file is cut into cells."""

    delimiter: str
    header_line: int  # the last line of the header, counted from 1
    header: list[str]
    above: list[list[str]]


def read_text(con: duckdb.DuckDBPyConnection, path: Path, kind: SourceFile, work: Path, limits: Limits) -> Sheet:
    """The sheet of `path`; raises ExtractError when the file as a whole is not what it should be.

    Its relation reads files in `work`, or `path` itself: keep both until the relation has been read.
    """
    assert kind.encoding is not None
    text, encoding, is_clean = as_utf8(path, many(kind.encoding), work)  # type: ignore[arg-type]
    layout = _layout(text, kind, path.name)
    found = _survey(text)
    is_plain = is_clean and not found.has_nul and not found.has_mixed_ends
    sheet = _at_once(con, text, layout, found, encoding) if is_plain else None
    return sheet or _line_by_line(text, layout, found, encoding, work)


def quick_sheet(path: Path, kind: SourceFile) -> Sheet | None:
    """The sheet of a file of plain UTF-8 lines, not yet looked at: whoever reads it must find `line_count` rows, or nothing.

    None for another encoding, quotes, NULs or mixed line ends. That the bytes are UTF-8 is left to DuckDB, which
    refuses others.
    """
    assert kind.encoding is not None
    encodings: list[str] = many(kind.encoding)  # type: ignore[arg-type]
    if encodings[0] != "utf-8" or mark_of(path) not in (None, "utf-8"):
        return None
    try:
        layout = _layout(path, kind, path.name)
    except ExtractError:  # as its bytes are; in its own encoding, or with its own ends of line, it may have one
        return None
    found = _survey(path)
    if found.has_nul or found.has_mixed_ends or found.has_quote:
        return None
    return _sheet(_plain(path, layout, quoting="quote='', escape=''"), path, layout, found, "utf-8", [])


def _plain(text: Path, layout: Layout, quoting: str) -> str:
    """The query by which DuckDB reads all of a file at once."""
    # new_line is not named: DuckDB 2.0 reads no row at all when it is told of CRLF, and finds it by itself
    options = f"header=true, skip={layout.header_line - 1}, delim='{layout.delimiter}', {quoting}"
    return _read_csv(text, [f"c{i}" for i in range(len(layout.header))], options)


def _sheet(relation: str, text: Path, layout: Layout, found: Survey, encoding: str, rejects: list[Reject]) -> Sheet:
    return Sheet(
        relation=relation, header=layout.header, line_count=found.line_count - layout.header_line, rejects=rejects,
        has_line=False, first_line=layout.header_line + 1, left_out=[line for line, _, _ in rejects], above=layout.above,
        encoding=encoding, is_typed=False, text=text,
    )  # fmt: skip


def _at_once(con: duckdb.DuckDBPyConnection, text: Path, layout: Layout, found: Survey, encoding: str) -> Sheet | None:
    """The file as DuckDB reads it, or None where that does not account for every line.

    Without a quote in the file a line that does not fit is simply left out, and DuckDB says which; with quotes
    it might swallow its neighbours, so then any complaint sends the file to be read line by line.
    """
    quoting = "quote='\"', escape='\"'" if found.has_quote else "quote='', escape='', ignore_errors=true"
    relation = _plain(text, layout, quoting)
    is_watched = not (found.has_quote or found.has_long_line)
    watched = relation.replace("ignore_errors=true", WATCHED) if is_watched else relation
    try:
        # the last cell too: DuckDB must look at every line to its end, or it notices no line that is cut
        [(rows, _)] = con.execute(f"select count(*), count(c{len(layout.header) - 1}) from ({watched})").fetchall()
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException):
        return None
    rejects: list[Reject] = []
    if is_watched:
        errors = con.execute(
            "select distinct line, error_type, "
            "if(error_type = 'TOO MANY COLUMNS' or regexp_full_match(csv_line, '\\s*'), csv_line, null) as csv_line "
            "from reject_errors order by line"
        ).fetchall()
        con.execute("drop table reject_errors; drop table reject_scans")
        if any(text is not None and _is_none(text, layout) for _, _, text in errors):
            return None
        rejects = [(int(line), "", STRUCTURE[kind]) for line, kind, _ in errors if kind in STRUCTURE]
    sheet = _sheet(relation, text, layout, found, encoding, rejects)
    return sheet if rows + len(rejects) == sheet.line_count else None


def _is_none(line: str, layout: Layout) -> bool:
    """Whether a line that DuckDB could not take is no reject: it is blank, or has blank cells beyond its last column."""
    return not line.strip() or not lines.judge(line.strip("\r\n"), len(layout.header), layout.delimiter)[1]


def _line_by_line(text: Path, layout: Layout, found: Survey, encoding: str, work: Path) -> Sheet:
    mended = work / f"{text.stem}.lines.csv"
    made = lines.mend(text, mended, len(layout.header), layout.delimiter, layout.header_line)
    if layout.header_line + made.record_count + made.continued_count + made.blank_count != found.physical_count:
        raise ExtractError("lines do not reconcile with the file's", where=text.name, remedy="Report this file's structure.")
    names = ["line", *(f"c{i}" for i in range(len(layout.header)))]
    # the end of a line is named here: DuckDB would take a lone CR inside a quoted cell for it
    options = "header=false, delim=',', quote='\"', escape='\"', new_line='\\n'"
    relation = _read_csv(mended, names, options, parallel=False, longest=WRITTEN_AT_MOST)
    relation = relation.replace("select *", "select * replace (line::bigint as line)")
    return Sheet(
        relation=relation, header=layout.header, line_count=made.record_count, rejects=made.rejects, has_line=True, first_line=0,
        left_out=[], above=layout.above, encoding=encoding, is_typed=False, text=text, continued_count=made.continued_count,
        blank_count=made.blank_count,
    )  # fmt: skip


def _read_csv(path: Path, names: list[str], options: str, *, parallel: bool = True, longest: int = lines.LONGEST) -> str:
    quoted = str(path).replace("'", "''")
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    return (
        f"select * from read_csv('{quoted}', columns={{{columns}}}, {options}, auto_detect=false, strict_mode=true, "
        f"null_padding=false, max_line_size={longest}, allow_quoted_nulls=true, parallel={str(parallel).lower()})"
    )


def _survey(path: Path) -> Survey:
    """Counts lines and looks for what needs care, in one pass over the bytes."""
    count, crlf, cr, tail = 0, 0, 0, b""
    has_nul = has_quote = has_long_line = False
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            verify_time()
            count += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == NEWLINE))  # three times as fast as bytes.count
            if b"\r" in chunk or tail.endswith(b"\r"):
                cr += chunk.count(b"\r")
                crlf += chunk.count(b"\r\n") + (tail.endswith(b"\r") and chunk.startswith(b"\n"))
            has_nul, has_quote = has_nul or b"\0" in chunk, has_quote or b'"' in chunk
            has_long_line = has_long_line or any(
                chunk.find(b"\n", at, at + BLOCK) < 0 for at in range(0, len(chunk) - BLOCK, BLOCK)
            )
            tail = (tail + chunk)[-CHUNK:]
    body = tail.rstrip(b"\r\n")
    empty_at_the_end = max(0, tail.count(b"\n", len(body)) - 1)
    is_ended = len(body) < len(tail)
    return Survey(
        physical_count=count + (not is_ended),
        line_count=count - empty_at_the_end + (not is_ended),
        has_nul=has_nul,
        has_quote=has_quote,
        has_mixed_ends=cr != crlf or 0 < crlf < count,
        has_long_line=has_long_line,
    )


def _layout(path: Path, kind: SourceFile, where: str) -> Layout:
    """The header and what stands above it, cut by the first declared delimiter with which the header is known."""
    assert kind.delimiter is not None
    head, too_long = _head(path)
    first: ExtractError | None = None
    for delimiter in many(kind.delimiter):
        too_wide = next((i for i, line in enumerate(head, start=1) if line.count(delimiter) >= COLUMNS_AT_MOST), too_long)
        rows = [lines.cut(line, delimiter) if line.count(delimiter) < COLUMNS_AT_MOST else [] for line in head]
        try:
            at, header = find_header(rows, kind, where)
        except ExtractError as error:
            if first is None:
                first = _too_wide(where, too_wide) if too_wide else error
                if len(rows[0]) == 1:
                    first.remedy = f"Export it with '{delimiter}' between columns: the header was not split by it."
            continue
        return Layout(delimiter, at + kind.header_rows, header, rows[:at])
    assert first is not None
    raise first


def _head(path: Path) -> tuple[list[str], int]:
    """The lines among which the header is looked for, one too long for a header left empty; and the number of the first such."""
    head: list[str] = []
    size = too_long = 0
    with path.open("rb") as file:
        while len(head) <= LOOKED_AT and size < HEAD_AT_MOST and (line := file.readline(lines.LONGEST + 1)):
            is_long = len(line) > lines.LONGEST
            too_long = too_long or is_long * (len(head) + 1)
            while is_long and line and not line.endswith(b"\n"):
                line = file.readline(CHUNK)
                verify_time()
            head.append("" if is_long else line.decode("utf-8-sig", errors="replace").rstrip("\r\n"))
            size += len(head[-1])
    return head, too_long


def _too_wide(where: str, line: int) -> ExtractError:
    return ExtractError(
        f"no header: the line has more than {COLUMNS_AT_MOST:,} columns, or a million characters",
        where=f"{where}:{line}",
        remedy="Export it with a line per record, and the line of headers above them.",
    )
