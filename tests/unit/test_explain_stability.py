"""Which reasons hold in refits, by hand: a class of five, three concepts, sums of five refits written down."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from dropout.explain.contributions import by_concept
from dropout.explain.reasons import LEAST_LOG_ODDS, choose, reason_means
from dropout.explain.stability import HOLDS_FROM, NOT_HELD, TOLERANCE, Account, Held, held
from dropout.features.catalogue import load_catalogue
from dropout.model.frame import Frame, from_arrow

CATALOGUE = load_catalogue()
FEATURES = ["absence_share_7d", "mark_mean_year_share", "incidents_year_count", "is_repeater"]
CONCEPTS = ["attendance_now", "marks", "conduct", "background", "base"]
Said = list[tuple[int, str, int, str]]


def frame() -> Frame:
    """Pupil 0 is absent more, marked lower and noted more often than the four others."""
    values = {
        "absence_share_7d": [0.4, 0.1, 0.1, 0.1, 0.1],
        "mark_mean_year_share": [0.3, 0.6, 0.6, 0.6, 0.6],
        "incidents_year_count": [3.0, 0.0, 0.0, 0.0, 0.0],
        "is_repeater": [1.0, 0.0, 0.0, 0.0, 0.0],
    }
    keys = {
        "student_key": list(range(5)),
        "as_of_date": [dt.date(2024, 1, 1)] * 5,
        "school_year": ["2023-2024"] * 5,
        "school_id": ["S"] * 5,
        "class_id": ["C"] * 5,
    }
    return from_arrow(pa.table({**keys, **values}))


def said(first: list[float], again: Held = NOT_HELD) -> tuple[Said, list[float]]:
    """(row, direction, rank, concept) and stability, for contributions of pupil 0; nothing counts for the others."""
    found = np.array([[*first, -2.0]] + [[0.0, 0.0, 0.0, 0.0, -2.0]] * 4)
    concepts = by_concept(found, [CATALOGUE.by_name[n].concept for n in FEATURES])
    chosen = choose(frame(), found, concepts, FEATURES, CATALOGUE, held=again)
    columns = (chosen.row, chosen.direction, chosen.reason_rank, chosen.concept)
    return list(zip(*(c.tolist() for c in columns), strict=True)), chosen.stability.tolist()


def refits(**sums: list[float]) -> Held:
    """Five refits' sums of pupil 0; a concept that is not named holds in all."""
    column = {name: sums.get(name, [1.0] * 5) for name in CONCEPTS}
    return Held(CONCEPTS, np.array([0]), np.array([[column[name] for name in CONCEPTS]]))


def test_a_concept_holds_with_the_reasons_sign_and_half_of_the_least_size() -> None:
    assert HOLDS_FROM == LEAST_LOG_ODDS / 2
    again = refits(marks=[0.3, 0.05, 0.049, -0.3, -0.05], conduct=[-0.1, -0.1, -0.1, -0.1, 0.2])
    # marks raise by 0.05 or more in two of five, and lower by as much in two; row 1 was not measured
    assert again.agreement(["marks"], 1.0, 2)[:, 0].tolist() == pytest.approx([0.4, np.nan], nan_ok=True)
    assert again.agreement(["marks"], -1.0, 2)[0].tolist() == [0.4]
    assert again.agreement(["conduct", "marks"], -1.0, 2)[0].tolist() == [0.8, 0.4]
    low, high = again.ends(np.array([0, 1, 0]), np.array(["marks", "marks", "conduct"], dtype=object))
    assert low.tolist() == pytest.approx([-0.3, np.nan, -0.1], nan_ok=True)
    assert high.tolist() == pytest.approx([0.3, np.nan, 0.2], nan_ok=True)


def test_what_does_not_hold_is_passed_over_and_the_next_moves_up() -> None:
    first = [0.5, 0.9, 0.2, 0.0]
    assert said(first) == (
        [(0, "raises", 1, "marks"), (0, "raises", 2, "attendance_now"), (0, "raises", 3, "conduct")],
        pytest.approx([np.nan] * 3, nan_ok=True),
    )
    # marks hold in three of five, attendance in four (0.8, the tolerance itself), conduct in all
    again = refits(marks=[0.9, 0.9, 0.9, 0.04, -0.9], attendance_now=[0.5, 0.5, 0.5, 0.5, 0.0])
    assert TOLERANCE == 0.8
    assert said(first, again) == ([(0, "raises", 1, "attendance_now"), (0, "raises", 2, "conduct")], [0.8, 1.0])


