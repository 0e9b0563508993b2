"""Pivots: what they say at their limits."""

from __future__ import annotations

import warnings

import pytest

from qgate.stats.pivots import ExactPivot


def test_at_the_estimate_an_exact_p_value_is_a_half_or_more_and_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pivot = ExactPivot(0.4, 60.0, 7.0)
        assert pivot.above(0.4) >= 0.5 - 1e-6
        assert pivot.below(0.4) >= 0.5 - 1e-6
        assert pivot.above(0.2) == pytest.approx(0.0, abs=0.01)
