"""Scoring a night after one that was published: who stays on a list, what does not count as a last list, and again the same."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dropout.model.cut import KEPT_LOG_ODDS
from dropout.model.score import score
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import TARGET, after_a_season

NIGHT = dt.date(2024, 12, 2)
CAPACITY = 6
Tonight = tuple[duckdb.DuckDBPyConnection, Run]


@pytest.fixture
def tonight(tmp_path: Path) -> Iterator[Tonight]:
    """Tonight is scored; nothing was published before."""
    made = after_a_season(tmp_path / "d", range(2021, 2025), 1.0, night=NIGHT)
    with connect(made) as con:
        run = Run(made, "nightly", NIGHT)
        score(con, run)
        yield con, run


def ranked(con: duckdb.DuckDBPyConnection, school: str = "S0") -> list[tuple[int, float, bool]]:
    """student_key, log-odds and whether listed, by rank in the school."""
    return con.execute(
        f"select student_key, raw, is_listed from night.score where target = '{TARGET}' and school_id = ? order by school_rank",
        [school],
    ).fetchall()


def publish_list(con: duckdb.DuckDBPyConnection, keys: list[int], generation_id: str = "2024-11-30-r1", **other: Any) -> None:
    """Records that a list of school S0 named `keys`; other columns as given."""
    entry = {
        "generation_id": generation_id, "as_of_date": generation_id[:10], "school_id": "S0", "school_year": "2024-2025",
        "target": TARGET, "method": "model", "model_version": "v", "school_rank": 1, **other,
    }  # fmt: skip
    names = ", ".join(entry)
    marks = ", ".join("?" * len(entry))
    con.executemany(
        f"insert into ops.list_entry (student_key, {names}) values (?, {marks})", [[key, *entry.values()] for key in keys]
    )


def near_the_cut(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """The last listed student of S0, and the next one, who is put half a margin below."""
    rows = ranked(con)
    assert [listed for *_, listed in rows[: CAPACITY + 1]] == [True] * CAPACITY + [False]
    (last, high, _), (following, low, _) = rows[CAPACITY - 1], rows[CAPACITY]
    assert 0 < high - low < KEPT_LOG_ODDS  # as this world falls
    return last, following


def test_the_first_night_has_no_last_list(tonight: Tonight) -> None:
    con, _ = tonight
    rows = ranked(con)
    assert sum(listed for *_, listed in rows) == CAPACITY and all(listed for *_, listed in rows[:CAPACITY])


def test_who_was_listed_stays_with_a_rank_beyond_the_capacity(tonight: Tonight) -> None:
    con, run = tonight
    last, following = near_the_cut(con)
    before = ranked(con)
    publish_list(con, [following])
    score(con, run)
    after = ranked(con)
    assert [row[:2] for row in after] == [row[:2] for row in before]  # chance and rank know nothing of lists
    listed = [key for key, _, is_listed in after if is_listed]
    assert len(listed) == CAPACITY and following in listed and last not in listed


def test_scored_again_it_is_the_same(tonight: Tonight) -> None:
    con, run = tonight
    publish_list(con, [near_the_cut(con)[1]])
    score(con, run)
    once = con.execute("from night.score order by all").fetchall()
    publish_list(con, [ranked(con)[-1][0]], f"{NIGHT}-r1")  # tonight's own publication, by an earlier run
    publish_list(con, [ranked(con)[-1][0]], "2024-12-03-r1")  # and one of a later date
    score(con, run)
    assert con.execute("from night.score order by all").fetchall() == once


def test_a_far_lower_one_does_not_stay(tonight: Tonight) -> None:
    con, run = tonight
    before = ranked(con)
    assert before[CAPACITY - 1][1] - before[-1][1] > KEPT_LOG_ODDS
    publish_list(con, [before[-1][0]])
    score(con, run)
    assert ranked(con) == before


@pytest.mark.parametrize("other", [{"target": "leaves_within_60_days"}, {"school_year": "2023-2024"}, {"school_id": "S1"}])
def test_lists_of_another_target_year_or_school_keep_nobody(tonight: Tonight, other: dict[str, str]) -> None:
    con, run = tonight
    before = ranked(con)
    publish_list(con, [near_the_cut(con)[1]], **other)
    score(con, run)
    assert ranked(con) == before


def test_only_the_last_list_keeps(tonight: Tonight) -> None:
    con, run = tonight
    before = ranked(con)
    publish_list(con, [near_the_cut(con)[1]], "2024-11-29-r1")
    publish_list(con, [before[0][0]], "2024-11-30-r1")
    score(con, run)
    assert ranked(con) == before
