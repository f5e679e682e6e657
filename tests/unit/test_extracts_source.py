"""The mapping language is strict: what it does not know is an error that says what would be right."""

from pathlib import Path

import pytest

from dropout.errors import SettingsError
from dropout.extracts.source import load_source
from dropout.extracts.wide import month_of

GOOD = """
source: mine
title: Mine
attendance_mode: exceptions
files:
  - match: "missed*.csv"
    table: attendance
    columns: {student_id: pupil, date: day}
    constants: {session: day, status: absent_unexcused}
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "source.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_example_is_good(tmp_path: Path) -> None:
    assert load_source(written(tmp_path, GOOD)).files[0].table == "attendance"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("constants:", "constant:", "constants"),
        ("attendance_mode: exceptions", "attendance_mode: exception", "attendance_mode"),
        ("attendance_mode: exceptions\n", "", "attendance_mode"),
        ("table: attendance", "table: attendence", "unknown table 'attendence'"),
        ("date: day}", "date: day, weather: sky}", "unknown columns: weather"),
        ("student_id: pupil, ", "", "required columns not mapped: student_id"),
        ("session: day, ", "", "required columns not mapped: session"),
        ("table: attendance", "table: attendance\n    raw: missed", "either table or raw"),
        ("table: attendance", 'table: attendance\n    path: "("', "`path` is no pattern"),
        ("table: attendance", "table: attendance\n    codes: {weather: {a: b}}", "unknown columns: weather"),
        ("table: attendance", "table: attendance\n    codes: {status: {a: late, a: present}}", "key given twice: a"),
        (
            "table: attendance",
            "table: attendance\n    join: [{file: badge, on: {a: b}, take: {minutes_missed: c}}]",
            "no other entry keeps as raw: badge",
        ),
        ("table: attendance", 'table: attendance\n    unpivot: {headers: "x"}', "unpivot needs either"),
        (
            "table: attendance",
            'table: attendance\n    unpivot: {headers: "(?P<month>x)", into: minutes_missed, months: {x: 13}}',
            "months",
        ),
        ("title: Mine", "title: Mine\nencoding: utf8", "encoding"),
    ],
)
def test_what_it_does_not_know_is_an_error(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(SettingsError, match=said) as raised:
        load_source(written(tmp_path, GOOD.replace(old, new)))
    assert "source.yaml" in str(raised.value)


def test_yes_no_and_on_are_words_and_only_true_and_false_are_not(tmp_path: Path) -> None:
    text = GOOD.replace("constants:", "codes: {status: {yes: present, no: absent_unexcused, off: late}}\n    constants:")
    text = text.replace(", status: absent_unexcused", "").replace("date: day}", "date: day, status: here}")
    assert load_source(written(tmp_path, text)).files[0].codes["status"] == {
        "yes": "present",
        "no": "absent_unexcused",
        "off": "late",
    }


def test_a_month_is_a_period_to_its_last_day() -> None:
    assert month_of("2024-02-01") == ("2024-02-01", "2024-02-29")
    assert month_of("2025-12-01") == ("2025-12-01", "2025-12-31")
    assert month_of("Smarch 2025") == ("Smarch 2025", "Smarch 2025")
