"""Lead time and churn by hand: three as-of dates of one school, five students, lists of one or two."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from dropout.country import load_country
from dropout.model import lead
from dropout.model.comparison import Comparison
from dropout.model.frame import from_arrow
from dropout.model.lead import dated_leavers, lead_records, lead_values, listed, listed_again, school_calendar
from dropout.model.rankings import BASELINES, Ranking
from dropout.settings import ModelSettings
from dropout.warehouse.ledger import Run
from tests.model_world import deployment
from tests.tables import warehouse

FIRST, SECOND, THIRD = dt.date(2024, 1, 1), dt.date(2024, 2, 1), dt.date(2024, 3, 1)  # Monday, Thursday, Friday
WEEK = np.busdaycalendar("1111100")
# date, student, score, exit as known in the end: student 5 dropped out in January and was back in March
ROWS = [
    (FIRST, 1, 0.9, dt.date(2024, 1, 29)),
    (FIRST, 2, 0.8, dt.date(2024, 3, 8)),
    (FIRST, 3, 0.1, dt.date(2024, 2, 20)),
    (FIRST, 4, 0.2, None),
    (FIRST, 5, 0.3, dt.date(2024, 1, 10)),
    (SECOND, 2, 0.9, dt.date(2024, 3, 8)),
    (SECOND, 3, 0.1, dt.date(2024, 2, 20)),
    (SECOND, 4, 0.8, None),
    (THIRD, 2, 0.8, dt.date(2024, 3, 8)),
    (THIRD, 4, 0.1, None),
    (THIRD, 5, 0.9, None),
]


def comparison(capacity: float, rows: list[tuple[dt.date, int, float, dt.date | None]] = ROWS) -> Comparison:
    n = len(rows)
    columns = {
        "as_of_date": [r[0] for r in rows],
        "student_key": [r[1] for r in rows],
        "exit_date": pa.array([r[3] for r in rows], pa.date32()),
        "label": [float(r[3] is not None) for r in rows],
        "school_year": ["2023-2024"] * n,
        "school_id": ["S"] * n,
        "class_id": ["C"] * n,
        "registers_taken_56d_count": np.full(n, 50.0),
    }
    score = np.array([r[2] for r in rows])
    ranked = {"model": Ranking(score, score)} | {b: Ranking(np.zeros(n), np.full(n, 0.2)) for b in BASELINES}
    return Comparison(from_arrow(pa.table(columns)), ranked, np.full(n, float(capacity)), ModelSettings())


def measured(judged: Comparison, calendar: np.busdaycalendar = WEEK) -> dict[str, float]:
    leavers = dated_leavers(judged.rows)
    found = lead_values(leavers, listed(judged, "model"), judged.rows, judged.outcomes.draws, calendar)
    return {v.metric: v.value for v in found}


def test_lists_hold_the_first_of_each_night_up_to_the_capacity() -> None:
    judged = comparison(1)
    assert judged.rows.student_key[listed(judged, "model")].tolist() == [1, 2, 5]
    two = comparison(2)
    assert two.rows.student_key[listed(two, "model")].tolist() == [1, 2, 2, 4, 2, 5]


def test_of_equal_scores_the_lower_pseudonym_is_listed_as_on_a_night() -> None:
    judged = comparison(2)
    assert judged.rows.student_key[listed(judged, "absence_rule")].tolist() == [1, 2, 2, 3, 2, 4]


def test_lead_time_runs_from_the_first_list_to_the_exit_in_school_days() -> None:
    # one place. 1: listed on Monday 1 January, exit on Monday 29: four weeks, 20 days. 2: listed on 1 February, exit on
    # 8 March: 21 weekdays of February and 5 of March (1, 4 to 7): 26. 3: never listed. 5: listed only after the exit
    found = measured(comparison(1))
    assert found["lead_time_school_days_median"] == 20  # the lower of two
    assert found["found_before_exit_share"] == pytest.approx(2 / 4)
    assert found["found_20_school_days_before_share"] == pytest.approx(2 / 4)
    assert found["found_40_school_days_before_share"] == 0
    # two places: 2 is listed from 1 January on: 23 + 26 = 49 days before
    found = measured(comparison(2))
    assert found["found_40_school_days_before_share"] == pytest.approx(1 / 4)
    assert found["found_60_school_days_before_share"] == 0


def test_holidays_are_no_school_days() -> None:
    holiday = np.busdaycalendar("1111100", [np.datetime64("2024-01-11")])
    found = measured(comparison(1), holiday)
    assert found["lead_time_school_days_median"] == 19
    assert found["found_20_school_days_before_share"] == pytest.approx(1 / 4)


def test_nobody_found_has_no_lead_time() -> None:
    # the only leaver is never listed
    rows = [(FIRST, 1, 0.1, dt.date(2024, 1, 29)), (FIRST, 2, 0.8, None)]
    found = measured(comparison(1, rows))
    assert np.isnan(found["lead_time_school_days_median"]) and found["found_before_exit_share"] == 0


def test_listed_again_counts_those_still_in_the_cohort_on_the_next_date() -> None:
    # two places. 1 and 2, then 2 and 4, then 2 and 5: 1 was gone in February; 2 again; 2 again, 4 not: 2 of 3
    judged = comparison(2)
    assert listed_again(judged, listed(judged, "model")).value == pytest.approx(2 / 3)
    # one place. 5, absent in February, is listed in January and March: not counted. 2, listed in February, is not again
    rows = [(d, k, 1.0 if (d, k) == (FIRST, 5) else score, e) for d, k, score, e in ROWS]
    judged = comparison(1, rows)
    assert judged.rows.student_key[listed(judged, "model")].tolist() == [5, 2, 5]
    assert listed_again(judged, listed(judged, "model")).value == 0
    assert np.isnan(listed_again(judged, np.zeros(len(judged.rows), dtype=np.bool_)).value)


def test_records_are_of_every_ranking_with_intervals_and_few_leavers_have_no_lead_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {r.metric for r in lead_records(comparison(2), "2023-2024", WEEK)} == {"listed_again_share"}  # 4 dated exits
    monkeypatch.setattr(lead, "FEWEST_HEADS", 4)
    records = lead_records(comparison(2), "2023-2024", WEEK)
    assert {r.ranking for r in records} == {"model", *BASELINES}
    assert {(r.as_of_group, r.student_group, r.student_count) for r in records} == {("all", "all", 5)}
    (share,) = [r for r in records if (r.ranking, r.metric) == ("model", "found_before_exit_share")]
    assert share.event_count == 4 and share.size_share is None
    assert share.low is not None and share.value is not None and share.high is not None
    assert share.low < share.value == 0.5 < share.high  # students are drawn: one school has no other to compare with


def test_the_calendar_is_the_countrys_week_without_days_on_which_every_school_was_closed(tmp_path: object) -> None:
    calendar = """
    school_id | date       | is_school_day | known_at
    A         | 2024-01-11 | false         | 2024-01-01
    B         | 2024-01-11 | false         | 2024-01-01
    A         | 2024-01-12 | false         | 2024-01-01
    B         | 2024-01-12 | true          | 2024-01-01
    A         | 2024-01-15 | false         | 2025-01-01
    """
    con = warehouse(calendar=calendar)
    made = deployment(tmp_path / "d")  # type: ignore[operator]
    found = school_calendar(con, Run(made, "season", dt.date(2024, 6, 3)))
    assert load_country("generic").school_days == [1, 2, 3, 4, 5]
    assert found.weekmask.tolist() == [True] * 5 + [False] * 2
    assert found.holidays.astype(str).tolist() == ["2024-01-11"]  # the 15th was known as closed only later
