"""Any table comes back equal from any encoding, delimiter, quoting and layout; and whatever happens to a file, it is refused
as a whole with an error of ours, or each of its lines is in one row or one reject; never a crash.

What a file holds is counted here and not by the reader: its ends of line, and a marker of its own in each line.
`make prove` runs ten thousand cases of each, `make test` some hundreds.
"""

import codecs
import csv
import io
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.errors import ExtractError
from dropout.extracts.confined import Limits
from dropout.extracts.rejected import _raw_lines
from dropout.extracts.source import SourceFile
from dropout.extracts.take import Taken, open_sheet, take

RAW = SourceFile(match="*", raw="t", fields={"name": "VARCHAR", "place": "VARCHAR", "note": "VARCHAR"}, date_formats=["%Y-%m-%d"])
TYPED = SourceFile(
    match="*", raw="t", date_formats=["%d/%m/%Y"], codes={"note": {"P": "present", "A": "absent"}},
    fields={"name": "VARCHAR", "place": "INTEGER", "note": "VARCHAR", "day": "DATE"},
)  # fmt: skip
N = 10_000
NAMES = ("name", "place", "note")
BLANKS = "".join(c for c in map(chr, range(0x3100)) if unicodedata.category(c) == "Zs")
SINGLE_BYTE = {"windows-1252": "cp1252", "windows-1256": "cp1256", "latin-1": "latin-1"}
MARKER = re.compile(r"Q\d{4}Q")
Rows = list[tuple[str, ...]]

# what a cell may hold: any text; a NUL or a lone CR is no text of a cell, and U+FFFD stands for what was none
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0\ufffd"), max_size=12)
delimiters = st.sampled_from([";", ",", "\t", "|"])
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", *SINGLE_BYTE])


@dataclass(frozen=True)
class Read:
    """What came of a file: its rows as text, its rejects' lines, and how many lines rows took in, or were blank."""

    rows: list[tuple[int, str]]  # line, cells together
    cells: Rows
    rejects: list[tuple[int, str]]
    taken: Taken
    continued: int
    blank: int
    raw: list[str]  # lines of the rejects, as they are kept


@st.composite
def written(draw: st.DrawFn) -> tuple[Rows, bytes, str, str]:
    """A table, its bytes, and the encoding and delimiter they were written with."""
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", *SINGLE_BYTE]))
    delimiter = draw(delimiters)
    cell = text
    if encoding in SINGLE_BYTE:
        cell = st.text(st.characters(codec=SINGLE_BYTE[encoding], exclude_characters="\n\r\0"), max_size=12)
    # a line within a cell must not look like a row of its own: nobody could tell
    runs_on = st.lists(cell.filter(lambda c: '"' not in c and not set(c) & set(";,\t|")), min_size=2, max_size=3).map("\n".join)
    filled = cell.filter(lambda c: c.strip(BLANKS + "\n") != "")
    rows = draw(st.lists(st.tuples(filled, cell | runs_on, cell), max_size=10))
    out = io.StringIO()
    quoting: Any = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    for title in draw(st.lists(st.sampled_from(["Académie de Rabat", "list"]), max_size=2)):
        writer.writerow([title])
    writer.writerows([NAMES, *rows])
    return rows, out.getvalue().encode(encoding), encoding.removesuffix("-sig"), delimiter


# one line of a register, good or bad in one way; {m} is its marker
GOOD = [
    "{m};5;P;02/11/2026",
    "{m};;A;",
    '"{m}";"5";"P";"02/11/2026"',
    "{m};٥;p;٠٢/١١/٢٠٢٦",
    "{m};5;P;02/11/2026;;",
    ' "{m}" ;5;P;',
]
BAD = [
    "{m};x;P;", "{m};5;Z;", "{m};5;P;31/02/2026", "{m};5", "{m};5;P;;x", '"{m};5;P;', '{m};5;P;"', '{m};5;P;"x', 'x"{m};5;P;"',
    '{m};5;P;\r{m};5;P;', '"{m}"\r;5;P;', '"{m}";5;P;\rx', '{m};"5\n";P;', '"{m}\n{n}";5;P;', "{m}\0;5;P;", "", " ", ";;;",
    '"{m}";5;P;"' + "y" * 140_000 + '"', '"', '";x',
]  # fmt: skip


