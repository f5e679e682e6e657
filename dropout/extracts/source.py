"""A source: how one system's extracts map to our tables, as data."""

import datetime as dt
import fnmatch
import re
import unicodedata
from functools import cache
from typing import Literal

from pydantic import model_validator

from dropout.contracts.contract import Type, load_contracts
from dropout.country import Country
from dropout.errors import ExtractError, SettingsError
from dropout.resources import resource
from dropout.strict import Strict, read_yaml

Encoding = Literal["utf-8", "utf-16", "windows-1252", "windows-1256", "latin-1"]


class SourceFile(Strict):
    """One kind of file: mapped to a `table`, or kept as `raw` fields that a statement of `sql/staging` shapes.

    `columns` maps our canonical column to the header in the file, or to several spellings of it; `codes`
    maps the file's values (case and accents as written) to ours; `constants` fill what the file leaves out.
    """

    match: str
    table: str = ""
    raw: str = ""
    columns: dict[str, str | list[str]] = {}
    codes: dict[str, dict[str, str]] = {}
    constants: dict[str, str] = {}
    fields: dict[str, Type] = {}
    is_required: bool = False

    @model_validator(mode="after")
    def _one_target(self) -> "SourceFile":
        if bool(self.table) == bool(self.raw):
            raise ValueError(f"file '{self.match}' needs either table or raw")
        return self

    @property
    def label(self) -> str:
        """Name of the target in the ledger."""
        return self.table or self.raw

    def types(self) -> dict[str, Type]:
        """Type of every column this file gives, by our name."""
        if self.raw:
            return dict(self.fields)
        canonical = {c.name: c.type for c in load_contracts()[self.table].canonical_columns}
        return {name: canonical[name] for name in self.columns}

    def headers(self) -> dict[str, list[str]]:
        """Accepted headers of every column this file gives, by our name."""
        if self.raw:
            return {name: [name] for name in self.fields}
        return {name: [h] if isinstance(h, str) else h for name, h in self.columns.items()}

    def required(self) -> set[str]:
        """Columns that the file must have."""
        if self.raw:
            return set(self.fields)
        return {c.name for c in load_contracts()[self.table].canonical_columns if c.is_required} - set(self.constants)


class Source(Strict):
    """One `source.yaml`. `delivered_on` finds the delivery's date in its name, for history loaded in bulk."""

    source: str
    title: str
    encoding: Encoding
    delimiter: str
    decimal_comma: bool = False
    date_formats: list[str] = ["%Y-%m-%d"]
    delivered_on: str = ""
    reporting_lag_days: int = 1
    attendance_mode: Literal["full", "exceptions", "presence"]
    files: list[SourceFile]
    derive: list[str] = []

    def file_for(self, name: str) -> SourceFile | None:
        """The kind of the file called `name`, by pattern, case ignored; None when this source knows none."""
        return next((f for f in self.files if fnmatch.fnmatch(name.lower(), f.match.lower())), None)

    def delivery_date(self, name: str) -> dt.date | None:
        """The date in a delivery's name, where this source declares how to find it."""
        found = re.search(self.delivered_on, name) if self.delivered_on else None
        try:
            return dt.date.fromisoformat(found["date"]) if found else None
        except ValueError:
            return None


@cache
def load_source(name: str) -> Source:
    """The source `name`; raises SettingsError for an unknown key, table or column."""
    path = resource(f"data_contracts/sources/{name}/source.yaml")
    source = read_yaml(path, Source)
    contracts = load_contracts()
    for file in source.files:
        if file.table and file.table not in contracts:
            raise SettingsError(f"unknown table '{file.table}'", where=str(path), remedy=f"One of: {', '.join(contracts)}.")
        if file.table:
            known = {c.name for c in contracts[file.table].canonical_columns}
            odd = sorted((set(file.columns) | set(file.codes) | set(file.constants)) - known)
            missing = sorted(file.required() - set(file.columns))
            if odd or missing:
                said = f"unknown columns: {', '.join(odd)}" if odd else f"required columns not mapped: {', '.join(missing)}"
                raise SettingsError(
                    f"{file.match}: {said}", where=str(path), remedy=f"Columns of {file.table}: {', '.join(known)}."
                )
    return source


def source_of(country: Country, delivery: str, names: list[str]) -> Source:
    """The country's source that knows these file names; raises ExtractError naming what none of them knows."""
    best = max((load_source(s) for s in country.sources), key=lambda s: sum(s.file_for(n) is not None for n in names))
    unknown = [n for n in names if best.file_for(n) is None]
    if unknown:
        raise ExtractError(
            f"no source of '{country.country}' knows these files: {', '.join(sorted(unknown)[:5])}",
            where=delivery,
            remedy=f"Rename them as {best.source} expects ({', '.join(f.match for f in best.files)}) or take them out.",
        )
    missing = [f.match for f in best.files if f.is_required and not any(best.file_for(n) is f for n in names)]
    if missing:
        raise ExtractError(f"missing files: {', '.join(missing)}", where=delivery, remedy="Export the delivery again, whole.")
    return best


def folded(text: str) -> str:
    """A header or code as it is compared: no accents, no case, single spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(bare.replace("\ufeff", "").casefold().split())
