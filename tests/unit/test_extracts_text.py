"""Every line becomes a row or a reject, and one bad line never costs the next one."""

from pathlib import Path

import duckdb
import pytest

from dropout.errors import ExtractError
from dropout.extracts.confined import Limits
from dropout.extracts.source import SourceFile
from dropout.extracts.take import open_sheet, take

KIND = SourceFile(
    match="*", raw="t", fields={"name": "VARCHAR", "place": "VARCHAR"}, delimiter=";", encoding="utf-8", date_formats=["%Y-%m-%d"]
)


def read(
    tmp_path: Path, content: bytes, encoding: str | list[str] = "utf-8", **changes: object
) -> tuple[list[tuple[object, ...]], list[tuple[int, str]], int]:
    path = tmp_path / "extract.csv"
    path.write_bytes(content)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    con = duckdb.connect()
    kind = KIND.model_copy(update={"encoding": encoding, **changes})
    taken = take(con, open_sheet(con, path, kind, work, Limits(1 << 30, 60)), kind, path.name)
    rows = con.execute(f"select line, name, place from ({taken.rows}) order by line").fetchall()
    rejects = con.execute("select line, reason from reject order by line").fetchall()
    assert len(rows) + len(rejects) + taken.aside_count == taken.line_count
    assert len(rejects) == taken.reject_count
    return rows, rejects, taken.line_count


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
        (b"PAR1....", "Parquet"),
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


def test_one_damaged_line_of_many_costs_itself_alone(tmp_path: Path) -> None:
    content = b"name;place\n" + "Zoé;Fès\n".encode() * 50 + b"\xff;2\n" + "علي;فاس\n".encode()
    rows, rejects, count = read(tmp_path, content, ["utf-8", "windows-1256"])
    assert (len(rows), count, rows[-1]) == (51, 52, (53, "علي", "فاس"))
    assert rejects == [(52, "bytes that are no text in the file's encoding")]


def test_a_mark_decides_the_encoding_and_else_the_first_that_fits(tmp_path: Path) -> None:
    assert read(tmp_path, "name;place\nZoé;Fès\n".encode("utf-16"))[0] == [(2, "Zoé", "Fès")]
    for encoding in ("utf-8", "utf-8-sig", "windows-1256"):
        assert read(tmp_path, "name;place\nعلي;فاس\n".encode(encoding), ["utf-8", "windows-1256"])[0] == [(2, "علي", "فاس")]


def test_the_first_delimiter_that_splits_the_header_is_taken(tmp_path: Path) -> None:
    for delimiter in (";", "\t", ","):
        content = f"name{delimiter}place\na{delimiter}b\n".encode()
        assert read(tmp_path, content, delimiter=[";", ",", "\t"])[0] == [(2, "a", "b")]


def test_a_quoted_cell_may_run_over_lines_that_are_no_rows_themselves(tmp_path: Path) -> None:
    rows, rejects, count = read(tmp_path, b'name;place\n"a\nstreet";1\nb;2\n"open;3\nc;4\n')
    assert rows == [(2, "a\nstreet", "1"), (4, "b", "2"), (6, "c", "4")]
    assert (rejects, count) == ([(5, "an open or misplaced quote")], 4)


def test_mixed_and_old_line_ends(tmp_path: Path) -> None:
    assert read(tmp_path, b"name;place\r\na;1\nb;2\r\n")[0] == [(2, "a", "1"), (3, "b", "2")]
    assert read(tmp_path, b"name;place\ra;1\rb;2\r")[0] == [(2, "a", "1"), (3, "b", "2")]


def test_the_header_is_found_below_titles(tmp_path: Path) -> None:
    rows, _, count = read(tmp_path, b"Academy;Rabat\n\nList of pupils\nname;place\na;1\n")
    assert (rows, count) == ([(5, "a", "1")], 1)


def test_lines_of_delimiters_alone_are_set_aside(tmp_path: Path) -> None:
    rows, rejects, count = read(tmp_path, b"name;place\na;1\n;\n;\n")
    assert (rows, rejects, count) == ([(2, "a", "1")], [], 3)


def test_a_line_without_end_is_a_reject_and_no_burden(tmp_path: Path) -> None:
    rows, rejects, _ = read(tmp_path, b"name;place\na;1\n" + b"x" * (3 << 20) + b"\nb;2\n")
    assert [r[1] for r in rows] == ["a", "b"]
    assert [line for line, _ in rejects] == [3]
