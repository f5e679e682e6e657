"""A column that stands twice is nobody's guess, and marks that no one sees are no part of a header."""

import pytest

from dropout.errors import ExtractError
from dropout.extracts.header import find_header, places, wide_places
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import SourceFile, Unpivot
from dropout.extracts.wide import unpivoted

KIND = SourceFile(
    match="*", raw="t", fields={"pupil": "VARCHAR", "day": "VARCHAR"}, columns={"pupil": ["No", "Pupil no"], "day": "Day"},
    known_at=["entered", "saisi"], only={"kind": ["x"]}, date_formats=["%Y-%m-%d"],
)  # fmt: skip
WIDE = SourceFile(
    match="*", table="attendance", columns={"student_id": "id"}, constants={"session": "day"}, date_formats=["%Y-%m-%d"],
    codes={"status": {"1": "present"}}, path=r"y(?P<year_start>\d{4})",
    unpivot=Unpivot(headers=r"^(?P<day>\d{1,2})[_/](?P<month>\d{1,2})$", into="status", first_month=6),
)  # fmt: skip


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["No", "Amrani", "Pupil no", "Day"], r"two headers for pupil: No, Pupil no \(columns 1 and 3\)"),
        (["no", "NO", "Day"], r"header names given twice: No \(columns 1 and 2\)"),
        (["No", "Day", "entered", "Saisi"], r"two headers for known_at: entered, saisi \(columns 3 and 4\)"),
        (["No", "Day", "kind", "Kind\u200f"], r"header names given twice: kind \(columns 3 and 4\)"),
    ],
)
def test_a_column_of_ours_stands_once(header: list[str], said: str) -> None:
    with pytest.raises(ExtractError, match=said) as raised:
        find_header([["title"], header], KIND, "f.csv")
    assert str(raised.value).startswith("f.csv:2")
    assert "Amrani" not in str(raised.value)


def test_one_header_may_fill_two_columns() -> None:
    kind = KIND.model_copy(update={"columns": {"pupil": "No", "day": "No"}})
    assert find_header([["No", "x"]], kind, "f.csv") == (0, ["No", "x"])


def test_unseen_marks_and_digits_of_another_script_are_no_part_of_a_header() -> None:
    assert places(["\u200fPupil no\u200e", "\ufeff Day\t"], KIND) == {"pupil": 0, "day": 1}
    assert wide_places(["id", "\u200f٠١/٠٩\u200f"], WIDE) == {1: {"day": "01", "month": "09"}}


@pytest.mark.parametrize("second", ["1_6", "01_06", "01/06", "\u200f1_6", "١_٦"])
def test_a_day_that_two_columns_speak_of_stops_the_file(second: str) -> None:
    header = ["id", "1_6", "2_6", second]
    sheet = Sheet("select 1", header, 0, [], has_line=False, first_line=2, left_out=[], above=[], encoding="", is_typed=False)
    with pytest.raises(ExtractError, match=r"y2026\.csv: two columns speak of the same: '1_6', column 2, and column 4"):
        unpivoted(sheet, WIDE, {"year_start": "2026"}, "y2026.csv")
