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
from dropout.model.registry import promoted, read_card
from dropout.publish import manifest
from dropout.publish.model_card import card, details
from dropout.publish.model_card.document import Table
from dropout.publish.model_card.version import known
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
TITLES = {name: WORDS.rankings[name] for name in ("model", "absence_rule", "abc_flags", "school_rate", "logistic_regression")}


@dataclasses.dataclass
class Made:
    """A season's deployment, the version in force, and its card."""

    deployment: Deployment
    version: str
    text: str
    page: str


def made(folder: Path, signal: float, first: int = 2021) -> Made:
    deployment = after_a_season(folder / "d", range(first, 2025), signal, NIGHT)
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


# a model's card


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


def test_what_nobody_measured_is_said_to_be_not_measured(model: Made, tmp_path: Path) -> None:
    with connect(model.deployment) as con:
        con.execute("begin")
        con.execute(
            "delete from ops.evaluation where student_group <> 'all' "
            "or metric similar to '.*(found_|lead_|listed_again|abstained).*'"
        )
        text = card.write_on_demand(con, model.deployment, model.version, tmp_path)[0].read_text(encoding="utf-8")
        con.execute("rollback")
    for title in ("Lead time, in school days before the exit", "Change from one list to the next", "Abstention"):
        assert text.split(f"**{title}**")[1].strip().startswith("Not measured in this version.")
    assert "By group: not measured in this version." in text
    assert "| Program | `not recorded` |" in text  # these verbs ran outside of a run


def test_a_search_is_told_with_its_trials() -> None:
    trial = {"leaves": 8, "depth": 4, "trees": 250, "auc": 0.7}
    search = {
        "fitted": ["2021-2022"], "stopped_on": "2022-2023", "trials": [trial, {**trial, "depth": 2, "auc": 0.71}], "best": 1,
        "gain": 0.01, "gain_low": -0.002, "gain_high": 0.02, "is_taken": False, "is_cut_by_time": True,
    }  # fmt: skip
    told = details._search(search)
    assert isinstance(told, Table)
    assert [row[0] for row in told.rows] == ["1", "as they stood"]  # the best first
    assert "gained +0.0100 AUC (-0.0020 to +0.0200)" in told.note and "not taken: the gain is not sure" in told.note
    assert "time ended" in told.note


def test_what_a_season_measures_beside_is_shown(model: Made) -> None:
    with connect(model.deployment) as con:
        claimed = row(con, model.version, "model", "auc_random_split")
        found = row(con, model.version, "model", "found_before_exit_share")
    assert table(model.text, "What a random split would have claimed")["Random split (not to be believed)"] == [
        f"{claimed[0]:.3f}"
    ]
    assert share(*found) in model.text.split("**Lead time")[1]
    assert "sex=female" in model.text or "female" in model.text
    assert "Not measured" not in model.text.split("**Change from one list to the next**")[1].split("**")[0]


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
    assert len(drawings) == 6  # rankings, recall and precision by size, reliability, lead time, groups
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


# the absence rule's card


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


# in a publication


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


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (2024, ("no school year with enough known outcomes yet", "chances are unknown, and the rule only orders")),
        (2023, ("The outcome seen so far; the cohort was still running.", "2023-2024 out of fold", "In force: fitted on")),
        (2022, ("2022-2023, scores of folds that had not seen the student", "In force: fitted on")),
    ],
    ids=["no cohort", "one and a running one", "two"],
)
def test_every_recipe_has_its_card(first: int, says: tuple[str, ...], tmp_path: Path) -> None:
    found = made(tmp_path, 1.0, first)
    tags = Tags()
    tags.feed(found.page)
    assert tags.open == []
    for words in says:
        assert words in found.text and words in found.page
    (index,) = front(found.text)["model-index"]
    assert [r["dataset"]["args"]["cohort"] for r in index["results"]] == {
        2024: [],
        2023: ["2024-2025", "2023-2024 out of fold"],
        2022: ["2023-2024"],
    }[first]
