"""What changed since a school's last list: every state and every reason to leave it, on the small district of publish.

School S1 has students 1…16; place p = 0…15 in the school has the chance 0.9 - p/20, and the first four are listed.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dropout.monitor.night import tonight
from dropout.publish import entries
from dropout.publish.changes.changed import changed
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.publish_district import NIGHT, district, scored

Night = tuple[duckdb.DuckDBPyConnection, Deployment]
DAY = dt.timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Night]:
    deployment = district(tmp_path)
    with connect(deployment) as con:
        yield con, deployment


def listed(place: Night, as_of: dt.date, shift: int = 0, *, numbers: str = "", method: str = "model") -> None:
    """A publication of `as_of` whose lists begin `shift` places on; `numbers` changes its snapshot."""
    con, deployment = place
    scored(con, as_of, shift=shift, method=method)
    if numbers:
        con.execute(f"update night.snapshot set {numbers}")
    tonight(con, Run(deployment, "nightly", as_of, "r"))
    entries.stage(con, f"{as_of}-r")
    entries.record(con, f"{as_of}-r")


def found(place: Night, as_of: dt.date = NIGHT, school: str = "S1") -> dict[int, dict[str, object]]:
    """student_key → the student's row tonight."""
    con, deployment = place
    run = Run(deployment, "nightly", as_of, "tonight")
    tonight(con, run)
    rows = changed(con, run).filter(pl.col("school_id") == school)
    return {row["student_key"]: row for row in rows.to_dicts()}


def states(place: Night, as_of: dt.date = NIGHT, school: str = "S1") -> dict[int, tuple[object, object]]:
    return {key: (row["state"], row["why"]) for key, row in found(place, as_of, school).items()}


def test_the_first_list(place: Night) -> None:
    scored(place[0])
    assert states(place) == dict.fromkeys((1, 2, 3, 4), ("first", None))
    assert states(place, school="S4") == {}  # lists nobody


def test_kept_added_and_left(place: Night) -> None:
    listed(place, NIGHT - DAY)
    scored(place[0], shift=1)  # students 2…5; 1 now comes last, as place 15 of S1, without a chance
    assert states(place) == {**dict.fromkeys((2, 3, 4), ("kept", None)), 5: ("added", None), 1: ("left", "no_data")}
    row = found(place)[2]
    # since yesterday, when student 2 was at place 1 (0.9 - 1/20); tonight at place 0
    assert (row["first_date"], row["last_list_date"]) == (NIGHT - DAY, NIGHT - DAY)
    assert (row["chance_then"], row["chance_now"]) == (pytest.approx(0.85), pytest.approx(0.9))
    # in S2 nobody abstains: student 17 fell from 0.9 to place 15, 0.9 - 15/20 = 0.15
    assert states(place, school="S2")[17] == ("left", "risk_fell")


def test_back_and_how_long_a_stay_lasted(place: Night) -> None:
    listed(place, NIGHT - 4 * DAY)  # 1 2 3 4
    listed(place, NIGHT - 3 * DAY, 1)  # 2 3 4 5
    listed(place, NIGHT - 2 * DAY, 2)  # 3 4 5 6
    listed(place, NIGHT - 1 * DAY, 3)  # 4 5 6 7
    scored(place[0], shift=1)  # 2 3 4 5
    rows = found(place)
    assert {key: row["state"] for key, row in rows.items()} == {2: "back", 3: "back", 4: "kept", 5: "kept", 6: "left", 7: "left"}
    assert (rows[4]["first_date"], rows[5]["first_date"]) == (NIGHT - 4 * DAY, NIGHT - 3 * DAY)
    # 2 was last listed three days ago, first of its list then (0.9); 3 two days ago
    assert (rows[2]["last_date"], rows[2]["chance_then"]) == (NIGHT - 3 * DAY, pytest.approx(0.9))
    assert rows[3]["last_date"] == NIGHT - 2 * DAY
    # a stay that was broken off counts from its newest beginning
    listed(place, NIGHT, 1)
    scored(place[0], NIGHT + DAY, shift=1)
    assert found(place, NIGHT + DAY)[2]["first_date"] == NIGHT
    assert found(place, NIGHT + DAY)[4]["first_date"] == NIGHT - 4 * DAY


