"""Typed values: what fits is exact, what does not is a reject with its column, never a guess."""

import datetime as dt

import duckdb
import pytest

from dropout.contracts.contract import Type
from dropout.extracts.typed import AMBIGUOUS, Column, type_cells


def typed(
    kind: Type,
    *values: str | None,
    codes: dict[str, str] | None = None,
    formats: tuple[str, ...] = ("%d/%m/%Y",),
    name: str = "x",
) -> tuple[list[object], list[tuple[int, str]]]:
    con = duckdb.connect()
    con.execute("create table cells as select unnest($v) as c0", {"v": list(values)})
    column = Column(name, kind, "c0", codes, formats, decimal_comma=True)
    count = type_cells(con, "select c0 from cells", [column], {"is_aside": "false"})
    good = [v for (v,) in con.execute(f"select {name} from typed where bad is null order by rowid").fetchall()]
    rejects = con.execute("select row_no + 2, reason from failure order by row_no").fetchall()
    assert len(good) + count == len(values)
    assert len(rejects) == count
    return good, rejects


def test_dates() -> None:
    good, rejects = typed("DATE", "01/02/2025", " 28/02/2025 ", "٠١/٠٢/٢٠٢٥", None, "", "31/02/2025", "1/2/26", "2025-02-01", "x")
    assert good == [dt.date(2025, 2, 1), dt.date(2025, 2, 28), dt.date(2025, 2, 1), None, None]
    assert rejects == [(7, "not a date"), (8, "not a date"), (9, "not a date"), (10, "not a date")]


def test_numbers() -> None:
    good, rejects = typed("DOUBLE", "12,5", "١٢٫٥", "7", "", "douze")
    assert good == [12.5, 12.5, 7.0, None]
    assert rejects == [(6, "not a number")]
    assert typed("INTEGER", "7", "7,5")[1] == [(3, "not a number")]


@pytest.mark.parametrize(
    "written",
    [
        "\u200fAprès-midi",
        "après-midi\t",
        "Après\u200e-midi\ufeff",
        "Après-midi",
        "APRES-MIDI",
        " après-midi ",
        "apre\u0300s-midi",
    ],
)
def test_codes_are_compared_without_case_and_accents(written: str) -> None:
    assert typed("VARCHAR", written, codes={"après-midi": "pm"}) == (["pm"], [])


def test_an_unmapped_code_is_a_reject_and_text_stays_as_it_is() -> None:
    assert typed("VARCHAR", "oui", "peut-être", codes={"oui": "true"}) == (["true"], [(3, "a code the source does not map")])
    assert typed("BOOLEAN", "oui", "", codes={"oui": "true"})[0] == [True, None]
    assert typed("VARCHAR", "007", " x ", "")[0] == ["007", "x", None]


def test_no_value_appears_in_a_reject() -> None:
    _, rejects = typed("DATE", "Fatima 0612345678")
    assert "Fatima" not in str(rejects)


def test_several_formats_in_one_column_are_read_where_they_agree() -> None:
    formats = ("%d/%m/%Y", "%Y-%m-%d", "%d/%m/%y")
    good, rejects = typed("DATE", "01/02/2025", "2025-02-01", "1/2/25", formats=formats)
    assert (good, rejects) == ([dt.date(2025, 2, 1)] * 3, [])
    good, rejects = typed("DATE", "13/02/2025", "01/02/2025", "02/02/2025", "", formats=("%d/%m/%Y", "%m/%d/%Y"))
    assert good == [dt.date(2025, 2, 13), dt.date(2025, 2, 2), None]
    assert rejects == [(3, AMBIGUOUS)]


def test_digits_of_any_script_are_one_code_and_unseen_marks_are_no_part_of_a_value() -> None:
    assert typed("VARCHAR", "1", "١", "۱", "\u200f1", codes={"1": "late"}) == (["late"] * 4, [])
    assert typed("VARCHAR", "1", "١", codes={"١": "late"}) == (["late"] * 2, [])
    assert typed("DATE", "\u200f01/02/2025", "\t٠١/٠٢/٢٠٢٥")[0] == [dt.date(2025, 2, 1)] * 2
    assert typed("INTEGER", "\u200e7", "\ufeff7 ")[0] == [7, 7]


@pytest.mark.parametrize(
    "written", ["٢٠٢٤/٢٠٢٥", "\u200f2024-25\t", "2024-2025", "2024/2025", "2024 / 2025", "2024-25", "2024/25"]
)
def test_school_years_have_one_spelling(written: str) -> None:
    assert typed("VARCHAR", written, name="school_year") == (["2024-2025"], [])
    assert typed("VARCHAR", "2013B", name="school_year") == (["2013B"], [])


@pytest.mark.parametrize("written", ["nan", "inf", "1_000", "0x10"])
def test_what_only_a_program_calls_a_number_is_none(written: str) -> None:
    assert typed("DOUBLE", written)[1] == [(2, "not a number")]
    assert typed("INTEGER", written)[1] == [(2, "not a number")]


def test_a_row_with_two_bad_cells_is_one_failure_and_blanks_are_none() -> None:
    con = duckdb.connect()
    con.execute("create table cells as select * from (values ('x', 'y'), ('  ', '3'), ('1', '2')) as v (c0, c1)")
    columns = [Column("a", "INTEGER", "c0"), Column("b", "INTEGER", "c1")]
    assert type_cells(con, "from cells", columns, {}) == 1
    assert con.execute("select a, b from typed where bad is null order by rowid").fetchall() == [(None, 3), (1, 2)]
    assert con.execute("from failure").fetchall() == [(0, "a", "not a number")]
