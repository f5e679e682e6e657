"""Seasons and nights replayed in a copy: as they would have been, judged by what came, and nothing else is touched."""

import datetime as dt
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from dropout import canary
from dropout.backtest import replay as replaying
from dropout.backtest.backtest import Asked, backtest
from dropout.backtest.scratch import copied
from dropout.cli import app
from dropout.cli_backtest import _true_risk
from dropout.errors import HistoryError
from dropout.model.cohort import matures_on
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from dropout.warehouse.lock import exclusive
from flows.verbs import perform
from tests.flows.conftest import NIGHT, District
from tests.places import ask

ASKED = Asked(dt.date(2024, 11, 4), dt.date(2025, 2, 24))  # by 29 November the outcomes of 2023-2024 are known
NIGHTS = ["2024-11-04", "2024-12-02", "2024-12-30", "2025-01-27", "2025-02-24"]
TARGET = "leaves_by_next_year"
VERSION = f"backtest-2024-11-04-2025-02-24-{TARGET}"
AUTUMN = dt.date(2024, 10, 7)
ROWS = f"select * from ops.evaluation where version = '{VERSION}' order by all"


def small(place: Deployment) -> Deployment:
    """With few trees, for speed."""
    model = place.settings.model.model_copy(update={"trees": 40})
    return Deployment(place.root, place.settings.model_copy(update={"model": model}))


