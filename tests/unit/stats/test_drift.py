"""Drift: closed forms, published values, and how often it is right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgate.stats.drift import (
    TRIM,
    MeanChange,
    State,
    fluctuation,
    log_ratios,
    mean_change,
    p_of_standing_out,
    state_of,
)
from qgate.stats.multiplicity import holm
from tests.unit.stats.settings import FIXED

OLD = [112, 98, 130, 121, 87, 105, 142, 118, 95, 109]
NEW = [101, 90, 117, 122, 80, 99, 127, 104, 91, 88]
SLEEP = [-1.2, -2.4, -1.3, -1.3, 0.0, -1.0, -1.8, -0.8, -4.6, -1.4]
LOGS = st.lists(st.floats(-4, 4), min_size=3, max_size=30).filter(lambda v: np.ptp(v) > 1e-3)
CHANGES = st.builds(MeanChange, st.floats(-3, 3), st.floats(1e-3, 2), st.floats(1, 200))
TOLERANCE = 1.5


def test_the_interval_of_r_for_paired_lists_of_t1() -> None:
    logs = log_ratios(OLD, NEW)
    found = mean_change(logs, fluctuation(logs, trim=0))
    ends = [math.log(end) for end in found.factors(0.95)]
    assert ends == pytest.approx([-0.133919543368294, -0.0507505191558418], abs=1e-9)


def test_the_two_one_sided_tests_of_r() -> None:
    found = mean_change(SLEEP, fluctuation(SLEEP, trim=0))
    assert found.p_within(math.exp(2.5)) == pytest.approx(0.0211168602465007, abs=1e-9)
    ends = [math.log(end) for end in found.factors(0.9)]
    assert ends == pytest.approx([-2.29300526702928, -0.866994732970716], abs=1e-9)


def test_trimmed_it_is_yuens_test() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.standard_t(2, 15), rng.standard_t(2, 22) + 0.3
    one, other = fluctuation(first, trim=TRIM), fluctuation(second, trim=TRIM)
    t = (one.centre - other.centre) / math.hypot(one.sd / 15**0.5, other.sd / 22**0.5)
    yuen = stats.ttest_ind(first, second, equal_var=False, trim=TRIM)
    assert t == pytest.approx(yuen.statistic)
    assert (one.kept, one.df) == (9, 8)


def test_few_parts_are_not_trimmed() -> None:
    few, many = np.arange(9.0), np.arange(10.0)
    assert fluctuation(few).sd == pytest.approx(few.std(ddof=1))
    assert fluctuation(many).kept == 6
    with_jump = np.append(many, 1e6)
    assert fluctuation(with_jump).sd < 2 * fluctuation(many).sd


@FIXED
@given(LOGS)
def test_at_no_tolerance_it_is_the_two_sided_t_test(logs: list[float]) -> None:
    found = mean_change(logs, fluctuation(logs, trim=0))
    assert found.p_at_most(1.0) == pytest.approx(stats.ttest_1samp(logs, 0).pvalue, abs=1e-9)


@FIXED
@given(st.floats(-3, 3), st.floats(0.1, 2), st.floats(1, 5))
def test_with_a_known_spread_a_shown_change_is_that_of_a_noncentral_chi_square(
    log: float, se: float, factor: float
) -> None:
    found = MeanChange(log, se, 1e12).p_at_most(factor)
    exact = stats.ncx2(1, (math.log(factor) / se) ** 2).sf((log / se) ** 2)
    assert found == pytest.approx(float(exact), abs=1e-6)


@FIXED
@given(CHANGES, st.floats(1.01, 10))
def test_bounds_and_tests_agree(change: MeanChange, factor: float) -> None:
    above, below = change.size_above(0.95), change.size_below(0.95)
    assert 1 <= below <= change.size <= above
    if abs(above / factor - 1) > 1e-6:
        assert (above <= factor) == (change.p_within(factor) <= 0.05)
    if abs(below / factor - 1) > 1e-6:
        assert (below > factor) == (change.p_at_most(factor) <= 0.05)


@FIXED
@given(st.lists(st.tuples(st.floats(1e-6, 1), st.floats(1e-6, 1)), min_size=3, max_size=20))
def test_dates_may_be_swapped_and_units_changed(pairs: list[tuple[float, float]]) -> None:
    before, after = map(np.array, zip(*pairs, strict=True))
    there, back = log_ratios(before, after), log_ratios(after, before)
    assert there == pytest.approx(-back)
    assert log_ratios(1e6 * before, 1e6 * after) == pytest.approx(there, abs=1e-9)
    assert mean_change(there).size == pytest.approx(mean_change(back).size)


def test_without_a_spread_the_change_itself_decides() -> None:
    same = mean_change([0.0] * 5)
    assert (same.size, same.size_below(0.95), same.size_above(0.95)) == (1, 1, 1)
    scaled = mean_change(log_ratios(np.arange(1.0, 8.0), 0.7 * np.arange(1.0, 8.0)))
    assert scaled.se == 0
    assert scaled.size_below(0.95) == pytest.approx(1 / 0.7)
    assert scaled.size_above(0.95) == pytest.approx(1 / 0.7)
    assert p_of_standing_out(log_ratios(np.arange(1.0, 8.0), 0.7 * np.arange(1.0, 8.0))).min() > 0.5


@FIXED
@given(LOGS, st.integers(0, 29))
def test_untrimmed_a_single_part_is_the_studentised_residual(logs: list[float], at: int) -> None:
    """One part against the others, by Student's two-sample test with a sample of one."""
    place = at % len(logs)
    others = np.delete(logs, place)
    if np.ptp(others) < 1e-3:
        return
    n = len(others)
    t = (logs[place] - others.mean()) / (others.std(ddof=1) * math.sqrt(1 + 1 / n))
    expected = 2 * stats.t(n - 1).sf(abs(t))
    assert p_of_standing_out(logs, trim=0)[place] == pytest.approx(expected)


