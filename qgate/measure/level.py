"""At which level a gate is judged, after planned looks and attempts have taken their share."""

from __future__ import annotations

import functools

from qgate.charter.charter import Attempts, Charter, Gate
from qgate.evidence.evidence import Evidence
from qgate.measure.registry import METRICS
from qgate.stats.sequential import nominal_levels

_LEAST_LEVEL = 1e-10
"""A level below has no bound that floating point could tell from none; so much error is nothing."""


def confidence_of(gate: Gate, evidence: Evidence) -> float:
    """Return the one-sided confidence of the gate's bounds at the look that evidence holds."""
    error = share_of_error(gate, evidence.charter.attempts)
    looks = evidence.record.get("looks")
    if looks is None or not METRICS[gate.metric].interim:
        return 1 - error
    levels = _levels(tuple(looks["ends"]), error)
    return 1 - levels[int(looks["taken"]) - 1]


def look_levels(charter: Charter, ends: tuple[int, ...]) -> dict[str, list[float]]:
    """Return for each gate that is looked at its one-sided level at each look.

    The spending time of a look is its share of the seeds or items. The information at a look is
    never a smaller share, since the other factor of the design is there from the first look; so
    the looks are at least as correlated as assumed, and the error is kept (Lan and DeMets 1983)
    as far as the variances are known; with few seeds that differ much it is not quite, which is
    why no look is taken before 3 seeds.

    Args:
        charter: The terms.
        ends: Seeds or items at each look, the last of all.

    """
    return {
        gate.name: list(_levels(ends, share_of_error(gate, charter.attempts)))
        for gate in charter.gates
        if METRICS[gate.metric].interim
    }


@functools.lru_cache(maxsize=64)
def _levels(ends: tuple[int, ...], error: float) -> tuple[float, ...]:
    levels = nominal_levels([end / ends[-1] for end in ends], alpha=error)
    return tuple(max(level, _LEAST_LEVEL) for level in levels)


def share_of_error(gate: Gate, attempts: Attempts) -> float:
    """Return what one attempt may err: the gate's error, or its part where attempts share it."""
    error = 1 - gate.confidence
    return error / attempts.most if attempts.spend and attempts.most else error


def error_after(attempt: int, error: float) -> float:
    """Return the chance that one of so many attempts, each with this error, passes by luck.

    As if the attempts were independent; the same data make them less so.
    """
    return float(1 - (1 - error) ** attempt)
