"""Snapshots in columns: what a model is fitted on, judged on and asked about."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout.errors import ModelError
from dropout.features.catalogue import load_catalogue

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

SENSITIVE = (
    "sex",
    "home_locality",
    "disability",
    "scholarship",
    "mother_tongue",
)  # of a student; scholarship: poverty
GROUPS = ("region", "locality", "level", "school_size", "grade_level", *SENSITIVE)  # of the audit; never features
FEWEST_CLUSTERS = 5  # below this a bootstrap over schools says nothing about other schools
FOLLOW_UP_DAYS = 28  # a snapshot of a running cohort is judged only when this much of its future has been seen


@dataclass(frozen=True)
class Frame:
    """Rows sorted by (as_of_date, student_key); one per student and as-of date.

    `values` is float32, snapshots × `names`, NaN where a feature is unknown. `label` is 1, 0 or NaN (not
    mature); a night's own snapshots have none. `left_so_far`: an exit is known today; `left_by_then`: it was
    known when this cohort was as old as the running one is today. `groups`: snapshots × GROUPS as known on the
    row's date, '' where unknown. `exit_date`: the first dated exit for dropping out after the row, NaT for none.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.float32]
    student_key: Ints
    as_of_date: npt.NDArray[np.datetime64]
    school_year: npt.NDArray[np.object_]
    school_id: npt.NDArray[np.object_]
    class_id: npt.NDArray[np.object_]
    label: Floats
    left_so_far: Bools
    left_by_then: Bools
    is_unknown_exit: Bools
    groups: npt.NDArray[np.object_]
    exit_date: npt.NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.student_key)

    def column(self, name: str) -> Floats:
        """One feature, NaN where unknown; all NaN when this frame does not have it."""
        if name not in self.names:
            return np.full(len(self), np.nan)
        return self.values[:, self.names.index(name)].astype(np.float64)

    def group(self, name: str) -> npt.NDArray[np.object_]:
        """One column of GROUPS."""
        return self.groups[:, GROUPS.index(name)]

    def matrix(self, names: Iterable[str]) -> npt.NDArray[np.float32]:
        """The features `names` in that order; raises ModelError when one is not there."""
        wanted = tuple(names)
        missing = [n for n in wanted if n not in self.names]
        if missing:
            raise ModelError(
                f"the snapshot lacks features of the model: {', '.join(missing)}",
                cause="The catalogue of features changed after the model was trained.",
                remedy="Train anew with: dropout season",
            )
        return np.ascontiguousarray(self.values[:, [self.names.index(n) for n in wanted]])

    def take(self, rows: npt.NDArray[Any]) -> "Frame":
        """The rows that a mask or index chooses."""
        parts = {f.name: getattr(self, f.name)[rows] for f in dataclasses.fields(self) if f.name != "names"}
        return dataclasses.replace(self, **parts)

    def of_years(self, years: Iterable[str]) -> "Frame":
        """The rows of the cohorts `years`."""
        return self.take(np.isin(self.school_year, list(years)))

    def with_outcome_so_far(self, as_of: dt.date) -> "Frame":
        """A running cohort: left so far is 1, else 0; only snapshots with four weeks of future already seen."""
        seen = self.as_of_date <= np.datetime64(as_of - dt.timedelta(days=FOLLOW_UP_DAYS))
        return dataclasses.replace(self, label=self.left_so_far.astype(np.float64)).take(seen)

    @cached_property
    def weight(self) -> Floats:
        """1 / (as-of dates of the cohort): a student seen all year counts once, and weights know nothing of outcomes.

        1 / (snapshots of the student) would: who leaves is seen less often, so that leavers' snapshots would weigh
        more, and chances come out too high, most of all early in the year.
        """
        years, year = np.unique(self.school_year.astype(str), return_inverse=True)
        dates = np.array([len(np.unique(self.as_of_date[year == i])) for i in range(len(years))])
        return np.asarray(1.0 / dates[year], dtype=np.float64)

    @cached_property
    def cluster(self) -> Ints:
        """What the bootstrap and the halves draw: the school; the class below five schools; then the student."""
        for ids in (self.school_id, np.array([f"{s}\0{c}" for s, c in zip(self.school_id, self.class_id, strict=True)])):
            names, index = np.unique(ids.astype(str), return_inverse=True)
            if len(names) >= FEWEST_CLUSTERS:
                return index.astype(np.int64)
        return np.unique(self.student_key, return_inverse=True)[1].astype(np.int64)

    def is_thin(self, taken_registers_at_least: int) -> Bools:
        """Rows on which the night abstains: hardly a register taken in 56 school days, no total instead, and not one mark."""
        columns = ("registers_taken_56d_count", "days_in_totals_62_calendar_days_count")
        days = np.maximum(*(np.nan_to_num(self.column(name), nan=0.0) for name in columns))
        return np.asarray((days < taken_registers_at_least) & np.isnan(self.column("mark_mean_year_share")), dtype=np.bool_)


def concatenated(frames: list[Frame]) -> Frame:
    """The rows of `frames`, one after the other."""
    columns = [f.name for f in dataclasses.fields(Frame) if f.name != "names"]
    parts: dict[str, Any] = {c: np.concatenate([getattr(frame, c) for frame in frames]) for c in columns}
    return dataclasses.replace(frames[0], **parts)


def from_arrow(table: pa.Table) -> Frame:
    """A table with the columns of a snapshot, and those of its label where it has them, as a Frame."""
    names = tuple(f.name for f in load_catalogue().features if f.name in table.column_names)
    rows = table.num_rows
    values = np.empty((rows, len(names)), dtype=np.float32)
    for i, name in enumerate(names):
        values[:, i] = table.column(name).cast(pa.float32()).to_numpy(zero_copy_only=False)
    return Frame(
        names=names,
        values=values,
        student_key=_numpy(table, "student_key").astype(np.int64),
        as_of_date=_numpy(table, "as_of_date").astype("datetime64[D]"),
        school_year=_text(table, "school_year"),
        school_id=_text(table, "school_id"),
        class_id=_text(table, "class_id"),
        label=_numpy(table, "label").astype(np.float64) if "label" in table.column_names else np.full(rows, np.nan),
        left_so_far=_flag(table, "left_so_far"),
        left_by_then=_flag(table, "left_by_then"),
        is_unknown_exit=_flag(table, "is_unknown_exit"),
        groups=np.column_stack([_words(table, name) for name in GROUPS]),
        exit_date=_dates(table, "exit_date"),
    )


def _numpy(table: pa.Table, name: str) -> npt.NDArray[Any]:
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False))


def _text(table: pa.Table, name: str) -> npt.NDArray[np.object_]:
    return np.asarray(table.column(name).fill_null("").to_numpy(zero_copy_only=False), dtype=object)


def _flag(table: pa.Table, name: str) -> Bools:
    if name not in table.column_names:
        return np.zeros(table.num_rows, dtype=np.bool_)
    return np.asarray(table.column(name).fill_null(False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _words(table: pa.Table, name: str) -> npt.NDArray[np.object_]:
    """Few words many times: each is one Python object."""
    if name not in table.column_names:
        return np.full(table.num_rows, "", dtype=object)
    words = table.column(name).cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
    shared = np.array([*words.dictionary.to_pylist(), ""], dtype=object)
    return np.asarray(shared[words.indices.to_numpy()], dtype=object)


def _dates(table: pa.Table, name: str) -> npt.NDArray[np.datetime64]:
    if name not in table.column_names:
        return np.full(table.num_rows, "NaT", dtype="datetime64[D]")
    return _numpy(table, name).astype("datetime64[D]")
