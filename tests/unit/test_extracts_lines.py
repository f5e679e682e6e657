"""No line vanishes in another one, whatever quotes, carriage returns and lengths do; and each is judged alike on every way."""

import time
from pathlib import Path

import duckdb
import pytest

from dropout.errors import ExtractError
from dropout.extracts import lines, text
from dropout.extracts.confined import Limits
from dropout.extracts.normal import normal, normal_sql
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import SourceFile
from dropout.extracts.take import open_sheet
from dropout.warehouse.deadline import deadline

HEAD = "id;day;status;note\n"
KIND = SourceFile(
    match="*", raw="t", fields=dict.fromkeys(("id", "day", "status", "note"), "VARCHAR"), delimiter=";", encoding="utf-8"
)
OPEN, CR = lines.OPEN_QUOTE, lines.LONE_CR
Read = tuple[list[tuple[int, str]], list[tuple[int, str]]]


def sheet_of(folder: Path, content: str | bytes, **changes: object) -> tuple[duckdb.DuckDBPyConnection, Sheet]:
    path = folder / "extract.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    con = duckdb.connect()
    return con, open_sheet(con, path, KIND.model_copy(update=changes), folder, Limits(1 << 30, 60))


def read(folder: Path, content: str, **changes: object) -> Read:
    """Line and last cell of each row; line and reason of each reject. Lines of the file are counted here, not by the reader."""
    con, sheet = sheet_of(folder, content, **changes)
    con.execute("create or replace temp table left_out (line bigint)")
    con.executemany("insert into left_out values (?)", [[line] for line in sheet.left_out] or [[None]])
    con.execute("delete from left_out where line is null")
    rows = con.execute(f"select line, coalesce(c3, '') from ({sheet.numbered()}) order by line").fetchall()
    below = content.count("\n") - 1 + (not content.endswith("\n"))
    assert len(rows) + len(sheet.rejects) == sheet.line_count
    assert sheet.line_count + sheet.continued_count + sheet.blank_count == below
    return rows, [(line, why) for line, _, why in sheet.rejects]


@pytest.mark.parametrize(
    ("below", "rows", "rejects"),
    [
        # two neighbours with an open quote each: joined they would be one row of four cells
        ('A;1;P;ok\nB;1;P;"\nC;1;A;"\nD;1;P;x\n', [(2, "ok"), (5, "x")], [(3, OPEN), (4, OPEN)]),
        # the second closes the first one's cell with words: still a row by itself, with a stray quote
        ('B;1;P;"seen\nC;1;A;done"\n', [(3, 'done"')], [(2, OPEN)]),
        # an open quote, short lines, a quote: no short line may go into the cell of the first
        (
            'B;1;P;"seen\nC;1;A\nD;1;A\nE;1;A;"\nF;1;P;x\n',
            [(6, "x")],
            [(2, OPEN), (3, "too few fields"), (4, "too few fields"), (5, OPEN)],
        ),
        # an open quote in front of whole rows
        ('"B;1;P;x\n"C;1;P;y\nD;1;P;z\n', [(4, "z")], [(2, OPEN), (3, OPEN)]),
        # quotes beside the edge of a field make no cell of several lines
        ('B;5" x;P;"a\nb"\n', [], [(2, OPEN), (3, "too few fields")]),
        ('B;1;P;"a\nb" c\n', [], [(2, OPEN), (3, "too few fields")]),
        # what may run over lines: a last cell, a first, one between, one with doubled quotes and delimiters
        ('B;1;P;"a\nb"\nC;1;P;x\n', [(2, "a\nb"), (4, "x")], []),
        ('"B\nb";1;P;x\n', [(2, "x")], []),
        ('B;1;"P\n";x\n', [(2, "x")], []),
        ('B;1;P;"a\n\n""b""; c"\n', [(2, 'a\n\n"b"; c')], []),
        ('"B";"\n";"P;";"x"\n', [(2, "x")], []),
        # nothing closes it
        ('B;1;P;"a\nb\nc', [], [(2, OPEN), (3, "too few fields"), (4, "too few fields")]),
    ],
)
def test_a_quoted_cell_takes_in_only_what_is_no_row(
    tmp_path: Path, below: str, rows: list[tuple[int, str]], rejects: list[tuple[int, str]]
) -> None:
    assert read(tmp_path, HEAD + below) == (rows, rejects)


