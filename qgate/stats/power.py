"""Chance that an interval will lie within a tolerance, before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, gammaincinv, gammaln, nctdtr, ndtr, ndtri, stdtrit, xlogy

from qgate.stats.paired import tango_interval, tango_score
from qgate.stats.parity import Components, sparseness

Array = npt.NDArray[np.float64]

_MOST_ITEMS = 10_000_000
_MOST_SEEDS = 10_000
_MOST_SHOTS = 4096.0
"""Largest factor by which shots are thought to be raised."""

# Above _MANY degrees of freedom the normal approximation of Johnson and Welch (1940) is right to
# 1e-4; beyond _FAR standard errors the noncentral t underflows, and is 0 or 1 anyway.
_MANY = 30
_FAR = 37.0
_MOST_TABLES = 4_000_000
"""Tables of a single seed that are enumerated; with more the normal approximation is as good."""
_FAR_TABLES = 6.5
"""Standard deviations of counts beyond which tables have no weight."""
_ITEM_NODES, _SEED_NODES = 24, 24
_HALVINGS = 30
_SHOTS_STEP = 0.01


@dataclass(frozen=True)
class Design:
    """How many seeds and items, and by which factor shots are raised over those assumed."""

    seeds: int
    items: int
    shots: float = 1.0


@dataclass(frozen=True)
class Spread:
    """What is assumed of one cell D[s, i]."""

    components: Components
    discordance: float | None = None
    """Mean of |D| for differences of successes; None for other cells, taken as normal."""
    reach: float = 1.0
    """How far one item can move one cell."""
    shot_power: float = 0.5
    """Shot variance falls as 1/shots to this power: 1 for scores, 1/2 for labels, which flip only
    where an item lies within the noise of the boundary, and of such items there are fewer as the
    noise falls."""

    def at(self, shots: float) -> Components:
        """Return the components with so many times the shots."""
        parts = self.components
        saved = parts.shots * (1 - shots**-self.shot_power)
        return replace(parts, residual=parts.residual - saved, shots=parts.shots - saved)


@dataclass(frozen=True)
class Question:
    """What is asked of a design: whether a gap lies within a tolerance, shown at a level.

    `confidence` is one-sided; `two_sided` asks for both ends within (equivalence); `gap` is the
    true gap.
    """

    tolerance: float
    claim: str
    confidence: float
    two_sided: bool = False
    gap: float = 0.0


def chance_to_pass(question: Question, spread: Spread, design: Design) -> float:
    """Return the chance that the gap is shown to lie within the tolerance.

    For a single seed of paired successes the exact power of Tango's score test, by enumeration of
    all tables. Otherwise that of the t interval at the degrees of freedom that the components
    promise and, where cells are sparse, of its widening to the score interval. The calibration
    tests hold it to simulation.

    Raises:
        ValueError: When the claim is unknown to the planned standard error's parts.

    """
    one = _one_sided(question, spread, design)
    if not question.two_sided:
        return one
    other = _one_sided(replace(question, gap=-question.gap), spread, design)
    return max(0.0, one + other - 1.0)


def _one_sided(question: Question, spread: Spread, design: Design) -> float:
    claim, tolerance, level = question.claim, question.tolerance, question.confidence
    if design.items < 2 or (claim == "this_dataset" and design.seeds < 2):
        return 0.0
    fixed_items = claim == "this_dataset"
    if not fixed_items and tolerance < spread.reach * smallest_tolerance(
        design.items, confidence=level
    ):
        return 0.0
    parts = spread.at(design.shots)
    se = planned_se(parts, design, claim)
    if se == 0:
        return 1.0 if question.gap <= tolerance else 0.0
    if spread.discordance is not None and not fixed_items:
        discordance = max(spread.discordance, abs(question.gap))
        if design.seeds == 1:
            return score_power(
                design.items, (discordance + question.gap) / 2, (discordance - question.gap) / 2,
                tolerance=tolerance, confidence=level,
            )  # fmt: skip
    if claim == "new_items_and_seeds" and design.seeds > 1:
        return _crossed_power(question, spread, parts, design)
    df = planned_df(parts, design, claim)
    critical, shift = float(stdtrit(df, level)), (tolerance - question.gap) / se
    if df > _MANY:
        scale = math.sqrt(1 + critical * critical / (2 * df))
        return float(ndtr((shift - critical * (1 - 1 / (4 * df))) / scale))
    return float(1 - nctdtr(df, max(min(shift, _FAR), -_FAR), critical))


def score_power(
    n: int, worse: float, better: float, *, tolerance: float, confidence: float
) -> float:
    """Return the exact chance that Tango's upper bound of worse - better lies within a tolerance.

    Args:
        n: Count of pairs.
        worse: Probability that only the baseline is right.
        better: Probability that only the candidate is.
        tolerance: In (0, 1).
        confidence: One-sided.

    Every table (b, c) of the trinomial that has weight is enumerated; where these are too many,
    the normal approximation with the planning variance is given (Liu et al. 2002, Statistics in
    Medicine 21:231-245).

    """
    discordance, z = worse + better, float(ndtri(confidence))
    if discordance <= 0:
        return (
            1.0 if tango_interval(0, 0, n, confidence=2 * confidence - 1)[1] <= tolerance else 0.0
        )
    b, c = (_counts(n, p) for p in (worse, better))
    if b.size * c.size > _MOST_TABLES:
        se = math.sqrt((discordance - (worse - better) ** 2) / n)
        return float(ndtr((tolerance - (worse - better)) / se - z))
    table_b, table_c = np.meshgrid(b, c, indexing="ij")
    neither = n - table_b - table_c
    possible = neither >= 0
    table_b, table_c, neither = table_b[possible], table_c[possible], neither[possible]
    weight = np.exp(
        gammaln(n + 1) - gammaln(table_b + 1) - gammaln(table_c + 1) - gammaln(neither + 1)
        + xlogy(table_b, worse) + xlogy(table_c, better) + xlogy(neither, 1 - discordance)
    )  # fmt: skip
    passed = tango_score(table_b, table_c, n, tolerance) <= -z
    return float(weight[passed].sum())


def _counts(n: int, p: float) -> Array:
    """Return the counts of a binomial that have weight."""
    reach = _FAR_TABLES * math.sqrt(n * p * (1 - p)) + _FAR_TABLES
    return np.arange(max(0.0, math.floor(n * p - reach)), min(n, math.ceil(n * p + reach)) + 1)


def _lasting(parts: Components, discordance: float) -> float:
    """Return the share of items on which the arms differ with every seed."""
    total = parts.item + parts.residual
    return discordance * (parts.item / total if total > 0 else 1.0)


def _discordant_items(parts: Components, discordance: float, seeds: int) -> float:
    """Return the share of items on which the arms differ with some seed."""
    lasting = _lasting(parts, discordance)
    return float(lasting + (1 - lasting) * (1 - (1 - (discordance - lasting)) ** seeds))


def _crossed_power(question: Question, spread: Spread, parts: Components, design: Design) -> float:
    """Return the chance for crossed items and seeds, averaged over the estimated mean squares.

    The largest estimate that still passes follows from the t bound at the degrees of freedom that
    those mean squares give, and from the score bound where cells are sparse.
    """
    if spread.discordance is None:
        spreads, df, _ = _standard_errors(parts, design, design.items - 1.0)
        most = question.tolerance - stdtrit(df, question.confidence) * spreads
        se = np.asarray(planned_se(parts, design, question.claim))
        return float(ndtr((most - question.gap) / se).mean())
    magnitude = max(spread.discordance, abs(question.gap))
    lasting = _lasting(parts, magnitude)
    # How many items differ for good is a count, which varies as chi-square with so many degrees.
    freedom = min(design.items - 1.0, max(2 * design.items * lasting, 1.0))
    spreads, df, factor = _standard_errors(parts, design, freedom)
    share = _discordant_items(parts, magnitude, design.seeds)
    sparse, worth = sparseness(question.gap, magnitude)
    pairs = worth * design.items if share < sparse else None
    seen = np.maximum(magnitude + lasting * (factor - 1), abs(question.gap))
    critical = stdtrit(df, question.confidence)
    most = _largest_passing(question, seen, spreads, critical, pairs)
    # Given that count, the estimate varies as so many items make it.
    se = np.sqrt(
        planned_se(parts, design, question.claim) ** 2 + parts.item * (factor - 1) / design.items
    )
    return float(ndtr((most - question.gap) / se).mean())


def _largest_passing(
    question: Question, magnitude: Array, spreads: Array, critical: Array, pairs: float | None
) -> Array:
    """Return the largest estimates that still pass, by bisection; sparse cells are of some pairs.

    The fewer losses are seen, the smaller both the estimate and its standard error: the magnitude
    follows the estimate by its regression on it, gap/magnitude.
    """
    z, tolerance, gap = float(ndtri(question.confidence)), question.tolerance, question.gap
    low, high = -magnitude, np.minimum(tolerance, magnitude)
    variance = magnitude - gap**2
    worth = np.minimum(variance / spreads**2, pairs or 0.0)
    for _ in range(_HALVINGS):
        estimate = (low + high) / 2
        seen = np.maximum(magnitude + gap / magnitude * (estimate - gap), np.abs(estimate))
        se = spreads * np.sqrt((seen - estimate**2) / variance)
        passes = estimate + critical * se <= tolerance
        if pairs is not None:
            worse, better = (seen + estimate) / 2, (seen - estimate) / 2
            passes &= tango_score(worse * worth, better * worth, worth, tolerance) <= -z
        low, high = np.where(passes, estimate, low), np.where(passes, high, estimate)
    return low


def _standard_errors(
    parts: Components, design: Design, freedom: float
) -> tuple[Array, Array, Array]:
    """Return equally likely standard errors and degrees of freedom, as the interval has them.

    The third array is by which factor the items' mean square is off, whose own degrees of freedom
    are `freedom`.
    """
    seeds, items = design.seeds, design.items
    ms_seed = (items * parts.seed + parts.residual) * _chi_square(seeds - 1, _SEED_NODES)
    grids = np.meshgrid(_chi_square(freedom, _ITEM_NODES), ms_seed)
    factor, seed = (grid.ravel() for grid in grids)
    item = seeds * parts.item * factor + parts.residual
    residual = parts.residual
    counts_item, counts_seed = item >= residual, seed >= residual
    both, neither = counts_item & counts_seed, ~counts_item & ~counts_seed
    total = np.where(counts_item, item, 0.0) + np.where(counts_seed, seed, 0.0)
    total += np.where(neither, residual, 0.0) - np.where(both, residual, 0.0)
    squares = np.where(counts_item, item**2 / (items - 1), 0.0)
    squares += np.where(counts_seed, seed**2 / (seeds - 1), 0.0)
    squares += np.where(both | neither, residual**2 / ((items - 1) * (seeds - 1)), 0.0)
    return np.sqrt(total / (seeds * items)), total**2 / squares, factor


def _chi_square(df: float, nodes: int) -> Array:
    """Return equally likely values of chi-square over its degrees of freedom."""
    middle = (np.arange(nodes) + 0.5) / nodes
    return np.asarray(2 * gammaincinv(df / 2, middle) / df, dtype=np.float64)


def planned_se(parts: Components, design: Design, claim: str) -> float:
    """Return the standard error that variance components promise for a design."""
    return math.sqrt(sum(variance_parts(parts, design, claim)))


def variance_parts(
    parts: Components, design: Design, claim: str
) -> tuple[float, float, float, float]:
    """Return what items, seeds, seed x item and shots add to the squared standard error."""
    # A single seed speaks only for its own artefact: its interval has no part for other seeds.
    seeds, items = design.seeds, design.items
    own = claim == "this_artifact" or (claim != "this_dataset" and seeds == 1)
    return (
        0.0 if claim == "this_dataset" else parts.item / items,
        0.0 if own else parts.seed / seeds,
        (parts.residual - parts.shots) / (items * seeds),
        parts.shots / (items * seeds),
    )


def planned_df(parts: Components, design: Design, claim: str) -> float:
    """Return the Satterthwaite degrees of freedom at the expected mean squares of a design."""
    seeds, items = design.seeds, design.items
    if claim == "this_dataset":
        return float(seeds - 1)
    if claim == "this_artifact" or seeds == 1:
        return float(items - 1)
    residual = parts.residual
    item, seed = seeds * parts.item + residual, items * parts.seed + residual
    total = item + seed - residual
    spread = (
        item**2 / (items - 1) + seed**2 / (seeds - 1) + residual**2 / ((items - 1) * (seeds - 1))
    )
    return total * total / spread if spread > 0 else float((items - 1) * (seeds - 1))


def smallest_tolerance(items: int, *, confidence: float) -> float:
    """Return the score bound with no discordant item at all: nothing smaller can ever pass."""
    return tango_interval(0.0, 0.0, items, confidence=2 * confidence - 1)[1]


@dataclass(frozen=True)
class Needs:
    """What of each alone gives a good chance; None where no number does."""

    items: int | None
    seeds: int | None
    shots: float | None
    """A factor on the shots."""


def needs(chance_of: Callable[[Design], float], design: Design, *, goal: float) -> Needs:
    """Return the fewest items, seeds and shots, each changed alone, at which a chance is reached.

    Args:
        chance_of: The chance of a design, rising with each of its counts.
        design: The design as it stands.
        goal: The chance wanted.

    """
    return Needs(
        _fewest(lambda items: chance_of(replace(design, items=items)) >= goal, _MOST_ITEMS),
        _fewest(lambda seeds: chance_of(replace(design, seeds=seeds)) >= goal, _MOST_SEEDS),
        _fewest_shots(lambda shots: chance_of(replace(design, shots=shots)) >= goal, design),
    )


def smallest_margin(chance_at: Callable[[float], float], most: float, *, goal: float) -> float:
    """Return the smallest margin in (0, most] at which a chance that rises with it is reached."""
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if chance_at(middle) >= goal else (middle, high)
    return high


def _fewest_shots(reached: Callable[[float], bool], design: Design) -> float | None:
    if not reached(_MOST_SHOTS) or reached(design.shots * (1 - _SHOTS_STEP)):
        return None  # none will do, or shots make no difference
    low, high = design.shots, _MOST_SHOTS
    while high / low > 1 + _SHOTS_STEP:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def share_power(
    share: float, bound: float, parts: Components, design: Design, claim: str, confidence: float
) -> float:
    """Return the chance that a success rate's exact lower bound is at least `bound`.

    Args:
        share: The true rate.
        bound: The smallest rate that may pass.
        parts: Variance components of one arm's successes.
        design: Seeds and items.
        claim: See `parity_interval`.
        confidence: One-sided.

    """
    if claim == "this_dataset":
        asked = Question(share - bound, claim, confidence)
        return _one_sided(asked, Spread(parts), design)
    n = float(design.items)
    if design.seeds > 1:
        se, df = planned_se(parts, design, claim), planned_df(parts, design, claim)
        if se == 0:
            return 1.0 if share >= bound else 0.0
        n = min(share * (1 - share) / se**2, float(design.items * design.seeds))
        n *= float(ndtri(confidence) / stdtrit(df, confidence)) ** 2
    size = max(1, math.floor(n))
    successes = np.arange(size + 1)
    # The lower bound is at least `bound` where so many successes are unlikely at it.
    shown = 1 - bdtr(successes - 1.0, size, bound) <= 1 - confidence
    shown[0] = False
    fewest = int(np.argmax(shown)) if shown.any() else size + 1
    return float(1 - bdtr(fewest - 1.0, size, share)) if fewest <= size else 0.0


def _fewest(reached: Callable[[int], bool], most: int) -> int | None:
    """Return the smallest number of at least 2 for which something holds, None beyond `most`."""
    if not reached(most):
        return None
    below, enough = 1, most
    while enough - below > 1:
        middle = (below + enough) // 2
        below, enough = (below, middle) if reached(middle) else (middle, enough)
    return enough
