"""The population stability index against one computed by hand."""

import math

import numpy as np
import pytest

from dropout.monitor.drift import psi, psi_bound


def test_nothing_moved() -> None:
    chances = np.linspace(0, 1, 500)
    assert psi(chances, chances[::-1]) == 0


def test_by_hand() -> None:
    # deciles of 0…99 part ten tenths; now the lowest tenth has 20 of 100 and the highest none (taken as half a student)
    last = np.arange(100.0)
    now = np.concatenate([np.arange(10.0), np.arange(90.0)])
    expected = (0.2 - 0.1) * math.log(0.2 / 0.1) + (0.005 - 0.1) * math.log(0.005 / 0.1)
    assert psi(last, now) == pytest.approx(expected)


def test_few_different_chances_have_fewer_bins() -> None:
    # an absence rule gives two chances: 80 and 20 of 100, then 60 and 40
    last, now = np.repeat([0.1, 0.4], [80, 20]), np.repeat([0.1, 0.4], [60, 40])
    expected = (0.6 - 0.8) * math.log(0.6 / 0.8) + (0.4 - 0.2) * math.log(0.4 / 0.2)
    assert psi(last, now) == pytest.approx(expected)


def test_small_deployments_raise_no_false_alarm() -> None:
    assert psi_bound(100_000, 100_000) == 0.25
    assert psi_bound(50, 50) == pytest.approx(27.88 * 0.04)
    draw = np.random.default_rng(7)
    alarms = sum(psi(draw.beta(2, 8, 60), draw.beta(2, 8, 60)) > psi_bound(60, 60) for _ in range(400))
    assert alarms <= 2  # of 400; 0.1 % in theory, were the students of both nights not even the same
