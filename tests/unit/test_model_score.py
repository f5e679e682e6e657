"""score: ranks, lists, abstaining, intervals; for a model, for the rule, and for the rule without rates."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from dropout.errors import HistoryError, ModelError
from dropout.model import promote as promoting
from dropout.model.calibrate import calibrate
from dropout.model.evaluate import evaluate
from dropout.model.promote import promote
from dropout.model.score import score
from dropout.model.season import is_due
from dropout.model.train import train
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import TARGET, World, deployment

NIGHT = dt.date(2024, 12, 2)


@pytest.fixture
def made(tmp_path: Path) -> Deployment:
    return deployment(tmp_path)


@pytest.fixture(autouse=True)
def _no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promoting, "try_in_child", lambda folder: None)


@pytest.fixture
def con(made: Deployment) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(made) as opened:
        yield opened


def promoted_world(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, years: range, signal: float
) -> Run:
    world, run = World(made, years, students=900, signal=signal), Run(made, "nightly", NIGHT)
    world.stands_in(con, monkeypatch)
    for verb in (train, calibrate, evaluate, promote):
        verb(con, run)
    assert not is_due(con, run)
    world.tonight(con, run)
    return run


def test_a_model_ranks_within_schools_and_lists_are_cut_at_capacity(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = promoted_world(made, con, monkeypatch, range(2021, 2025), 1.0)
    con.execute("update core.school set capacity = 3 where school_id = 'S0'")
    con.execute("update night.snapshot set registers_taken_56d_count = 4, mark_mean_year_share = null where student_key % 50 = 7")
    counts = score(con, run)
    thin = con.execute("select count(*) from night.snapshot where student_key % 50 = 7").fetchall()[0][0]
    assert counts["targets"] == 2 and counts["abstained"] == thin > 0
    mine = f"from night.score where target = '{TARGET}'"
    assert con.execute(
        f"select count(*) {mine} and is_abstained and (raw is not null or chance is not null or school_rank is not null or is_listed "
        "or abstain_reason is null)"
    ).fetchall() == [(0,)]
    assert con.execute(
        "select count(*) from (select school_rank, row_number() over (partition by school_id order by chance desc, student_key) as n "
        f"{mine} and not is_abstained) where school_rank <> n"
    ).fetchall() == [(0,)]
    listed = dict(con.execute(f"select school_id, count(*) {mine} and is_listed group by 1").fetchall())
    assert listed["S0"] == 3 and max(listed.values()) == 6
    mean, least = con.execute(f"select avg(chance), min(chance) filter (is_listed) {mine}").fetchall()[0]
    assert least >= mean
    assert con.execute(f"select count(*) {mine} and not (chance_low <= chance and chance <= chance_high)").fetchall() == [(0,)]
    other = "select count(*) from night.score where target = 'leaves_within_60_days' and (is_listed or school_rank is not null)"
    assert con.execute(other).fetchall() == [(0,)]


def test_scoring_again_replaces_and_gives_the_same(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = promoted_world(made, con, monkeypatch, range(2021, 2025), 1.0)
    score(con, run)
    before = con.execute("select * from night.score order by all").fetchall()
    score(con, Run(made, "nightly", NIGHT))
    assert con.execute("select * from night.score order by all").fetchall() == before


def test_chances_follow_the_truth(made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    score(con, promoted_world(made, con, monkeypatch, range(2021, 2025), 1.0))
    found = con.execute(
        "select s.chance, w.true_chance, w.leaves from night.score as s join world as w using (student_key, as_of_date) where target = ?",
        [TARGET],
    ).fetchnumpy()
    assert np.corrcoef(found["chance"], found["true_chance"])[0, 1] > 0.8
    assert abs(found["chance"].mean() - found["leaves"].mean()) < 0.05


def test_the_rule_gives_rates_of_its_bands_and_keeps_its_own_order(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(con, promoted_world(made, con, monkeypatch, range(2021, 2025), 0.0))
    rows = con.execute(
        "select s.method, s.raw, s.chance, s.school_rank, n.absences_unexcused_28d_count / 28 >= 0.1, n.absence_share_year "
        "from night.score as s join night.snapshot as n using (student_key) where target = ? order by s.school_id, s.school_rank",
        [TARGET],
    ).fetchall()
    assert {r[0] for r in rows} == {"absence_rule"} and {r[1] for r in rows} == {None}
    assert len({r[2] for r in rows}) <= 9
    for one, two in zip(rows, rows[1:], strict=False):
        if one[3] < two[3]:
            assert (one[4], one[5]) >= (two[4], two[5]) and one[2] >= two[2]


def test_the_rule_without_rates_orders_and_lists_by_its_flags(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = promoted_world(made, con, monkeypatch, range(2024, 2025), 1.0)
    assert score(con, run)["listed"] > 0
    assert con.execute("select count(chance), count(school_rank) > 0 from night.score").fetchall() == [(0, True)]
    assert con.execute(
        "select count(*) from night.score as s join night.snapshot as n using (student_key) "
        "where s.is_listed and n.absences_unexcused_28d_count < 2.8 and n.absence_share_year < 0.0999"
    ).fetchall() == [(0,)]


def test_without_a_model_or_a_snapshot_the_error_says_what_to_run(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(made, "nightly", NIGHT)
    with pytest.raises(HistoryError, match="dropout snapshot"):
        score(con, run)
    world = World(made, range(2024, 2025), students=50)
    world.stands_in(con, monkeypatch)
    world.tonight(con, run)
    with pytest.raises(ModelError, match="dropout season"):
        score(con, run)
