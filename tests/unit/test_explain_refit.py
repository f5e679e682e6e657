"""refit in a season on a small world: what it stores, what it measures, and what explain makes of it."""

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dropout.errors import ModelError
from dropout.explain.explain import explain
from dropout.explain.judged_reasons import METRICS
from dropout.explain.refit import refit
from dropout.model import booster, promote
from dropout.model.calibrate import calibrate
from dropout.model.candidate import Candidate
from dropout.model.evaluate import evaluate
from dropout.model.recipe import Plan
from dropout.model.registry import load, load_refits, promoted
from dropout.model.score import score
from dropout.model.season import is_due
from dropout.model.train import PLAN, train
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Counts, Run
from tests.model_world import TARGET, World, deployment

NIGHT = dt.date(2024, 12, 2)
OTHER = "leaves_within_60_days"


def season(made: Deployment, years: range = range(2021, 2025), **world: float) -> list[Counts]:
    """The five verbs, and the snapshot of the night."""
    run = Run(made, "season", NIGHT)
    with pytest.MonkeyPatch.context() as patch, connect(made) as con:
        patch.setattr(promote, "try_in_child", lambda folder: None)
        told = World(made, years, students=900, **world)  # type: ignore[arg-type]
        told.stands_in(con, patch)
        counts = [verb(con, run) for verb in (train, calibrate, evaluate, refit, promote.promote)]
        told.tonight(con, run)
        con.execute("checkpoint")
    return counts


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    made = deployment(tmp_path_factory.mktemp("refit") / "d", resamples=4)
    assert season(made)[3] == {"refits": 4, "judged": 1, "values": len(METRICS)}
    return made


@pytest.fixture
def made(whole: Deployment, tmp_path: Path) -> Deployment:
    shutil.copytree(whole.root, tmp_path / "d")
    return Deployment(tmp_path / "d", whole.settings)


def version_of(made: Deployment, target: str = TARGET) -> str:
    with connect(made) as con:
        version = promoted(con, target)  # type: ignore[arg-type]
    assert version is not None
    return version


def test_refits_stand_beside_the_listed_targets_model_under_its_card_and_seal(whole: Deployment) -> None:
    version = version_of(whole)
    folder, model = whole.models / version, load(whole, version)
    files = [f"refit_{n}.txt" for n in (1, 2, 3, 4)]
    assert {p.name for p in folder.iterdir()} == {"model.txt", "model.json", "model.hmac", *files}
    assert [hashlib.sha256((folder / f).read_bytes()).hexdigest() for f in files] == model.card.refits
    assert len(load_refits(whole, model)) == 4
    assert load(whole, version_of(whole, OTHER)).card.refits == [], "its reasons stand on no list"


def test_what_stability_does_to_the_judged_lists_is_in_the_evaluation(whole: Deployment) -> None:
    with connect(whole) as con:
        rows = con.execute(
            "select metric, value, low, high, student_count, event_count from ops.evaluation where version = ? "
            "and cohort = '2023-2024' and as_of_group = 'all' and metric in (select unnest(?))",
            [version_of(whole), list(METRICS)],
        ).fetchall()
    found = {metric: value for metric, value, *_ in rows}
    assert set(found) == set(METRICS)
    assert all(low <= value <= high for _, value, low, high, *_ in rows)
    assert all(0 < left < students for *_, students, left in rows)
    # stability can only take reasons away, and moves up what stood below the cut
    stable, before, after = (found[m] for m in ("reason_stable_share", "reasons_before_stability_mean", "reasons_mean"))
    assert before * stable <= after + 1e-6 and after <= before
    assert found["without_reason_before_stability_share"] <= found["without_reason_share"] < 0.5
    assert 0.5 < stable <= 1 and 0.5 < found["first_reason_agreement_share"] <= 1


def test_reasons_of_the_listed_are_held_against_the_refits_and_no_others(made: Deployment) -> None:
    run = Run(made, "nightly", NIGHT)
    with connect(made) as con:
        score(con, run)
        explain(con, run)
        lacking = "select count(*) from night.reason join night.score using (student_key, target) where "
        for wrong in ("is_listed <> (stability is not null)", "stability < 0.8", "log_odds_low > log_odds_high"):
            assert con.execute(lacking + wrong).fetchall() == [(0,)]
        assert con.execute(lacking + "is_listed").fetchall()[0][0] > 50
        # with the sign of its direction, a held reason's best refit is at least half the least size
        best = "case direction when 'lowers' then -log_odds_low else log_odds_high end"
        assert con.execute(lacking + f"is_listed and {best} < 0.05").fetchall() == [(0,)]
        before = con.execute("from night.reason order by all").fetchall()
        explain(con, run)
        assert con.execute("from night.reason order by all").fetchall() == before