def test_a_thousand_open_quotes_are_a_thousand_rejects(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, HEAD + "".join(f'A{i};1;P;"\n' for i in range(1000)))
    assert (rows, rejects) == ([], [(i, OPEN) for i in range(2, 1002)])


@pytest.mark.parametrize(
    ("below", "rows", "rejects"),
    [
        ('"A";1;P;\rB;1;P;\nC;1;P;x\n', [(3, "x")], [(2, CR)]),
        ("A;1;P;a\rb\nC;1;P;x\n", [(3, "x")], [(2, CR)]),
        ('A;1;P;"a\rb"\nC;1;P;x\n', [(2, "a\rb"), (3, "x")], []),
        ('"A";1;P;a\r\r\nC;1;P;x\r\n', [(2, "a"), (3, "x")], []),
    ],
)
def test_a_lone_carriage_return_hides_nothing(
    tmp_path: Path, below: str, rows: list[tuple[int, str]], rejects: list[tuple[int, str]]
) -> None:
    assert read(tmp_path, HEAD + below) == (rows, rejects)


@pytest.mark.parametrize("quoted", ["", '"q"'])
def test_empty_cells_beyond_the_last_column_are_no_cells_on_either_way(tmp_path: Path, quoted: str) -> None:
    rows, rejects = read(tmp_path, HEAD + f"A;1;P;x;;;\nB;1;P;y; ;\nC;1;P;z;;v\nD;1;P;{quoted}\n")
    assert rows == [(2, "x"), (3, "y"), (5, quoted.strip('"'))]
    assert rejects == [(4, "too many fields")]


SPACED = 'A;1;P; "x" \nB;1;P;"y;z" \n"C" ;1;P;say "w"\n'


