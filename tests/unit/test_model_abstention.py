"""Abstention by hand: 30 of 100 students have no register and no mark, and a third of them leave."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from dropout.model.abstention import abstention_records, abstention_values
from dropout.model.comparison import Comparison
from dropout.model.frame import Floats, concatenated, from_arrow
from dropout.model.rankings import BASELINES, Ranking
from dropout.settings import ModelSettings

# thin: 10 left with 0.8, 10 stayed with 0.8, 10 stayed with 0.5; the others: 10 left and 60 stayed, all with 0.1
LEFT = np.array([1.0] * 10 + [0.0] * 20 + [1.0] * 10 + [0.0] * 60)
SCORE = np.array([0.8] * 20 + [0.5] * 10 + [0.1] * 70)
REGISTERS = np.array([0.0] * 30 + [50.0] * 70)


def comparison(left: Floats = LEFT, second_night: bool = False) -> Comparison:
    n = 100
    one = {
        "student_key": np.arange(n),
        "school_year": ["2023-2024"] * n,
        "school_id": [f"S{k % 9}" for k in range(n)],
        "class_id": ["C"] * n,
        "label": left,
    }
    tables = [{**one, "as_of_date": [dt.date(2023, 10, 2)] * n, "registers_taken_56d_count": REGISTERS}]
    if second_night:  # of which all registers are taken
        tables.append({**one, "as_of_date": [dt.date(2024, 3, 1)] * n, "registers_taken_56d_count": np.full(n, 50.0)})
    rows = concatenated([from_arrow(pa.table(t)) for t in tables])
    score = np.tile(SCORE, len(tables))
    ranked = {"model": Ranking(score, score)} | {b: Ranking(np.zeros(len(rows)), score) for b in BASELINES}
    return Comparison(rows, ranked, np.full(len(rows), 2.0), ModelSettings())


def values(judged: Comparison) -> dict[str, float]:
    return {v.metric: v.value for v in abstention_values(judged, np.ones(len(judged.rows), dtype=np.bool_))}


def test_who_is_abstained_from_and_what_became_of_them() -> None:
    assert values(comparison()) == pytest.approx(
        {
            "abstained_share": 30 / 100,
            "left_among_abstained_share": 10 / 20,
            "abstained_left_share": 10 / 30,
            "abstained_auc": (10 * 10 * 0.5 + 10 * 10) / (10 * 20),  # before ten who stayed, level with ten
        }
    )


def test_fewer_than_ten_who_left_have_no_auc() -> None:
    found = values(comparison(np.where(np.arange(100) == 0, 0.0, LEFT)))
    assert "abstained_auc" not in found and found["abstained_left_share"] == pytest.approx(9 / 30)


def test_by_night_and_over_all_with_intervals() -> None:
    found = {(r.as_of_group, r.metric): r for r in abstention_records(comparison(second_night=True), "c", lambda d: d[:7])}
    assert found["2023-10", "abstained_share"].value == pytest.approx(0.3)
    assert found["2024-03", "abstained_share"].value == 0
    assert found["all", "abstained_share"].value == pytest.approx(0.15)  # of snapshots
    assert found["all", "left_among_abstained_share"].value == pytest.approx(10 / 40)
    assert ("2024-03", "abstained_left_share") not in found
    share = found["all", "abstained_left_share"]
    assert (share.ranking, share.student_group, share.student_count, share.event_count) == ("model", "all", 100, 20)
    assert share.low is not None and share.high is not None and share.low < 1 / 3 < share.high
