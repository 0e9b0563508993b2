"""Holm's adjustment."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgate.stats.multiplicity import holm
from tests.unit.stats.settings import FIXED

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@FIXED
@given(P_VALUES)
def test_it_lies_between_the_raw_p_and_that_of_bonferroni_in_the_same_order(p: list[float]) -> None:
    found, raw = holm(p), np.array(p)
    assert np.all(found >= raw)
    assert np.all(found <= np.minimum(1, raw * raw.size))
    order = np.argsort(raw, kind="stable")
    assert np.all(np.diff(found[order]) >= 0)
    assert found.min() == min(1, raw.min() * raw.size)


@FIXED
@given(P_VALUES, st.floats(0.001, 0.3))
def test_it_rejects_what_stepping_down_rejects(p: list[float], alpha: float) -> None:
    rejected = set()
    for step, test in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[test] * (len(p) - step) > alpha:
            break
        rejected.add(test)
    assert set(np.flatnonzero(holm(p) <= alpha).tolist()) == rejected


@FIXED
@given(P_VALUES, st.randoms(use_true_random=False))
def test_the_order_of_the_tests_does_not_matter(p: list[float], random: Any) -> None:
    mixed = random.sample(range(len(p)), len(p))
    assert holm(np.array(p)[mixed]).tolist() == holm(p)[mixed].tolist()


def test_one_test_needs_no_adjustment() -> None:
    assert holm([0.03]).tolist() == [0.03]


@pytest.mark.parametrize("p", [[0.1, math.nan], [-0.1, 0.2], [0.1, 1.1], [], [[0.1]], 0.1])
def test_it_refuses_what_are_no_p_values(p: object) -> None:
    with pytest.raises(ValueError, match="p-values"):
        holm(np.asarray(p, dtype=np.float64))
