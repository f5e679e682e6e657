"""Lists by group, by hand: places against chances, recall against that of the same schools; and fairlearn, which agrees."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate
from sklearn.metrics import precision_score, recall_score

from dropout.fairness.measured import Listed, Measure, is_outside, on_the_night, once_known
from dropout.model.frame import from_arrow
from dropout.model.metrics import Value
from dropout.settings import FairnessSettings

BOUNDS = FairnessSettings()
# one of forty schools that are all alike, so that every resample says the same: five girls, five boys, two places
SEX = ["female"] * 5 + ["male"] * 5
CHANCE = [0.4, 0.1, 0.1, 0.1, 0.1, 0.3, 0.3, 0.2, 0.2, 0.2]  # girls 0.8, boys 1.2 of 2.0
SCHOOLS = 40


def listed(places: list[int], chance: list[float] = CHANCE, left: list[int] | None = None, **columns: list[str]) -> Listed:
    """`places` are the listed of each school; a school's two places are asked for in proportion to chance."""
    n = SCHOOLS * 10
    one = {
        "student_key": np.arange(n), "as_of_date": [dt.date(2025, 3, 3)] * n, "school_year": ["2024-2025"] * n,
        "school_id": [f"S{k // 10}" for k in range(n)], "class_id": ["C"] * n, "sex": SEX * SCHOOLS,
        "label": np.array((left or [0] * 10) * SCHOOLS, dtype=float), **columns,
    }  # fmt: skip
    chances = np.array(chance * SCHOOLS)
    on_list = np.zeros(n)
    on_list[[s * 10 + p for s in range(SCHOOLS) for p in places]] = 1
    asked = np.nan_to_num(chances) / np.nansum(chance) * len(places)
    return Listed(from_arrow(pa.table(one)), chances, on_list, asked)


def values(measures: list[Measure], group: str) -> dict[str, float]:
    return {m.value.metric: m.value.value for m in measures if m.student_group == group}


def test_places_are_held_against_those_that_the_chances_ask_for() -> None:
    # of two places girls have one (0.4), and ask for 2 · 0.8 / 2.0 = 0.8; boys have one, and ask for 1.2
    found = on_the_night(listed([0, 5]), 7, BOUNDS)
    assert values(found, "sex=female") == pytest.approx(
        {
            "selection_rate": 1 / 5,
            "listed_ratio": 1 / 0.8,
            "listed_ratio_in_district": 1 / 0.8,  # all schools are alike
            "chance_mean": 0.8 / 5,
            "abstained_share": 0,
        }
    )
    assert values(found, "sex=male")["listed_ratio"] == pytest.approx(1 / 1.2)
    assert values(found, "all")["listed_ratio"] == pytest.approx(1)
    assert not any(m.is_out_of_bounds for m in found)


def test_a_group_that_nobody_lists_is_out_of_bounds_though_none_of_it_is_listed() -> None:
    # both places go to boys: girls ask for 0.8 of them, so for 32 in forty schools
    found = on_the_night(listed([5, 6]), 7, BOUNDS)
    assert values(found, "sex=female")["listed_ratio"] == 0
    # boys have 2 and ask for 1.2: 1.67 times, above 1 / 0.67
    assert {(m.student_group, m.value.metric) for m in found if m.is_out_of_bounds} == {
        ("sex=female", "listed_ratio"),
        ("sex=male", "listed_ratio"),
    }
    # a share of nobody is never told outside; nor is the other sex, from which it would follow
    assert not any(m.is_told for m in found if m.student_group.startswith("sex="))


def test_a_higher_risk_is_no_bias() -> None:
    # boys' chances are four times the girls', and they have four fifths of the places: selection differs, the ratio does not
    chance = [0.1] * 5 + [0.4] * 5
    wide = listed([0, 5, 6, 7, 8], chance)
    found = on_the_night(wide, 7, BOUNDS)
    girls, boys = values(found, "sex=female"), values(found, "sex=male")
    assert girls["selection_rate"] == pytest.approx(1 / 5) and boys["selection_rate"] == pytest.approx(4 / 5)
    assert girls["listed_ratio"] == pytest.approx(1) and boys["listed_ratio"] == pytest.approx(1)
    assert not any(m.is_out_of_bounds for m in found)


def test_who_has_no_chance_asks_for_no_place() -> None:
    chance = [np.nan, 0.1, 0.1, 0.1, 0.1, 0.3, 0.3, 0.2, 0.2, 0.2]  # girls 0.4, boys 1.2
    girls = values(on_the_night(listed([1, 5], chance), 7, BOUNDS), "sex=female")
    assert girls["abstained_share"] == pytest.approx(1 / 5)
    assert girls["chance_mean"] == pytest.approx(0.1)
    assert girls["listed_ratio"] == pytest.approx(1 / (2 * 0.4 / 1.6))


