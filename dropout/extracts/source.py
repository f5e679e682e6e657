"""A source: how one system's extracts map to our tables, as data."""

import datetime as dt
import fnmatch
import re
import unicodedata
from collections.abc import Collection
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dropout.contracts.contract import Contract, Type, load_contracts
from dropout.country import Country, SchoolYear
from dropout.errors import SettingsError
from dropout.extracts.normal import normal
from dropout.resources import resource
from dropout.strict import Strict, read_yaml

Encoding = Literal["utf-8", "utf-16", "windows-1252", "windows-1256", "latin-1"]
Mode = Literal["full", "exceptions", "presence", "totals"]
Contents = Literal["increment", "snapshot"]
Format = Literal["text", "workbook", "parquet", "jsonl", "returned"]

FORMATS: dict[str, Format] = {
    ".xlsx": "workbook", ".xlsm": "workbook", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
FILE = "source.yaml"
RETURNED = "returned-"  # how the names of lists that came back begin in `raw/`: landing knew them by their header
LISTS = "list_answers"  # their source; every country has it
OWN: dict[str, Path] = {}  # sources of a deployment's own folder, by name
YEAR_START = "year_start"  # a named group that gives the calendar year in which the school year begins
DATE_PARTS = {"date", "day", "month", "year", YEAR_START}
UNNEEDED = "unneeded"  # in the ledger, the target of files that carry nothing for us; and the only field of theirs
YEARS: list[SchoolYear] = []  # those of the country whose sources were learnt last
FIRST_YEAR, LAST_YEAR = 1990, 2100
ID = re.compile(r"(?:^|_)ids?(?:_|$)|Ids?$")  # school_id, id_student, sourcedId
PERIOD_START = "period_start"  # of a table about periods, whose event date is the period's end


def many(value: str | list[str]) -> list[str]:
    """One spelling or several, as a list."""
    return [value] if isinstance(value, str) else value


def _verify_pattern(pattern: str, key: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"`{key}` is no pattern: {error}") from None


class Unpivot(Strict):
    """A wide layout: every column whose header matches `headers` becomes rows of its own.

    Named groups of `headers` fill columns of ours; `day`, `month`, `year` or `date` together make the event date.
    The cell goes into column `into`, or, where a group `part` tells several cells of one row apart, into `parts[part]`.
    `first_month` is the month in which the school year begins, for headers that name no year; `months` are names of
    months, 1 to 12. In a table about periods a month without a day is the period, from its first day to its last.
    """

    headers: str
    into: str = ""
    parts: dict[str, str] = {}
    first_month: int = Field(default=0, ge=0, le=12)
    months: dict[str, Annotated[int, Field(ge=1, le=12)]] = {}

    @model_validator(mode="after")
    def _one_target(self) -> "Unpivot":
        _verify_pattern(self.headers, "unpivot.headers")
        groups = set(re.compile(self.headers).groupindex)
        if bool(self.into) == bool(self.parts) or bool(self.parts) != ("part" in groups):
            raise ValueError("unpivot needs either `into`, or `parts` and a group named part in `headers`")
        return self


class Join(Strict):
    """Columns from a sibling file of the same delivery: `on` maps our column to its field, `take` fills ours from its fields."""

    file: str
    on: dict[str, str]
    take: dict[str, str]
    is_required: bool = True


class SourceFile(Strict):
    """One kind of file: mapped to a `table`, or kept as `raw` fields that joins and statements of `sql/staging` use.

    Read from the file itself: `columns` (ours → header, or several spellings), `keys` (columns for joins only),
    `known_at` (header of the date a row was entered, for history), `only` (header → values of the lines that
    concern us; others are set aside), `deleted` (header → values that delete a row by its key), `others` (header →
    the other values that stand in a column of `only` or `deleted`; one that is in neither list is a reject).
    Found around it: `path` (pattern with named groups on the file's path), `cells` (ours → label in the lines above
    the header, whose neighbour holds the value), `constants`. `header_rows`: 2 joins two header lines with " / ".
    `{name}` in a constant stands for what `path` or `cells` found.
    `feeds` names the table whose rows the lines of a raw kind become by the source's own statement. A kind that is
    `unneeded`, with the reason, is known and carries nothing for us: its lines are counted and set aside, unread.
    `optional` are fields of a raw file that it may lack.
    `codes` maps the file's words to ours; `empty` lists, by column, words that say nothing; `defaults` fill empty cells.
    `contents: snapshot` with `within`: what such a file leaves out is deleted, among rows that share a value of
    the columns `within` with one of the file.
    """

    match: str | list[str]
    table: str = ""
    raw: str = ""
    feeds: str = ""
    unneeded: str = ""
    format: Format | None = None
    sheet: str = ""
    header_rows: Literal[1, 2] = 1
    encoding: Encoding | list[Encoding] | None = None
    delimiter: str | list[str] | None = None
    decimal_comma: bool | None = None
    date_formats: list[str] | None = None
    attendance_mode: Mode | None = None
    contents: Contents | None = None
    within: list[str] = []
    columns: dict[str, str | list[str]] = {}
    keys: dict[str, str | list[str]] = {}
    dates: dict[str, list[str]] = {}
    codes: dict[str, dict[str, str]] = {}
    empty: dict[str, list[str]] = {}
    constants: dict[str, str] = {}
    defaults: dict[str, str] = {}
    path: str = ""
    cells: dict[str, str | list[str]] = {}
    unpivot: Unpivot | None = None
    join: list[Join] = []
    known_at: str | list[str] = []
    only: dict[str, list[str]] = {}
    deleted: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    ignored: list[str] = []
    fields: dict[str, Type] = {}
    optional: list[str] = []
    is_required: bool = False

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_read(cls, data: Any) -> Any:
        """What is not needed is raw, with one field that no file has."""
        if isinstance(data, dict) and data.get("unneeded"):
            return {"raw": UNNEEDED, "fields": {UNNEEDED: "VARCHAR"}} | data
        return data

    @model_validator(mode="after")
    def _one_target(self) -> "SourceFile":
        if bool(self.table) == bool(self.raw):
            raise ValueError(f"file '{self.pattern}' needs either table or raw")
        if self.unneeded and (self.raw != UNNEEDED or self.is_required):
            raise ValueError(f"file '{self.pattern}' cannot be unneeded and be read or required")
        if self.feeds and not self.raw:
            raise ValueError(f"file '{self.pattern}' names a table already; feeds is for raw files")
        if strangers := set(self.others) - {*self.only, *self.deleted}:
            raise ValueError(f"others: {', '.join(sorted(strangers))} is in neither only nor deleted")
        _verify_pattern(self.path, "path")
        return self

    @property
    def pattern(self) -> str:
        """The name patterns, as one text."""
        return ", ".join(many(self.match))

    @property
    def label(self) -> str:
        """Name of the target in the ledger."""
        return self.table or self.raw

    @property
    def contract(self) -> Contract | None:
        """The contract of its table."""
        return load_contracts()[self.table] if self.table else None

    def canonical(self) -> dict[str, Type]:
        """Type of every column of its table, or of its raw fields."""
        return {c.name: c.type for c in self.contract.canonical_columns} if self.contract else dict(self.fields)

    def types(self) -> dict[str, Type]:
        """Type of every column that is known before siblings are joined, by our name."""
        canonical = self.canonical()
        if self.raw:
            return canonical
        own = [*self.columns, *self.constants, *self.around(), *self._unpivoted()]
        return {name: canonical[name] for name in dict.fromkeys(own)} | dict.fromkeys(self.keys, "VARCHAR")

    def around(self) -> list[str]:
        """Our columns that the path, or the lines above the header, give."""
        return [*(g for g in re.compile(self.path).groupindex if g not in DATE_PARTS), *self._year(), *self.cells]

    def _year(self) -> list[str]:
        return ["school_year"] if YEAR_START in re.compile(self.path).groupindex and "school_year" in self.canonical() else []

    def _unpivoted(self) -> list[str]:
        if not self.unpivot:
            return []
        groups = set(re.compile(self.unpivot.headers).groupindex)
        return [
            *sorted(groups - DATE_PARTS - {"part"}),
            *self.dated(groups),
            *(self.unpivot.parts.values() or [self.unpivot.into]),
        ]

    def dated(self, groups: Collection[str]) -> list[str]:
        """Our columns that a header's parts of a date give: the event date; of a period told as a month, its two ends."""
        event = self.contract.event_date if self.contract else None
        if not event or not set(groups) & DATE_PARTS:
            return []
        is_month = "month" in groups and "day" not in groups and PERIOD_START in self.canonical()
        return [PERIOD_START, event] if is_month else [event]

    def headers(self) -> dict[str, list[str]]:
        """Accepted headers of every column this file gives, by our name."""
        if self.raw and not self.columns:
            return {name: [name] for name in self.fields}
        return {name: many(h) for name, h in (self.columns | self.keys).items()}

    def names(self) -> set[str]:
        """Columns of text that name a thing: keys and references, the school year, words of a closed list.

        A raw file has no contract: there it is what calls itself an id.
        """
        if not self.contract:
            return {name for name in (*self.fields, *self.keys) if ID.search(name)} | set(self.keys)
        columns = self.contract.columns
        named = {n for n, c in columns.items() if n in self.contract.key or c.pii == "pseudonym" or c.values or ID.search(n)}
        return {columns[n].source or n for n in named} | set(self.keys)

    def required(self) -> set[str]:
        """Columns that the file itself must have."""
        if self.raw:
            return set() if self.unneeded else set(self.fields) - {*self.constants, *self.optional}
        assert self.contract is not None
        elsewhere = {*self.constants, *self.around(), *self._unpivoted(), *(c for j in self.join for c in j.take)}
        return ({c.name for c in self.contract.canonical_columns if c.is_required} - elsewhere) | set(self.keys)


class Source(Strict):
    """One `source.yaml`; what its files leave out, they have from here.

    `encoding` and `delimiter` may list several: the first that fits a file is taken, and recorded. `delivered_on`
    finds the delivery's date in its name, for history loaded in bulk. `manifest` names the file in which a
    delivery says what it holds: columns file, rows and sha256, the last two optional.
    """

    source: str
    title: str
    encoding: Encoding | list[Encoding] = "utf-8"
    delimiter: str | list[str] = ","
    decimal_comma: bool = False
    date_formats: list[str] = ["%Y-%m-%d"]
    delivered_on: str = ""
    reporting_lag_days: int = 1
    attendance_mode: Mode
    contents: Contents = "increment"
    manifest: str = ""
    files: list[SourceFile]
    derive: list[str] = []

    def kinds_for(self, name: str) -> list[SourceFile]:
        """What a file called `name` (a path of the delivery) is read as, case ignored; empty when no entry knows it.

        The first entry whose pattern fits decides; others with the very same pattern read the same file for their table.
        """
        base = unicodedata.normalize("NFC", PurePosixPath(name).name).lower()
        hit = next((f for f in self.files if any(fnmatch.fnmatchcase(base, p.lower()) for p in many(f.match))), None)
        return [self.filled(f) for f in self.files if hit and f.match == hit.match]

    def file_for(self, name: str) -> SourceFile | None:
        """The first of `kinds_for`; None when no entry knows the name."""
        return next(iter(self.kinds_for(name)), None)

    def filled(self, kind: SourceFile) -> SourceFile:
        """`kind` with this source's own word for what it leaves open."""
        open_keys = ("encoding", "delimiter", "decimal_comma", "date_formats", "attendance_mode", "contents")
        return kind.model_copy(update={k: getattr(self, k) for k in open_keys if getattr(kind, k) is None})

    def delivery_date(self, name: str) -> dt.date | None:
        """The date in a delivery's name, where this source declares how to find it."""
        found = re.search(self.delivered_on, name) if self.delivered_on else None
        try:
            return dt.date.fromisoformat(found["date"]) if found else None
        except ValueError:
            return None


def load_source(name: str) -> Source:
    """The source `name`, or that of a `source.yaml`; raises SettingsError for an unknown key, table or column."""
    path = Path(name) if name.endswith(FILE) else OWN.get(name) or resource(f"data_contracts/sources/{name}/{FILE}")
    return _read(path)


def learn(country: Country) -> None:
    """Makes the sources of a deployment's own folder known by their names, as the ledger keeps them; and the country's years."""
    YEARS[:] = country.years(FIRST_YEAR, LAST_YEAR)
    for name in country.sources:
        if name.endswith(FILE):
            OWN[_read(Path(name)).source] = Path(name)


def school_years() -> list[SchoolYear]:
    """The school years of the country whose sources were learnt last."""
    return list(YEARS)


@cache
def _read(path: Path) -> Source:
    source = read_yaml(path, Source)
    for file in source.files:
        verify(file, source, str(path))
    return source


def verify(file: SourceFile, source: Source, where: str) -> None:
    """Raises SettingsError where `file` names what is not there, or leaves out what its table needs."""
    if file.table and file.table not in load_contracts():
        raise SettingsError(f"unknown table '{file.table}'", where=where, remedy=f"One of: {', '.join(load_contracts())}.")
    if file.feeds and file.feeds not in source.derive:
        raise SettingsError(
            f"{file.pattern}: feeds names '{file.feeds}', which the source does not derive",
            where=where,
            remedy=f"One of: {', '.join(source.derive)}.",
        )
    known, raws = set(file.canonical()), {f.raw for f in source.files if f.raw}
    named = {
        *file.columns,
        *file.codes,
        *file.constants,
        *file.defaults,
        *file.around(),
        *file.dates,
        *file.empty,
        *file._unpivoted(),
    }
    named |= {column for j in file.join for column in j.take} - {key for j in file.join for key in j.on}
    strangers = sorted({j.file for j in file.join} - raws)
    odd = sorted(named - known - set(file.keys))
    missing = sorted(file.required() - set(file.headers()))
    said = ""
    if strangers:
        said = f"joins a file that no other entry keeps as raw: {', '.join(strangers)}"
    elif odd:
        said = f"unknown columns: {', '.join(odd)}"
    elif missing:
        said = f"required columns not mapped: {', '.join(missing)}"
    if said:
        remedy = f"Columns of {file.label}: {', '.join(sorted(known))}."
        raise SettingsError(f"{file.pattern}: {said}", where=where, remedy=remedy)


def assign(country: Country, names: list[str]) -> dict[str, Source]:
    """The source of each file of a delivery, of those that know its name: the one that knows most of the delivery.

    Names that no source of the country knows are left out.
    """
    learn(country)
    sources = [load_source(s) for s in country.sources]
    ranked = sorted(sources, key=lambda s: -sum(s.file_for(n) is not None for n in names))  # stable: the country's order
    found = {n: next((s for s in ranked if s.file_for(n)), None) for n in names if not is_returned(n)}
    found |= {n: load_source(LISTS) for n in names if is_returned(n)}
    return {n: s for n, s in found.items() if s}


def is_returned(name: str) -> bool:
    """Whether the file `name` of a landed delivery is a list that came back."""
    return PurePosixPath(name).name.startswith(RETURNED)


def folded(text: str) -> str:
    """A header or code as it is compared: no accents, no case, single spaces, no unseen marks, ASCII digits."""
    return " ".join(without_accents(normal(text)).casefold().split())


def without_accents(text: str) -> str:
    """`text` without accents and vowel signs: é is e, أ is ا."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