def test_chance_hardly_lower_others_come_first(place: Night) -> None:
    listed(place, NIGHT - DAY)
    con = place[0]
    scored(con)
    # 4 (0.75) gives way to 5, and its log-odds fall from 1.099 to 0.995: by less than 0.2
    con.execute("update night.score set is_listed = student_key <> 4, chance = if(student_key = 4, 0.73, chance) "
                "where student_key in (4, 5)")  # fmt: skip
    assert states(place)[4] == ("left", "others_first")
    con.execute("update night.score set chance = 0.70 where student_key = 4")  # log-odds 0.847: by 0.251
    assert states(place)[4] == ("left", "risk_fell")


@pytest.mark.parametrize("chances", [(1.0, 0.4), (0.4, 0.0)])
def test_a_chance_of_nought_or_one_has_fallen_too(place: Night, chances: tuple[float, float]) -> None:
    listed(place, NIGHT - DAY)
    con = place[0]
    con.execute("update ops.list_entry set chance = ? where student_key = 4", [chances[0]])
    scored(con)
    con.execute("update night.score set is_listed = false, chance = ? where student_key = 4", [chances[1]])
    assert states(place)[4] == ("left", "risk_fell")


def answered(con: duckdb.DuckDBPyConnection, key: int, list_date: dt.date, action: str, *, decision: str = "disagree") -> None:
    con.execute(
        "insert into core.followup (student_key, list_date, decision, action, known_at, delivery_no) values (?, ?, ?, ?, ?, 1)",
        [key, list_date, decision, action, NIGHT],
    )


def test_followed_up_is_an_action_of_this_stay_and_a_chance_that_fell(place: Night) -> None:
    con = place[0]
    listed(place, NIGHT - 20 * DAY)
    listed(place, NIGHT - 19 * DAY, 4)  # nobody of 1…4
    listed(place, NIGHT - 2 * DAY)
    listed(place, NIGHT - DAY)
    scored(con)
    con.execute("update night.score set is_listed = false, chance = if(student_key = 4, 0.74, 0.2) where student_key <= 4")
    answered(con, 1, NIGHT - 2 * DAY, "call")
    answered(con, 2, NIGHT - 2 * DAY, "none")
    answered(con, 3, NIGHT - 20 * DAY, "call")  # of an earlier stay
    answered(con, 4, NIGHT - 2 * DAY, "call")  # and the chance is as it was
    expected = {1: "followed_up", 2: "risk_fell", 3: "risk_fell", 4: "others_first"}
    assert {key: why for key, (_, why) in states(place).items()} == expected
    con.execute("update core.followup set known_at = ?", [NIGHT + DAY])  # came later than tonight
    assert states(place)[1] == ("left", "risk_fell")


def test_gone_from_the_school(place: Night) -> None:
    con = place[0]
    listed(place, NIGHT - DAY)
    exits = {1: "dropped_out", 2: "transferred_out", 3: "graduated", 18: "transferred_in", 17: "deceased"}
    for key, reason in exits.items():
        con.execute("update core.enrolment set exit_date = ?, exit_reason = ? where student_key = ?", [NIGHT, reason, key])
    # 4 is in S2 now, and high on its list; of 19 the enrolment was withdrawn
    con.execute("update core.enrolment set school_id = 'S2', class_id = 'S2-0' where student_key = 4")
    con.execute("delete from core.enrolment where student_key = 19")
    scored(con)
    con.execute("delete from night.score where student_key in (1, 2, 3, 17, 18, 19)")
    con.execute("delete from night.snapshot where student_key in (1, 2, 3, 17, 18, 19)")
    here, there = states(place), found(place, school="S2")
    expected = {1: "left_school", 2: "transferred", 3: "finished", 4: "transferred"}
    assert {key: here[key] for key in expected} == {key: ("left", why) for key, why in expected.items()}
    assert {key: there[key]["why"] for key in (17, 18, 19)} == {17: "left_school", 18: "transferred", 19: "left_school"}
    assert there[4]["state"] == "added"  # new to this school's list
    # what another school's night says of a student is not told here
    left = found(place)[4]
    assert left["chance_now"] is None and left["registers_taken_28d_count"] is None and left["chance_then"] is not None


def test_ranked_by_another_model_since(place: Night) -> None:
    listed(place, NIGHT - DAY, method="absence_rule")
    scored(place[0], shift=4)
    assert states(place)[2] == ("left", "ranked_anew")


