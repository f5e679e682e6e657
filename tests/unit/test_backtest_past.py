"""What a replayed night's baselines may know, and whom it abstained from."""

import dataclasses

import numpy as np

from dropout.backtest.judge import Replayed
from dropout.backtest.past import RULES, Past
from dropout.model.baselines import Bands
from dropout.model.frame import Frame
from dropout.model.rankings import BASELINES
from tests.unit.test_model_comparison import frame


def test_a_school_has_its_own_rate_and_one_without_past_the_overall_rate() -> None:
    rows = frame(students=6, schools=3)  # S0, S1, S2, S0 …
    flags = Bands(edges=[0.5], rates=[0.1, 0.4], low=[0, 0], high=[1, 1])
    past = Past(dict.fromkeys(RULES, flags), np.array(["S0", "S2"]), np.array([0.1, 0.3, 0.2]))
    found = past.rankings(rows)
    assert tuple(found) == BASELINES
    assert found["school_rate"].chance[:4].tolist() == [0.1, 0.2, 0.3, 0.1]
    assert found["abc_flags"].chance.tolist() == [0.1] * 12  # nobody has a flag


def test_without_a_complete_cohort_baselines_rank_and_chances_are_unknown() -> None:
    found = Past({}, np.array([], dtype=str), np.array([np.nan])).rankings(frame(students=6))
    for name in BASELINES:
        assert np.isfinite(found[name].score).all(), name
        assert np.isnan(found[name].chance).all(), name


def test_who_was_abstained_from_is_remembered_whatever_rows_are_taken() -> None:
    rows = frame(students=6)
    parts = {f.name: getattr(rows, f.name) for f in dataclasses.fields(Frame)}
    replayed = Replayed(**parts, is_abstained=np.arange(12) == 3)
    assert replayed.take(np.arange(12) >= 3).is_thin(5).tolist() == [True, *[False] * 8]
    assert dataclasses.replace(replayed, label=1 - replayed.label).is_thin(5).sum() == 1
