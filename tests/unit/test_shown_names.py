"""What is shown of a name that a sender gave: what is nobody's stays, the rest is a code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dropout.errors import UnexpectedError
from dropout.extracts.masked import kept_header, shown_header
from dropout.extracts.shown.shown import CODE, shown_names
from dropout.extracts.unpack import Shown
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from flows import verbs
from tests.places import NIGHT, deployment


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    place = deployment(tmp_path_factory.mktemp("shown"), "morocco")
    with connect(place) as con:
        con.execute("create table core.school as select '00304F' as school_id")
        yield shown_names(place, con)


@pytest.mark.parametrize("name", [
    "eleves.csv", "notes (1).csv", "absences_00304F.csv", "absences_2026-03-02_2026-03-09.csv", "notes 2024-2025 S1.csv.gz",
    "export_notesCC_2APIC-1_0012.xlsx", "2025-11-28", "20251128_103000"[:8], "التلاميذ (2).csv", "manifest.csv.sha256", "d.zip",
])  # fmt: skip
def test_an_ordinary_name_is_shown_as_it_is(shown: Shown, name: str) -> None:
    assert shown(name) == name


@pytest.mark.parametrize(("name", "pattern"), [
    ("absences_Ahmed_Alaoui.csv", "absences_~.csv"),  # words side by side are one
    ("notesAlaoui_20250303.csv", "notes~_20250303.csv"),  # what the pattern spells out stays, though nothing parts it
    ("liste remplie Alaoui (1).xlsx", "liste remplie ~ (1).xlsx"),
    ("Zaynab/absences G123456789.csv.gz", "~/absences ~.csv.gz"),
    ("06 12 34 56 78.csv", "~.csv"), ("0612345678.zip", "~.zip"),  # a phone, in pairs too
    ("التلاميذ_أحمد.csv", "التلاميذ_~.csv"), ("غياب مُحَمَّد.csv", "غياب ~.csv"),  # vowel signs part no word
    ("A.h.m.e.d.csv", "~.csv"), ("absences.Ahmed", "absences.~"), ("00305F.csv", "~.csv"),  # a school nobody knows
    ("~Alaoui.csv", "~~.csv"), ("~1234567.csv", "~~.csv"),  # no code of ours
])  # fmt: skip
def test_what_could_be_a_person_is_a_code(shown: Shown, name: str, pattern: str) -> None:
    assert CODE.sub("~", shown(name)) == pattern


def test_a_code_is_the_same_for_the_same_word_and_stays_as_it_is(shown: Shown) -> None:
    once = shown("absences_Alaoui.csv")
    assert shown(once) == once
    assert CODE.findall(once) == CODE.findall(shown("notes Alaoui (2).csv"))
    assert CODE.findall(once) != CODE.findall(shown("absences_Alami.csv"))


def test_a_code_is_of_the_deployments_key(tmp_path: Path, shown: Shown) -> None:
    """Nobody without the key can try names until one fits."""
    place = deployment(tmp_path, "morocco")
    with connect(place) as con:
        assert shown_names(place, con)("absences_Alaoui.csv") != shown("absences_Alaoui.csv")


def test_a_header_that_nobody_declares_is_kept_as_its_shape() -> None:
    kept = kept_header("alaoui 12", {"minutes"})
    assert kept == "?a×6 9×2"
    assert kept_header(kept, set()) == kept
    assert shown_header(kept, 3, set()) == shown_header("alaoui 12", 3, set()) == "column 3 (a×6 9×2)"
    assert kept_header("minutes", {"minutes"}) == "minutes"
    assert kept_header("?alaoui", set()) != "?alaoui"


def test_what_a_library_quotes_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB quotes the cell that it cannot convert; an error of a verb says its kind and the place in the code."""
    monkeypatch.setattr("dropout.extracts.load.load", lambda con, run: con.execute("select cast('Alaoui' as integer)").fetchall())
    with pytest.raises(UnexpectedError, match="unexpected ConversionException") as raised:
        verbs.perform(Run(deployment(tmp_path), "test", NIGHT), "load")
    assert "Alaoui" not in str(raised.value)
    assert raised.value.__cause__ is None and raised.value.__suppress_context__