def test_two_jumps_do_not_hide_each_other() -> None:
    rng = np.random.default_rng(11)
    logs = rng.normal(0, 0.3, 27)
    logs[[4, 20]] = 2.5, -2.6
    adjusted = holm(p_of_standing_out(logs))
    assert np.flatnonzero(adjusted <= 0.05).tolist() == [4, 20]


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (None, State.UNKNOWN),
        (0, State.ZERO),
        (0.3, State.GOOD),
        (1, State.BROKEN),
        (1.7, State.BROKEN),
    ],
)
def test_what_an_error_is_good_for(value: float | None, state: State) -> None:
    assert state_of(value, broken_at=1.0) is state


def test_a_time_may_be_long_and_nothing_negative() -> None:
    assert state_of(7.0) is State.GOOD
    for value in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="finite and not negative"):
            state_of(value, broken_at=1.0)


def test_what_has_no_ratio_is_refused() -> None:
    for before, after in (([1.0, 0.0], [1.0, 1.0]), ([1.0], [math.nan]), ([-1.0], [1.0])):
        with pytest.raises(ValueError, match="above 0"):
            log_ratios(before, after)
    with pytest.raises(ValueError, match="one shape"):
        log_ratios([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least 2 parts"):
        fluctuation([0.1])
    with pytest.raises(ValueError, match="at least 2 others"):
        p_of_standing_out([0.1, 0.2])
    with pytest.raises(ValueError, match="at least one part"):
        mean_change([], fluctuation([0.1, 0.2]))


@pytest.mark.parametrize(("device", "used"), [(7, 4), (27, 8)])
def test_how_often_it_is_right(device: int, used: int) -> None:
    """Normal fluctuations of sd .3 from one date to the other; binomial error about 1%."""
    rng = np.random.default_rng(21)
    runs, tally = 1500, dict.fromkeys(("same", "at", "twice", "shown", "named"), 0)
    for _ in range(runs):
        logs = rng.normal(0, 0.3, device)
        spread, own = fluctuation(logs), logs[:used]
        at, twice = (mean_change(own + k * math.log(TOLERANCE), spread) for k in (1, 2))
        tally["same"] += mean_change(own, spread).size_above(0.95) <= TOLERANCE
        tally["at"] += at.size_above(0.95) <= TOLERANCE
        tally["twice"] += twice.size_above(0.95) <= TOLERANCE
        tally["shown"] += at.size_below(0.95) > TOLERANCE
        tally["named"] += bool(holm(p_of_standing_out(logs)[:used]).min() <= 0.05)
    share = {name: count / runs for name, count in tally.items()}
    assert share["same"] > (0.5 if used == 4 else 0.9)
    assert share["at"] < 0.065
    assert share["twice"] < 0.005
    assert share["shown"] < 0.065
    assert share["named"] < 0.065


def test_a_planted_jump_is_named_and_nothing_else() -> None:
    rng = np.random.default_rng(22)
    named = np.zeros(8)
    for _ in range(300):
        logs = rng.normal(0, 0.3, 27)
        logs[2] += math.log(10)
        named += holm(p_of_standing_out(logs)[:8]) <= 0.05
    assert named[2] > 0.95 * 300
    assert np.delete(named, 2).sum() < 0.05 * 300
