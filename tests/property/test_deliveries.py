"""Whatever order deliveries come in, in one load or many, the warehouse holds the same history: that of a simple model."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.extracts.source import Source
from tests.staged import File, Sent, arrive, source, staged_warehouse

FIRST = dt.date(2024, 9, 1)
Value = tuple[str, str]  # the group a row belongs to (a full file speaks of groups), and what it says
Version = tuple[int, int, int | None, Value]  # key, known from, known until, value


@dataclass(frozen=True)
class Said:
    """One delivery: rows by key, keys it deletes by name, and whether it is full within the groups of its rows."""

    rows: dict[int, Value]
    gone: frozenset[int]
    is_full: bool
    is_doubtful: bool = False  # a line of it could not be read


@st.composite
def said(draw: st.DrawFn) -> Said:
    # a key keeps its group: what a full file speaks of (a school, a year, a date) is part of what a row is
    words = draw(st.dictionaries(st.integers(0, 3), st.sampled_from("xy"), max_size=4))
    rows = {key: ("AB"[key // 2], word) for key, word in words.items()}
    gone = draw(st.frozensets(st.integers(0, 3), max_size=2))
    is_full = draw(st.booleans())
    return Said(rows, gone - rows.keys(), is_full, is_full and draw(st.integers(0, 4)) == 0)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Said], list[list[int]]]:
    """Deliveries in the order of what they know, and the loads in which they arrive: any order, any grouping."""
    sent = draw(st.lists(said(), min_size=1, max_size=6))
    order = draw(st.permutations(range(len(sent))))
    cuts = draw(st.frozensets(st.integers(1, len(sent))))
    bounds = [0, *sorted(c for c in cuts if c < len(sent)), len(sent)]
    return sent, [list(order[a:b]) for a, b in pairwise(bounds)]


def model(sent: list[Said], *, keeps_repetitions: list[bool]) -> list[Version]:
    """The history as a dictionary tells it: deliveries one after the other by date, rows one by one."""
    closed: list[Version] = []
    standing: dict[int, tuple[int, Value]] = {}

    def close(key: int, day: int) -> None:
        since, held = standing.pop(key)
        closed.append((key, since, day, held))

    for day, delivery in enumerate(sent):
        groups = set() if delivery.is_doubtful or not delivery.is_full else {group for group, _ in delivery.rows.values()}
        for key in [k for k, (_, (group, _)) in standing.items() if group in groups and k not in delivery.rows]:
            close(key, day)
        for key in delivery.gone & standing.keys():
            close(key, day)
        for key, held in delivery.rows.items():
            if key in standing:
                if standing[key][1] == held and not keeps_repetitions[day]:
                    continue
                close(key, day)
            standing[key] = (day, held)
    return sorted([*closed, *((key, since, None, held) for key, (since, held) in standing.items())], key=str)


class School:
    """A table whose key holds no date."""

    table, within = "school", ("region",)

    def row(self, key: int, held: Value) -> dict[str, object]:
        return {"school_id": str(key), "region": held[0], "school_name": held[1]}

    def key(self, key: int) -> dict[str, object]:
        return {"school_id": str(key)}

    found = "school_id::int, known_at, known_until, region, school_name"


class Attendance:
    """A table whose key holds a date: its days are packed in blocks of 63."""

    table, within = "attendance", ("status",)
    MINUTES = {"x": 1, "y": 2}
    STATUS = {"A": "late", "B": "left_early"}

    def row(self, key: int, held: Value) -> dict[str, object]:
        return {**self.key(key), "status": self.STATUS[held[0]], "minutes_missed": self.MINUTES[held[1]]}

    def key(self, key: int) -> dict[str, object]:
        return {"student_key": key % 2, "date": FIRST + dt.timedelta(days=key * 40), "session": "day"}

    found = (
        f"(date - date '{FIRST}') // 40, known_at, known_until, if(status = 'late', 'A', 'B'), if(minutes_missed = 1, 'x', 'y')"
    )


TABLES = [School(), Attendance()]
Table = School | Attendance


def delivery(table: Table, day: int, sent: Said, *, is_history: bool) -> Sent:
    rows = [table.row(key, held) for key, held in sent.rows.items()]
    gone = [table.key(key) for key in sent.gone]
    name = "full.csv" if sent.is_full else "part.csv"
    file = File(name, table.table, rows, gone, rejects=int(sent.is_doubtful), source=table.table)
    return Sent(FIRST + dt.timedelta(days=400 + day), [file], is_history=is_history)


def history(con: duckdb.DuckDBPyConnection, table: Table) -> list[Version]:
    found = con.execute(f"select {table.found} from core.{table.table} where known_until is distinct from known_at").fetchall()

    def day(date: dt.date | None) -> int | None:
        return None if date is None else (date - FIRST).days - 400

    return sorted([(int(key), day(since) or 0, day(until), (group, said)) for key, since, until, group, said in found], key=str)


def loaded(table: Table, loads: list[list[Sent]]) -> list[Version]:
    (con,) = HELD
    for name in (f"core.{table.table}", f"gone.{table.table}", "gone.scope", "ops.file", "ops.delivery", "ops.notice"):
        con.execute(f"delete from {name}")
    for sent in loads:
        arrive(con, sent)
    return history(con, table)


# held here and not handed to the tests: Hypothesis keeps arguments, and DuckDB complains at exit of a held connection
HELD: list[duckdb.DuckDBPyConnection] = []


@pytest.fixture(scope="module", autouse=True)
def warehouse() -> Iterator[None]:
    with staged_warehouse() as con:
        HELD.append(con)
        yield
        HELD.clear()


@pytest.fixture(scope="module", autouse=True)
def sources() -> Iterator[None]:
    named = {table.table: source(table.table, within=table.within, name=table.table) for table in TABLES}

    def load_source(name: str) -> Source:
        return named[name]

    with pytest.MonkeyPatch.context() as patched:
        for module in ("load", "deletions"):
            patched.setattr(f"dropout.extracts.{module}.load_source", load_source)
        yield


MANY = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.table)
@MANY
@given(given=deliveries())
def test_history_in_any_order_and_any_number_of_loads(table: Table, given: tuple[list[Said], list[list[int]]]) -> None:
    sent, loads = given
    found = loaded(table, [[delivery(table, day, sent[day], is_history=True) for day in days] for days in loads])
    assert found == model(sent, keeps_repetitions=[True] * len(sent))