def test_a_reason_is_dropped_when_the_refits_say_otherwise(made: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refits of a model that knows attendance alone: marks, a reason of many listed pupils before, hold nowhere."""
    run = Run(made, "nightly", NIGHT)
    names = [f for f in load(made, version_of(made)).card.features]
    random = np.random.default_rng(1)
    x = random.random((4000, len(names))).astype(np.float32)
    x[:, names.index("absences_unexcused_28d_count")] *= 28
    label = (random.random(4000) < x[:, names.index("absences_unexcused_28d_count")] / 30).astype(float)
    from dropout.features.catalogue import load_catalogue

    text = booster.fit(x, label, np.ones(4000), load_catalogue().model_features, made.settings.model)
    count = (
        "select count(*) from night.reason join night.score using (student_key, target) where is_listed and direction = 'raises' "
        f"and concept = 'marks' and target = '{TARGET}'"
    )
    with connect(made) as con:
        score(con, run)
        explain(con, run)
        assert con.execute(count).fetchall()[0][0] > 10
        monkeypatch.setattr("dropout.explain.explain.load_refits", lambda deployment, model: [booster.load(text)] * 3)
        explain(con, run)
        assert con.execute(count).fetchall() == [(0,)]
        unlisted = count.replace("is_listed", "not is_listed")
        assert con.execute(unlisted).fetchall()[0][0] > 10


def test_a_second_season_of_the_same_data_changes_no_byte(made: Deployment) -> None:
    def files() -> dict[str, bytes]:
        return {str(p.relative_to(made.root)): p.read_bytes() for p in made.models.rglob("*") if p.is_file()}

    def evaluation() -> list[tuple[object, ...]]:
        with connect(made) as con:
            return con.execute("from ops.evaluation order by all").fetchall()

    before = files(), evaluation()
    assert season(made)[4]["unchanged"] == 2
    assert (files(), evaluation()) == before


def test_without_resamples_nothing_is_fitted_again_and_nothing_measured(tmp_path: Path) -> None:
    made = deployment(tmp_path / "d", resamples=0)
    assert season(made)[3] == {"refits": 0, "judged": 0, "values": 0}
    assert load(made, version_of(made)).card.refits == []
    run = Run(made, "nightly", NIGHT)
    with connect(made) as con:
        score(con, run)
        explain(con, run)
        assert con.execute("select count(*) > 100, count(stability) from night.reason").fetchall() == [(True, 0)]
        assert con.execute("select count(*) from ops.evaluation where metric like '%reason%'").fetchall() == [(0,)]


def test_out_of_fold_there_is_no_one_model_to_judge_but_the_refits_are_made(tmp_path: Path) -> None:
    made = deployment(tmp_path / "d", resamples=2)
    assert season(made, range(2023, 2024))[3] == {"refits": 2, "judged": 0, "values": 0}


def test_fewer_resamples_leave_no_older_refit_behind(tmp_path: Path) -> None:
    candidate = Candidate(deployment(tmp_path / "d"), TARGET)
    candidate.begin()
    assert candidate.write_refits("m2", (f"text {n}" for n in range(1, 12))) == 11
    assert candidate.refits("m2")[1:11:9] == ["text 2", "text 11"], "11 comes after 2"
    assert candidate.write_refits("m2", iter(["new"])) == 1
    assert candidate.refits("m2") == ["new"] and candidate.refits("m1") == []


def test_it_needs_an_evaluated_candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployment(tmp_path / "d", resamples=2)
    run = Run(made, "season", NIGHT)
    with connect(made) as con:
        with pytest.raises(ModelError, match="no candidate"):
            refit(con, run)
        World(made, range(2022, 2025), students=900).stands_in(con, monkeypatch)
        train(con, run)
        with pytest.raises(ModelError, match="evaluation"):
            refit(con, run)
        assert Candidate(made, TARGET).open().record(PLAN, Plan).recipe.promoted == "m2"


def edit(folder: Path) -> None:
    path = folder / "refit_2.txt"
    path.write_text(path.read_text().replace("leaf_value=", "leaf_value=9", 1))


def remove(folder: Path) -> None:
    (folder / "refit_4.txt").unlink()


def add(folder: Path) -> None:
    shutil.copy(folder / "refit_1.txt", folder / "refit_5.txt")


def swap(folder: Path) -> None:
    one, two = folder / "refit_1.txt", folder / "refit_2.txt"
    text = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(text)


@pytest.mark.parametrize("harm", [edit, remove, add, swap], ids=lambda f: f.__name__)
def test_altered_refits_stop_the_night_before_lightgbm_sees_them(made: Deployment, harm: Callable[[Path], None]) -> None:
    run, version = Run(made, "nightly", NIGHT), version_of(made)
    with connect(made) as con:
        score(con, run)
        harm(made.models / version)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(booster, "load", lambda text: pytest.fail("LightGBM was given an unverified model"))
            with pytest.raises(ModelError, match="altered") as raised:
                explain(con, run)
        assert "dropout season" in str(raised.value) and raised.value.exit_code == 31
        assert is_due(con, run)


@pytest.mark.parametrize("harm", [edit, remove, swap], ids=lambda f: f.__name__)
def test_a_refit_that_changes_after_the_seal_was_read_is_held_against_the_card(
    made: Deployment, harm: Callable[[Path], None]
) -> None:
    model = load(made, version_of(made))
    harm(made.models / model.card.version)
    with pytest.raises(ModelError, match="not the one of its card") as raised:
        load_refits(made, model)
    assert "refit_" in str(raised.value)
