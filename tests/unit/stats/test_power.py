"""Forecasts: what must hold whatever the approximation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qgate.stats.design import Design, planned_df, planned_se
from qgate.stats.exact_power import score_power, share_power
from qgate.stats.needs import needs, smallest_margin
from qgate.stats.paired import tango_interval
from qgate.stats.parity import parity_interval
from qgate.stats.power import Question, Spread, chance_to_pass, smallest_tolerance
from qgate.stats.two_way import Components

USUAL = Components(0.048, 0.005**2, 0.032)
NEW = "new_items_and_seeds"


def _chance(
    tolerance: float = 0.02,
    *,
    seeds: int = 10,
    items: int = 400,
    claim: str = NEW,
    confidence: float = 0.95,
    gap: float = 0.0,
    spread: Spread | None = None,
    two_sided: bool = False,
    shots: float = 1.0,
) -> float:
    asked = Question(tolerance, claim, confidence, two_sided, gap)
    return chance_to_pass(asked, spread or Spread(USUAL), Design(seeds, items, shots))


def test_more_of_anything_raises_the_chance() -> None:
    assert _chance() < _chance(items=500) < _chance(items=5000)
    assert _chance() < _chance(seeds=20)
    assert _chance() < _chance(tolerance=0.03)
    assert _chance() > _chance(confidence=0.99)
    assert _chance() > _chance(gap=0.01) > _chance(gap=0.02)


def test_a_candidate_at_the_tolerance_has_the_chance_of_the_error() -> None:
    for claim, seeds in ((NEW, 10), (NEW, 2), ("this_dataset", 3), ("this_dataset", 50)):
        found = _chance(gap=0.02, claim=claim, seeds=seeds)
        assert found == pytest.approx(0.05, abs=0.01)  # Satterthwaite's t is a little short of it


@pytest.mark.parametrize("seeds", [2, 3, 8, 31, 32, 60])
def test_few_seeds_follow_the_noncentral_t(seeds: int) -> None:
    found = _chance(claim="this_dataset", seeds=seeds)
    se = (USUAL.seed / seeds + USUAL.residual / (400 * seeds)) ** 0.5
    expected = stats.nct(seeds - 1, 0.02 / se).sf(stats.t(seeds - 1).ppf(0.95))
    assert found == pytest.approx(expected, abs=1e-3)


def test_a_chance_is_a_number_however_sure() -> None:
    tiny = Components(0.0, 1e-12, 0.0)
    for seeds in (2, 31, 40):
        assert _chance(spread=Spread(tiny), seeds=seeds, claim="this_dataset") == pytest.approx(1)
        assert _chance(spread=Spread(tiny), seeds=seeds, claim="this_dataset", gap=0.5) < 1e-6


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
    assert planned_se(parts, Design(seeds, items), NEW) == pytest.approx(found.se, rel=0.25)
    exact = planned_df(found.components, Design(seeds, items), NEW)
    assert exact == pytest.approx(found.df, rel=1e-9)


def test_one_seed_is_forecast_for_its_own_artefact() -> None:
    wild = Spread(Components(USUAL.item, 0.1**2, USUAL.residual))
    assert _chance(seeds=1, spread=wild) == _chance(seeds=1)
    assert _chance(seeds=2, spread=wild) < _chance(seeds=2)


def test_designs_that_show_nothing_have_no_chance() -> None:
    assert _chance(items=1) == 0
    assert _chance(seeds=1, claim="this_dataset") == 0
    zero = Spread(Components(0.0, 0.0, 0.0))
    n = 100
    least = smallest_tolerance(n, confidence=0.95)
    assert _chance(least * 0.999, spread=zero, items=n) == 0
    assert _chance(least * 1.001, spread=zero, items=n) == 1
    assert _chance(least * 1.5, spread=Spread(zero.components, reach=2.0), items=n) == 0


@pytest.mark.parametrize("tolerance", [0.01, 0.02, 0.05])
@pytest.mark.parametrize("spread", [Spread(USUAL), Spread(USUAL, 0.08)])
def test_the_number_needed_is_the_first_that_does(tolerance: float, spread: Spread) -> None:
    asked = Question(tolerance, NEW, 0.95)
    found = needs(lambda d: chance_to_pass(asked, spread, d), Design(10, 400), goal=0.8)
    assert found.items is not None
    assert _chance(tolerance, items=found.items, spread=spread) >= 0.8
    assert _chance(tolerance, items=found.items - 1, spread=spread) < 0.8


def test_the_number_of_seeds_and_shots_needed_is_the_first_that_does() -> None:
    spread = Spread(Components(0.0, 0.005**2, 0.4, 0.39))
    asked = Question(0.015, "this_dataset", 0.95)
    found = needs(lambda d: chance_to_pass(asked, spread, d), Design(8, 400), goal=0.8)
    assert found.seeds is not None
    assert found.shots is not None

    def chance(seeds: int, shots: float) -> float:
        return _chance(0.015, seeds=seeds, shots=shots, claim="this_dataset", spread=spread)

    assert chance(found.seeds, 1.0) >= 0.8 > chance(found.seeds - 1, 1.0)
    assert chance(8, found.shots) >= 0.8 > chance(8, found.shots / 1.05)


def test_no_number_is_none() -> None:
    wild = Spread(Components(0.05, 0.05**2, 0.03))
    asked = Question(0.01, NEW, 0.95)
    found = needs(lambda d: chance_to_pass(asked, wild, d), Design(3, 50), goal=0.8)
    assert found.items is None
    assert found.shots is None  # there is no shot noise to lessen
    few = needs(lambda d: chance_to_pass(asked, Spread(USUAL), d), Design(3, 50), goal=0.8)
    assert few.seeds is None


def test_both_ends_within_are_rarer_than_one() -> None:
    one = _chance(0.03)
    assert _chance(0.03, two_sided=True) == pytest.approx(2 * one - 1)
    assert _chance(0.001, two_sided=True) == 0
    assert _chance(0.03, two_sided=True, gap=0.03) == pytest.approx(
        _chance(0.03, gap=0.03), abs=1e-3
    )


def test_the_smallest_margin_is_where_the_chance_begins() -> None:
    found = smallest_margin(_chance, 1.0, goal=0.8)
    assert _chance(found) >= 0.8 > _chance(found * 0.999)


@pytest.mark.parametrize(("worse", "better"), [(0.03, 0.03), (0.05, 0.01), (0.02, 0.0), (0.0, 0.0)])
def test_the_power_of_one_seed_is_that_of_all_its_tables(worse: float, better: float) -> None:
    rng = np.random.default_rng(6)
    counts = rng.multinomial(150, [worse, better, 1 - worse - better], 2000)
    passed = [tango_interval(b, c, 150, confidence=0.9)[1] <= 0.04 for b, c, _ in counts.tolist()]
    promised = score_power(150, worse, better, tolerance=0.04, confidence=0.95)
    assert promised == pytest.approx(float(np.mean(passed)), abs=4 * 0.5 / 2000**0.5)


def test_a_share_has_the_chance_of_its_exact_bound() -> None:
    rng = np.random.default_rng(7)
    parts, share, bound = Components(0.9 * 0.1, 0.0, 0.0), 0.9, 0.85
    shown = stats.beta.ppf(0.05, found := rng.binomial(300, share, 4000), 301 - found) >= bound
    promised = share_power(share, bound, parts, Design(1, 300), NEW, 0.95)
    assert promised == pytest.approx(float(shown.mean()), abs=0.03)
    at_bound = share_power(bound, bound, parts, Design(1, 300), NEW, 0.95)
    assert 0.01 < at_bound <= 0.05
