"""Every line becomes a row or a reject, and one bad line never costs the next one."""

from pathlib import Path

import duckdb
import pytest

from dropout.errors import ExtractError
from dropout.extracts.source import Source, SourceFile
from dropout.extracts.text import read_cells

SOURCE = Source(source="t", title="t", encoding="utf-8", delimiter=";", attendance_mode="full", files=[])
KIND = SourceFile(match="*", raw="t", fields={"name": "VARCHAR", "place": "VARCHAR"})


def read(tmp_path: Path, content: bytes, encoding: str = "utf-8") -> tuple[list[tuple[object, ...]], list[tuple[int, str]], int]:
    path = tmp_path / "extract.csv"
    path.write_bytes(content)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    con = duckdb.connect()
    cells = read_cells(con, path, SOURCE.model_copy(update={"encoding": encoding}), KIND, work)
    rows = con.execute("select line, name, place from cells order by line").fetchall()
    assert len(rows) + len(cells.rejects) == cells.line_count
    assert list(work.iterdir()) == []
    return rows, [(line, why) for line, _, why in cells.rejects], cells.line_count


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_plain_files_with_and_without_bom(tmp_path: Path, end: bytes, mark: bytes) -> None:
    content = mark + end.join([b"name;place", "Zoé;Fès".encode(), "علي;فاس".encode(), b""])
    assert read(tmp_path, content) == ([(2, "Zoé", "Fès"), (3, "علي", "فاس")], [], 2)


@pytest.mark.parametrize("encoding", ["utf-16", "windows-1252", "windows-1256"])
def test_other_encodings_are_transcoded(tmp_path: Path, encoding: str) -> None:
    word = "é" if encoding != "windows-1256" else "فاس"
    assert read(tmp_path, f"name;place\r\n{word};x\r\n".encode(encoding), encoding)[0] == [(2, word, "x")]


def test_columns_are_found_by_name_not_by_place(tmp_path: Path) -> None:
    rows, _, _ = read(tmp_path, "Other;  PLACE ;Namé\n1;Fès;Zoé\n".encode())
    assert rows == [(2, "Zoé", "Fès")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'"open;quote', "an open or misplaced quote"),
        (b"one", "too few fields"),
        (b"a;b;c", "too many fields"),
        (b"a\0;b", "a NUL byte"),
        (b'a"b;c"d"', None),
    ],
)
def test_a_broken_line_costs_itself_alone(tmp_path: Path, line: bytes, reason: str | None) -> None:
    rows, rejects, count = read(tmp_path, b"name;place\nfirst;1\n" + line + b"\nlast;2\n")
    assert count == 3
    assert (rows[0], rows[-1]) == ((2, "first", "1"), (4, "last", "2"))
    if reason:
        assert rejects == [(3, reason)]


def test_two_open_quotes_do_not_swallow_the_lines_between(tmp_path: Path) -> None:
    rows, rejects, _ = read(tmp_path, b'name;place\n"x;1\na;1\nb;2\n"y;3\nc;3\n')
    assert [r[1] for r in rows] == ["a", "b", "c"]
    assert [line for line, _ in rejects] == [2, 5]


def test_a_lone_carriage_return_ends_no_line(tmp_path: Path) -> None:
    rows, rejects, _ = read(tmp_path, b'name;place\n\n0;"p\r;0"\na;1\n')
    assert (rows, rejects) == ([(3, "0", "p\r;0"), (4, "a", "1")], [])


def test_a_file_cut_in_the_middle_of_a_row_keeps_the_rest(tmp_path: Path) -> None:
    rows, rejects, _ = read(tmp_path, b"name;place\na;1\nb")
    assert (rows, rejects) == ([(2, "a", "1")], [(3, "too few fields")])


def test_blank_lines_are_no_rows_and_numbers_still_fit(tmp_path: Path) -> None:
    rows, rejects, count = read(tmp_path, b"name;place\na;1\n\n\nb;2\n\n")
    assert (rows, rejects, count) == ([(2, "a", "1"), (5, "b", "2")], [], 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"   \n", "the file is empty"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"PK\x03\x04....", "a zip or workbook"),
        (b"name,place\na,1\n", "missing columns: name, place.*\n.*with ';' between columns"),
        (b"name;town\na;1\n", "missing columns: place.*\n.*Found: name, and 1 headers the source does not know"),
        (b"Aya;Amrani\nOmar;Berrada\n", "missing columns: name, place.*\n.*None of the 2 headers is known"),
        (b"name;name;place\na;b;c\n", "header names given twice"),
        (b"name;place\n\xe9;1\n", "the file is not utf-8"),
        ("name;place\n".encode("utf-16"), "the file is not utf-8"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(ExtractError, match=said) as raised:
        read(tmp_path, content)
    assert "extract.csv" in str(raised.value)


def test_a_file_without_a_header_shows_nobody(tmp_path: Path) -> None:
    for content in (b"Aya;Amrani\nOmar;Berrada\n", b"Amrani;Amrani;Aya\n"):
        with pytest.raises(ExtractError) as raised:
            read(tmp_path, content)
        assert "Amrani" not in str(raised.value)


def test_the_line_of_a_wrong_byte_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"extract\.csv:3: the file is not utf-8"):
        read(tmp_path, b"name;place\na;1\n\xff;2\n")
