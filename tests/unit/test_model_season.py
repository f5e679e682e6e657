"""The season's verbs on a small world: with no, one, two, three cohorts; promoted, refused, repeated, due."""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dropout.errors import HistoryError, ModelError
from dropout.model import promote as promoting
from dropout.model.calibrate import calibrate
from dropout.model.candidate import Candidate
from dropout.model.evaluate import evaluate
from dropout.model.promote import promote
from dropout.model.recipe import Plan
from dropout.model.registry import load, promoted
from dropout.model.season import is_due
from dropout.model.train import PLAN, train
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Counts, Run
from tests.model_world import TARGET, World, deployment

VERBS = (train, calibrate, evaluate, promote)
NIGHT = dt.date(2024, 12, 2)  # the census of 2023-2024 has matured


@pytest.fixture
def made(tmp_path: Path) -> Deployment:
    return deployment(tmp_path)


@pytest.fixture(autouse=True)
def _no_child(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial process costs seconds; one test here and the fault tests start it."""
    if "three_cohorts" not in request.node.name:
        monkeypatch.setattr(promoting, "try_in_child", lambda folder: None)


@pytest.fixture
def con(made: Deployment) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(made) as opened:
        yield opened


def season(con: duckdb.DuckDBPyConnection, run: Run) -> list[Counts]:
    return [verb(con, run) for verb in VERBS]


def plan_of(made: Deployment) -> Plan:
    return Candidate(made, TARGET).open().record(PLAN, Plan)


def test_three_cohorts_are_judged_promoted_and_rolled_forward(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2021, 2025), students=900).stands_in(con, monkeypatch)
    run = Run(made, "season", NIGHT)
    assert is_due(con, run)
    counts = season(con, run)
    assert counts[0]["cohorts"] == 6 and counts[0]["boosters"] == 4
    assert counts[-1] == {"promoted": 2, "absence_rule": 0, "unchanged": 0}
    assert not is_due(con, run)
    version = promoted(con, TARGET)
    assert version is not None and version.startswith("leaves_by_next_year-2024-12-02-")
    card = load(made, version).card
    assert [c.school_year for c in card.cohorts] == ["2021-2022", "2022-2023", "2023-2024"]
    assert card.evaluation and card.evaluation.cohort == "2023-2024"
    assert {p.name for p in (made.models / version).iterdir()} == {"model.txt", "model.json", "model.hmac"}
    assert not Candidate(made, TARGET).exists
    evaluated = con.execute(
        "select ranking, value, low, high from ops.evaluation where target = ? and as_of_group = 'all' and metric = 'auc' "
        "and student_group = 'all'",
        [TARGET],
    ).fetchall()
    auc = {ranking: value for ranking, value, _, _ in evaluated}
    assert auc["model"] > max(auc["absence_rule"], auc["abc_flags"], auc["school_rate"]) > 0.5
    assert all(low < value < high for _, value, low, high in evaluated)
    groups = con.execute("select distinct as_of_group from ops.evaluation order by 1").fetchall()
    assert ("2023-10",) in groups and ("2024-06",) in groups and ("all",) in groups


def test_promoting_twice_and_a_second_season_change_nothing(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2021, 2025), students=900).stands_in(con, monkeypatch)
    run = Run(made, "season", NIGHT)
    season(con, run)
    before = con.execute("select * from ops.model order by version").fetchall()
    files = {p: p.read_bytes() for p in made.models.rglob("*") if p.is_file()}
    assert promote(con, run)["unchanged"] == 2
    assert season(con, Run(made, "season", NIGHT))[-1]["unchanged"] == 2
    assert con.execute("select * from ops.model order by version").fetchall() == before
    assert {p: p.read_bytes() for p in made.models.rglob("*") if p.is_file()} == files


EARLY = dt.date(2023, 12, 1)  # the census of 2022-2023 has matured


def ledger(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str, str]]:
    """The target's model of each season's date (the absence rule left out): version, status, why."""
    rows = con.execute(
        "select trained_as_of, version, status, why from ops.model where target = ? and method = 'model'", [TARGET]
    ).fetchall()
    return {str(day): (version, status, why) for day, version, status, why in rows}


def with_trees(made: Deployment, trees: int) -> Deployment:
    model = made.settings.model.model_copy(update={"trees": trees})
    return Deployment(made.root, made.settings.model_copy(update={"model": model}))


def values(con: duckdb.DuckDBPyConnection, version: str, metric: str) -> dict[str, float]:
    """Ranking → value over all nights."""
    rows = con.execute(
        "select ranking, value from ops.evaluation where version = ? and metric = ? and as_of_group = 'all' "
        "and student_group = 'all'",
        [version, metric],
    ).fetchall()
    return dict(rows)


def test_the_same_recipe_rolls_forward_and_retires_the_version_before(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2021, 2025), students=900, signal=1.5).stands_in(con, monkeypatch)
    early, late = Run(made, "season", EARLY), Run(made, "season", NIGHT)
    season(con, early)
    assert is_due(con, late)
    season(con, late)
    found = ledger(con)
    assert found["2023-12-01"][1] == "retired" and found["2024-12-02"][1] == "promoted"
    assert "rolled one cohort forward" in found["2024-12-02"][2]
    # the judged booster saw the cohorts that last season's promoted one saw: they are one
    auc = values(con, found["2024-12-02"][0], "auc")
    assert auc["model"] == auc["last_season"] > 0.5
    assert values(con, found["2024-12-02"][0], "recall_gain_over_last_season") == {"model": 0.0}
    assert is_due(con, early), "a night of an earlier date must not use what it could not know"
    models, files = con.execute("select * from ops.model order by all").fetchall(), files_of(made)
    assert season(con, Run(made, "season", NIGHT))[-1]["unchanged"] == 2, "repeated, it meets the same champion"
    assert con.execute("select * from ops.model order by all").fetchall() == models and files_of(made) == files


def files_of(made: Deployment) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in made.models.rglob("*") if p.is_file()}


def test_a_champion_stays_until_a_model_wins_on_the_same_cohort(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2021, 2025), students=900, signal=1.5).stands_in(con, monkeypatch)
    season(con, Run(made, "season", EARLY))
    champion, before = promoted(con, TARGET), files_of(made)
    worse = Run(with_trees(made, 1), "season", NIGHT)
    for verb in VERBS[:-1]:
        verb(con, worse)

    def killed(candidate: Candidate) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Candidate, "remove", killed)
        promote(con, worse)
    assert promote(con, worse) == {"promoted": 0, "absence_rule": 0, "unchanged": 2}
    assert promoted(con, TARGET) == champion and files_of(made) == before
    version, status, why = ledger(con)["2024-12-02"]
    assert status == "refused" and str(champion) in why and "stays in force" in why
    recall = values(con, version, "recall_in_schools")
    assert recall["last_season"] > recall["model"] and "logistic_regression" in recall
    gained = values(con, version, "recall_in_schools_gain_over_last_season")["model"]
    assert gained == pytest.approx(recall["model"] - recall["last_season"], abs=1e-6)
    assert values(con, version, "recall_gain_over_absence_rule").keys() == {"model", "last_season"}
    # no season every night, and the night of its own date is the champion's still
    assert not is_due(con, worse) and not is_due(con, Run(made, "season", EARLY))
    models = con.execute("select * from ops.model order by all").fetchall()
    assert promote(con, worse)["unchanged"] == 2 and season(con, worse)[-1]["unchanged"] == 2
    assert con.execute("select * from ops.model order by all").fetchall() == models and files_of(made) == before


def test_a_worse_champion_is_replaced_and_comes_back_when_the_season_is_repeated_and_loses(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2021, 2025), students=900, signal=1.5).stands_in(con, monkeypatch)
    season(con, Run(with_trees(made, 8), "season", EARLY))
    first = ledger(con)["2023-12-01"]
    assert first[1] == "promoted"
    season(con, Run(made, "season", NIGHT))
    second = ledger(con)["2024-12-02"]
    assert second[1] == "promoted" and f"found more than last season's model ({first[0]})" in second[2]
    season(con, Run(with_trees(made, 1), "season", NIGHT))
    assert promoted(con, TARGET) == first[0], "the same season again, with a poorer model: its rival is the one it had"
    statuses = dict(con.execute("select version, status from ops.model where target = ?", [TARGET]).fetchall())
    assert sorted(statuses.values()) == ["promoted", "refused", "retired"]


def test_a_model_of_noise_is_refused_and_the_rule_promoted_by_name(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2021, 2025), students=400, signal=0.0).stands_in(con, monkeypatch)
    counts = season(con, Run(made, "season", NIGHT))
    assert counts[-1] == {"promoted": 0, "absence_rule": 2, "unchanged": 0}
    found = con.execute("select method, status, why from ops.model where target = ? order by status", [TARGET]).fetchall()
    (rule, refused) = found
    assert rule[:2] == ("absence_rule", "promoted") and refused[:2] == ("model", "refused")
    assert "does not surely find more" in rule[2]
    version = promoted(con, TARGET)
    assert version is not None
    model = load(made, version)
    assert model.trees is None and model.card.bands is not None
    assert not (made.models / version / "model.txt").exists()
    rows = con.execute("select count(*) from ops.evaluation where version = ? and ranking = 'absence_rule'", [version]).fetchall()
    assert rows[0][0] > 0


def test_two_cohorts_are_judged_on_the_whole_of_the_second(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2022, 2025), students=900).stands_in(con, monkeypatch)
    run = Run(made, "season", NIGHT)
    train(con, run)
    plan = plan_of(made)
    assert plan.recipe.fits == {"m1": ["2022-2023"], "m2": ["2022-2023", "2023-2024"]}
    calibrate(con, run)
    evaluate(con, run)
    (students,) = con.execute(
        "select distinct student_count from ops.evaluation where target = ? and as_of_group = 'all' and student_group = 'all'",
        [TARGET],
    ).fetchall()[0]
    assert students > 600  # nearly all of 900 are there at the first date
    assert promote(con, run)["unchanged"] == 0


def test_one_cohort_is_judged_on_the_running_one_by_what_was_seen(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2023, 2025), students=1500, signal=1.5).stands_in(con, monkeypatch)
    run = Run(made, "season", dt.date(2025, 4, 1))
    season(con, run)
    cards = con.execute("select card from ops.model where target = ? and method = 'model'", [TARGET]).fetchall()
    card = json.loads(cards[0][0])
    assert card["evaluation"]["cohort"] == "2024-2025" and card["evaluation"]["is_outcome_so_far"]
    assert [c["school_year"] for c in card["cohorts"]] == ["2023-2024"] and card["running"]["school_year"] == "2024-2025"
    found = dict(
        con.execute("select metric, any_value(cohort) from ops.evaluation where target = ? group by 1", [TARGET]).fetchall()
    )
    assert found["auc"] == "2024-2025"
    assert found["calibration_error"] == "2023-2024 out of fold"


def test_one_cohort_alone_is_judged_out_of_fold(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2023, 2025), students=300).stands_in(con, monkeypatch)
    run = Run(made, "season", dt.date(2024, 10, 30))  # hardly anyone of the running cohort has left yet
    train(con, run)
    assert plan_of(made).running is None
    calibrate(con, run)
    assert evaluate(con, run)["judged"] == 2
    promote(con, run)
    assert promoted(con, TARGET)


def test_no_cohort_gives_the_rule_without_rates(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2024, 2025), students=200).stands_in(con, monkeypatch)
    run = Run(made, "season", NIGHT)
    assert season(con, run)[-1] == {"promoted": 0, "absence_rule": 2, "unchanged": 0}
    version = promoted(con, TARGET)
    assert version is not None
    card = load(made, version).card
    assert card.method == "absence_rule" and card.bands is None and "rates are unknown" in card.why
    assert not is_due(con, run)


def test_verbs_out_of_order_say_what_to_run(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(made, "season", NIGHT)
    with pytest.raises(HistoryError, match="nothing has been loaded"):
        train(con, run)
    for verb in (calibrate, evaluate, promote):
        shutil.rmtree(Candidate(made, TARGET).folder, ignore_errors=True)
        with pytest.raises(ModelError, match="dropout train"):
            verb(con, run)
    World(made, range(2022, 2025), students=300).stands_in(con, monkeypatch)
    train(con, run)
    with pytest.raises(ModelError, match=r"calibrators\.json"):
        evaluate(con, run)
    with pytest.raises(ModelError, match=r"evaluation\.json"):
        promote(con, run)


def test_same_data_gives_the_same_files_on_one_thread_or_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for threads in (1, 2):
        made = deployment(tmp_path / str(threads), threads=threads)
        with connect(made) as con:
            World(made, range(2022, 2025), students=300).stands_in(con, monkeypatch)
            run = Run(made, "season", NIGHT)
            train(con, run)
            calibrate(con, run)
        folder = Candidate(made, TARGET).folder
        found.append({p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in {".txt", ".json"}})
    assert found[0] == found[1]


def metrics_of(con: duckdb.DuckDBPyConnection, where: str) -> set[str]:
    found = con.execute(
        f"select distinct metric from ops.evaluation where target = ? and value is not null and {where}", [TARGET]
    )
    return {metric for (metric,) in found.fetchall()}


LEAD = {"lead_time_school_days_median", "found_before_exit_share", "found_20_school_days_before_share", "listed_again_share"}
THIN = {"abstained_share", "abstained_left_share", "left_among_abstained_share"}
FOUND = {"auc", "recall_in_schools", "recall_in_schools_gap", "selection_rate_in_schools", "false_positive_rate_in_schools"}


@pytest.mark.parametrize("years", [range(2021, 2025), range(2022, 2025)], ids=["whole cohort", "half of the schools"])
def test_groups_lead_time_churn_and_abstention_are_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: range
) -> None:
    made = deployment(tmp_path / "d", taken_registers_at_least=60)  # the world has 50: all without a mark are abstained from
    with connect(made) as con:
        World(made, years, students=900).stands_in(con, monkeypatch)
        season(con, Run(made, "season", NIGHT))
        for ranking in ("model", "absence_rule", "abc_flags", "school_rate"):
            assert metrics_of(con, f"as_of_group = 'all' and ranking = '{ranking}'") >= LEAD
        assert metrics_of(con, "as_of_group = 'all' and student_group = 'all'") >= THIN
        assert metrics_of(con, "as_of_group = '2023-11'") >= {"abstained_share"}
        for group in ("sex=female", "sex=male"):
            assert metrics_of(con, f"student_group = '{group}'") >= {*FOUND, "calibration_gap", "calibration_error"}
        shares = con.execute(
            "select value, low, high from ops.evaluation "
            "where metric like '%_share' and ranking = 'model' and as_of_group = 'all'"
        ).fetchall()
        assert shares and all(0 <= low <= value <= high <= 1 for value, low, high in shares)


def test_groups_of_a_running_cohort_have_their_chances_judged_on_the_complete_one(
    made: Deployment, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(made, range(2023, 2025), students=1500, signal=1.5).stands_in(con, monkeypatch)
    season(con, Run(made, "season", dt.date(2025, 4, 1)))
    found = con.execute(
        "select distinct metric, cohort from ops.evaluation where target = ? and student_group = 'sex=male'", [TARGET]
    ).fetchall()
    cohorts = dict(found)
    assert len(found) == len(cohorts)
    assert cohorts["recall_in_schools"] == "2024-2025" and cohorts["calibration_gap"] == "2023-2024 out of fold"


def test_a_model_out_of_bounds_on_a_group_is_refused_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployment(tmp_path / "d", group_recall_gap_at_most=0.0)  # any group of whom surely less is found
    with connect(made) as con:
        World(made, range(2021, 2025), students=900).stands_in(con, monkeypatch)
        season(con, Run(made, "season", NIGHT))
        ((why,),) = con.execute("select why from ops.model where target = ? and status = 'refused'", [TARGET]).fetchall()
        assert why.startswith("errs too much on groups of students: ") and "sex=male: share of leavers found" in why
        version = promoted(con, TARGET)
        assert version is not None
        assert load(made, version).card.method == "absence_rule"
