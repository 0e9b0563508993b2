"""CUSUM: run lengths as published, from the exact Markov chain of the very recursion."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtr

from qgate.stats.cusum import ALLOWANCE, DECISION, REFERENCE, Excursion, chart, summed

Array = npt.NDArray[np.float64]
FLAT = [0.0] * REFERENCE

# Montgomery (2009), table 9.3: average run lengths of the two-sided tabular CUSUM, k 0.5 and h 5,
# by the shift of the mean in standard deviations.
PUBLISHED = {
    0.0: 465, 0.25: 139, 0.5: 38.0, 0.75: 17.0, 1.0: 10.4, 1.5: 5.75, 2.0: 4.01, 2.5: 3.11,
    3.0: 2.57, 4.0: 2.01,
}  # fmt: skip


def largest_within(total: float, ends: Array) -> Array:
    """Return the largest deviation after which `summed` is at most each of some ends above 0."""
    low: Array = np.full(ends.size, -100.0)
    high: Array = np.full(ends.size, 100.0)
    after = np.vectorize(lambda z: summed(total, float(z)))
    for _ in range(60):
        middle = (low + high) / 2
        within = after(middle) <= ends
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return low


def reached(states: int) -> Array:
    """Return, of each state of a sum (0, then midpoints), the deviations up to each state's end.

    The states are those of Brook and Evans (1972): the first reaches from 0 to half a step.
    """
    width = 2 * DECISION / (2 * states - 1)
    ends = np.array([width * (state + 0.5) for state in range(states)])
    return np.array([largest_within(width * state, ends) for state in range(states)])


def chain(limits: Array, shift: float, sd: float = 1.0) -> Array:
    """Return the chances of going from state to state, for deviations of a mean and an sd."""
    up_to = ndtr((limits - shift) / sd)
    return np.asarray(np.diff(up_to, axis=1, prepend=0.0))


def run_length(limits: Array, shift: float) -> float:
    moves = chain(limits, shift)
    return float(np.linalg.solve(np.eye(len(moves)) - moves, np.ones(len(moves)))[0])


@pytest.fixture(scope="module")
def lengths() -> Callable[[float], float]:
    """Return the two-sided average run length by shift: the error of the chain falls as 1/t^2."""
    coarse, fine = reached(40), reached(80)
    sizes = [(2 * n - 1) ** 2 for n in (40, 80)]

    def one(shift: float) -> float:
        a, b = run_length(coarse, shift), run_length(fine, shift)
        return (sizes[1] * b - sizes[0] * a) / (sizes[1] - sizes[0])

    return lambda shift: 1 / (1 / one(shift) + 1 / one(-shift))


@pytest.mark.parametrize("shift", PUBLISHED)
def test_run_lengths_are_those_of_the_table(
    shift: float, lengths: Callable[[float], float]
) -> None:
    assert (ALLOWANCE, DECISION) == (0.5, 5.0)
    assert f"{lengths(shift):.3g}" == f"{PUBLISHED[shift]:.3g}"


def test_with_an_estimated_mean_false_alarms_are_as_said() -> None:
    limits = reached(80)
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    sd = 1 / math.sqrt(1 + 1 / REFERENCE)
    quiet = np.zeros(50)
    known = None
    for error, weight in [(0.0, None), *zip(nodes, weights / weights.sum(), strict=True)]:
        spread = 1.0 if weight is None else sd
        off = error / math.sqrt(REFERENCE) * spread
        both = survival(limits, off, spread) * survival(limits, -off, spread)
        if weight is None:
            known = both
        else:
            quiet += weight * both
    assert known is not None
    assert [round(100 * (1 - known[n - 1])) for n in (20, 50)] == [3, 9]
    assert [round(100 * (1 - quiet[n - 1])) for n in (20, 50)] == [12, 28]


def survival(limits: Array, shift: float, sd: float) -> Array:
    """Return the chance of no alarm after 1 to 50 runs."""
    moves = chain(limits, shift, sd)
    at: Array = np.zeros(len(moves))
    at[0] = 1.0
    found = []
    for _ in range(50):
        at = at @ moves
        found.append(at.sum())
    return np.array(found)


def test_an_example_by_hand() -> None:
    # Errors 1, mean 0 of 10 runs: each later deviation is its value over sqrt(1 + 1/10).
    unit = math.sqrt(1 + 1 / REFERENCE)
    later = [1.5, 2.5, -3.0, 2.5, 2.5, 2.5]
    found = chart([*FLAT, *(z * unit for z in later)], [1.0] * 16)
    assert found.deviations == pytest.approx(later)
    assert found.upper == pytest.approx([1.0, 3.0, 0.0, 2.0, 4.0, 6.0])
    assert found.lower == pytest.approx([0.0, 0.0, 2.5, 0.0, 0.0, 0.0])
    assert found.excursions == (Excursion(1, since=13, alarm=15, end=15),)


def test_a_sum_that_comes_back_ends_its_excursion() -> None:
    found = chart([*FLAT, -8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -8.0], [1.0] * 19)
    first, second = found.excursions
    assert (first.sign, first.since, first.alarm) == (-1, 10, 10)
    assert first.end < second.alarm == second.end == 18


def test_each_value_counts_by_its_own_error() -> None:
    values, errors = [*FLAT, 3.0, 3.0], [1.0] * 11 + [10.0]
    found = chart(values, errors)
    assert found.deviations == pytest.approx([3 / math.sqrt(1.1), 3 / math.sqrt(100.1)])


def test_spread_between_runs_beyond_their_errors_is_added() -> None:
    # DerSimonian and Laird with equal errors: the variance of the values minus that of an error.
    values = [2.0, -2.0] * 5
    variance = 40 / 9 - 1
    found = chart([*values, 5.0], [1.0] * 11)
    assert found.between == pytest.approx(math.sqrt(variance))
    assert found.deviations[0] == pytest.approx(5 / math.sqrt((1 + variance) * 1.1))
    assert chart([*values, 5.0], [2.5] * 11).between == 0


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_the_unit_does_not_matter(scale: float) -> None:
    values = [math.sin(9 * i) + i / 12 for i in range(24)]
    errors = [1 + (i % 3) / 4 for i in range(24)]
    plain = chart(values, errors)
    scaled = chart([scale * v + 7 * scale for v in values], [scale * e for e in errors])
    assert scaled.upper == pytest.approx(plain.upper)
    assert scaled.mean == pytest.approx(scale * (plain.mean + 7))
    mirrored = chart([-v for v in values], errors)
    assert mirrored.lower == pytest.approx(plain.upper)


def test_an_error_of_nought_counts_as_the_largest_of_the_reference() -> None:
    values = [0.1 * (-1) ** i for i in range(12)]
    assert chart(values, [0.0, 2.0] * 6) == chart(values, [2.0] * 12)


def test_a_slow_decay_below_each_notice_is_seen() -> None:
    """Each run is within 1.645 errors of the reference when the chart alarms."""
    values = [*FLAT, *(0.08 * i for i in range(1, 20))]
    (found,) = chart(values, [1.0] * len(values)).excursions
    assert values[found.alarm] < 1.645
    assert found.sign == 1


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ([0.0] * 10, [1.0] * 10),
        ([0.0] * 11, [1.0] * 10),
        ([0.0] * 11, [0.0] * 11),
        ([0.0] * 10 + [math.nan], [1.0] * 11),
        ([0.0] * 11, [1.0] * 10 + [math.inf]),
        ([0.0] * 11, [1.0] * 10 + [-1.0]),
        ([0.0] * 10 + [1e300], [1.0] * 11),
        ([0.0] * 11, [1e-300] * 11),
    ],
)
def test_what_no_chart_can_hold_is_refused(values: list[float], errors: list[float]) -> None:
    with pytest.raises(ValueError, match=r"values|random"):
        chart(values, errors)


def test_extreme_but_chartable_numbers_stay_finite() -> None:
    for value, small in itertools.product((1e30, -1e30), (1e-30, 1e30)):
        found = chart([0.0, value] * 6, [small, 1e30] * 6)
        assert np.all(np.isfinite([found.mean, found.between, *found.upper, *found.lower]))
