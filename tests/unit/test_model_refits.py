"""Refits: halves that share no student, the same bytes each time, and each as if it were the whole."""

import dataclasses

import numpy as np
import pytest

from dropout.features.catalogue import load_catalogue
from dropout.model import booster
from dropout.model.frame import Frame, from_arrow
from dropout.model.refits import halves, refits
from dropout.settings import ModelSettings
from tests.model_world import World, deployment

NAMES = [f.name for f in load_catalogue().model_features]
SETTINGS = ModelSettings(trees=20, threads=1, rows_in_leaf_at_least=80, resamples=4)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Frame:
    """One cohort of 1,000 students, its outcomes known."""
    world = World(deployment(tmp_path_factory.mktemp("w") / "d"), range(2021, 2022), students=1000)
    table = world.rows.rename_columns(["label" if n == "leaves" else n for n in world.rows.column_names])
    return from_arrow(table.set_column(table.column_names.index("label"), "label", table["label"].cast("double")))


def test_each_student_is_whole_in_one_half_of_each_pair(rows: Frame) -> None:
    drawn = list(halves(rows, 6, seed=7))
    students = set(rows.student_key.tolist())
    for one, other in zip(drawn[::2], drawn[1::2], strict=True):
        a, b = (set(rows.student_key[half].tolist()) for half in (one, other))
        assert not a & b and a | b == students and len(a) == len(students) // 2
    assert any((drawn[0] != later).any() for later in drawn[2::2]), "each pair is another draw"
    assert list(halves(rows, 0, seed=7)) == []
    assert len(list(halves(rows, 3, seed=7))) == 3  # an odd number has half a pair


def test_the_same_rows_and_seed_give_the_same_bytes_and_another_seed_others(rows: Frame) -> None:
    first = list(refits(rows, rows.weight, SETTINGS))
    assert len(first) == 4 and len(set(first)) == 4
    assert list(refits(rows, rows.weight, SETTINGS)) == first
    assert next(refits(rows, rows.weight, SETTINGS.model_copy(update={"seed": 8}))) != first[0]


def test_a_refit_is_shrunk_as_the_whole_is(rows: Frame) -> None:
    """A row stands for four: the spread of a refit's scores is that of the whole's, which a plain quarter would not reach."""
    whole = booster.fit(rows.matrix(NAMES), rows.label, rows.weight, load_catalogue().model_features, SETTINGS)
    spread = np.std(booster.raw_scores(booster.load(whole), rows.matrix(NAMES), 1))
    for text in refits(rows, rows.weight, SETTINGS):
        scores = booster.raw_scores(booster.load(text), rows.matrix(NAMES), 1)
        assert 0.8 * spread < np.std(scores) < 1.25 * spread


def test_no_row_of_the_other_half_is_seen(rows: Frame) -> None:
    """With all labels of the second half turned round, the first refit stays what it was, byte for byte."""
    first = next(halves(rows, 1, SETTINGS.seed))
    label = np.where(first, rows.label, 1 - rows.label)
    turned = dataclasses.replace(rows, label=label)
    one, two = (list(refits(r, rows.weight, SETTINGS)) for r in (rows, turned))
    assert one[0] == two[0] and one[1] != two[1]
