"""One entry of `files` in the making: a group of samples taken for one of our tables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dropout.contracts.contract import Type
from dropout.extracts.draft.codes import CodeGuess
from dropout.extracts.draft.columns import Column
from dropout.extracts.draft.dates import DateGuess
from dropout.extracts.draft.match import LIKELY, TableFit
from dropout.extracts.draft.mode import ModeGuess
from dropout.extracts.draft.samples import Group
from dropout.extracts.draft.spread import Wide
from dropout.extracts.source import YEAR_START


@dataclass(frozen=True)
class Seen:
    """What was found out about a group before it was taken for a table."""

    group: Group
    dates: Mapping[int, DateGuess]
    wide: Wide | None
    fits: list[TableFit]
    entered: int | None  # place of the column that says when a row was entered

    @property
    def is_known(self) -> bool:
        """Whether the group is likely enough one of our tables."""
        return bool(self.fits) and self.fits[0].score >= LIKELY


@dataclass
class Entry:
    """The YAML record of an entry, and what the drafting of others needs to know of it."""

    seen: Seen
    fit: TableFit
    record: dict[str, Any] = field(default_factory=dict)
    date_formats: list[str] = field(default_factory=list)
    mode: ModeGuess | None = None
    codes: dict[str, CodeGuess] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """Our table."""
        return self.fit.contract.table

    @property
    def types(self) -> dict[str, Type]:
        """Our columns with their types, in the order of the contract."""
        return {c.name: c.type for c in self.fit.contract.canonical_columns}

    @property
    def wide(self) -> Wide | None:
        """The columns that become rows of this table."""
        wide = self.seen.wide
        return wide if wide and wide.table == self.table else None

    def columns(self) -> dict[str, Column]:
        """The file's column for each of ours; the cells of a wide layout as one column."""
        found = {name: self.seen.group.columns[fit.place] for name, fit in self.fit.fits.items()}
        if not self.wide:
            return found
        for name in sorted(self.wide.gives - {"date"}):
            found[name] = self._pooled(name)
        return found

    def _pooled(self, name: str) -> Column:
        assert self.wide is not None
        pooled = Column("", -1)
        if name in re.compile(self.wide.pattern).groupindex:
            pooled.add(self.wide.said([c.header for c in self.seen.group.columns], name))
            return pooled
        for place in self.wide.places:
            one = self.seen.group.columns[place]
            if self.wide.parts.get(one.header.rpartition(" / ")[2], self.wide.into) == name:
                pooled.counts.update(one.counts)
                pooled.row_count += one.row_count
        return pooled

    @property
    def missing(self) -> list[str]:
        """Required columns that nothing gives yet."""
        groups = set(re.compile(self.record.get("path", "")).groupindex)
        groups |= {"school_year"} if YEAR_START in groups else set()
        joined = {column for join in self.record.get("join", []) for column in join["take"]}
        given = {*self.record.get("constants", {}), *self.record.get("cells", {}), *groups, *joined}
        return [name for name in self.fit.missing if name not in given]
