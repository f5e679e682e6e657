"""score: ranks, lists, abstaining, intervals; for a model, for the rule, and for the rule without rates."""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pytest

from dropout.errors import HistoryError, ModelError
from dropout.model.score import score
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import TARGET, World, after_a_season, deployment

NIGHT = dt.date(2024, 12, 2)


MODEL, RULE, NO_RATES = (range(2021, 2025), 1.0), (range(2021, 2025), 0.0), (range(2024, 2025), 1.0)


@pytest.fixture
def scored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Run]]:
    """A connection and tonight's run after a season of the world that the test's parameter names."""
    made = after_a_season(tmp_path / "d", *request.param, night=NIGHT)
    with connect(made) as con:
        yield con, Run(made, "nightly", NIGHT)


Tonight = tuple[duckdb.DuckDBPyConnection, Run]


@pytest.mark.parametrize("scored", [MODEL], indirect=True)
def test_a_model_ranks_within_schools_and_lists_are_cut_at_capacity(scored: Tonight) -> None:
    con, run = scored
    con.execute("update core.school set capacity = 3 where school_id = 'S0'")
    con.execute("update night.snapshot set registers_taken_56d_count = 4, mark_mean_year_share = null where student_key % 50 = 7")
    counts = score(con, run)
    thin = con.execute("select count(*) from night.snapshot where student_key % 50 = 7").fetchall()[0][0]
    assert counts["targets"] == 2 and counts["abstained"] == thin > 0
    mine = f"from night.score where target = '{TARGET}'"
    assert con.execute(
        f"select count(*) {mine} and is_abstained and (coalesce(raw, chance, school_rank) is not null or is_listed "
        "or abstain_reason is null)"
    ).fetchall() == [(0,)]
    assert con.execute(
        f"select count(*) from (select * {mine} and not is_abstained "
        "qualify school_rank <> row_number() over (partition by school_id order by chance desc, student_key))"
    ).fetchall() == [(0,)]
    listed = dict(con.execute(f"select school_id, count(*) {mine} and is_listed group by 1").fetchall())
    assert listed["S0"] == 3 and max(listed.values()) == 6
    mean, least = con.execute(f"select avg(chance), min(chance) filter (is_listed) {mine}").fetchall()[0]
    assert least >= mean
    assert con.execute(f"select count(*) {mine} and not (chance_low <= chance and chance <= chance_high)").fetchall() == [(0,)]
    other = "select count(*) from night.score where target = 'leaves_within_60_days' and (is_listed or school_rank is not null)"
    assert con.execute(other).fetchall() == [(0,)]


@pytest.mark.parametrize("scored", [MODEL], indirect=True)
def test_scoring_again_replaces_and_gives_the_same(scored: Tonight) -> None:
    con, run = scored
    score(con, run)
    before = con.execute("select * from night.score order by all").fetchall()
    score(con, Run(run.deployment, "nightly", NIGHT))
    assert con.execute("select * from night.score order by all").fetchall() == before


@pytest.mark.parametrize("scored", [MODEL], indirect=True)
def test_chances_follow_the_truth(scored: Tonight) -> None:
    con, run = scored
    score(con, run)
    found = con.execute(
        "select chance, true_chance, leaves from night.score join world using (student_key, as_of_date) where target = ?",
        [TARGET],
    ).fetchnumpy()
    assert np.corrcoef(found["chance"], found["true_chance"])[0, 1] > 0.8
    assert abs(found["chance"].mean() - found["leaves"].mean()) < 0.05


@pytest.mark.parametrize("scored", [RULE], indirect=True)
def test_the_rule_gives_rates_of_its_bands_and_keeps_its_own_order(scored: Tonight) -> None:
    con, run = scored
    score(con, run)
    rows = con.execute(
        "select s.method, s.raw, s.chance, s.school_rank, n.absences_unexcused_28d_count / 28 >= 0.1, n.absence_share_year "
        "from night.score as s join night.snapshot as n using (student_key) where target = ? order by s.school_id, s.school_rank",
        [TARGET],
    ).fetchall()
    assert {r[0] for r in rows} == {"absence_rule"} and {r[1] for r in rows} == {None}
    assert len({r[2] for r in rows}) <= 9
    for one, two in pairwise(rows):
        if one[3] < two[3]:
            assert (one[4], one[5]) >= (two[4], two[5]) and one[2] >= two[2]


@pytest.mark.parametrize("scored", [NO_RATES], indirect=True)
def test_the_rule_without_rates_orders_and_lists_by_its_flags(scored: Tonight) -> None:
    con, run = scored
    assert score(con, run)["listed"] > 0
    assert con.execute("select count(chance), count(school_rank) > 0 from night.score").fetchall() == [(0, True)]
    assert con.execute(
        "select count(*) from night.score as s join night.snapshot as n using (student_key) "
        "where s.is_listed and n.absences_unexcused_28d_count < 2.8 and n.absence_share_year < 0.0999"
    ).fetchall() == [(0,)]


def test_without_a_model_or_a_snapshot_the_error_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployment(tmp_path)
    run = Run(made, "nightly", NIGHT)
    with connect(made) as con:
        with pytest.raises(HistoryError, match="dropout snapshot"):
            score(con, run)
        world = World(made, range(2024, 2025), students=50)
        world.stands_in(con, monkeypatch)
        world.tonight(con, run)
        with pytest.raises(ModelError, match="dropout season"):
            score(con, run)
