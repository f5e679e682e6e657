"""The search over the trees' settings: which cohorts it may see, that it is the same each time, and when its find is taken."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from dropout.model import promote as promoting
from dropout.model import search as searching
from dropout.model.calibrate import calibrate
from dropout.model.candidate import Candidate, to_json
from dropout.model.evaluate import evaluate
from dropout.model.promote import promote
from dropout.model.recipe import Plan
from dropout.model.registry import promoted, read_card
from dropout.model.search import Search, Trial, years_for
from dropout.model.train import PLAN, train
from dropout.settings import Deployment, ModelSettings
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import TARGET, World, deployment

NIGHT = dt.date(2024, 12, 2)
FEW = {"search_trials": 3, "search_seconds": 60}


@pytest.mark.parametrize(
    ("complete", "expected"),
    [
        ("A", None),
        ("AB", None),
        ("ABC", ("A", "B")),  # B calibrates out of fold with A, C judges
        ("ABCD", ("A", "B")),
        ("ABCDE", ("AB", "C")),
    ],
)
def test_the_cohorts_of_the_search_come_before_the_judged_one(complete: str, expected: tuple[str, str] | None) -> None:
    found = years_for(list(complete))
    assert (found and ("".join(found[0]), found[1])) == expected


def trained(made: Deployment, monkeypatch: pytest.MonkeyPatch, world: World) -> tuple[Search, Plan]:
    with connect(made) as con:
        world.stands_in(con, monkeypatch)
        train(con, Run(made, "season", NIGHT))
    plan = Candidate(made, TARGET).record(PLAN, Plan)
    assert plan.search is not None
    return plan.search, plan


def test_it_is_the_same_each_time_and_never_sees_the_judged_cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployment(tmp_path, **FEW)
    world = World(made, range(2021, 2025), students=700)
    first, plan = trained(made, monkeypatch, world)
    assert [c.school_year for c in plan.cohorts] == ["2021-2022", "2022-2023", "2023-2024"]
    assert (first.fitted, first.stopped_on, len(first.trials)) == (["2021-2022"], "2022-2023", 4)
    assert not first.is_cut_by_time and first.trials[0].trees == made.settings.model.trees
    again, _ = trained(made, monkeypatch, world)
    assert to_json(again) == to_json(first)
    year = np.array(world.rows.column("school_year").to_pylist())
    leaves = np.array(world.rows.column("leaves").to_pylist())
    other = np.where(year == "2023-2024", ~leaves, leaves)  # the judged cohort, turned upside down
    world.rows = world.rows.set_column(world.rows.schema.get_field_index("leaves"), "leaves", [other.tolist()])
    assert to_json(trained(made, monkeypatch, world)[0]) == to_json(first)


def found(low: float) -> Search:
    own, best = (
        Trial(leaves=8, depth=4, learning_rate=0.04, rows_in_leaf_at_least=200, l2=10, feature_share=0.5, trees=t, auc=a)
        for t, a in ((250, 0.70), (400, 0.71))
    )
    return Search(
        key="k", fitted=["A"], stopped_on="B", trials=[own, best], best=1, gain=0.01, gain_low=low, gain_high=0.02,
        is_taken=low > 0, is_cut_by_time=False,
    )  # fmt: skip


def test_only_a_sure_gain_changes_the_settings() -> None:
    settings = ModelSettings()
    assert found(low=-0.001).applied(settings) is settings
    assert found(low=0.001).applied(settings) == settings.model_copy(update={"trees": 400})


def test_a_gain_is_sure_where_its_whole_interval_is_above_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that can hardly learn (one tree) lose surely to what is found; good ones do not."""
    worse, _ = trained(
        deployment(tmp_path / "w", trees=1, **FEW), monkeypatch, World(deployment(tmp_path / "x"), range(2021, 2025))
    )
    assert worse.gain_low > 0 and worse.is_taken and worse.best > 0


def test_a_season_repeated_finds_its_search_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promoting, "try_in_child", lambda folder: None)
    made = deployment(tmp_path, **FEW)
    run = Run(made, "season", NIGHT)
    with connect(made) as con:
        World(made, range(2021, 2025), students=700).stands_in(con, monkeypatch)
        for verb in (train, calibrate, evaluate, promote):
            verb(con, run)
        version = promoted(con, TARGET)
        assert version is not None
        kept = read_card(made, version).search
        assert kept is not None and len(kept.trials) == 4

        def never(*_: object) -> None:
            raise AssertionError("searched again")

        monkeypatch.setattr(searching, "_searched", never)
        train(con, run)
        assert Candidate(made, TARGET).record(PLAN, Plan).search == kept
