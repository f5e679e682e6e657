"""Any table comes back equal from any encoding, delimiter, quoting and layout; and whatever happens to a file, it is refused
as a whole with an error of ours, or lines = rows + rejects + set aside; never a crash.

`make prove` runs ten thousand cases of each, `make test` some hundreds.
"""

import csv
import io
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.errors import ExtractError
from dropout.extracts.confined import Limits
from dropout.extracts.source import SourceFile
from dropout.extracts.take import open_sheet, take

KIND = SourceFile(
    match="*", raw="t", fields={"name": "VARCHAR", "place": "VARCHAR", "note": "VARCHAR"}, date_formats=["%Y-%m-%d"]
)
NAMES = ("name", "place", "note")
BLANKS = "".join(c for c in map(chr, range(0x3100)) if unicodedata.category(c) == "Zs")
SINGLE_BYTE = {"windows-1252": "cp1252", "windows-1256": "cp1256", "latin-1": "latin-1"}
Rows = list[tuple[str, ...]]

# what a cell may hold: any text; a NUL or a lone CR is no text of a cell, and U+FFFD stands for what was none
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0\ufffd"), max_size=12)
delimiters = st.sampled_from([";", ",", "\t", "|"])


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


def read(content: bytes, encoding: str | list[str], delimiter: str | list[str]) -> tuple[Rows, int, int]:
    kind = KIND.model_copy(update={"encoding": encoding, "delimiter": delimiter})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "extract.csv"
        path.write_bytes(content)
        con = duckdb.connect()
        taken = take(con, open_sheet(con, path, kind, Path(folder), Limits(1 << 30, 60)), kind, path.name)
        cells = ", ".join(f"coalesce({name}, '')" for name in NAMES)
        rows = con.execute(f"select {cells} from ({taken.rows}) order by line").fetchall()
        con.close()
    assert len(rows) + taken.reject_count + taken.aside_count == taken.line_count
    return rows, taken.reject_count, taken.line_count


def comes_back(case: tuple[Rows, bytes, str, str]) -> None:
    rows, content, encoding, delimiter = case
    found, rejects, lines = read(content, encoding, delimiter)
    held = [tuple(c.strip(BLANKS) for c in row) for row in rows]  # blanks around a cell are no part of it
    assert (found, rejects, lines) == (held, 0, len(rows))


damages = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=3)), max_size=6)


def is_withstood(case: tuple[Rows, bytes, str, str], damage: list[tuple[int, int, bytes]], cut: int) -> None:
    _, content, encoding, delimiter = case
    hurt = bytearray(content * 2)
    for at, length, what in damage:
        hurt[at : at + length] = what
    try:
        read(bytes(hurt[: len(hurt) - cut]), [encoding, "windows-1256"], [delimiter, ";", ","])
    except ExtractError as error:
        assert str(error)


@settings(max_examples=250, deadline=None)
@given(written())
def test_any_table_comes_back_equal(case: tuple[Rows, bytes, str, str]) -> None:
    comes_back(case)


@settings(max_examples=350, deadline=None)
@given(written(), damages, st.integers(0, 60))
def test_damage_never_breaks_the_reconciliation(
    case: tuple[Rows, bytes, str, str], damage: list[tuple[int, int, bytes]], cut: int
) -> None:
    is_withstood(case, damage, cut)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(written())
def test_ten_thousand_tables_come_back_equal(case: tuple[Rows, bytes, str, str]) -> None:
    comes_back(case)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(written(), damages, st.integers(0, 60))
def test_ten_thousand_damaged_files_are_withstood(
    case: tuple[Rows, bytes, str, str], damage: list[tuple[int, int, bytes]], cut: int
) -> None:
    is_withstood(case, damage, cut)
