"""What a table is written in, is found again: any encoding, delimiter, quoting and style of dates comes back equal."""

import csv
import datetime as dt
import io
import tempfile
from pathlib import Path

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.extracts.draft.columns import Column
from dropout.extracts.draft.dates import Habit, guess_dates
from dropout.extracts.draft.delimited import read_delimited
from dropout.extracts.draft.draft import draft
from tests.drafts import loaded, read_back

LETTERS = {
    "windows-1252": "abcdefgéèêàçïôûîâÉÀÈÔœ",
    "windows-1256": "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىآأإ",
    "utf-8": "abcéèçابتثجحŁőžя中日",
}
CODECS = {"windows-1252": ["windows-1252"], "windows-1256": ["windows-1256"], "utf-8": ["utf-8", "utf-8-sig", "utf-16"]}
FORMATS = [
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%y",
    "%m/%d/%Y",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d/%m/%Y %H:%M",
    "%Y-%m-%dT%H:%M:%SZ",
]
OTHER = {"%d/%m/%Y": "%Y-%m-%d", "%d-%m-%Y": "%d/%m/%Y", "%Y-%m-%d": "%d.%m.%Y"}  # mixed with the first in one column
CODES = ["P", "AJ", "ANJ", "R"]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], list[tuple[str, str, str]], str]:
    """Rows as written, what they say (pupil, ISO date, code), and the family of their letters."""
    family = draw(st.sampled_from(sorted(LETTERS)))
    word = st.text(LETTERS[family], min_size=3, max_size=8).map(lambda w: w if family != "windows-1252" else f"m{w}t")
    first = draw(st.sampled_from(FORMATS))
    second = draw(st.sampled_from([first, OTHER.get(first, first)]))
    count = draw(st.integers(3, 25))
    rows, meant = [], []
    for i in range(count):
        # the 25th shows which part is the day; where day and month cannot be told apart, a question is asked instead
        day = dt.datetime(2024, 9, 25) if i == 0 else draw(st.datetimes(dt.datetime(2024, 9, 1), dt.datetime(2025, 6, 30)))
        pupil, code = f"{draw(st.integers(0, 99)):03d}{draw(st.integers(100, 999))}", draw(st.sampled_from(CODES))
        note = draw(st.one_of(word, st.tuples(word, st.sampled_from([";", ",", '"', " "]), word).map("".join)))
        rows.append([pupil, note, day.strftime(second if i % 3 == 2 else first), code])
        meant.append((pupil, day.date().isoformat(), code))
    return rows, meant, family


@settings(max_examples=120, deadline=None)
@given(
    table=tables(),
    delimiter=st.sampled_from([";", ",", "\t", "|", "~"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
    title=st.booleans(),
    data=st.data(),
)
def test_the_draft_of_a_table_reads_it_back(
    table: tuple[list[list[str]], list[tuple[str, str, str]], str],
    delimiter: str,
    quoting: int,
    end: str,
    title: bool,
    data: st.DataObject,
) -> None:
    rows, meant, family = table
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    above = [["Liste"], []] if title else []
    writer.writerows([*above, ["Matricule", "Remarque", "Date absence", "Statut"], *rows])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "absences.csv"
        path.write_bytes(out.getvalue().encode(data.draw(st.sampled_from(CODECS[family]))))
        sample = read_delimited(path)
        assert sample.heading is not None
        assert sample.delimiter == delimiter
        body = sample.rows[sample.heading.index + 1 :]
        assert body == rows
        read = read_back(loaded(draft("sample", [path]), folder), path, "attendance")
    words = {"P": "present", "AJ": "absent_excused", "ANJ": "absent_unexcused", "R": "late"}
    assert read.rejects == []
    assert [(r["student_id"], r["date"], r["status"]) for r in read.rows] == [(p, d, words[c]) for p, d, c in meant]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.dates(dt.date(1995, 1, 1), dt.date(2030, 12, 31)), min_size=1, max_size=30),
    st.sampled_from(FORMATS),
    st.booleans(),
)
def test_the_formats_found_read_every_date_as_it_was_meant_or_ask(
    days: list[dt.date], written: str, is_month_first: bool
) -> None:
    column = Column("Date", 0)
    column.add(f"{dt.datetime(d.year, d.month, d.day):{written}}" for d in days)
    with duckdb.connect() as con:
        guess = guess_dates(con, column.values, Habit(is_month_first))
        assert guess.read == len(days)
        if not guess.questions:
            texts = [(text, d) for d in days for text in [f"{dt.datetime(d.year, d.month, d.day):{written}}"]]
            for text, day in texts:
                assert con.execute(f"select try_strptime(?, '{guess.formats[0]}')::date", [text]).fetchone() == (day,)
