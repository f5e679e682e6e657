"""Errors by group, by hand: lists are cut over the whole school and counted by group; bounds; what the frame knows."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate
from sklearn.metrics import precision_score, recall_score

from dropout.features import snapshot
from dropout.labels import label
from dropout.model import opted_out
from dropout.model.comparison import Comparison
from dropout.model.evaluate import Evaluation
from dropout.model.frame import concatenated, from_arrow
from dropout.model.groups import Audit, Group, out_of_bounds
from dropout.model.metrics import Value
from dropout.model.promote import decide
from dropout.model.rankings import BASELINES, Ranking
from dropout.resources import sql
from dropout.settings import ModelSettings
from tests.tables import country, warehouse

# one of twenty schools that are all alike, so that every resample says the same; two places (capacity 2 of 10)
SCORE = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
LEFT = [1, 0, 1, 0, 1, 0, 0, 0, 0, 0]
SEX = ["female", "female", "male", "male", "female", "male", "female", "male", "female", "male"]


def comparison(nights: int = 1, capacity: float = 2, **columns: list[str]) -> Comparison:
    n = 200
    dates = [dt.date(2023, 10, 2), dt.date(2024, 3, 1)][:nights]
    one = {
        "student_key": np.arange(n),
        "school_year": ["2023-2024"] * n,
        "school_id": [f"S{k // 10}" for k in range(n)],
        "class_id": ["C"] * n,
        "label": np.array(LEFT * 20, dtype=float),
        "sex": SEX * 20,
        "registers_taken_56d_count": np.full(n, 50.0),
        **columns,
    }
    rows = concatenated([from_arrow(pa.table({**one, "as_of_date": [d] * n})) for d in dates])
    # on the second night all scores are higher, and in the opposite order
    score = np.concatenate([np.array(SCORE * 20), 2 - np.array(SCORE * 20)])[: len(rows)]
    ranked = {"model": Ranking(score, np.full(len(rows), 0.3))}
    ranked |= {b: Ranking(np.zeros(len(rows)), np.full(len(rows), 0.3)) for b in BASELINES}
    return Comparison(rows, ranked, np.full(len(rows), float(capacity)), ModelSettings())


def values(groups: list[Group]) -> dict[str, dict[str, float]]:
    return {g.name: {name: v.value for name, v in g.values.items()} for g in groups}


def test_lists_are_cut_over_the_whole_school_and_counted_by_group() -> None:
    # listed in each school: the first two, both girls; one left. Girls 5, of whom 2 left; boys 5, of whom 1 left
    found = values(Audit(comparison()).found())
    assert set(found) == {"sex=female", "sex=male"}
    girls, boys = found["sex=female"], found["sex=male"]
    assert girls["recall_in_schools"] == pytest.approx(1 / 2)
    assert girls["precision_in_schools"] == pytest.approx(1 / 2)
    assert girls["selection_rate_in_schools"] == pytest.approx(2 / 5)
    assert girls["false_positive_rate_in_schools"] == pytest.approx(1 / 3)
    assert boys["recall_in_schools"] == 0 and boys["selection_rate_in_schools"] == 0
    assert np.isnan(boys["precision_in_schools"])
    # of all three leavers one is found
    assert girls["recall_in_schools_gap"] == pytest.approx(1 / 2 - 1 / 3)
    assert boys["recall_in_schools_gap"] == pytest.approx(-1 / 3)
    # girls: 0.9 before all of 3 who stayed, 0.5 before 2 of them; boys: 0.7 before all
    assert girls["auc"] == pytest.approx(5 / 6) and boys["auc"] == pytest.approx(1)


def test_the_four_rates_of_error() -> None:
    # girls: 2 of 5 listed, of whom 1 left; of 3 not listed 1 left. Boys: none listed, so no rate of the listed; 1 of 5 left
    found = values(Audit(comparison()).found())
    girls, boys = found["sex=female"], found["sex=male"]
    assert girls["false_discovery_rate_in_schools"] == pytest.approx(1 / 2)
    assert girls["false_omission_rate_in_schools"] == pytest.approx(1 / 3)
    assert np.isnan(boys["false_discovery_rate_in_schools"])
    assert boys["false_omission_rate_in_schools"] == pytest.approx(1 / 5)


def test_fairlearn_says_the_same() -> None:
    # the first two of each school are listed, without ties: a list that fairlearn can read
    judged = comparison()
    listed = np.array(([1, 1] + [0] * 8) * 20)
    frame = MetricFrame(
        metrics={
            "recall_in_schools": recall_score,
            "selection_rate_in_schools": selection_rate,
            "false_positive_rate_in_schools": false_positive_rate,
            "false_omission_rate_in_schools": lambda y, p: 1 - precision_score(1 - y, 1 - p),
        },
        y_true=judged.rows.label.astype(int),
        y_pred=listed,
        sensitive_features=judged.rows.group("sex").astype(str),
    )
    found = values(Audit(judged).found())
    for sex in ("female", "male"):
        theirs = frame.by_group.loc[sex].to_dict()
        assert {name: found[f"sex={sex}"][name] for name in theirs} == pytest.approx(theirs)


def test_a_pair_is_held_to_an_interval_twice_as_wide() -> None:
    # -40 to -25 points, middle -32.5: twice as wide is -47.5 to -17.5
    assert out_of_bounds([group("sex", "recall_in_schools_gap", -0.40, -0.25)], ModelSettings())
    assert not out_of_bounds([group("sex+locality", "recall_in_schools_gap", -0.40, -0.25)], ModelSettings())
    assert out_of_bounds([group("sex+locality", "recall_in_schools_gap", -0.40, -0.31)], ModelSettings())
    assert not out_of_bounds([group("sex+grade_level", "recall_in_schools_gap", -0.40, -0.31)], ModelSettings())


def test_by_night_speaks_of_one_date_alone() -> None:
    # the second night lists the last two of each school, who stayed: nobody is found on it
    found = {(night, g.name): g.values["recall_in_schools"].value for night, g in Audit(comparison(nights=2)).by_night()}
    assert found["2023-10-02", "sex=female"] == pytest.approx(1 / 2)
    assert found["2024-03-01", "sex=female"] == 0


def test_students_are_compared_within_a_night() -> None:
    # the second night has the opposite order: AUC there is 1/6 for girls and 0 for boys, and each night has as many pairs
    found = values(Audit(comparison(nights=2)).found())
    assert found["sex=female"]["auc"] == pytest.approx(1 / 2)
    assert found["sex=male"]["auc"] == pytest.approx(1 / 2)


def test_chances_too_high_are_above_zero_and_too_low_below() -> None:
    # everyone has 0.3; of the girls 0.4 left, of the boys 0.2
    found = values(Audit(comparison()).calibrated())
    assert found["sex=female"] == pytest.approx({"calibration_gap": -0.1, "calibration_error": 0.1})
    assert found["sex=male"] == pytest.approx({"calibration_gap": 0.1, "calibration_error": 0.1})


def test_a_group_is_large_enough_known_and_not_everyone() -> None:
    # 90 of 200 rural, the others unknown: too few; all of one region: everyone; grades 100 and 100, as text
    judged = comparison(
        locality=["rural"] * 90 + [""] * 110, region=["Oriental"] * 200, grade_level=["7"] * 100 + ["8"] * 100, sex=[""] * 200
    )
    assert {(g.name, g.students, g.events) for g in Audit(judged).found()} == {
        ("grade_level=7", 100, 30),
        ("grade_level=8", 100, 30),
    }


@pytest.mark.parametrize(("below", "is_group"), [(30, False), (40, True)], ids=["9 left", "12 left"])
def test_fewer_than_ten_who_left_are_not_spoken_of(below: int, is_group: bool) -> None:
    # 100 who stayed (places 6 to 10 of each school) and the leavers of the first three or four schools
    level = ["primary" if k % 10 > 4 or (left and k < below) else "" for k, left in enumerate(LEFT * 20)]
    assert bool(Audit(comparison(sex=[""] * 200, level=level)).found()) == is_group


def test_records_name_the_group_and_count_its_students() -> None:
    (record, *_) = Audit(comparison()).found()[0].records("2023-2024")
    assert (record.cohort, record.as_of_group, record.ranking, record.metric) == ("2023-2024", "all", "model", "auc")
    assert (record.student_group, record.student_count, record.event_count) == ("sex=female", 100, 40)
    assert record.low == record.high == pytest.approx(5 / 6)


def group(column: str, metric: str, low: float, high: float) -> Group:
    return Group(column, f"{column}=x", 500, 50, {metric: Value(metric, None, (low + high) / 2, low, high)})


@pytest.mark.parametrize(
    ("given", "is_out"),
    [
        (group("sex", "calibration_gap", 0.051, 0.09), True),
        (group("sex", "calibration_gap", 0.049, 0.09), False),  # it may lie within
        (group("sex", "calibration_gap", -0.09, -0.051), True),
        (group("sex", "calibration_gap", -0.09, -0.049), False),
        (group("sex", "calibration_gap", np.nan, np.nan), False),
        (group("level", "recall_in_schools_gap", -0.40, -0.21), True),
        (group("level", "recall_in_schools_gap", -0.40, -0.19), False),
        (group("level", "recall_in_schools_gap", 0.21, 0.40), False),  # more of them found is no harm to them
        (group("grade_level", "recall_in_schools_gap", -0.40, -0.21), False),  # told, not bound
        (group("sex", "calibration_error", 0.3, 0.4), False),
    ],
)
def test_out_of_bounds_is_a_whole_interval_beyond_the_bound(given: Group, is_out: bool) -> None:
    assert bool(out_of_bounds([given], ModelSettings())) == is_out


def test_what_is_out_of_bounds_is_said_in_numbers() -> None:
    # girls' chances 10 points too low, boys' too high, and a third less of the boys' leavers found than of all
    judged = comparison()
    said = out_of_bounds([*Audit(judged).found(), *Audit(judged).calibrated()], ModelSettings())
    assert said == [
        "sex=male: share of leavers found minus that of all students -33.3 points (-33.3 to -33.3)",
        "sex=female: mean chance minus share who left -10.0 points (-10.0 to -10.0)",
        "sex=male: mean chance minus share who left +10.0 points (+10.0 to +10.0)",
    ]
    wide = ModelSettings(group_calibration_gap_at_most=0.2, group_recall_gap_at_most=0.4)
    assert out_of_bounds([*Audit(judged).found(), *Audit(judged).calibrated()], wide) == []


def test_a_model_that_errs_on_a_group_is_refused() -> None:
    good = Evaluation(
        cohort="2023-2024", is_outcome_so_far=False, students=1000, events=100, unknown_exits=0, judged_share=0.1,
        gains=[{"baseline": "absence_rule", "lists": "x", "value": 0.1, "low": 0.05, "high": 0.2}], calibration_error=0.01,
    )  # fmt: skip
    assert decide(good)[0]
    assert decide(good.model_copy(update={"groups_out_of_bounds": ["sex=male: x", "level=primary: y"]})) == (
        False,
        "errs too much on groups of students: sex=male: x; level=primary: y",
    )


ENROLMENT = """
student_key | school_id | school_year | grade_level | class_id | entry_date | exit_date  | exit_reason | known_at   | known_until
1           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 |            |             | 2024-09-01 | 2025-04-20
1           | A         | 2024-2025   | 7           | A-1      | 2024-09-01 | 2025-04-10 | dropped_out | 2025-04-20 |
2           | B         | 2024-2025   | 7           | B-1      | 2024-09-01 |            |             | 2024-09-01 | 2025-05-20
2           | B         | 2024-2025   | 7           | B-1      | 2024-09-01 | 2025-05-20 | graduated   | 2025-05-20 |
"""
SCHOOL = """
school_id | locality | region   | level   | known_at   | known_until
A         | urban    | Oriental | primary | 2024-09-01 | 2025-02-01
A         | rural    | Oriental | primary | 2025-02-01 |
"""
STUDENT = """
student_key | sex    | known_at
1           | female | 2025-01-15
"""


def test_the_frame_knows_of_a_row_what_its_date_knew_and_the_dated_dropout() -> None:
    con = warehouse(enrolment=ENROLMENT, school=SCHOOL, student=STUDENT)
    snapshot.build(con, [dt.date(2025, 1, 1), dt.date(2025, 3, 3)], country())
    label.build(con, "leaves_by_next_year", dt.date(2025, 12, 1), country())
    con.execute("create temp table label_then as from label")
    con.execute("create schema ops; create table ops.opt_out (student_key bigint, school_id varchar, since date)")
    opted_out.build(con, "snapshot")
    rows = from_arrow(con.sql(sql("model/frame"), params={"school_year": "2024-2025"}).to_arrow_table())
    assert rows.student_key.tolist() == [1, 2, 1, 2]
    # the school was said to be rural from February on, the student's sex was known from mid-January on; B is in no school file
    assert rows.group("locality").tolist() == ["urban", "", "rural", ""]
    assert rows.group("sex").tolist() == ["", "", "female", ""]
    assert rows.group("level").tolist() == ["primary", "", "primary", ""]
    assert rows.group("school_size").tolist() == ["small"] * 4
    assert rows.group("grade_level").tolist() == ["7"] * 4
    assert rows.exit_date.astype(str).tolist() == ["2025-04-10", "NaT", "2025-04-10", "NaT"]  # a graduation is no dropout
    assert not set(rows.names) & {"sex", "locality", "region", "level", "school_size", "exit_date"}

    # student 1 opts out: no season sees the pupil on any date; then the school of student 2 does
    con.execute("insert into ops.opt_out values (1, null, date '2025-03-01')")
    opted_out.build(con, "snapshot")
    assert con.sql(sql("model/frame"), params={"school_year": "2024-2025"}).pl()["student_key"].to_list() == [2, 2]
    con.execute("insert into ops.opt_out select null, school_id, date '2025-03-01' from snapshot where student_key = 2 limit 1")
    opted_out.build(con, "snapshot")
    assert con.sql(sql("model/frame"), params={"school_year": "2024-2025"}).pl()["student_key"].to_list() == []


def test_a_night_has_no_groups_and_no_exits() -> None:
    rows = from_arrow(pa.table({"student_key": [1], "as_of_date": [dt.date(2024, 1, 1)],
                                **{k: ["x"] for k in ("school_year", "school_id", "class_id")}}))  # fmt: skip
    assert rows.group("sex").tolist() == [""] and np.isnat(rows.exit_date).all()
