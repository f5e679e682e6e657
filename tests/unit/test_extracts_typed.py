"""Typed values: what fits is exact, what does not is a reject with its column, never a guess."""

import datetime as dt

import duckdb
import pytest

from dropout.contracts.contract import Type
from dropout.extracts.source import Source
from dropout.extracts.typed import type_cells

FRENCH = Source(
    source="t",
    title="t",
    encoding="utf-8",
    delimiter=";",
    decimal_comma=True,
    date_formats=["%d/%m/%Y"],
    attendance_mode="full",
    files=[],
)


def typed(kind: Type, *values: str | None, codes: dict[str, str] | None = None) -> tuple[list[object], list[tuple[int, str]]]:
    con = duckdb.connect()
    con.execute("create table cells as select unnest($v) as x, generate_subscripts($v, 1) + 1 as line", {"v": list(values)})
    rejects = type_cells(con, FRENCH, {"x": kind}, {"x": codes} if codes else {}, {})
    good = [v for (v,) in con.execute("select x from typed order by line").fetchall()]
    assert len(good) + len(rejects) == len(values)
    return good, [(line, why) for line, _, why in rejects]


def test_dates() -> None:
    good, rejects = typed("DATE", "01/02/2025", " 28/02/2025 ", "٠١/٠٢/٢٠٢٥", None, "", "31/02/2025", "1/2/26", "2025-02-01", "x")
    assert good == [dt.date(2025, 2, 1), dt.date(2025, 2, 28), dt.date(2025, 2, 1), None, None]
    assert rejects == [(7, "not a date"), (8, "not a date"), (9, "not a date"), (10, "not a date")]


def test_numbers() -> None:
    good, rejects = typed("DOUBLE", "12,5", "١٢٫٥", "7", "", "douze")
    assert good == [12.5, 12.5, 7.0, None]
    assert rejects == [(6, "not a number")]
    assert typed("INTEGER", "7", "7,5")[1] == [(3, "not a number")]


@pytest.mark.parametrize("written", ["Après-midi", "APRES-MIDI", " après-midi ", "apre\u0300s-midi"])
def test_codes_are_compared_without_case_and_accents(written: str) -> None:
    assert typed("VARCHAR", written, codes={"après-midi": "pm"}) == (["pm"], [])


def test_an_unmapped_code_is_a_reject_and_text_stays_as_it_is() -> None:
    assert typed("VARCHAR", "oui", "peut-être", codes={"oui": "true"}) == (["true"], [(3, "a code the source does not map")])
    assert typed("BOOLEAN", "oui", "", codes={"oui": "true"})[0] == [True, None]
    assert typed("VARCHAR", "007", " x ", "")[0] == ["007", "x", None]


def test_no_value_appears_in_a_reject() -> None:
    _, rejects = typed("DATE", "Fatima 0612345678")
    assert "Fatima" not in str(rejects)
