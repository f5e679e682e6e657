"""The model card: its numbers are the evaluation's, what was not measured is said, small groups are hidden; no fetching."""

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from dropout.cli import app
from dropout.errors import ModelError
from dropout.model.outcomes import MEANING
from dropout.model.registry import promoted, read_card
from dropout.publish import manifest
from dropout.publish.model_card import card
from dropout.publish.model_card.details import training_data
from dropout.publish.model_card.document import Table
from dropout.publish.model_card.markdown import plain
from dropout.publish.model_card.numbers import cell, counts
from dropout.publish.model_card.results import by_group, unitary
from dropout.publish.model_card.version import Measure, Version, known
from dropout.publish.model_card.words import card_words
from dropout.publish.publish import publish
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run, step
from tests import publish_district
from tests.model_world import TARGET, after_a_season
from tests.unit.test_publish_report import Tags

NIGHT = dt.date(2024, 12, 2)
WORDS = card_words()
TITLES = {name: WORDS.rankings[name] for name in ("model", "absence_rule", "abc_flags", "school_rate")}


@dataclasses.dataclass
class Made:
    """A season's deployment, the version in force, and its card."""

    deployment: Deployment
    version: str
    text: str
    page: str


def made(folder: Path, signal: float) -> Made:
    deployment = after_a_season(folder / "d", range(2021, 2025), signal, NIGHT)
    (deployment.root / "dropout.toml").write_text('[deployment]\ncountry = "generic"\n', encoding="utf-8")
    with connect(deployment) as con:
        version = promoted(con, TARGET)
        assert version is not None
        text, page = card.write_on_demand(con, deployment, version, folder / "cards")
    assert [p.name for p in (text, page)] == [f"model_card_{version}.md", f"model_card_{version}.html"]
    return Made(deployment, version, text.read_text(encoding="utf-8"), page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Made:
    found = made(tmp_path_factory.mktemp("model"), 1.0)
    assert read_card(found.deployment, found.version).method == "model"
    return found


@pytest.fixture(scope="module")
def rule(tmp_path_factory: pytest.TempPathFactory) -> Made:
    found = made(tmp_path_factory.mktemp("rule"), 0.0)
    assert read_card(found.deployment, found.version).method == "absence_rule"
    return found


def front(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(found, dict)
    return found


def table(text: str, title: str) -> dict[str, list[str]]:
    """First cell → the other cells of the Markdown table under `title`; the heads under ''."""
    lines = text[text.index(f"**{title}") :].split("\n\n")[1].splitlines()
    rows = [[c.strip() for c in line.strip("|").split(" | ")] for line in (lines[0], *lines[2:])]
    return {"": rows[0], **{row[0]: row[1:] for row in rows[1:]}}


def row(con: duckdb.DuckDBPyConnection, version: str, ranking: str, metric: str, size: float | None = None) -> tuple[float, ...]:
    found = con.execute(
        "select value, low, high from ops.evaluation where version = ? and ranking = ? and metric = ? and as_of_group = 'all' "
        "and student_group = 'all' and (?::double is null or abs(size_share - ?) < 1e-9)",
        [version, ranking, metric, size, size],
    ).fetchall()
    assert len(found) == 1
    return tuple(found[0])


def share(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f}% ({100 * low:.1f} to {100 * high:.1f})"


def number(value: float, low: float, high: float, places: int = 3) -> str:
    return f"{value:.{places}f} ({low:.{places}f} to {high:.{places}f})"


# --- numbers, by hand -----------------------------------------------------------------------------------------------


def measure(metric: str = "auc", value: float | None = 0.5, **other: Any) -> Measure:
    common = {
        "cohort": "2023-2024", "as_of_group": "all", "student_group": "all", "ranking": "model", "size_share": None,
        "low": None, "high": None, "student_count": 1000, "event_count": 90,
    }  # fmt: skip
    return Measure(**{**common, "metric": metric, "value": value, **other})


def version(*measures: Measure, **other: Any) -> Version:
    common: dict[str, Any] = {
        "version": "v1", "target": TARGET, "method": "model", "status": "promoted", "trained_as_of": NIGHT,
        "why": "it was better", "card": {}, "code_version": None, "settings_sha256": None,
    }  # fmt: skip
    return Version(**{**common, **other}, measures=measures)


def test_a_number_is_written_by_the_rule_of_its_kind() -> None:
    assert cell(measure(value=0.84142878, low=0.82456744, high=0.85625257), "number") == "0.841 (0.825 to 0.856)"
    assert cell(measure(value=0.46789148, low=0.43303926, high=0.49923233), "share") == "46.8% (43.3 to 49.9)"
    assert cell(measure(value=5.7213, low=5.29, high=6.1), "ratio") == "5.72 (5.29 to 6.10)"
    assert cell(measure(value=0.0512, low=-0.0317, high=0.0708), "points") == "+5.1 points (-3.2 to +7.1)"
    assert cell(measure(value=-0.0001), "share") == "0.0%"  # no minus before a zero, and no interval where there is none
    assert cell(measure(value=61.04), "days") == "61.0"


def test_what_is_not_there_is_not_measured_and_what_is_small_is_hidden() -> None:
    assert cell(None, "share") == cell(measure(value=None), "share") == "not measured"
    assert cell(measure(event_count=9), "share") == "hidden"  # nine left
    assert cell(measure(student_count=99), "share") == "hidden"  # 99 - 90: nine stayed
    assert cell(measure(student_count=100, event_count=10), "share") == "50.0%"
    assert counts([3000, 12, 7]) == ["3,000", "hidden", "hidden"]  # 7 is small; 12 goes too, or a total would give 7 away


def test_of_several_sizes_the_asked_one_counts_else_the_judged_one() -> None:
    sizes = [measure("recall", s, size_share=s) for s in (0.05, 0.08, 0.2)]
    found = version(*sizes, card={"evaluation": {"judged_share": 0.08}})
    assert found.find("recall", "model", size=0.2) == sizes[2]
    assert found.find("recall", "model") == sizes[1]
    assert found.find("recall", "model", size=0.3) is None


def test_marks_of_markdown_are_escaped() -> None:
    assert plain("a|b\n<script> `x` *y* leaves_by_next_year") == "a\\|b \\<script> \\`x\\` \\*y\\* leaves_by_next_year"


# --- a model's card -------------------------------------------------------------------------------------------------


def test_the_sections_are_those_of_mitchell(model: Made) -> None:
    sections = re.findall(r"^## (.+)$", model.text, re.MULTILINE)
    assert sections == [
        "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data", "Quantitative analyses",
        "Ethical considerations", "Caveats and recommendations",
    ]  # fmt: skip


def test_the_main_table_holds_the_evaluation(model: Made) -> None:
    found = table(model.text, "On the schools' lists of the judged size")
    capacity = table(model.text, "On lists of the schools' capacity")
    chances = table(model.text, "Chances")
    assert set(found) - {""} == set(TITLES.values())
    with connect(model.deployment) as con:
        for ranking, title in TITLES.items():
            auc, ap, recall, precision, lift = (
                row(con, model.version, ranking, m)
                for m in ("auc", "average_precision", "recall_in_schools", "precision_in_schools", "lift_in_schools")
            )
            assert found[title] == [number(*auc), number(*ap), share(*recall), share(*precision), number(*lift, places=2)]
            assert capacity[title][0] == share(*row(con, model.version, ranking, "recall_at_capacity"))
            assert chances[title] == [number(*row(con, model.version, ranking, m)) for m in ("brier", "calibration_error")]


def test_the_tables_by_size_hold_the_evaluation(model: Made) -> None:
    sizes = (0.05, 0.10, 0.19, 0.20)
    with connect(model.deployment) as con:
        for metric, what in (("recall", "found of those who left"), ("precision", "left of those listed")):
            found = table(model.text, f"One list of the district, by its size: {what}")
            for ranking, title in TITLES.items():
                assert found[title] == [share(*row(con, model.version, ranking, metric, s)) for s in sizes]


def test_dates_hashes_splits_and_features(model: Made) -> None:
    written = read_card(model.deployment, model.version)
    assert f"`{written.booster_sha256}`" in model.text and f"`{written.lightgbm_version}`" in model.text
    splits = table(model.text, "Splits, always forward in time")
    assert splits["Judged on"][0] == "2023-2024"
    assert splits["In force: fitted on"][0] == "2021-2022, 2022-2023, 2023-2024"
    features = table(model.text, f"{len(written.features)} features")
    assert [name.strip("`") for name in list(features)[1:]] == written.features
    for name, direction in zip(written.features, written.directions, strict=True):
        says = {1: "more raises the chance (bound)", -1: "more lowers the chance (bound)", 0: "left free"}[direction]
        assert features[f"`{name}`"][2] == says


def test_what_nobody_measured_is_said_to_be_not_measured(model: Made) -> None:
    assert table(model.text, "What a random split would have claimed")["Random split (not to be believed)"] == ["not measured"]
    for title in ("Lead time, in school days before the exit", "Change from one list to the next", "Abstention"):
        assert model.text.split(f"**{title}**")[1].strip().startswith("Not measured in this version.")
    assert "By group: not measured in this version." in model.text
    assert "| Program | `not recorded` |" in model.text  # these verbs ran outside of a run


def test_neither_a_school_nor_a_small_count_is_in_it(model: Made) -> None:
    assert not re.search(r"\bS[0-7]\b|C[01]-", model.text + model.page)
    cohorts = table(model.text, "Cohorts")
    for cells in list(cohorts.values())[1:]:
        assert all(c == "hidden" or int(c.replace(",", "")) % 5 == 0 for c in cells[1:])


def test_the_front_matter_is_what_hugging_face_reads(model: Made) -> None:
    found = front(model.text)
    assert found["language"] == ["en"] and found["license"] == "other" and found["license_name"]
    assert found["library_name"] == "lightgbm" and found["pipeline_tag"] == "tabular-classification"
    assert "tabular-classification" in found["tags"] and "roc_auc" in found["metrics"]
    (index,) = found["model-index"]
    (result,) = index["results"]
    assert index["name"] == model.version
    assert result["task"]["type"] and result["dataset"]["type"] and result["dataset"]["name"]
    with connect(model.deployment) as con:
        for metric in result["metrics"]:  # whole numbers, of the version's own ranking
            value, low, high = row(con, model.version, "model", metric["args"]["metric"])
            assert (metric["value"], metric["args"]["low"], metric["args"]["high"]) == (value, low, high)
    assert [m["type"] for m in result["metrics"]][:3] == ["roc_auc", "average_precision", "brier_score"]


def test_the_page_is_well_formed_accessible_and_fetches_nothing(model: Made) -> None:
    tags = Tags()
    tags.feed(model.page)
    assert tags.open == []
    anchors = [link.removeprefix("href=#") for link in tags.links]
    assert anchors and all(f'id="{anchor}"' in model.page for anchor in anchors)  # links lead inside the page, and somewhere
    assert not re.search(r"<script|<link|@import|url\((?!#)|<img", model.page)
    assert set(re.findall(r"https?://[^\"]+", model.page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert '<html lang="en" dir="ltr">' in model.page and f"<title>Model card: {model.version}</title>" in model.page
    drawings = re.findall(r"<svg [^>]*>", model.page)
    assert len(drawings) == 4  # rankings, recall and precision by size, reliability
    assert all('role="img" aria-label="' in d for d in drawings)


def test_the_page_and_the_markdown_have_the_same_numbers(model: Made) -> None:
    heads = re.findall(r"<td class=\"n\">([^<]+)<small>([^<]+)</small>", model.page)
    assert len(heads) > 80
    assert all(f"{value} ({interval})" in model.text for value, interval in heads)


def test_the_same_record_gives_the_same_bytes(model: Made, tmp_path: Path) -> None:
    with connect(model.deployment) as con:
        text, page = card.write_on_demand(con, model.deployment, model.version, tmp_path)
    assert text.read_text(encoding="utf-8") == model.text and page.read_text(encoding="utf-8") == model.page


def test_the_season_counts_everybody_enrolled(model: Made) -> None:
    for cohort in read_card(model.deployment, model.version).cohorts:
        assert cohort.states  # in this world nobody is left out
        assert sum(s.snapshots for s in cohort.states) == cohort.snapshots


def test_the_run_that_decided_is_named(model: Made) -> None:
    with connect(model.deployment) as con:
        decided = con.execute("select promoted_at from ops.model where version = ?", [model.version]).fetchall()[0][0]
        for kind, minutes in (("season", -1), ("later", 1)):
            run = Run(model.deployment, kind, NIGHT, kind)
            with step(con, run, "promote"):
                pass
            con.execute("update ops.run set code_version = ? where run_id = ?", [kind, kind])
            con.execute("update ops.step set started_at = ? where run_id = ?", [decided + dt.timedelta(minutes=minutes), kind])
        assert known(con, model.version).code_version == "season"
        con.execute("delete from ops.step")
        con.execute("delete from ops.run")


# --- the absence rule's card ----------------------------------------------------------------------------------------


def test_the_rules_card_says_that_no_model_was_good_enough_and_why(rule: Made) -> None:
    lead = rule.text.split("\n\n")[2]
    assert "The absence rule for the target" in lead and "No model was good enough" in lead
    assert "does not surely find more of those who left than" in lead and "points" in lead
    assert "library_name" not in front(rule.text)
    bands = table(rule.text, "Bands of the absence rule")
    written = read_card(rule.deployment, rule.version).bands
    assert written is not None
    assert [cells[0] for cells in list(bands.values())[1:]] == [f"{100 * r:.1f}%" for r in written.rates]


def test_the_rules_numbers_are_the_rules_and_the_model_is_named_refused(rule: Made) -> None:
    found = table(rule.text, "On the schools' lists of the judged size")
    assert "Refused model" in found and "Model" not in found
    metrics = front(rule.text)["model-index"][0]["results"][0]["metrics"]
    with connect(rule.deployment) as con:
        assert metrics[0]["value"] == row(con, rule.version, "absence_rule", "auc")[0]
        assert found["Refused model"][0] == number(*row(con, rule.version, "model", "auc"))


def test_a_refused_version_has_a_card_on_demand(rule: Made, tmp_path: Path) -> None:
    with connect(rule.deployment) as con:
        ((refused,),) = con.execute("select version from ops.model where status = 'refused' and target = ?", [TARGET]).fetchall()
    done = CliRunner().invoke(app, ["card", refused, "--out", str(tmp_path), "--dir", str(rule.deployment.root)])
    assert done.exit_code == 0, done.output
    text = (tmp_path / f"model_card_{refused}.md").read_text(encoding="utf-8")
    assert "Refused: does not surely find" in text.split("\n\n")[2]
    done = CliRunner().invoke(app, ["card", "--out", str(tmp_path), "--dir", str(rule.deployment.root)])
    assert done.exit_code == 0 and rule.version in done.output


def test_an_unknown_version_is_an_error_that_names_those_there_are(rule: Made, tmp_path: Path) -> None:
    with connect(rule.deployment) as con, pytest.raises(ModelError, match=rule.version):
        card.write_on_demand(con, rule.deployment, "v0", tmp_path)


# --- what is measured later, and who is hidden -----------------------------------------------------------------------


def grouped(*groups: tuple[str, int, int]) -> Version:
    """A version whose model was measured on groups (name, students, left), each with recall 0.5 (0.4 to 0.6)."""
    of = [
        measure("recall_in_schools", 0.5, low=0.4, high=0.6, size_share=0.08, student_group=g, student_count=n, event_count=left)
        for g, n, left in groups
    ]
    return version(measure(), *of)


def test_groups_are_shown_with_their_recall() -> None:
    drawing, found = by_group(grouped(("sex=female", 512, 48), ("sex=male", 488, 42)), WORDS)
    assert isinstance(found, Table)
    assert found.title == "By sex"
    assert [r[:3] for r in found.rows] == [["female", "510", "50"], ["male", "490", "40"]]  # to the nearest five, half to even
    assert found.rows[0][4] == "50.0% (40.0 to 60.0)" and found.rows[0][3] == "not measured"
    assert "sex: female 50.0%" in drawing.drawings[0][1]  # type: ignore[union-attr]


def test_a_small_group_is_hidden_and_so_is_the_one_that_would_give_it_away() -> None:
    two = grouped(("disability=no", 950, 84), ("disability=yes", 50, 6))
    assert two.shown_groups() == {"disability": []}
    three = grouped(("region=A", 400, 40), ("region=B", 400, 9), ("region=C", 200, 41))
    assert three.shown_groups() == {"region": ["region=C"]}  # B is small; A left fewer than C, and goes with it
    few_stayed = grouped(("level=1", 100, 30), ("level=2", 100, 95), ("level=3", 100, 40))
    assert few_stayed.shown_groups() == {"level": ["level=1"]}  # 5 stayed in 2; 60 in 3, fewer than 70 in 1


def test_schools_and_classes_are_no_groups_of_a_public_card() -> None:
    assert grouped(("school_id=S1", 100, 30), ("class_id=C1", 100, 30)).groups() == {}


def tables(found: Version) -> dict[str, Table]:
    return {b.title: b for b in unitary(found, WORDS) if isinstance(b, Table)}


def test_lead_time_churn_and_the_random_split_show_when_they_are_there() -> None:
    found = tables(
        version(
            measure("auc", 0.8, low=0.7, high=0.85),
            measure("auc_random_split", 0.9),
            measure("lead_time_school_days_median", 41.0, size_share=0.08),
            measure("found_before_exit_share", 0.7, size_share=0.08),
            measure("found_40_school_days_before_share", 0.4, size_share=0.08),
            measure("listed_again_share", 0.81, ranking="true_hazard"),
        )
    )
    assert found["What a random split would have claimed"].rows == [
        ["Whole later cohorts (as judged)", "0.800 (0.700 to 0.850)"],
        ["Random split (not to be believed)", "0.900"],
    ]
    lead = found["Lead time, in school days before the exit"]
    assert lead.rows == [["Model", "41.0", "70.0%", "not measured", "40.0%", "not measured"]]
    assert found["Change from one list to the next"].rows == [["True hazard (simulated data only)", "81.0%"]]


def test_the_random_split_may_stand_in_the_card_of_the_model() -> None:
    found = tables(version(measure(), card={"evaluation": {"auc_random_split": 0.912345}}))
    assert found["What a random split would have claimed"].rows[1][1] == "0.912"


@pytest.mark.parametrize(("abstained", "shown"), [(0.02, "12.0%"), (0.009, "hidden")])
def test_what_became_of_a_few_without_a_chance_is_hidden(abstained: float, shown: str) -> None:
    """Of 1,000 students 20 or 9 are without a chance; nine are too few to say what became of them."""
    found = tables(version(measure("abstained_share", abstained), measure("abstained_left_share", 0.12)))
    assert [r[1] for r in found["Abstention"].rows] == [f"{100 * abstained:.1f}%", shown, "not measured", "not measured"]


def test_the_cohort_flow_counts_who_was_left_out_and_hides_the_few() -> None:
    students = {"stayed": 903, "left_dropped_out": 43, "left_expelled": 12, "out_deceased": 3, "out_emigrated": 26}
    cohort = {
        "school_year": "2023-2024", "start_date": "2023-09-05", "end_date": "2024-07-05", "students": 958, "snapshots": 9000,
        "events": 55, "unknown_exits": 0,
        "states": [{"state": s, "snapshots": 9 * n, "students": n} for s, n in students.items()],
    }  # fmt: skip
    found = {b.title: b for b in training_data(version(card={"cohorts": [cohort]}), WORDS) if isinstance(b, Table)}
    flow = {r[0]: r[1:] for r in found["Cohort flow: students by what became of them"].rows}
    # three died: hidden, and with them those who moved abroad, the next smallest of those left out; 12 is rounded to 10
    assert flow["died"] == ["left out", "hidden"] and flow["moved abroad"] == ["left out", "hidden"]
    assert flow["a dated exit: expelled"] == ["left", "10"] and flow["a dated exit: dropped out"] == ["left", "45"]
    assert flow[MEANING["stayed"][1]] == ["stayed", "905"]


# --- in a publication -----------------------------------------------------------------------------------------------


def test_a_publication_holds_the_card_of_the_version_that_made_it(tmp_path: Path) -> None:
    deployment = publish_district.district(tmp_path)
    with connect(deployment) as con:
        publish_district.scored(con)
        publish_district.evaluated(con)
        publish(con, publish_district.begun(con, deployment))
    current = deployment.published / "current"
    assert {"model_card.md", "model_card.html"} <= set(manifest.verify(current)["files"])
    text = (current / "model_card.md").read_text(encoding="utf-8")
    assert front(text)["model-index"][0]["name"] == "model-1"
    assert table(text, "On lists of the schools' capacity")["Model"][0] == "62.0% (59.0 to 65.0)"
    assert "not recorded" in text  # the ledger's card is empty here, and the page says so
    assert (current / "model_card.md").stat().st_mode & 0o777 == 0o640


def test_other_targets_have_cards_of_their_own_name(model: Made, tmp_path: Path) -> None:
    with connect(model.deployment) as con:
        versions = {"leaves_within_60_days": model.version, TARGET: "never made", "leaves_before_period_end": None}
        assert card.publish(con, model.deployment, tmp_path, versions) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "model_card_leaves_within_60_days.html",
        "model_card_leaves_within_60_days.md",
    ]
