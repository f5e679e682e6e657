"""What may be said of a value that could be a person's: its shape and where it stands; never the value."""

import datetime as dt
from pathlib import Path

import pytest

from dropout.country import load_country
from dropout.extracts.masked import learnable_code, shape_of, shown_code, shown_header
from dropout.settings import Deployment
from dropout.trial import trial
from dropout.warehouse.ledger import Run
from flows.verbs import perform
from tests.places import ATTENDANCE, BASE, ask, deliver, deployment, intake

D1, D2 = dt.date(2025, 3, 3), dt.date(2025, 3, 4)
NAMES = ["Benjelloun", "فاطمة", "Aya", "El-Amrani", "0612345678"]


@pytest.mark.parametrize(
    ("text", "shape"),
    [("Abs 12", "a×3 9×2"), ("فاطمة", "ا×5"), ("El-Amrani", "a×2-a×6"), ("0612345678", "9×10"), ("é_ß", "a×1_a×1"), ("", "")],
)
def test_a_shape_tells_script_and_length(text: str, shape: str) -> None:
    assert shape_of(text) == shape


def test_only_words_that_codes_are_known_to_be_written_in_are_said() -> None:
    assert (shown_code("Exc. 2"), shown_code("tobedeleted"), shown_code("Retard")) == ("a×3. 9×1", "'tobedeleted'", "'Retard'")
    assert all(name not in shown_code(name) for name in NAMES)


def test_on_the_screen_a_short_code_that_is_frequent_can_be_learnt() -> None:
    assert learnable_code("Exc", 3, 300) == "'Exc'"  # 1 % of the rows
    assert learnable_code("Zx", 2, 300) == "a×2"  # less than that: a slip
    assert learnable_code("Zineb", 200, 300) == "a×5"  # as frequent as it may be, it could be a name


def test_a_header_is_said_where_the_source_or_the_synonyms_have_it() -> None:
    assert shown_header("date d absence", 3, set()) == "date d absence"
    assert shown_header("flagx", 3, {"flagx"}) == "flagx"
    assert shown_header("aya amrani", 3, set()) == "column 3 (a×3 a×6)"


def said(place: Deployment) -> str:
    """All that logs, notices and the ledger could say of files: the log says what the notice does."""
    return str(ask(place, "from ops.notice")) + str(ask(place, "select why from ops.file where why is not null"))


COUNTRY = load_country("generic").model_copy(update={"sources": ["exceptions_only"]})
HEADER = "Pupil no\tDay\tLesson\tMark\tMinutes\tCancelled\n"


def absences(folder: Path, *marks: str) -> Path:
    """A register of absences with these marks, one a day from 1 February."""
    rows = "".join(f"N1\t2025-02-{day:02}\t1\t{mark}\t\t\n" for day, mark in enumerate(marks, 1))
    return deliver(folder, "b", {"absences.tsv": HEADER + rows})


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_the_place_of_a_code_is_in_no_notice_and_no_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    place = deployment(tmp_path)
    place.__dict__["country"] = COUNTRY
    run = Run(place, "test", D2)
    perform(run, "land", paths=[absences(tmp_path, "AU", "AU", *[name] * 12)])
    perform(run, "read")
    assert "the values are not those the source describes" in said(place)
    assert f"status: new codes {shape_of(name)} on 12 lines (lines 4, 5, 6 …)" in said(place)
    assert name not in said(place) + capsys.readouterr().out
    shown = str([table for table in trial(COUNTRY, [tmp_path / "b"]).tables])
    assert (name in shown) == (len(name) <= 3)  # on the operator's own screen, three letters on most lines are a code


def test_a_name_in_the_place_of_a_header_is_in_no_notice(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    intake(place, deliver(tmp_path, "a", BASE), on=D1)
    changed = ATTENDANCE.replace("minutes_missed\n", "Benjelloun Aya\n")
    intake(place, deliver(tmp_path, "b", {"attendance.csv": changed}), on=D2)
    assert "renamed: minutes_missed → column 5 (a×10 a×3)" in said(place)
    assert "benjelloun" not in said(place).lower()


def test_a_dry_run_shows_codes_that_can_be_learnt(tmp_path: Path) -> None:
    found = trial(COUNTRY, [absences(tmp_path, *["Exl"] * 8, "Benjelloun", "AU")])
    shown = {title: rows for title, _, rows in found.tables}["Codes that are not mapped"]
    assert shown == [
        ("absences.tsv", "status", "'Exl'", 8, "2, 3, 4"),
        ("absences.tsv", "status", "a×10", 1, "2, 3, 4"),
    ]
