"""Delimited text → a table of text cells with line numbers; every line becomes a row or a reject.

A file of which DuckDB's scan accounts for every line is taken as DuckDB reads it. Any other file is read again
line by line, each line on its own, so that an open quote costs one line and no more.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dropout.errors import ExtractError
from dropout.extracts.source import Source, SourceFile, folded

CHUNK = 1 << 20
NOT_TEXT = {b"PK\x03\x04": "a zip or workbook", b"\x1f\x8b": "gzip", b"%PDF": "a PDF", b"\xd0\xcf\x11\xe0": "an old Office file"}
Reject = tuple[int, str, str]  # line, column, reason


@dataclass(frozen=True)
class Cells:
    """What became of a file: temp table `cells` (line, one VARCHAR per column we know), its line count, its rejects."""

    line_count: int
    rejects: list[Reject]
    columns: frozenset[str]


@dataclass(frozen=True)
class Survey:
    """What one pass over the bytes tells: physical lines after the header, and what a quick reader could trip over."""

    line_count: int
    has_nul: bool
    has_quote: bool


@dataclass(frozen=True)
class Scan:
    """How DuckDB reads a file: all cells as text, `width` of them, of which `picked` is a select list."""

    path: Path
    width: int
    delimiter: str
    picked: str

    def numbered(self, has_quote: bool) -> str:
        """Rows with their number `n`, in the order of the file; without quotes, lines that do not fit are left out."""
        quoting = "quote='\"', escape='\"'" if has_quote else "quote='', escape='', ignore_errors=true, store_rejects=true"
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(self.width))
        return f"(select row_number() over () as n, * from {self._read(self.path, columns, self.delimiter, 'true', quoting)})"

    def mended(self, path: Path) -> str:
        """Rows of a file in which each line was written again with its number in front."""
        columns = ", ".join(["'line': 'BIGINT'", *(f"'c{i}': 'VARCHAR'" for i in range(self.width))])
        # the end of a line is named here: DuckDB would take a lone CR inside a quoted cell for it
        return self._read(path, columns, ",", "false", "quote='\"', escape='\"', new_line='\\n'")

    @staticmethod
    def _read(path: Path, columns: str, delimiter: str, header: str, quoting: str) -> str:
        quoted = str(path).replace("'", "''")
        return (
            f"read_csv('{quoted}', columns={{{columns}}}, header={header}, delim='{delimiter}', {quoting}, auto_detect=false, "
            "strict_mode=true, null_padding=false, max_line_size=1048576, allow_quoted_nulls=true)"
        )


def read_cells(con: duckdb.DuckDBPyConnection, path: Path, source: Source, kind: SourceFile, work: Path) -> Cells:
    """Fills temp table `cells` from `path`; raises ExtractError when the file as a whole is not what it should be."""
    where = path.name
    text = _as_utf8(path, source.encoding, work)
    found = _survey(text, where)
    header = _header(text, source.delimiter)
    places = _places(header, kind, source, where)
    picked = ", ".join([f'c{i} as "{name}"' for name, i in places.items()])
    picked += "".join(f', null::varchar as "{name}"' for name in kind.headers() if name not in places)
    scan = Scan(text, len(header), source.delimiter, picked)
    lines, rejects = found.line_count, _at_once(con, scan, found)
    if rejects is None:
        lines, rejects = _line_by_line(con, scan, work / "lines.csv")
    if _rows(con) + len(rejects) != lines:
        raise ExtractError("lines do not reconcile with rows and rejects", where=where, remedy="Report this file's structure.")
    if text != path:
        text.unlink()
    return Cells(lines, rejects, frozenset(places))


def _at_once(con: duckdb.DuckDBPyConnection, scan: Scan, found: Survey) -> list[Reject] | None:
    """The file as DuckDB reads it in one scan, or None where that does not account for every line.

    Without a quote in the file a line that does not fit is simply left out, and DuckDB says which; with quotes
    it might swallow its neighbours, so then any complaint sends the file to be read line by line.
    """
    if found.has_nul:
        return None
    try:
        con.execute(
            f"create or replace temp table cells as select n + 1 as line, {scan.picked} from {scan.numbered(found.has_quote)}"
        )
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException):
        return None
    rejects: list[Reject] = []
    if not found.has_quote:
        rejects = [
            (line, "", "too few fields" if kind == "MISSING COLUMNS" else "too many fields")
            for line, kind in con.execute("select distinct line, error_type from reject_errors order by line").fetchall()
            if kind in ("MISSING COLUMNS", "TOO MANY COLUMNS")
        ]
        con.execute("drop table reject_errors; drop table reject_scans")
    if _rows(con) + len(rejects) != found.line_count:
        return None
    if rejects:
        _renumber(con, [line for line, _, _ in rejects])
    return rejects


def _renumber(con: duckdb.DuckDBPyConnection, left_out: list[int]) -> None:
    """Numbers of rows become numbers of lines: each line left out moves the rows after it down by one."""
    con.execute(
        "create or replace temp table left_out as "
        "select line - place as after_row, max(place) as moved_by "
        "from (select unnest($lines)::bigint as line, generate_subscripts($lines, 1) as place) group by after_row",
        {"lines": left_out},
    )
    con.execute(
        "create or replace temp table cells as select c.* replace (c.line + coalesce(o.moved_by, 0) as line) "
        "from cells as c asof left join left_out as o on c.line - 1 >= o.after_row"
    )
    con.execute("drop table left_out")


def _rows(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("select count(*) from cells").fetchone()
    return int(row[0]) if row else 0


def _as_utf8(path: Path, encoding: str, work: Path) -> Path:
    """`path` itself when it is UTF-8; else a copy transcoded to UTF-8 in `work`."""
    with path.open("rb") as file:
        head = file.read(512)
    if not head.strip():
        raise ExtractError("the file is empty", where=path.name, remedy="Export it again.")
    found = next((what for magic, what in NOT_TEXT.items() if head.startswith(magic)), None)
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        found = "a web page (perhaps a login page saved as a file)"
    if found:
        raise ExtractError("the file is not delimited text", where=path.name, cause=f"It is {found}.", remedy="Export it as CSV.")
    if encoding == "utf-8":
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise _wrong_encoding(path, encoding, 1, "It starts with a UTF-16 mark.")
        return path
    copy = work / "transcoded.csv"
    try:
        with path.open(encoding=encoding, newline="") as file, copy.open("w", encoding="utf-8", newline="") as out:
            while chunk := file.read(CHUNK):
                out.write(chunk)
    except UnicodeError:
        raise _wrong_encoding(path, encoding, 1, "") from None
    return copy


def _wrong_encoding(path: Path, encoding: str, line: int, cause: str) -> ExtractError:
    remedy = "Export it again in that encoding, or name the right one in the source."
    return ExtractError(f"the file is not {encoding}", where=f"{path.name}:{line}", cause=cause, remedy=remedy)


def _survey(path: Path, where: str) -> Survey:
    """Counts lines in one pass; raises ExtractError where the bytes are not UTF-8."""
    count, last, has_nul, has_quote = 0, b"", False, False
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        chunk = b""
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
                count += chunk.count(b"\n")
                last = chunk[-1:]
                has_nul, has_quote = has_nul or b"\0" in chunk, has_quote or b'"' in chunk
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            line = count + chunk.count(b"\n", 0, error.start) + 1
            raise _wrong_encoding(Path(where), "utf-8", line, "A byte there is not UTF-8.") from None
    return Survey(count - (last == b"\n"), has_nul, has_quote)


def _header(path: Path, delimiter: str) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader([file.readline()], delimiter=delimiter), [])


def _places(header: list[str], kind: SourceFile, source: Source, where: str) -> dict[str, int]:
    """Position of every column we know; headers are compared without case, accents and extra spaces.

    Errors name the headers that the source knows and count the others: a file without a header has people there.
    """
    at = [folded(h) for h in header]
    known = {folded(s): s for spellings in kind.headers().values() for s in spellings}
    twice = sorted(known[h] for h in known if at.count(h) > 1)
    if twice:
        raise ExtractError(f"header names given twice: {', '.join(twice)}", where=f"{where}:1", remedy="Name each column once.")
    places = {}
    for name, spellings in kind.headers().items():
        hit = next((at.index(folded(s)) for s in spellings if folded(s) in at), None)
        if hit is not None:
            places[name] = hit
    missing = sorted(kind.required() - set(places))
    if not missing:
        return places
    wanted = ", ".join(kind.headers()[m][0] if m in kind.headers() else m for m in missing)
    found = ", ".join(header[i].strip().lstrip("\ufeff") for i in sorted(places.values()))
    if len(header) == 1:
        remedy = f"Export it with '{source.delimiter}' between columns: the header was not split by it."
    elif not found:
        remedy = f"None of the {len(header)} headers is known: export the file with its header line, or map it in the source."
    else:
        others = len(header) - len(places)
        remedy = f"Found: {found}, and {others} headers the source does not know. Export the columns or map them in the source."
    raise ExtractError(f"missing columns: {wanted}", where=f"{where}:1", remedy=remedy)


def _line_by_line(con: duckdb.DuckDBPyConnection, scan: Scan, mended: Path) -> tuple[int, list[Reject]]:
    """The file with each line judged on its own; returns how many lines hold anything, and the rejects."""
    count, rejects = 0, []
    with scan.path.open(encoding="utf-8-sig", newline="") as file, mended.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
        for number, line in enumerate(_text_lines(file), start=1):
            if number == 1 or not line.strip():
                continue
            count += 1
            fields, reason = _fields(line, scan.width, scan.delimiter)
            if reason:
                rejects.append((number, "", reason))
            else:
                write((number, *fields))
    con.execute(f"create or replace temp table cells as select line, {scan.picked} from {scan.mended(mended)}")
    mended.unlink()
    return count, rejects


def _text_lines(file: io.TextIOWrapper) -> Iterator[str]:
    """Lines as the counting pass saw them: ended by LF alone (with newline='' Python would end them at a lone CR too)."""
    rest = ""
    while chunk := file.read(CHUNK):
        *whole, rest = (rest + chunk).split("\n")
        yield from whole
    if rest:
        yield rest


def _fields(line: str, width: int, delimiter: str) -> tuple[list[str], str]:
    line = line.rstrip("\r")
    if "\0" in line:
        return [], "a NUL byte"
    if '"' not in line:
        fields = line.split(delimiter)
    else:
        try:
            fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            return [], "an open or misplaced quote"
    if len(fields) == width:
        return fields, ""
    return [], "too few fields" if len(fields) < width else "too many fields"
