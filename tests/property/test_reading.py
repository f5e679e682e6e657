"""Whatever happens to a file: it is refused as a whole with an error of ours, or lines = rows + rejects; never a crash."""

import csv
import io
import tempfile
import unicodedata
from pathlib import Path

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.errors import ExtractError
from dropout.extracts.confined import Limits
from dropout.extracts.source import SourceFile
from dropout.extracts.take import open_sheet, take

KIND = SourceFile(match="*", raw="t", fields={"name": "VARCHAR", "place": "VARCHAR"}, date_formats=["%Y-%m-%d"])
BLANKS = "".join(c for c in map(chr, range(0x3100)) if unicodedata.category(c) == "Zs")
# what a cell may hold: any text of one line; a NUL or a lone CR is no text of a cell
cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), max_size=12)
table = st.lists(st.tuples(cell.filter(lambda c: c.strip() != ""), cell), max_size=12)


def read(content: bytes, encoding: str, delimiter: str) -> tuple[list[tuple[str, str]], int, int]:
    kind = KIND.model_copy(update={"encoding": encoding, "delimiter": delimiter})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "extract.csv"
        path.write_bytes(content)
        con = duckdb.connect()
        taken = take(con, open_sheet(con, path, kind, Path(folder), Limits(1 << 30, 60)), kind, path.name)
        rows = con.execute(f"select coalesce(name, ''), coalesce(place, '') from ({taken.rows}) order by line").fetchall()
        assert len(rows) + taken.reject_count + taken.aside_count == taken.line_count
        return rows, taken.reject_count, taken.line_count


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
    held = [tuple(c.strip(BLANKS) for c in row) for row in rows]  # blanks around a cell are no part of it
    assert (found, rejects, lines) == (held, 0, len(rows))


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
    assert rejects <= lines and len(found) <= rows + len(damage) + 1