def traces(place: Deployment) -> dict[str, Any]:
    """What must stay as it is: every file of models/ and published/, every table but for a backtest's rows."""
    files = [p for folder in (place.models, place.published) for p in sorted(folder.rglob("*")) if p.is_file()]
    found: dict[str, Any] = {str(p.relative_to(place.root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    with connect(place) as con:
        for schema, table in con.execute("select schema_name, table_name from duckdb_tables() where not temporary").fetchall():
            ours = " where not starts_with(version, 'backtest-')" if table in ("evaluation", "model") else ""
            found[f"{schema}.{table}"] = con.execute(
                f'select count(*), bit_xor(hash(t)) from {schema}."{table}" as t{ours}'
            ).fetchall()
    return found


@pytest.fixture(scope="module")
def done(made: District, tmp_path_factory: pytest.TempPathFactory) -> tuple[District, dict[str, Any]]:
    """The district after a backtest of one winter, and what it was like before."""
    root = tmp_path_factory.mktemp("backtest") / "place"
    shutil.copytree(made.place.root, root, symlinks=True)
    place = small(Deployment(root, made.place.settings))
    before = traces(place)
    backtest(Run(place, "test", NIGHT), ASKED, _true_risk(made.truth))
    return District(place, made.deliveries, made.truth), before


def values(place: Deployment, metric: str, group: str = "all", students: str = "all") -> dict[str, tuple[float, ...]]:
    found = ask(
        place,
        f"select ranking, value, low, high from ops.evaluation where version = '{VERSION}' and metric = '{metric}' "
        f"and as_of_group = '{group}' and student_group = '{students}' and size_share is null",
    )
    return {ranking: rest for ranking, *rest in found}


def test_every_night_is_judged_by_the_evaluations_own_metrics(done: tuple[District, dict[str, Any]]) -> None:
    place = done[0].place
    groups = ask(place, f"select distinct cohort, as_of_group from ops.evaluation where version = '{VERSION}' order by all")
    assert groups == [("2024-2025", night) for night in [*NIGHTS, "all"]]
    for night in [*NIGHTS, "all"]:
        assert set(values(place, "auc", night)) == {"model", "absence_rule", "abc_flags", "school_rate", "true_hazard"}
    metrics = {m for (m,) in ask(place, f"select distinct metric from ops.evaluation where version = '{VERSION}'")}
    assert {"recall_at_capacity", "lift_at_capacity", "calibration_error", "recall_gain_over_absence_rule"} <= metrics
    assert {"lead_time_school_days_median", "found_before_exit_share", "listed_again_share", "list_share_new"} <= metrics
    [(early, later)] = ask(
        place,
        "select max(value) filter (metric = 'found_60_school_days_before_share'), "
        f"max(value) filter (metric = 'found_20_school_days_before_share') from ops.evaluation where version = '{VERSION}'",
    )
    assert 0 <= early <= later <= 1
    assert 0.3 < values(place, "listed_again_share")["model"][0] < 1  # of 95 places that change, and of none that all do


def test_the_true_hazard_is_not_beaten(done: tuple[District, dict[str, Any]]) -> None:
    for students in ("all", "truly_enrolled=yes"):
        auc = values(done[0].place, "auc", students=students)
        best, low, high = auc.pop("true_hazard")
        for name, (value, *_) in auc.items():
            assert value < best + (high - low) / 2, name  # a 90 % interval, halved: what chance may add
        assert best > 0.75


def test_a_night_s_version_knew_only_what_was_known(done: tuple[District, dict[str, Any]]) -> None:
    place = done[0].place
    [(status, method, text)] = ask(place, f"select status, method, card from ops.model where version = '{VERSION}'")
    card = json.loads(text)
    assert status == "backtest"
    assert card["known_on"] == str(NIGHT)
    assert [n["date"] for n in card["nights"]] == NIGHTS
    seasons = {s["version"]: s for s in card["seasons"]}
    assert [s["trained_as_of"] for s in seasons.values()] == ["2024-11-04", "2024-11-29"]  # each on the day it fell due
    years = {y.school_year: y for y in place.country.years(2020, 2026)}
    for night in card["nights"]:
        season = seasons[night["versions"][TARGET]]
        assert season["trained_as_of"] <= night["date"]
        assert all(str(matures_on(place.country, TARGET, years[c])) <= season["trained_as_of"] for c in season["cohorts"])
    assert {s["latest_mature"] for s in seasons.values()} == {"2022-2023", "2023-2024"}
    assert method in {s["method"] for s in seasons.values()}


def test_nothing_else_changes_and_a_second_run_gives_the_same_rows(done: tuple[District, dict[str, Any]]) -> None:
    district, before = done
    assert traces(district.place) == before
    assert not (district.place.work / "backtest").exists()
    models = "select * from ops.model where status = 'backtest' order by all"
    first = ask(district.place, ROWS), ask(district.place, models)
    backtest(Run(district.place, "test", NIGHT), ASKED, _true_risk(district.truth))
    assert (ask(district.place, ROWS), ask(district.place, models)) == first


def test_the_night_s_report_is_not_of_the_replay(done: tuple[District, dict[str, Any]]) -> None:
    """Not even where tonight's version was never evaluated, so that the last evaluated one would be shown."""
    place = done[0].place
    with connect(place) as con:
        con.execute("delete from ops.evaluation where not starts_with(version, 'backtest-')")
    run = Run(place, "test", NIGHT)
    generation = place.published / "generations" / str(perform(run, "publish")["generation_id"])
    with duckdb.connect(str(generation / "analytics.duckdb"), read_only=True) as con:
        assert con.execute("select count(*) from marts.evaluation where version = ?", [VERSION]).fetchall()[0][0] > 500
        assert con.execute("select version from marts.model where status = 'backtest' order by 1").fetchall()[0] == (VERSION,)
        page = (Path(__file__).parents[2] / "docs" / "analyse.md").read_text(encoding="utf-8")
        query = page[page.index("    select e.version, e.cohort") :].split(";")[0]
        assert len(con.execute(query).fetchall()) == 7  # lead time, four shares found, two of churn
    assert "backtest-" not in (generation / "report.html").read_text(encoding="utf-8")


def replayed(place: Deployment) -> tuple[list[replaying.Season], list[tuple[Any, ...]]]:
    """The season and the night of one autumn day."""
    with copied(small(place)) as copy, connect(copy) as con:
        found = replaying.replay(con, copy, [AUTUMN], 1)
        return found.seasons, con.execute("from night.replayed order by all").fetchall()


def test_what_became_known_later_moves_neither_version_nor_chance(district: District) -> None:
    before = replayed(district.place)
    assert len(before[1]) > 2000  # students × targets
    correct = (
        "create or replace temp table corrected as select * from core.attendance "
        "where date between '2024-09-09' and '2024-10-04' and known_at <= date '2024-10-07' and known_until is null; "
        "update core.attendance as a set known_until = {known} from corrected as c where a.student_key = c.student_key "
        "and a.date = c.date and a.session = c.session and a.known_until is null; "
        "insert into core.attendance by name select * replace ('absent_unexcused' as status, {known} as known_at) from corrected"
    )
    with connect(district.place) as con:
        con.execute(correct.format(known="date '2025-01-10'"))
        assert con.execute("select count(*) from corrected").fetchall()[0][0] > 300
    assert replayed(district.place) == before
    with connect(district.place) as con:
        assert canary._cut_off_the_future(con, Run(district.place, "test", AUTUMN)) > 10_000
    assert replayed(district.place) == before
    with connect(district.place) as con:
        con.execute(correct.format(known="date '2024-10-05'"))  # known in time it is seen
    assert replayed(district.place)[1] != before[1]


def test_interrupted_nothing_is_written_and_the_copy_is_gone(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = traces(district.place)
    monkeypatch.setattr(replaying, "is_due", lambda *_: False)  # for speed
    monkeypatch.setattr(replaying.score, "score", stop)
    with pytest.raises(KeyboardInterrupt):
        backtest(Run(small(district.place), "test", NIGHT), Asked(AUTUMN, AUTUMN))
    assert not (district.place.work / "backtest").exists()
    assert traces(district.place) == before


def test_a_copy_that_a_kill_left_goes_with_the_next_run(district: District) -> None:
    left = district.place.work / "backtest"
    left.mkdir()
    (left / "warehouse.duckdb").write_bytes(b"left over")
    with exclusive(district.place):
        assert not left.exists()
    with copied(district.place) as copy:
        assert copy.root.stat().st_mode & 0o777 == 0o700
        assert not copy.identity.exists()
        assert ask(copy, "select count(*) from ops.model") == [(0,)]


def test_nothing_to_judge_is_said(district: District) -> None:
    summer, first = dt.date(2025, 7, 20), dt.date(2026, 2, 20)
    with pytest.raises(HistoryError, match="nobody was enrolled"):
        backtest(Run(district.place, "test", NIGHT), Asked(summer, summer))
    with pytest.raises(HistoryError, match="no outcome of these nights"):  # too early for either target
        backtest(Run(small(district.place), "test", NIGHT), Asked(first, first))
    assert ask(district.place, "select count(*) from ops.model where status = 'backtest'") == [(0,)]


def test_the_command_prints_a_table_and_is_in_the_ledger(district: District, tmp_path: Path) -> None:
    words = ["backtest", "--dir", str(district.place.root), "--date", str(NIGHT), "--from", str(AUTUMN)]
    shown = CliRunner().invoke(app, [*words, "--to", str(AUTUMN), "--truth", str(district.truth)])
    assert shown.exit_code == 0, shown.output
    assert "true_hazard" in shown.stdout and "2024-2025" in shown.stdout
    assert ask(district.place, "select kind, status, as_of_date from ops.run order by started_at desc limit 1") == [
        ("backtest", "done", NIGHT)
    ]
    assert CliRunner().invoke(app, [*words, "--to", "2024-10-06"]).exit_code == 2
    assert CliRunner().invoke(app, [*words, "--to", "2026-03-03"]).exit_code == 2
    assert CliRunner().invoke(app, [*words, "--to", str(AUTUMN), "--truth", str(tmp_path)]).exit_code != 0