def test_blanks_around_quotes_are_read_as_by_duckdb(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    at_once, by_lines = read(tmp_path / "a", HEAD + SPACED), read(tmp_path / "b", HEAD + SPACED + '"open;1;P;\n')
    assert at_once == ([(2, "x"), (3, "y;z"), (4, 'say "w"')], [])
    assert by_lines == (at_once[0], [(5, OPEN)])


def test_long_fields_are_cells_up_to_a_line_s_limit(tmp_path: Path) -> None:
    long, too_long, quotes = "y" * 200_000, "y" * (lines.LONGEST + 1), '""' * 300_000
    content = HEAD + f'A;1;P;"{long}"\nB;1;P;"{too_long}"\nC;1;P;"{quotes}"\nD;1;P;"a\nb"\n'
    rows, rejects = read(tmp_path, content)
    assert [(line, len(cell)) for line, cell in rows] == [(2, 200_000), (4, 300_000), (5, 3)]
    assert rejects == [(3, lines.TOO_LONG)]
    arabic = HEAD + 'A;1;P;"' + "ي" * 600_000 + '"\nB;1;P;"a\nb"\n'  # 1.2 MB in UTF-8
    assert read(tmp_path, arabic) == ([(3, "a\nb")], [(2, lines.TOO_LONG)])


def test_a_header_with_a_quoted_field_of_any_length_is_cut(tmp_path: Path) -> None:
    wide = HEAD.rstrip("\n") + ';"' + "x" * 200_000 + '"\nA;1;P;x;\n'
    assert read(tmp_path, wide)[0] == [(2, "x")]
    assert lines.cut('a;"' + "x" * (2 << 20), ";")[0] == "a"


@pytest.mark.parametrize("head", ["A;" * 3_000_000, "A;" * 25_000])
def test_a_header_without_end_is_refused_at_once(tmp_path: Path, head: str) -> None:
    began = time.monotonic()
    with pytest.raises(ExtractError, match="no header: the line has more than 20,000 columns"):
        sheet_of(tmp_path, head + "\nx\n")
    assert time.monotonic() - began < 10


def test_a_line_too_long_for_a_header_costs_itself_alone(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, HEAD + "A;" * 600_000 + "\nB;1;P;x\n")
    assert (rows, rejects) == ([(3, "x")], [(2, lines.TOO_LONG)])


@pytest.mark.parametrize(("cells", "bad"), [(4000, 300), (3, 9000)])
def test_many_lines_with_too_many_fields_are_no_burden(tmp_path: Path, cells: int, bad: int) -> None:
    began = time.monotonic()  # DuckDB's own list of what it left out took 30 s and 25 GB for the first of these
    rows, rejects = read(tmp_path, HEAD + ("A;1;P" + ";x" * cells + "\n") * bad + "B;1;P;x\n")
    assert rows == [(bad + 2, "x")]
    assert set(rejects) == {(line, "too many fields") for line in range(2, bad + 2)}
    assert time.monotonic() - began < 10


def test_time_holds_for_loops_in_python_too(tmp_path: Path) -> None:
    content = HEAD + "".join(f"A{i};1;P;x{end}" for i in range(200_000) for end in ("\r\n", "\n"))
    began = time.monotonic()
    with (
        pytest.raises(ExtractError, match=r"f\.csv: reading took longer than 0\.1 seconds"),
        deadline(duckdb.connect(), 0.1, "f.csv"),
    ):
        sheet_of(tmp_path, content)
    assert time.monotonic() - began < 5


def test_time_holds_for_a_statement_that_begins_after_its_end() -> None:
    con = duckdb.connect()
    began = time.monotonic()
    with pytest.raises(ExtractError, match=r"longer than 0\.1 seconds"), deadline(con, 0.1, "f.csv"):
        time.sleep(0.3)
        con.execute("select sum(hash(a.range, b.range)) from range(1000000) as a, range(100000) as b").fetchall()
    assert time.monotonic() - began < 20
    assert con.execute("select 1").fetchall() == [(1,)]


def test_lines_that_do_not_add_up_stop_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def swallow(*args: object) -> lines.Mended:
        made = real(*args)  # type: ignore[arg-type]
        made.record_count -= 1
        return made

    real = lines.mend
    monkeypatch.setattr(text.lines, "mend", swallow)
    with pytest.raises(ExtractError, match="lines do not reconcile"):
        sheet_of(tmp_path, HEAD + 'A;1;P;"open\nB;1;P;x\n')


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A١", "A1"), ("۲۰۲۶/٢٠٢٧", "2026/2027"),
        ("\u200fA1", "A1"), ("A\u200e1\u202c", "A1"), ("\ufeffA1", "A1"), ("\tA1 \u00a0", "A1"),
        (" \u200f A1 \u200f\r\n", "A1"), ("A 1", "A 1"), ("القسم ٣", "القسم 3"), ("école", "école"), ("\u200f", ""), ("", ""),
    ],
)  # fmt: skip
def test_names_are_made_normal_alike_in_python_and_sql(written: str, meant: str) -> None:
    [(found,)] = duckdb.connect().execute(f"select {normal_sql('$t')}", {"t": written}).fetchall()
    assert (normal(written), found) == (meant, meant)


def test_rows_parted_by_a_lone_carriage_return_are_not_taken_into_a_cell(tmp_path: Path) -> None:
    """Between two stray quotes stand two rows that a lone CR parts: no cell of the first, but a reject of its own."""
    source = tmp_path / "in"
    source.write_bytes(b'a;b;c\n1;2;"\n3;4;5\r6;7;8\n"\n')
    made = lines.mend(source, tmp_path / "out", 3, ";", 1)
    assert [(line, reason) for line, _, reason in made.rejects] == [(2, OPEN), (3, CR), (4, OPEN)]
    assert made.continued_count == 0