@st.composite
def registers(draw: st.DrawFn) -> tuple[list[str], bytes, str, list[str]]:
    """Lines of a register with typed columns, each with a marker; their bytes, codec, and the source's encodings."""
    codec = draw(encodings)
    kept = {"utf-8-sig": "utf-8"}.get(codec, "utf-16" if codec.startswith("utf-16") else codec)
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = draw(st.lists(st.sampled_from(GOOD) | st.sampled_from([*GOOD, *BAD]), max_size=14))
    if codec in SINGLE_BYTE:  # none of them has Arabic-Indic digits
        lines = [line for line in lines if line.isascii()]
    named = [line.replace("{m}", f"Q{i:04}Q").replace("{n}", f"Q{i + 5000}Q") for i, line in enumerate(lines)]
    content = end.join(["name;place;note;day", *named]) + draw(st.sampled_from(["", end, end * 3]))
    listed = draw(st.sampled_from([[kept], [kept, "utf-8"], ["utf-8", kept]]))
    return named, content.encode(SINGLE_BYTE.get(codec, codec)), codec, list(dict.fromkeys(listed))


def read(content: bytes, encoding: str | list[str], delimiter: str | list[str], kind: SourceFile = RAW) -> Read:
    kind = kind.model_copy(update={"encoding": encoding, "delimiter": delimiter})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "extract.csv"
        path.write_bytes(content)
        con = duckdb.connect()
        sheet = open_sheet(con, path, kind, Path(folder), Limits(1 << 30, 60))
        taken = take(con, sheet, kind, path.name)
        cells = ", ".join(f"coalesce({name}::varchar, '')" for name in kind.fields)
        found = con.execute(f"select line, {cells} from ({taken.rows}) order by line").fetchall()
        rejects = con.execute("select line, reason from reject order by line").fetchall()
        assert sheet.text is not None
        raw = list(_raw_lines(sheet.text, sorted({line for line, _ in rejects})))
        con.close()
    assert len(found) + taken.reject_count + taken.aside_count == taken.line_count
    assert len({line for line, *_ in found} | {line for line, _ in rejects}) == len(found) + len(rejects)  # each line once
    rows = [(line, "\t".join(cells)) for line, *cells in found]
    return Read(rows, [tuple(row[1:]) for row in found], rejects, taken, sheet.continued_count, sheet.blank_count, raw)


def comes_back(case: tuple[Rows, bytes, str, str]) -> None:
    rows, content, encoding, delimiter = case
    found = read(content, encoding, delimiter)
    held = [tuple(c.strip(BLANKS) for c in row) for row in rows]  # blanks around a cell are no part of it
    assert (found.cells, found.rejects, found.taken.line_count) == (held, [], len(rows))


def is_accounted_for(case: tuple[list[str], bytes, str, list[str]]) -> None:
    """Each marker is in one row or on the line of one reject, and all ends of line are those of rows, rejects or blank lines."""
    lines, content, codec, listed = case
    found = read(content, listed, ";", TYPED)
    physical = content.decode(SINGLE_BYTE.get(codec, codec)).split("\n")
    while physical and not physical[-1].strip("\r"):
        physical.pop()  # empty lines at the end
    at_end = content.decode(SINGLE_BYTE.get(codec, codec)).count("\n") + 1 - len(physical)
    below = found.taken.line_count + found.continued + found.blank
    # empty lines at the end are counted as blank where lines are judged one by one, and left out where DuckDB reads at once
    assert below - (len(physical) - 1) in range(at_end + 1)
    if "\n\n" not in content.decode(SINGLE_BYTE.get(codec, codec)).replace("\r", "") and not found.continued:
        assert found.taken.line_count == len([p for p in physical[1:] if p.strip()])
    where: dict[str, int] = {}
    for _, cells in found.rows:
        for marker in MARKER.findall(cells):
            where[marker] = where.get(marker, 0) + 1
    for line in found.raw:
        for marker in set(MARKER.findall(line)):
            where[marker] = where.get(marker, 0) + 1
    assert where == {marker: 1 for line in lines for marker in MARKER.findall(line)}


damages = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=3)), max_size=6)
tokens = st.sampled_from([b'"', b'""', b"\n", b"\r", b"\r\n", b";", b"\0", b"\xff", b" ", b'"\n', b';"', codecs.BOM_UTF8])
hurts = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 2), tokens), max_size=5)


def hurt(content: bytes, damage: list[tuple[int, int, bytes]], cut: int) -> bytes:
    made = bytearray(content)
    for at, length, what in damage:
        made[at : at + length] = what
    return bytes(made[: len(made) - cut])


