"""Forecasts: what must hold whatever the approximation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qgate.stats.parity import Components, parity_interval
from qgate.stats.power import (
    chance_to_pass,
    items_needed,
    planned_df,
    planned_se,
    seeds_needed,
    smallest_tolerance,
)

USUAL = Components(0.048, 0.005**2, 0.032)
NEW = "new_items_and_seeds"


def _chance(tolerance: float = 0.02, **change: object) -> float:
    terms = {
        "components": USUAL, "seeds": 10, "items": 400, "claim": NEW, "confidence": 0.95, **change,
    }  # fmt: skip
    return chance_to_pass(tolerance, **terms)  # type: ignore[arg-type]  # varied by name


def test_more_of_anything_raises_the_chance() -> None:
    assert _chance() < _chance(items=500) < _chance(items=5000)
    assert _chance() < _chance(seeds=20)
    assert _chance() < _chance(tolerance=0.03)
    assert _chance() > _chance(confidence=0.99)
    assert _chance() > _chance(gap=0.01) > _chance(gap=0.02)


def test_a_candidate_at_the_tolerance_has_the_chance_of_the_error() -> None:
    for claim, seeds in ((NEW, 10), (NEW, 2), ("this_dataset", 3), ("this_dataset", 50)):
        found = _chance(gap=0.02, claim=claim, seeds=seeds)
        assert found == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize("seeds", [2, 3, 8, 31, 32, 60])
def test_few_seeds_follow_the_noncentral_t(seeds: int) -> None:
    found = _chance(claim="this_dataset", seeds=seeds)
    se = (USUAL.seed / seeds + USUAL.residual / (400 * seeds)) ** 0.5
    expected = stats.nct(seeds - 1, 0.02 / se).sf(stats.t(seeds - 1).ppf(0.95))
    assert found == pytest.approx(expected, abs=1e-3)


def test_a_chance_is_a_number_however_sure() -> None:
    tiny = Components(0.0, 1e-12, 0.0)
    for seeds in (2, 31, 40):
        assert _chance(components=tiny, seeds=seeds, claim="this_dataset") == pytest.approx(1)
        assert _chance(components=tiny, seeds=seeds, claim="this_dataset", gap=0.5) < 1e-6


def test_planned_error_and_freedom_are_those_of_such_data() -> None:
    rng = np.random.default_rng(8)
    seeds, items = 12, 900
    parts = Components(0.04, 0.0009, 0.02)
    cells = (
        rng.normal(0, parts.item**0.5, (1, items))
        + rng.normal(0, parts.seed**0.5, (seeds, 1))
        + rng.normal(0, parts.residual**0.5, (seeds, items))
    )
    found = parity_interval(-cells, np.zeros((1, items)), claim=NEW, confidence=0.9)
    assert planned_se(parts, seeds=seeds, items=items, claim=NEW) == pytest.approx(
        found.se, rel=0.25
    )
    exact = planned_df(found.components, seeds=seeds, items=items, claim=NEW)
    assert exact == pytest.approx(found.df, rel=1e-9)


def test_one_seed_is_forecast_for_its_own_artefact() -> None:
    wild = Components(USUAL.item, 0.1**2, USUAL.residual)
    assert _chance(seeds=1, components=wild) == _chance(seeds=1)
    assert _chance(seeds=2, components=wild) < _chance(seeds=2)


def test_designs_that_show_nothing_have_no_chance() -> None:
    assert _chance(items=1) == 0
    assert _chance(seeds=1, claim="this_dataset") == 0
    zero = Components(0.0, 0.0, 0.0)
    n = 100
    least = smallest_tolerance(n, confidence=0.95)
    assert _chance(least * 0.999, components=zero, items=n) == 0
    assert _chance(least * 1.001, components=zero, items=n) == 1
    assert _chance(least * 1.5, components=zero, items=n, reach=2.0) == 0


@pytest.mark.parametrize("tolerance", [0.01, 0.02, 0.05])
def test_the_number_needed_is_the_first_that_does(tolerance: float) -> None:
    terms = {"components": USUAL, "claim": NEW, "confidence": 0.95}
    items = items_needed(tolerance, seeds=10, chance=0.8, **terms)  # type: ignore[arg-type]
    assert items is not None
    assert _chance(tolerance, items=items) >= 0.8 > _chance(tolerance, items=items - 1)


def test_the_number_of_seeds_needed_is_the_first_that_does() -> None:
    terms = {"components": USUAL, "claim": "this_dataset", "confidence": 0.95}
    seeds = seeds_needed(0.004, items=400, chance=0.8, **terms)  # type: ignore[arg-type]
    assert seeds is not None
    assert _chance(0.004, seeds=seeds, claim="this_dataset") >= 0.8
    assert _chance(0.004, seeds=seeds - 1, claim="this_dataset") < 0.8


def test_no_number_is_none() -> None:
    wild = Components(0.05, 0.05**2, 0.03)
    assert items_needed(
        0.01, components=wild, seeds=3, claim=NEW, confidence=0.95, chance=0.8
    ) is None  # fmt: skip
    assert seeds_needed(
        0.01, components=USUAL, items=50, claim=NEW, confidence=0.95, chance=0.8
    ) is None  # fmt: skip
    assert items_needed(
        0.0, components=USUAL, seeds=3, claim=NEW, confidence=0.95, chance=0.8
    ) is None  # fmt: skip
