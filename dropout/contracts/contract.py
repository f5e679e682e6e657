"""A contract is one YAML of `data_contracts/tables/`: what one of our tables promises, as frozen data."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dropout.errors import SettingsError
from dropout.resources import resource
from dropout.strict import Strict, read_yaml

Type = Literal["VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "DATE", "BOOLEAN"]
Pii = Literal["none", "pseudonym", "sensitive", "identity"]
RowSeverity = Literal["quarantine", "warn"]
DatasetSeverity = Literal["refuse", "warn"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Words = Annotated[str, Field(min_length=3)]

FOLDER = "data_contracts/tables"


class Column(Strict):
    """One column. `from` names the column of the canonical extract where ours differs.

    `pii: identity` columns stand in the extract and in the identity store, never in the warehouse.
    A value outside `values`, `min` or `max` costs the row its place, or only a warning with `severity: warn`.
    """

    type: Type
    source: Name | None = Field(default=None, alias="from")
    pii: Pii = "none"
    nullable: bool = False
    values: tuple[str, ...] = ()
    min: int | float | dt.date | None = None
    max: int | float | dt.date | None = None
    severity: RowSeverity = "quarantine"
    description: Words
    example: str | int | float | bool | dt.date


class Reference(Strict):
    """`column` must be known in table `to` (tonight's rows or the warehouse's); judged by rule `name`."""

    name: Name
    column: Name
    to: Name
    severity: RowSeverity = "quarantine"
    says: Words
    remedy: Words


class RowRule(Strict):
    """`holds` is a boolean SQL expression over one row; false breaks it, NULL does not."""

    name: Name
    holds: Words
    severity: RowSeverity
    says: Words
    remedy: Words


class DatasetRule(Strict):
    """`holds` is a boolean SQL aggregate over all rows of this table in one delivery; false breaks it."""

    name: Name
    holds: Words
    severity: DatasetSeverity
    says: Words
    remedy: Words


class Retention(Strict):
    """How long rows are kept: `years` after the event date; of a student and an enrolment, after the last enrolment ended.

    `identity_years` is as much for the columns of the identity store.
    """

    years: Annotated[int, Field(ge=1)]
    identity_years: Annotated[int, Field(ge=1)] | None = None


@dataclass(frozen=True)
class CanonicalColumn:
    """A column of the canonical extract."""

    name: str
    type: Type
    is_required: bool


class Contract(Strict):
    """One table. `event_date` is the column that bulk history takes as the date a row was known from."""

    table: Name
    title: Words
    grain: Words
    description: Words
    key: tuple[Name, ...]
    event_date: Name | None = None
    is_required: bool = False
    retention: Retention | None = None
    columns: dict[Name, Column]
    references: tuple[Reference, ...] = ()
    row_rules: tuple[RowRule, ...] = ()
    dataset_rules: tuple[DatasetRule, ...] = ()

    @model_validator(mode="after")
    def _names_fit(self) -> "Contract":
        named = [
            *self.key,
            *(r.column for r in self.references),
            *([self.event_date] if self.event_date else []),
        ]
        lost = [name for name in named if name not in self.warehouse_columns]
        if lost:
            raise ValueError(f"no such warehouse column: {', '.join(lost)}")
        if self.retention is None and any(c.pii != "none" for c in self.columns.values()):
            raise ValueError("says something of a person: name how long it is kept, as retention: {years: N}")
        optional = [name for name in self.key if self.columns[name].nullable]
        if optional:
            raise ValueError(f"key columns must not be nullable: {', '.join(optional)}")
        rules: list[Reference | RowRule | DatasetRule] = [
            *self.references,
            *self.row_rules,
            *self.dataset_rules,
        ]
        names = [rule.name for rule in rules]
        if len(names) != len(set(names)):
            raise ValueError("two rules have the same name")
        return self

    @property
    def warehouse_columns(self) -> dict[str, Column]:
        """Columns that the staging file and the warehouse hold, in order."""
        return {name: c for name, c in self.columns.items() if c.pii != "identity"}

    @property
    def identity_columns(self) -> dict[str, Column]:
        """Columns that only the identity store holds, in order."""
        return {name: c for name, c in self.columns.items() if c.pii == "identity"}

    @property
    def canonical_columns(self) -> tuple[CanonicalColumn, ...]:
        """Columns of the canonical extract, each once; a pseudonym arrives as the text it is made from."""
        found: dict[str, CanonicalColumn] = {}
        for name, column in self.columns.items():
            extract = column.source or name
            origin = self.identity_columns.get(extract)
            kind: Type = origin.type if origin else "VARCHAR" if column.pii == "pseudonym" else column.type
            required = not column.nullable or (extract in found and found[extract].is_required)
            found[extract] = CanonicalColumn(name=extract, type=kind, is_required=required)
        return tuple(found.values())


@cache
def load_contracts() -> dict[str, Contract]:
    """All contracts by table name, parents before the tables that refer to them.

    Raises SettingsError naming the file and the key when one is wrong, with the nearest valid key.
    """
    paths = sorted(resource(FOLDER).glob("*.yaml"))
    found = {path.stem: read_yaml(path, Contract) for path in paths}
    for stem, contract in found.items():
        where = f"{FOLDER}/{stem}.yaml"
        if contract.table != stem:
            raise SettingsError(f"holds the contract of '{contract.table}'", where=where, remedy=f"Rename one to '{stem}'.")
        for reference in contract.references:
            parent = found.get(reference.to)
            if parent is None or reference.column not in parent.warehouse_columns:
                raise SettingsError(f"reference '{reference.name}': {reference.to} has no {reference.column}", where=where)
    return {c.table: c for c in _parents_first(found)}


def _parents_first(contracts: dict[str, Contract]) -> list[Contract]:
    ordered: list[Contract] = []
    left = list(contracts.values())
    while left:
        placed = {c.table for c in ordered}
        ready = [c for c in left if all(r.to in placed for r in c.references)]
        if not ready:
            raise SettingsError("contracts refer to each other in a circle", where=FOLDER)
        ordered += ready
        left = [c for c in left if c not in ready]
    return ordered
