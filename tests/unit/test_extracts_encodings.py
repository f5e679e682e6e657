"""The encoding of a file: told by a mark, by zero bytes, or by what most of its lines are; never guessed in silence."""

from pathlib import Path

import pytest

from dropout.errors import ExtractError
from dropout.extracts.decode import as_utf8, utf16_order
from dropout.extracts.draft.delimited import read_delimited
from dropout.extracts.source import Encoding
from tests.unit.test_extracts_text import read

TEXT = "name;place\nZoé;Fès\nعلي;فاس\n"
ROWS = [(2, "Zoé", "Fès"), (3, "علي", "فاس")]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16"])
@pytest.mark.parametrize("encoding", ["utf-16", ["utf-8", "utf-16"]])
def test_utf16_is_read_with_and_without_a_mark(tmp_path: Path, codec: str, encoding: str | list[str]) -> None:
    assert read(tmp_path, TEXT.encode(codec), encoding)[:2] == (ROWS, [])


def test_what_is_drafted_for_a_file_without_a_mark_can_be_read(tmp_path: Path) -> None:
    for codec in ("utf-16-le", "utf-16-be"):
        path = tmp_path / f"{codec}.csv"
        path.write_bytes((TEXT * 20).encode(codec))
        sample = read_delimited(path)
        assert (sample.encoding.encoding, sample.rows[1]) == ("utf-16", ["Zoé", "Fès"])
        assert as_utf8(path, [sample.encoding.encoding], tmp_path)[0].read_text(encoding="utf-8") == TEXT * 20


@pytest.mark.parametrize(
    ("content", "encodings", "said"),
    [
        (TEXT.encode(), ["utf-16"], "the file is not utf-16"),  # exported again as UTF-8
        (b"\0\0\0a;b\n" * 9, ["utf-16"], "the file is not utf-16"),
        (TEXT.encode("utf-16-le"), ["utf-8"], "not utf-8(.|\n)*looks like utf-16 without a byte-order mark"),
        ("ش".join("ab").encode("utf-16-le") + b"\xd8\xd8", ["utf-16"], "the file is not utf-16"),  # damaged in its first line
    ],
)
def test_a_file_of_another_encoding_stops_with_its_name(
    tmp_path: Path, content: bytes, encodings: list[Encoding], said: str
) -> None:
    path = tmp_path / "extract.csv"
    path.write_bytes(content)
    with pytest.raises(ExtractError, match=said):
        as_utf8(path, encodings, tmp_path)


def test_zero_bytes_that_tell_nothing_are_no_utf16() -> None:
    assert utf16_order(b"name;place\n") == utf16_order(b"a\0b\0\0c\0d") == utf16_order(b"") == utf16_order(b"x") == ""


def test_a_cut_utf16_file_keeps_its_lines(tmp_path: Path) -> None:
    rows, rejects, _ = read(tmp_path, TEXT.encode("utf-16")[:-3], "utf-16")
    assert (rows, [line for line, _ in rejects]) == (ROWS[:1], [3])


def test_utf16_whose_lines_end_in_cr_alone(tmp_path: Path) -> None:
    assert read(tmp_path, TEXT.replace("\n", "\r").encode("utf-16"), "utf-16")[0] == ROWS


@pytest.mark.parametrize("encodings", [["utf-8", "windows-1252"], ["windows-1252", "utf-8"]])
def test_lines_of_another_encoding_are_rejects_where_most_are_utf8(tmp_path: Path, encodings: list[str]) -> None:
    good, other = "Zoé;Fès\n".encode(), "Zoé;Fès\n".encode("windows-1252")
    rows, rejects, count = read(tmp_path, b"name;place\n" + (good * 4 + other) * 10, encodings)
    assert (len(rows), len(rejects), count) == (40, 10, 50)  # 20 % of the lines
    assert {row[1] for row in rows} == {"Zoé"}


def test_lines_of_utf8_by_chance_do_not_make_a_file_utf8(tmp_path: Path) -> None:
    other = "Zoé;Fès\n".encode("windows-1252")
    rows, rejects, _ = read(tmp_path, b"name;place\n" + other * 6 + "Zoé;Fès\n".encode() * 4, ["utf-8", "windows-1252"])
    assert (len(rows), rejects, rows[0][1]) == (10, [], "Zoé")


def test_a_draft_of_mixed_lines_says_what_reading_does(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_bytes(b"name;place\n" + ("Zoé;Fès\n".encode() * 4 + "Zoé;Fès\n".encode("windows-1252")) * 10)
    guess = read_delimited(path).encoding
    assert (guess.encoding, guess.is_sure) == ("utf-8", False)
    assert "40 lines beyond ASCII are valid UTF-8, and 10 are damaged" in guess.why
