"""Delimited text → a table of text cells with line numbers; every line becomes a row or a reject.

A file that DuckDB reads without complaint, and with as many rows as lines, is taken as DuckDB reads it. Any
other file is read again line by line, each line on its own, so that an open quote costs one line and no more.
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


def read_cells(con: duckdb.DuckDBPyConnection, path: Path, source: Source, kind: SourceFile, work: Path) -> Cells:
    """Fills temp table `cells` from `path`; raises ExtractError when the file as a whole is not what it should be."""
    where = path.name
    text = _as_utf8(path, source.encoding, work)
    lines, has_nul = _count_lines(text, where)
    header = _header(text, source.delimiter)
    places = _places(header, kind, source, where)
    picked = ", ".join(f'c{i} as "{name}"' for name, i in places.items())
    absent = [name for name in kind.headers() if name not in places]
    nulls = "".join(f', null::varchar as "{name}"' for name in absent)
    make = f"create or replace temp table cells as select line, {picked}{nulls} from "
    rejects: list[Reject] = []
    try:
        con.execute(make + _scan(text, len(header), source.delimiter, numbered=False))
        clean = _rows(con) == lines and not has_nul
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException):
        clean = False
    if not clean:
        mended = work / "lines.csv"
        lines, rejects = _line_by_line(text, mended, len(header), source.delimiter)
        con.execute(make + _scan(mended, len(header), ",", numbered=True))
        mended.unlink()
    if _rows(con) + len(rejects) != lines:
        raise ExtractError("lines do not reconcile with rows and rejects", where=where, remedy="Report this file's structure.")
    if text != path:
        text.unlink()
    return Cells(lines, rejects, frozenset(places))


def _rows(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("select count(*) from cells").fetchone()
    return int(row[0]) if row else 0


def _scan(path: Path, width: int, delimiter: str, *, numbered: bool) -> str:
    """A scan of all cells as text; `numbered` files carry the line in front, others count it from the header on."""
    names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width))
    columns = "{'line': 'BIGINT', " + names + "}" if numbered else "{" + names + "}"
    line = "" if numbered else "row_number() over () + 1 as line, "
    quoted = str(path).replace("'", "''")
    return (
        f"(select {line}* from read_csv('{quoted}', columns={columns}, header={'false' if numbered else 'true'}, "
        f"delim='{delimiter}', quote='\"', escape='\"', auto_detect=false, strict_mode=true, null_padding=false, "
        "max_line_size=1048576, allow_quoted_nulls=true))"
    )


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


def _count_lines(path: Path, where: str) -> tuple[int, bool]:
    """Physical lines after the header, blank ones too, and whether any holds a NUL byte.

    Raises ExtractError where the bytes are not UTF-8.
    """
    count, last, has_nul, decoder = 0, b"", False, codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        chunk = b""
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
                count += chunk.count(b"\n")
                last, has_nul = chunk[-1:], has_nul or b"\0" in chunk
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            line = count + chunk.count(b"\n", 0, error.start) + 1
            raise _wrong_encoding(Path(where), "utf-8", line, "A byte there is not UTF-8.") from None
    return count - (last == b"\n"), has_nul


def _header(path: Path, delimiter: str) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader([file.readline()], delimiter=delimiter), [])


def _places(header: list[str], kind: SourceFile, source: Source, where: str) -> dict[str, int]:
    """Position of every column we know; headers are compared without case, accents and extra spaces."""
    at = [folded(h) for h in header]
    twice = sorted({header[i] for i, h in enumerate(at) if h and at.count(h) > 1})
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
    if len(header) == 1:
        remedy = f"Export it with '{source.delimiter}' between columns: the header was not split by it."
    else:
        remedy = (
            f"The header has: {', '.join(h.strip() for h in header if h.strip())}. Export the columns or map them in the source."
        )
    raise ExtractError(f"missing columns: {wanted}", where=f"{where}:1", remedy=remedy)


def _line_by_line(path: Path, target: Path, width: int, delimiter: str) -> tuple[int, list[Reject]]:
    """Writes the good lines, numbered, to `target`; returns how many lines hold anything, and the rejects."""
    count, rejects = 0, []
    with path.open(encoding="utf-8-sig", newline="") as file, target.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
        for number, line in enumerate(_text_lines(file), start=1):
            if number == 1 or not line.strip():
                continue
            count += 1
            fields, reason = _fields(line, width, delimiter)
            if reason:
                rejects.append((number, "", reason))
            else:
                write((number, *fields))
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