def test_recall_is_held_against_that_of_the_same_schools() -> None:
    # left: girls 0, 1, 2 and boys 5, 6. Listed: 0, 5 and 6, so that each school's list found 3 of 5: of three girls 1.8
    left = [1, 1, 1, 0, 0, 1, 1, 0, 0, 0]
    given = listed([0, 5, 6], left=left)
    found = once_known(Listed(given.rows, given.chance, given.is_listed, np.array(left * SCHOOLS) * 3 / 5), 7, BOUNDS)
    assert values(found, "sex=female") == pytest.approx(
        {
            "selection_rate": 1 / 5,
            "recall": 1 / 3,
            "recall_gap": (1 - 1.8) / 3,
            "false_positive_rate": 0,
            "false_discovery_rate": 0,
            "false_omission_rate": 2 / 4,
            "calibration_gap": (0.8 - 3) / 5,
        }
    )
    assert values(found, "sex=male")["recall_gap"] == pytest.approx((2 - 1.2) / 2)
    # -26.7 points for the girls, beyond 20
    assert {m.student_group for m in found if m.is_out_of_bounds} == {"sex=female"}


def test_fairlearn_says_the_same() -> None:
    left = [1, 1, 1, 0, 0, 1, 1, 0, 0, 0]
    given = listed([0, 5, 8], left=left)
    frame = MetricFrame(
        metrics={
            "selection_rate": selection_rate,
            "recall": recall_score,
            "false_positive_rate": false_positive_rate,
            "false_discovery_rate": lambda y, p: 1 - precision_score(y, p),
            "false_omission_rate": lambda y, p: 1 - precision_score(1 - y, 1 - p),
        },
        y_true=given.rows.label.astype(int),
        y_pred=given.is_listed.astype(int),
        sensitive_features=given.rows.group("sex").astype(str),
    )
    found = once_known(given, 7, BOUNDS)
    for sex in ("female", "male"):
        ours = values(found, f"sex={sex}")
        theirs = frame.by_group.loc[sex].to_dict()
        assert {name: ours[name] for name in theirs} == pytest.approx(theirs)


def value(metric: str, low: float, high: float) -> Value:
    return Value(metric, None, (low + high) / 2, low, high)


@pytest.mark.parametrize(
    ("column", "given", "is_out"),
    [
        ("sex", value("listed_ratio", 0.40, 0.66), True),
        ("sex", value("listed_ratio", 0.40, 0.68), False),  # it may lie within
        ("sex", value("listed_ratio", 1.50, 1.90), True),
        ("sex", value("listed_ratio", 1.48, 1.90), False),
        ("grade_level", value("listed_ratio", 0.1, 0.2), False),  # told, not bound
        ("sex", value("listed_ratio_in_district", 0.1, 0.2), False),  # capacities make it
        ("sex", value("recall_gap", -0.4, -0.21), True),
        ("sex", value("recall_gap", 0.21, 0.4), False),  # more found is no harm to them
        ("sex", value("recall_gap", np.nan, np.nan), False),
        ("sex+locality", value("listed_ratio", 0.40, 0.66), False),  # as wide again: 0.27 to 0.79
        ("sex+locality", value("listed_ratio", 0.40, 0.52), True),  # 0.34 to 0.58
    ],
)
def test_bounds(column: str, given: Value, is_out: bool) -> None:
    assert is_outside(given, column, BOUNDS) == is_out


def test_pairs_are_measured_where_they_are_large_and_told_where_no_part_is_small() -> None:
    # rural in half of the schools; girls ask for 16 of 80 places there, boys for 24: too few for a pair, which needs 30
    rural = ["rural" if k // 10 % 2 else "urban" for k in range(SCHOOLS * 10)]
    found = on_the_night(listed([0, 5], locality=rural), 7, BOUNDS)
    assert not [m for m in found if "+" in m.student_group]
    # with six places each: girls ask for 2.4 · 20 = 48 of the rural ones, boys for 72; 100 students are too few for a pair
    few = on_the_night(listed([0, 1, 2, 5, 6, 7], locality=rural), 7, BOUNDS)
    assert not [m for m in few if "+" in m.student_group]
    school = ["urban"] * 400
    everywhere = on_the_night(listed([0, 1, 2, 5, 6, 7], locality=school, scholarship=["true", "false"] * 200), 7, BOUNDS)
    assert not [m for m in everywhere if "locality" in m.student_group]  # everyone is no group, nor does it make a pair


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(3)
    given = listed([0, 5])
    uneven = Listed(given.rows, given.chance, rng.permutation(given.is_listed), given.expected)
    again = [on_the_night(uneven, 7, BOUNDS), on_the_night(uneven, 7, BOUNDS)]
    assert again[0] == again[1]
    ratio = next(m.value for m in again[0] if m.student_group == "sex=female" and m.value.metric == "listed_ratio")
    assert ratio.low < ratio.value < ratio.high
