"""Two arms on crossed items and seeds with a known true gap, and the gates people use instead.

Probit model. An arm is right on item i with seed s when its decision value exceeds 0:

    mean of the arm + difficulty[i] + own[arm, i] + seed[arm, s] + both[arm, s, i] + shots[s, i]

All effects are independent, normal and of mean 0; the unit is the standard deviation of the
difficulty, which the arms share. `own` is what an arm finds hard of itself, with every seed; shots
disturb only the candidate. A decision value is then normal over new items and new seeds together,
so an arm of total standard deviation t is right with probability a where its mean is t * probit(a):
the true gap is exact, in closed form, and so is the baseline's accuracy. Per seed the gap wanders.

The usual spread has, at a gap of .02, accuracy .85 and 400 items x 10 seeds: 8% discordant cells,
a seed's gap wandering by 1 point, and a variance of the mean gap that is 87% items, 8% seeds and
5% seed x item and shots.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from qgate.stats import parity_interval
from qgate.stats.paired import mcnemar

Cells = npt.NDArray[np.bool_]
Gate = Callable[[Cells, Cells, float], bool]

ACCURACY = 0.85
SHOTS = 1024
# Standard deviation of the difficulty as an expectation value in [-1, 1], on which N shots have a
# standard error of sqrt(1/N) near 0, where alone it decides.
_UNIT = 0.3
_ENTROPY = 20260101
_LEVEL = 0.95


@dataclass(frozen=True)
class Spread:
    """Standard deviations of an arm's effects, in units of that of the difficulty."""

    own: float = 0.28
    seed: float = 0.034
    both: float = 0.075
    shots: float = SHOTS**-0.5 / _UNIT


USUAL = Spread()
ALIKE = Spread(own=0.08, seed=0.01, both=0.03, shots=0.03)
"""Arms that hardly differ but for the gap: 3% discordant cells at a gap of .02."""
RESTLESS = Spread(seed=0.1)
"""A seed's gap wanders by 3 points."""
_NAMES = {ALIKE: ", arms alike", RESTLESS: ", restless seeds"}


@dataclass(frozen=True)
class Design:
    """How many items and seeds judge a candidate, and the gap that is tolerated."""

    items: int
    seeds: int
    tolerance: float
    spread: Spread = USUAL

    def __str__(self) -> str:
        said = f"{self.items} items, {self.seeds} seeds, tolerance {self.tolerance}"
        return said + _NAMES.get(self.spread, "")


GRID = tuple(
    Design(items, seeds, tolerance)
    for items in (200, 400, 600)
    for seeds in (5, 10, 20)
    for tolerance in (0.01, 0.02)
)


def pairs(design: Design, gap: float, replicates: int) -> Iterator[tuple[Cells, Cells]]:
    """Yield candidate and baseline, of shape (seeds, items): where they are right.

    A design's draws are its own, and the same for every gap and every start.
    """
    key = (_ENTROPY, design.items, design.seeds, round(design.tolerance * 1000))
    rng = np.random.default_rng(np.random.SeedSequence(key))
    shape, spread = (design.seeds, design.items), design.spread
    total = 1 + spread.own**2 + spread.seed**2 + spread.both**2
    worse = ACCURACY - gap
    baseline_mean = math.sqrt(total) * float(ndtri(ACCURACY))
    candidate_mean = math.sqrt(total + spread.shots**2) * float(ndtri(worse))

    def normal(scale: float, *size: int) -> npt.NDArray[np.float32]:
        return rng.standard_normal(size, dtype=np.float32) * np.float32(scale)

    def values(mean: float, loose: float) -> npt.NDArray[np.float32]:
        fixed = difficulty + normal(spread.own, 1, design.items) + np.float32(mean)
        found = normal(loose, *shape)
        found += fixed
        found += normal(spread.seed, design.seeds, 1)
        return found

    for _ in range(replicates):
        difficulty = normal(1, 1, design.items)
        baseline = values(baseline_mean, spread.both) > 0
        yield values(candidate_mean, math.hypot(spread.both, spread.shots)) > 0, baseline


def gaps(candidate: Cells, baseline: Cells) -> npt.NDArray[np.float64]:
    """Return each seed's accuracy of the baseline less that of the candidate."""
    return np.asarray(baseline.mean(axis=1) - candidate.mean(axis=1), dtype=np.float64)


def _mean_gap(candidate: Cells, baseline: Cells, tolerance: float) -> bool:
    return bool(gaps(candidate, baseline).mean() <= tolerance)


def _best_seed(candidate: Cells, baseline: Cells, tolerance: float) -> bool:
    return bool(gaps(candidate, baseline).min() <= tolerance)


def _t_over_seeds(candidate: Cells, baseline: Cells, tolerance: float) -> bool:
    found = gaps(candidate, baseline)
    half = float(stdtrit(found.size - 1, _LEVEL)) * found.std(ddof=1) / math.sqrt(found.size)
    return bool(found.mean() + half <= tolerance)


def _pooled_rows(candidate: Cells, baseline: Cells, tolerance: float) -> bool:
    cells = candidate.size
    gap = (np.count_nonzero(baseline) - np.count_nonzero(candidate)) / cells
    variance = np.count_nonzero(baseline != candidate) / cells - gap * gap
    return bool(gap + float(ndtri(_LEVEL)) * math.sqrt(variance / (cells - 1)) <= tolerance)


def _mcnemar_ns(candidate: Cells, baseline: Cells, tolerance: float) -> bool:  # noqa: ARG001
    only_baseline = int(np.count_nonzero(baseline[0] & ~candidate[0]))
    only_candidate = int(np.count_nonzero(candidate[0] & ~baseline[0]))
    p = mcnemar(only_baseline, only_candidate).mid_p
    return only_baseline <= only_candidate or p > 1 - _LEVEL


NAIVE: Mapping[str, Gate] = {
    "mean gap": _mean_gap,
    "best seed": _best_seed,
    "t over seeds": _t_over_seeds,
    "pooled rows": _pooled_rows,
    "McNemar n.s.": _mcnemar_ns,
}
"""Whether each would promote: the gap (a mean, the least, or an upper 95% bound) is within the
tolerance; or the first seed alone is not significantly worse (mid-p, two-sided, .05)."""


class Rates(NamedTuple):
    """Shares of replicates."""

    passed: float
    failed: float
    widened: float
    """Intervals that are not the t interval alone."""
    naive: Mapping[str, float]
    """Promoted by each naive gate."""
    gap: float
    gap_error: float
    """Monte Carlo standard error of the mean gap."""


def rates(design: Design, gap: float, replicates: int, gates: Mapping[str, Gate] = NAIVE) -> Rates:
    """Return what becomes of candidates with this true gap, by our gate and by the naive ones.

    Passed: the one-sided 95% upper bound is within the tolerance; failed: the lower is beyond.
    """
    passed = failed = widened = 0
    naive = dict.fromkeys(gates, 0)
    found = np.empty(replicates)
    for i, (candidate, baseline) in enumerate(pairs(design, gap, replicates)):
        interval = parity_interval(
            candidate, baseline, claim="new_items_and_seeds", confidence=2 * _LEVEL - 1
        )
        found[i] = interval.estimate
        passed += interval.high <= design.tolerance
        failed += interval.low > design.tolerance
        widened += "widened" in interval.method
        for name, promotes in gates.items():
            naive[name] += promotes(candidate, baseline, design.tolerance)
    return Rates(
        passed / replicates,
        failed / replicates,
        widened / replicates,
        {name: count / replicates for name, count in naive.items()},
        float(found.mean()),
        float(found.std(ddof=1)) / math.sqrt(replicates),
    )
