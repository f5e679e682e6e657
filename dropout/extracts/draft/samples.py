"""Sample files of any make → groups of files with the same columns; gzip and zip are looked into."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dropout.extracts.draft.columns import Column
from dropout.extracts.draft.delimited import read_delimited
from dropout.extracts.draft.encoding import EncodingGuess
from dropout.extracts.draft.heading import Heading, Row, no_heading
from dropout.extracts.draft.unpacked import unpacked
from dropout.extracts.source import FORMATS, Format, folded


@dataclass(frozen=True)
class Sample:
    """One file or sheet: its rows from the top and from further on, as text."""

    name: str  # as a source's patterns see it
    form: Format
    rows: Sequence[Row]
    further: Sequence[Row]
    heading: Heading
    sheet: str = ""
    encoding: EncodingGuess | None = None
    delimiter: str = ""

    @property
    def body(self) -> list[Row]:
        """Rows below the header that have its width; a print repeats the header on each page."""
        start = self.heading.index + self.heading.row_count
        again = {tuple(row) for row in self.rows[self.heading.index : start]}
        below = (row for row in [*self.rows[start:], *self.further] if tuple(row) not in again)
        return [row for row in below if len(row) == len(self.heading.header) and any(c.strip() for c in row)]


@dataclass
class Group:
    """Files with the same header: their columns with the values of all of them."""

    samples: list[Sample]
    columns: list[Column] = field(default_factory=list)

    @property
    def first(self) -> Sample:
        """The sample that speaks for the group."""
        return self.samples[0]

    @property
    def names(self) -> list[str]:
        """Names of its files, each once."""
        return list(dict.fromkeys(s.name for s in self.samples))

    @property
    def headers(self) -> list[str]:
        """The header, as written."""
        return self.first.heading.header

    @property
    def above(self) -> list[Sequence[Row]]:
        """The lines above the header, by file."""
        return [s.rows[: s.heading.index] for s in self.samples]


def open_samples(con: duckdb.DuckDBPyConnection, paths: Iterable[Path], work: Path) -> list[Group]:
    """The samples by header, in the order given; `work` is a private folder for what is unpacked.

    Raises ExtractError for a file that is not there, cannot be read, or has no header line.
    """
    groups: dict[tuple[str, tuple[str, ...]], Group] = {}
    for path in unpacked(paths, work):
        for sample in _read(con, path, work):
            key = (sample.form, tuple(folded(h) for h in sample.heading.header))
            groups.setdefault(key, Group([])).samples.append(sample)
    for group in groups.values():
        group.columns = [Column(" ".join(h.split()), place) for place, h in enumerate(group.headers)]
        for sample in group.samples:
            for column in group.columns:
                column.add(row[column.place] for row in sample.body)
    return list(groups.values())


def _read(con: duckdb.DuckDBPyConnection, path: Path, work: Path) -> list[Sample]:
    form = FORMATS.get(path.suffix.lower(), "text")
    name = unicodedata.normalize("NFC", path.name)
    if form == "text":
        text = read_delimited(path)
        if text.heading is None:
            raise no_heading(name)
        return [Sample(name, form, text.rows, text.further, text.heading, "", text.encoding, text.delimiter)]
    from dropout.extracts.draft import tabular

    if form == "workbook":
        sheets = tabular.worksheets(path, work)
        if not sheets:
            raise no_heading(name)
        return [Sample(name, form, rows, further, heading, sheet) for sheet, rows, further, heading in sheets]
    rows, further, heading = tabular.fields(con, path, work)
    return [Sample(name, form, rows, further, heading)]
