"""Parts of a model card, by hand: how numbers are written, who is hidden, and what shows only once it is measured."""

import datetime as dt
from typing import Any

import pytest

from dropout.model.outcomes import MEANING
from dropout.publish.model_card.details import training_data
from dropout.publish.model_card.document import Prose, Table
from dropout.publish.model_card.markdown import plain
from dropout.publish.model_card.numbers import cell, counts
from dropout.publish.model_card.results import by_group, unitary
from dropout.publish.model_card.version import Measure, Version
from dropout.publish.model_card.words import card_words

NIGHT = dt.date(2024, 12, 2)
TARGET = "leaves_by_next_year"
WORDS = card_words()


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


def test_a_share_of_nobody_or_all_is_not_told() -> None:
    """Everybody who left was listed: who knows that a pupil left knows that he was. A gain of 0 and an AUC of 1 are no share."""
    told = {(metric, value): measure(metric, value).is_disclosive for metric in ("recall", "auc") for value in (0.0, 0.5, 1.0)}
    assert [what for what, is_disclosive in told.items() if is_disclosive] == [("recall", 0.0), ("recall", 1.0)]
    assert not measure("recall_gain_over_absence_rule", 0.0).is_disclosive
    assert measure("auc", 0.8, event_count=991).is_disclosive  # 9 of 1000 stayed


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


def test_stability_of_reasons_shows_what_was_measured_of_the_model() -> None:
    title = "Stability of reasons, on lists of the schools' capacity"
    found = {b.title: b for b in unitary(version(measure()), WORDS)}
    assert found[title] == Prose(["Not measured in this version."], title=title)
    told = [
        measure("reason_stable_share", 0.982, low=0.979, high=0.985),
        measure("reasons_mean", 3.033, low=2.95, high=3.1),
        measure("without_reason_share", 0.01, student_count=95),  # 95 - 90: five stayed
    ]
    # where the absence rule took the model's place, the measures are still the model's
    for method in ("model", "absence_rule"):
        block = {b.title: b for b in unitary(version(measure(), *told, method=method), WORDS)}[title]
        assert isinstance(block, Table)
        assert block.rows == [
            ["Reasons that hold", "98.2% (97.9 to 98.5)"],
            ["Reasons per listed student, those that hold", "3.03 (2.95 to 3.10)"],
            ["Listed without a reason, those that hold", "hidden"],
        ]
