"""What only the future could know moves no score; the same signal, known in time, does."""

import datetime as dt

import pytest

from dropout import canary
from dropout.features import snapshot
from dropout.model.outcomes import MEANING, explain
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.flows.conftest import District

EARLIER = dt.date(2026, 1, 12)  # the warehouse knows more by now: the future is there to be taken away


@pytest.fixture(scope="module")
def earlier(made: District) -> Run:
    small = made.place.settings.model.model_copy(update={"trees": 40, "search_trials": 0})
    settings = made.place.settings.model_copy(update={"model": small})
    return Run(type(made.place)(made.place.root, settings), "proof", EARLIER)


def test_no_canary_is_seen_and_the_control_is(earlier: Run) -> None:
    found = {f.canary: f for f in canary.prove_leaks(earlier)}
    assert set(found) == {"outcome", "late_marks", "rows_after_exit", "late_exit", "future", "control"}
    for name, result in found.items():
        assert result.rows > 50, name
        assert result.is_good, result
    assert found["control"].booster == canary.SEEN


def test_a_leak_would_be_seen(earlier: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With marks read whenever they became known, the copied outcome shows in features, booster and scores."""
    leaky = snapshot.sql

    def without_knowledge_time(name: str) -> str:
        text = leaky(name)
        return text.replace("and g.known_at <= c.as_of_date", "") if name == "features/grade_known" else text

    monkeypatch.setattr(snapshot, "sql", without_knowledge_time)
    monkeypatch.setattr(canary, "CANARIES", canary.CANARIES[:1])
    [result] = canary.prove_leaks(earlier)
    assert not result.is_good


def test_every_state_is_explained_and_snapshots_add_up(earlier: Run) -> None:
    with connect(earlier.deployment) as con:
        found = explain(con, earlier)
    assert {s.state for s in found} <= set(MEANING)
    assert {"stayed", "left_not_found", "not_mature"} <= {s.state for s in found}
    by_target: dict[str, dict[str, int]] = {}
    for s in found:
        by_target.setdefault(s.target, {}).setdefault(s.school_year, 0)
        by_target[s.target][s.school_year] += s.snapshots
    first, second = by_target.values()
    assert first == second  # each target speaks of the same snapshots