def is_withstood(case: tuple[Rows, bytes, str, str], damage: list[tuple[int, int, bytes]], cut: int, *, alone: bool) -> None:
    """Damage never crashes; and no line goes: those of a file read as UTF-8 are counted in its bytes."""
    _, content, encoding, delimiter = case
    broken = hurt(content * 2, damage, cut)
    try:
        found = read(broken, encoding if alone else [encoding, "windows-1256"], delimiter if alone else [delimiter, ";", ","])
    except ExtractError as error:
        assert str(error)
        return
    counted(broken, found)


def counted(content: bytes, found: Read) -> None:
    """Lines that hold anything, below the first row or reject, are as many as rows, rejects, lines aside and those taken in."""
    lines = (content.decode("utf-16", "replace").encode() if found.taken.encoding == "utf-16" else content).split(b"\n")
    if len(lines) < 2:
        return  # ended by CR alone
    first = min([line for line, *_ in [*found.rows, *found.rejects]], default=0)
    if not first or found.taken.aside_count:
        return
    held = sum(bool(line.strip(b"\r\n")) for line in lines[first - 1 :])
    blank = sum(bool(line.strip(b"\r\n")) and not line.decode("latin-1").strip() for line in lines[first - 1 :])
    assert found.taken.line_count + found.continued in range(held - blank, held + blank + found.continued + 1)


def markers_are_withstood(case: tuple[list[str], bytes, str, list[str]], damage: list[tuple[int, int, bytes]]) -> None:
    """After damage each marker that is still whole in the file is in a row, or on the line of a reject."""
    _, content, codec, listed = case
    broken = hurt(content, damage, 0)
    try:
        found = read(broken, listed, ";", TYPED)
    except ExtractError as error:
        assert str(error)
        return
    order = "utf-16-be" if codec == "utf-16-be" else "utf-16-le"  # Python marks UTF-16 as little-endian here
    whole = broken.decode(order if found.taken.encoding == "utf-16" else "latin-1", "replace")
    header = min([line for line, _ in [*found.rows, *found.rejects]], default=0)
    there = "\n".join([cells for _, cells in found.rows] + found.raw)
    if header:
        lost = set(MARKER.findall("\n".join(whole.split("\n")[header - 1 :]))) - set(MARKER.findall(there))
        assert not lost


@settings(max_examples=250, deadline=None)
@given(written())
def test_any_table_comes_back_equal(case: tuple[Rows, bytes, str, str]) -> None:
    comes_back(case)


@settings(max_examples=250, deadline=None)
@given(registers())
def test_every_line_of_a_register_is_a_row_or_a_reject(case: tuple[list[str], bytes, str, list[str]]) -> None:
    is_accounted_for(case)


@settings(max_examples=150, deadline=None)
@given(registers(), hurts)
def test_a_damaged_register_loses_no_line(
    case: tuple[list[str], bytes, str, list[str]], damage: list[tuple[int, int, bytes]]
) -> None:
    markers_are_withstood(case, damage)


@settings(max_examples=250, deadline=None)
@given(written(), damages, st.integers(0, 60), st.booleans())
def test_damage_never_breaks_the_reconciliation(
    case: tuple[Rows, bytes, str, str], damage: list[tuple[int, int, bytes]], cut: int, alone: bool
) -> None:
    is_withstood(case, damage, cut, alone=alone)


@pytest.mark.slow
@settings(max_examples=N, deadline=None)
@given(written())
def test_ten_thousand_tables_come_back_equal(case: tuple[Rows, bytes, str, str]) -> None:
    comes_back(case)


@pytest.mark.slow
@settings(max_examples=N, deadline=None)
@given(registers())
def test_ten_thousand_registers_are_accounted_for(case: tuple[list[str], bytes, str, list[str]]) -> None:
    is_accounted_for(case)


@pytest.mark.slow
@settings(max_examples=N, deadline=None)
@given(registers(), hurts)
def test_ten_thousand_damaged_registers_lose_no_line(
    case: tuple[list[str], bytes, str, list[str]], damage: list[tuple[int, int, bytes]]
) -> None:
    markers_are_withstood(case, damage)


@pytest.mark.slow
@settings(max_examples=N, deadline=None)
@given(written(), damages, st.integers(0, 60), st.booleans())
def test_ten_thousand_damaged_files_are_withstood(
    case: tuple[Rows, bytes, str, str], damage: list[tuple[int, int, bytes]], cut: int, alone: bool
) -> None:
    is_withstood(case, damage, cut, alone=alone)
