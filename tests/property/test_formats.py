"""Any table comes back equal from a workbook, Parquet or JSON lines, and from a wide layout in which its days are columns."""

import datetime as dt
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.extracts.source import SourceFile
from tests.formats import json_lines, parquet, taken, workbook
from tests.property.test_reading import BLANKS

Cells = list[tuple[str, str]]
# Excel keeps no control characters, takes _x0041_ for an A, and a NUL or U+FFFD is no text of a cell
letter = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd\ufffe\uffff_")
text = st.text(letter, max_size=12)
filled = text.filter(lambda cell: cell.strip(BLANKS) != "" and not cell.startswith("\ufeff"))
tables = st.lists(st.tuples(filled, text), min_size=1, max_size=20)


def as_workbook(path: Path, rows: Cells) -> Path:
    return workbook(path / "a.xlsx", [["name", "place"], *rows])


def as_parquet(path: Path, rows: Cells) -> Path:
    return parquet(path / "a.parquet", {"name": [r[0] for r in rows], "place": [r[1] for r in rows]})


def as_json_lines(path: Path, rows: Cells) -> Path:
    return json_lines(path / "a.jsonl", [{"name": name, "place": place} for name, place in rows])


WRITERS = [as_workbook, as_parquet, as_json_lines]


def comes_back(write: Callable[[Path, Cells], Path], rows: Cells) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, rejects = taken(write(Path(folder), rows))
    assert [(name, place or "") for _, name, place in found] == [(a.strip(BLANKS), b.strip(BLANKS)) for a, b in rows]
    assert rejects == []


@pytest.mark.parametrize("write", WRITERS)
@settings(max_examples=10, deadline=None)
@given(rows=tables)
def test_any_table_comes_back_equal(write: Callable[[Path, Cells], Path], rows: Cells) -> None:
    comes_back(write, rows)


@pytest.mark.slow
@pytest.mark.parametrize("write", WRITERS)
@settings(max_examples=200, deadline=None)
@given(rows=tables)
def test_two_hundred_tables_of_each_format_come_back_equal(write: Callable[[Path, Cells], Path], rows: Cells) -> None:
    comes_back(write, rows)


CODES = {"p": "present", "A": "absent_unexcused", "é": "late"}
WIDE = SourceFile(
    match="*", table="attendance", columns={"student_id": "pupil"}, constants={"session": "day"}, encoding="utf-8",
    delimiter=";", date_formats=["%d/%m/%Y"], codes={"status": CODES},
    unpivot={"headers": r"^(?P<date>\d\d/\d\d/\d{4})$", "into": "status"},
)  # fmt: skip
pupils = st.lists(st.integers(0, 999), min_size=1, max_size=12, unique=True)
dates = st.lists(st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)), min_size=1, max_size=12, unique=True)


@settings(max_examples=60, deadline=None)
@given(pupils=pupils, days=dates, data=st.data())
def test_days_as_columns_come_back_as_rows(pupils: list[int], days: list[dt.date], data: st.DataObject) -> None:
    word = st.sampled_from(["", *CODES])
    grid = {p: data.draw(st.lists(word, min_size=len(days), max_size=len(days))) for p in pupils}
    lines = [["pupil", *(f"{d:%d/%m/%Y}" for d in days)], *([f"P{p}", *cells] for p, cells in grid.items())]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text("".join(";".join(line) + "\n" for line in lines), encoding="utf-8")
        found, rejects = taken(path, WIDE)
    wanted = {(f"P{p}", d, CODES[c]) for p, cells in grid.items() for d, c in zip(days, cells, strict=True) if c}
    assert {(row[1], row[2], row[4]) for row in found} == wanted
    assert len(found) == len(wanted)
    assert rejects == []