def test_a_chance_of_another_target_is_not_compared(place: Night) -> None:
    listed(place, NIGHT - DAY)
    scored(place[0], target="leaves_within_60_days")
    row = found(place)[1]
    assert (row["state"], row["chance_then"]) == ("kept", None)


def test_lists_of_another_year_and_of_tonight_are_no_last_lists(place: Night) -> None:
    listed(place, NIGHT - DAY)
    place[0].execute("update ops.list_entry set school_year = '2023-2024'")
    listed(place, NIGHT, 3)  # tonight, published before by another run
    scored(place[0])
    assert set(states(place).values()) == {("first", None)}


def test_a_night_that_was_published_twice_counts_as_the_last_time(place: Night) -> None:
    con, _ = place
    listed(place, NIGHT - DAY, 2)  # 3 4 5 6
    con.execute("update ops.list_entry set generation_id = 'a'")
    listed(place, NIGHT - DAY)  # 1 2 3 4
    con.execute("update ops.list_entry set generation_id = 'b' where generation_id <> 'a'")
    for name, at in (("a", "2025-03-09 08:00:00"), ("b", "2025-03-09 03:00:00")):  # the one of 08:00 is the last
        con.execute("insert into ops.generation values (?, 'r', ?, ?, 64, 12)", [name, NIGHT - DAY, at])
    scored(con)
    assert {key: state for key, (state, _) in states(place).items()} == {
        1: "added", 2: "added", 3: "kept", 4: "kept", 5: "left", 6: "left",
    }  # fmt: skip


def test_a_school_without_a_list_last_night_is_held_against_the_one_before(place: Night) -> None:
    con = place[0]
    listed(place, NIGHT - 2 * DAY)
    listed(place, NIGHT - DAY, 1)
    con.execute("delete from ops.list_entry where school_id = 'S1' and as_of_date = ?", [NIGHT - DAY])  # no data came from it
    scored(con)
    rows = found(place)
    assert {row["state"] for row in rows.values()} == {"kept"} and rows[1]["last_list_date"] == NIGHT - 2 * DAY
    assert found(place, school="S2")[17]["state"] == "back"


def test_numbers_are_held_against_the_newest_list_that_is_a_week_old(place: Night) -> None:
    for days in (15, 9, 8, 6, 1):
        listed(place, NIGHT - days * DAY, numbers=f"absences_unexcused_28d_count = {20 - days}, registers_taken_28d_count = 18")
    scored(place[0])
    place[0].execute("update night.snapshot set absences_unexcused_28d_count = 3")
    row = found(place)[1]
    # 8 days ago: 20 - 8 = 12 absences
    assert row["compared_date"] == NIGHT - 8 * DAY
    assert (row["absences_unexcused_28d_count_then"], row["absences_unexcused_28d_count"]) == (12, 3)
    assert (row["registers_taken_28d_count_then"], row["registers_taken_28d_count"]) == (18, 20)


def test_without_a_list_a_week_old_it_is_the_first_of_the_stay(place: Night) -> None:
    for days in (8, 5, 1):
        listed(place, NIGHT - days * DAY, shift=4 if days == 8 else 0)
    scored(place[0])
    assert found(place)[1]["compared_date"] == NIGHT - 5 * DAY


def test_not_at_this_school_takes_nobody_off_and_is_said(place: Night) -> None:
    """Only the newest answer of this school counts; the answer is stored as text, whatever words the contract knows."""
    con = place[0]
    for days in (3, 2):
        listed(place, NIGHT - days * DAY)
    con.execute("create or replace table core.followup as select * replace (decision::varchar as decision) from core.followup")
    elsewhere = "not_at_this_school"
    answered(con, 1, NIGHT - 2 * DAY, "none", decision=elsewhere)
    answered(con, 2, NIGHT - 3 * DAY, "none", decision=elsewhere)
    answered(con, 2, NIGHT - 2 * DAY, "none")
    answered(con, 3, NIGHT - 9 * DAY, "none", decision=elsewhere)  # of a list that was not this school's
    scored(con)
    rows = found(place)
    assert {key: (row["state"], row["is_said_elsewhere"]) for key, row in rows.items()} == {
        1: ("kept", True), 2: ("kept", False), 3: ("kept", False), 4: ("kept", False),
    }  # fmt: skip
