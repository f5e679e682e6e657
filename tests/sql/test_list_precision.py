"""What became of last season's lists, by hand: lists of March 2024, outcomes by the next year's census, told in March 2025."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dropout.contracts.ddl import create_core
from dropout.monitor.night import tonight
from dropout.publish.last_season import Judged, judged, last_season
from dropout.settings import Deployment, Settings
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.publish_district import NIGHT, TARGET, district, evaluated, scored
from tests.tables import rows

# 52 weeks before Monday, 10 March 2025 is Monday, 11 March 2024. The generic census of 2024-2025 is in autumn 2024.
A_YEAR_AGO = "2024-03-11"
ENROLMENT = """
student_key | school_id | school_year | grade_level | class_id | entry_date | exit_date  | exit_reason
1           | A         | 2023-2024   | 7           | A-1      | 2023-09-05 |            |
1           | A         | 2024-2025   | 8           | A-2      | 2024-09-05 |            |
2           | A         | 2023-2024   | 7           | A-1      | 2023-09-05 |            |
3           | A         | 2023-2024   | 7           | A-1      | 2023-09-05 | 2024-04-10 | dropped_out
3           | A         | 2024-2025   | 7           | A-2      | 2025-01-10 |            |
4           | A         | 2023-2024   | 7           | A-1      | 2023-09-05 | 2024-05-20 | transferred_out
5           | A         | 2023-2024   | 7           | A-1      | 2023-09-05 | 2024-05-20 | unknown
6           | A         | 2023-2024   | 7           | A-1      | 2023-09-05 |            |
6           | A         | 2024-2025   | 8           | A-2      | 2024-09-05 |            |
7           | B         | 2023-2024   | 7           | B-1      | 2023-09-05 |            |
7           | B         | 2024-2025   | 8           | B-2      | 2024-09-05 |            |
8           | B         | 2022-2023   | 7           | B-0      | 2022-09-05 |            |
8           | B         | 2023-2024   | 8           | B-1      | 2023-09-05 |            |
8           | B         | 2024-2025   | 9           | B-2      | 2024-09-05 |            |
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Run]]:
    deployment = Deployment(tmp_path, Settings(deployment={"country": "morocco"}))  # type: ignore[arg-type]
    with connect(deployment) as con:
        create_core(con)
        for row in rows(ENROLMENT):
            given = {**row, "known_at": row["exit_date"] or row["entry_date"], "delivery_no": "1"}
            con.execute(
                f"insert into core.enrolment ({', '.join(given)}) values ({', '.join('?' * len(given))})", list(given.values())
            )
        yield con, Run(deployment, "nightly", NIGHT, "r")


def named(
    con: duckdb.DuckDBPyConnection, school: str, date: str, keys: list[int], *, target: str = TARGET, run: str = "r"
) -> None:
    year = "2023-2024" if date > "2023-08" else "2022-2023"
    con.executemany(
        "insert into ops.list_entry (generation_id, as_of_date, school_id, school_year, grade_level, student_key, target, "
        "method, model_version, school_rank) values (?, ?, ?, ?, 7, ?, ?, 'model', 'v', 1)",
        [[f"{date}-{run}", date, school, year, key, target] for key in keys],
    )


def found(place: tuple[duckdb.DuckDBPyConnection, Run], as_of: dt.date = NIGHT) -> list[tuple[object, ...]]:
    con, run = place
    at = Run(run.deployment, "nightly", as_of, "r")
    tonight(con, at)
    con.execute("update this_night set list_target = ?", [TARGET])
    return last_season(con, at).rows()


def test_of_the_list_a_year_ago_who_left(place: tuple[duckdb.DuckDBPyConnection, Run]) -> None:
    con, _ = place
    named(con, "A", A_YEAR_AGO, [1, 2, 3, 4, 5])
    # named 5; 4 went elsewhere with documents, so the outcome of 4 is known: 1 stayed, 2 is in no school, 3 dropped out
    # (and is back since January), 5 left for an unknown reason
    assert found(place) == [("A", "2023-2024", dt.date(2024, 3, 11), 5, 4, 3, 1, 1)]


def test_it_is_the_newest_list_up_to_that_day(place: tuple[duckdb.DuckDBPyConnection, Run]) -> None:
    con, _ = place
    for date, keys in {"2024-02-01": [2], "2024-03-08": [1, 6, 2], "2024-03-12": [3]}.items():
        named(con, "A", date, keys)
    assert found(place) == [("A", "2023-2024", dt.date(2024, 3, 8), 3, 3, 1, 0, 0)]  # of 1, 6, 2 only 2 left


def test_a_night_that_was_published_twice_counts_once(place: tuple[duckdb.DuckDBPyConnection, Run]) -> None:
    con, _ = place
    named(con, "A", A_YEAR_AGO, [2, 3], run="later")
    named(con, "A", A_YEAR_AGO, [1], run="newer")
    for run, at in (("later", "2024-03-11 09:00:00"), ("newer", "2024-03-11 03:00:00")):
        con.execute("insert into ops.generation values (?, 'r', ?, ?, 1, 1)", [f"{A_YEAR_AGO}-{run}", A_YEAR_AGO, at])
    assert [row[3:6] for row in found(place)] == [(2, 2, 2)]


def test_schools_apart_and_none_without_a_list_then(place: tuple[duckdb.DuckDBPyConnection, Run]) -> None:
    con, _ = place
    assert found(place) == []
    named(con, "A", A_YEAR_AGO, [1, 2])
    named(con, "B", "2024-03-12", [7])  # its first list came a day too late
    assert [row[0] for row in found(place)] == ["A"]
    named(con, "B", "2024-03-01", [7], target="leaves_within_60_days")  # and one of another outcome
    assert [row[0] for row in found(place)] == ["A"]


def test_a_list_whose_outcomes_all_left_the_cohort_tells_nothing(place: tuple[duckdb.DuckDBPyConnection, Run]) -> None:
    named(place[0], "A", A_YEAR_AGO, [4])
    assert found(place) == []


def test_in_autumn_last_seasons_outcomes_are_not_known_and_the_one_before_is_told(
    place: tuple[duckdb.DuckDBPyConnection, Run],
) -> None:
    con, _ = place
    named(con, "B", "2023-09-15", [7])
    named(con, "B", "2022-09-15", [8])
    autumn = dt.date(2024, 9, 20)  # before the census
    assert found(place, autumn) == [("B", "2022-2023", dt.date(2022, 9, 15), 1, 1, 0, 0, 0)]


def test_what_an_evaluation_says_where_no_list_was(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    with connect(deployment) as con:
        scored(con)
        tonight(con, Run(deployment, "nightly", NIGHT, "r"))
        assert judged(con) is None
        evaluated(con)  # model-1 of 2023-2024: precision at capacity 0.34, plus and minus 0.03
        assert judged(con) == Judged("2023-2024", 0.34, pytest.approx(0.31), pytest.approx(0.37))
        # of a version that is not in force, nothing
        con.execute("update night.score set model_version = 'model-2'")
        assert judged(con) is None
