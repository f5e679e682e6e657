"""A version on record, as its card is made of: the ledger's row, its evaluation, and the run that decided on it."""

import datetime as dt
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from dropout.errors import ModelError
from dropout.privacy.disclosure import LEAST, protected
from dropout.resources import sql

ALL = "all"
# a school or a class is no group of a public document
_PLACES = ("school", "school_id", "class", "class_id")
# metrics that are shares of students, and differences of such; the same stand in sql/analysts/evaluation.sql
_SHARE = re.compile("recall|precision|selection|false|found|abstained|left|reliability|listed")
_DIFFERENCE = re.compile("gain|gap")
Row = dict[str, Any]


@dataclass(frozen=True)
class Measure:
    """One row of `ops.evaluation`; `value` may be None: it could not be computed."""

    cohort: str
    as_of_group: str
    student_group: str
    ranking: str
    metric: str
    size_share: float | None
    value: float | None
    low: float | None
    high: float | None
    student_count: int
    event_count: int

    @property
    def is_disclosive(self) -> bool:
        """Whether fewer than LEAST students left, or stayed: a share of so few could point at a pupil; 0 and 1 tell on each."""
        is_none_or_all = self.value in (0, 1) and bool(_SHARE.match(self.metric)) and not _DIFFERENCE.search(self.metric)
        return is_none_or_all or min(self.event_count, self.student_count - self.event_count) < LEAST


@dataclass(frozen=True)
class Version:
    """What is on record of one version. `card` is `ops.model.card`: keys that an older program did not write are not there."""

    version: str
    target: str
    method: str
    status: str
    trained_as_of: dt.date
    why: str
    card: Row
    measures: tuple[Measure, ...]
    code_version: str | None
    settings_sha256: str | None
    accepted: tuple[Row, ...] = ()  # nights published though a group was out of bounds

    @property
    def subject(self) -> str:
        """The ranking that this version is: the model, or the absence rule that took its place."""
        return "absence_rule" if self.method == "absence_rule" else "model"

    @property
    def evaluation(self) -> Row:
        """What promotion was decided on; empty where there was none."""
        return self.card.get("evaluation") or {}

    @property
    def judged_share(self) -> float | None:
        """The list size it was judged at, as a share of the students."""
        found: float | None = self.evaluation.get("judged_share") or None
        if found is None:
            sizes = [m.size_share for m in self.measures if m.metric == "recall_in_schools"]
            return sizes[0] if sizes else None
        return found

    @property
    def rankings(self) -> list[str]:
        """The rankings that were evaluated, in no order."""
        return list(dict.fromkeys(m.ranking for m in self.measures))

    def find(self, metric: str, ranking: str, *, size: float | None = None, as_of: str = ALL, group: str = ALL) -> Measure | None:
        """The measure of that name; of several sizes, the one of `size`, else of the judged share. None: not measured."""
        found = self._by_name.get((metric, ranking, as_of, group), [])
        if size is not None:
            found = [m for m in found if m.size_share is not None and math.isclose(m.size_share, size, abs_tol=1e-6)]
        judged = [m for m in found if m.size_share is not None and math.isclose(m.size_share, self.judged_share or -1)]
        return next(iter(judged or found), None)

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str, str], list[Measure]]:
        """Metric, ranking, as-of group and student group → the measures that have a value, one per list size."""
        found: dict[tuple[str, str, str, str], list[Measure]] = {}
        for m in self.measures:
            if m.value is not None:
                found.setdefault((m.metric, m.ranking, m.as_of_group, m.student_group), []).append(m)
        return found

    def nights(self) -> list[str]:
        """The as-of dates, or groups of them, that were evaluated apart, in order."""
        found = {m.as_of_group for m in self.measures if m.student_group == ALL} - {ALL}
        return sorted(found, key=lambda name: (len(name), name))  # day 60 comes before day 120

    def groups(self) -> dict[str, list[str]]:
        """Attribute → its groups of students (`sex` → `sex=female`, `sex=male`), evaluated over all as-of dates."""
        found: dict[str, list[str]] = {}
        for name in sorted({m.student_group for m in self.measures if m.as_of_group == ALL} - {ALL}):
            attribute = name.partition("=")[0]
            if attribute not in _PLACES and "=" in name and "+" not in name:  # pairs and proxies are told apart (fairness.py)
                found.setdefault(attribute, []).append(name)
        return found

    def shown_groups(self) -> dict[str, list[str]]:
        """`groups` without the small ones, and without a second one where the whole would give away one alone."""
        return {attribute: self._shown(names) for attribute, names in self.groups().items()}

    def _shown(self, names: Sequence[str]) -> list[str]:
        largest = [_largest(m for m in self.measures if m.student_group == name and m.as_of_group == ALL) for name in names]
        left, stayed = protected([n for n, _ in largest]), protected([n for _, n in largest])
        return [name for name, a, b in zip(names, left, stayed, strict=True) if a is not None and b is not None]


def _largest(measures: Iterable[Measure]) -> tuple[int, int]:
    """Students who left, and who stayed, in the measure of a group that saw most of them: the group itself."""
    return max(((m.event_count, m.student_count - m.event_count) for m in measures), key=sum)


def on_record(con: duckdb.DuckDBPyConnection, version: str) -> Version | None:
    """What the ledger holds of `version`, or None."""
    found = _rows(con, "version", version)
    if not found:
        return None
    (row,) = found
    measures = tuple(Measure(**m) for m in _rows(con, "evaluation", version))
    run = next(iter(_rows(con, "season", version)), {})
    return Version(
        **{**row, "card": json.loads(row["card"])},
        measures=measures,
        code_version=run.get("code_version"),
        settings_sha256=run.get("settings_sha256"),
        accepted=tuple(_rows(con, "accepted", version)),
    )


def known(con: duckdb.DuckDBPyConnection, version: str) -> Version:
    """As `on_record`; raises ModelError naming the latest versions where there is none."""
    found = on_record(con, version)
    if found is None:
        there = [f"{v} ({status})" for v, _, status in con.execute(sql("model_card/versions")).fetchall()]
        raise ModelError(
            "no such version is on record",
            where=f"ops.model: {version}",
            remedy=f"Choose one of: {', '.join(there[:6])}." if there else "Make one with: dropout season",
        )
    return found


def _rows(con: duckdb.DuckDBPyConnection, name: str, version: str) -> list[Row]:
    cursor = con.execute(sql(f"model_card/{name}"), {"version": version})
    names = [column for (column, *_) in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