def test_what_goes_well_has_to_hold_too() -> None:
    """The others' marks are above the class's and lower their chance; only pupil 1 is measured, and there they do not hold."""
    found = np.array([[0.0, 0.0, 0.0, 0.0, -2.0]] + [[0.0, -0.4, 0.0, 0.0, -2.0]] * 4)
    concepts = by_concept(found, [CATALOGUE.by_name[n].concept for n in FEATURES])
    again = Held(CONCEPTS, np.array([1]), np.full((1, 5, 4), 0.4))
    chosen = choose(frame(), found, concepts, FEATURES, CATALOGUE, held=again)
    assert chosen.row.tolist() == [2, 3, 4] and set(chosen.direction) == {"lowers"}


@pytest.mark.parametrize(
    ("background", "again", "line"),
    [
        (0.20, NOT_HELD, True),  # as much as conduct, the least that is said
        (0.19, NOT_HELD, False),
        (0.20, refits(), True),
        (0.20, refits(background=[0.2, 0.2, 0.2, 0.0, 0.0]), False),  # three of five
        (0.20, refits(conduct=[0.0] * 5), False),  # conduct is passed over: now 0.5 of attendance is the least
        (0.50, refits(conduct=[0.0] * 5), True),
        (-0.9, NOT_HELD, False),  # what lowers is no line
    ],
)
def test_background_is_one_line_when_it_counts_as_much_as_the_least_reason(background: float, again: Held, line: bool) -> None:
    found, _ = said([0.5, 0.9, 0.2, background], again)
    assert ((0, "background", 1, "background") in found) == line
    assert sum(direction == "background" for _, direction, _, _ in found) == line


def test_background_alone_has_to_be_as_large_as_any_reason() -> None:
    assert said([0.0, 0.0, 0.0, 0.1])[0] == [(0, "background", 1, "background")]
    assert said([0.0, 0.0, 0.0, 0.099])[0] == []


def test_accounts_become_rows_by_concepts_by_refits() -> None:
    none = np.empty((2, 0))
    accounts = [Account(none, {"marks": np.array([0.1, 0.2]), "base": np.array([-2.0, -2.0])}),
                Account(none, {"marks": np.array([0.3, 0.4]), "base": np.array([-1.0, -1.0])})]  # fmt: skip
    again = held(np.array([3, 7]), accounts)
    assert again.sums.tolist() == [[[0.1, 0.3], [-2.0, -1.0]], [[0.2, 0.4], [-2.0, -1.0]]]
    assert np.isnan(again.agreement(["marks"], 1.0, 8)[[0, 1, 2, 4, 5, 6]]).all()
    assert held(np.array([3, 7]), []) is NOT_HELD
    assert held(np.array([], dtype=np.int64), accounts) is NOT_HELD


SENSITIVE = ("sex", "gender", "disab", "tongue", "language", "scholar", "poverty", "income", "locality", "birth", "origin",
             "name", "phone", "guardian", "religion", "nationality")  # fmt: skip


def test_no_sensitive_attribute_is_a_feature_at_all() -> None:
    """Design §6: they serve the audit of errors, and are neither reason nor feature; age over the grade's is background."""
    found = {f.name for f in CATALOGUE.features if any(word in f.name for word in SENSITIVE)}
    assert found == set()


def test_only_what_can_change_is_a_reason_and_missing_data_never_is() -> None:
    reasons = [f for f in CATALOGUE.features if f.is_reason]
    assert len(reasons) > 15
    assert all(CATALOGUE.concepts[f.concept].is_changeable for f in reasons)
    for concept in ("background", "data"):
        members = [f for f in CATALOGUE.features if f.concept == concept]
        assert members and not any(f.is_reason or f.has_praise for f in members)
    assert not CATALOGUE.concepts["background"].is_changeable and not CATALOGUE.concepts["data"].is_changeable


def test_over_the_whole_catalogue_an_unknown_value_and_the_data_concept_are_never_said() -> None:
    """Six pupils for whom every feature raises, then lowers, the chance by a lot; pupil 0 has no value anywhere."""
    names = [f.name for f in CATALOGUE.model_features]
    keys = {
        "student_key": list(range(6)),
        "as_of_date": [dt.date(2024, 1, 1)] * 6,
        "school_year": ["2023-2024"] * 6,
        "school_id": ["S"] * 6,
        "class_id": ["C"] * 6,
    }
    values = {n: pa.array([None, 0.9, 0.1, 0.2, 0.3, 0.4], pa.float64()) for n in names}
    rows = from_arrow(pa.table(keys | values))
    means = reason_means(rows, names, CATALOGUE)
    assert set(means) == {f.name for f in CATALOGUE.model_features if f.is_reason}
    for size in (0.5, -0.5):
        found = np.full((6, len(names) + 1), size)
        concepts = by_concept(found, [CATALOGUE.by_name[n].concept for n in names])
        chosen = choose(rows, found, concepts, names, CATALOGUE, means=means)
        told = chosen.direction != "background"
        assert told.sum() > 5 and 0 not in chosen.row[told]
        assert all(CATALOGUE.concepts[c].is_changeable for c in chosen.concept[told])
        assert "data" not in chosen.concept
