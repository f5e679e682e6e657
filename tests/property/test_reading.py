"""Whatever happens to a file: it is refused as a whole with an error of ours, or lines = rows + rejects; never a crash."""

import csv
import io
import tempfile
from pathlib import Path

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.errors import ExtractError
from dropout.extracts.source import Source, SourceFile
from dropout.extracts.text import read_cells

KIND = SourceFile(match="*", raw="t", fields={"name": "VARCHAR", "place": "VARCHAR"})
# what a cell may hold: any text of one line; a NUL or a lone CR is no text of a cell
cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), max_size=12)
table = st.lists(st.tuples(cell.filter(lambda c: c.strip() != ""), cell), max_size=12)


def read(content: bytes, encoding: str, delimiter: str) -> tuple[list[tuple[str, str]], int, int]:
    source = Source(source="t", title="t", encoding=encoding, delimiter=delimiter, attendance_mode="full", files=[])  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "extract.csv"
        path.write_bytes(content)
        con = duckdb.connect()
        cells = read_cells(con, path, source, KIND, Path(folder))
        rows = con.execute("select coalesce(name, ''), coalesce(place, '') from cells order by line").fetchall()
        return rows, len(cells.rejects), cells.line_count


@settings(max_examples=150, deadline=None)
@given(
    rows=table,
    delimiter=st.sampled_from([";", ",", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_comes_back_equal(rows: list[tuple[str, str]], delimiter: str, encoding: str, quoting: int, end: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows([("name", "place"), *rows])
    found, rejects, lines = read(out.getvalue().encode(encoding), encoding.removesuffix("-sig"), delimiter)
    assert (found, rejects, lines) == (rows, 0, len(rows))


@settings(max_examples=250, deadline=None)
@given(
    rows=st.integers(0, 20),
    damage=st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from([b'"', b"\n", b"\r", b"\0", b";", b"\xff", b"", b"\xd9"])), max_size=6
    ),
    cut=st.integers(0, 400),
)
def test_damage_never_breaks_the_reconciliation(rows: int, damage: list[tuple[int, bytes]], cut: int) -> None:
    content = bytearray(b"name;place\n" + "".join(f'n{i};"p;{i}"\n' for i in range(rows)).encode())
    for at, what in damage:
        content[at : at + 1] = what
    try:
        found, rejects, lines = read(bytes(content[: cut or None]), "utf-8", ";")
    except ExtractError:
        return
    assert len(found) + rejects == lines
