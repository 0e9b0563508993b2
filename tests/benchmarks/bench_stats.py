"""Seconds of the numeric procedures, and the ratio to what one would write without them.

Run: python tests/benchmarks/bench_stats.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

from qgate.stats import parity_interval, quantile_bounds

Array = npt.NDArray[np.float64]
_BOOTSTRAPS = 200


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(1)
    baseline = (rng.random((1, 10_000)) < 0.85).astype(float)
    candidate = np.where(rng.random((50, 10_000)) < 0.07, 1 - baseline, baseline)
    samples = rng.lognormal(size=1_000_000)

    print(f"{'procedure':44} {'seconds':>10} {'peer':>10} {'peer/own':>9}")
    own = _best(
        lambda: parity_interval(candidate, baseline, claim="new_items_and_seeds", confidence=0.9)
    )
    difference = baseline - candidate
    _row("parity, 10,000 x 50, bootstrap of items x seeds", own,
         _best(lambda: _bootstrap(difference), times=1))  # fmt: skip
    own = _best(lambda: quantile_bounds(samples, 0.95, confidence=0.95))
    _row("p95 bounds of 1,000,000, np.sort", own, _best(lambda: np.sort(samples)))
    _row("p95 bounds of 1,000,000, scipy quantile_test", own, _best(lambda: _peer(samples)))


def _bootstrap(difference: Array) -> Array:
    """Return percentile ends: items and seeds resampled together, cell by cell."""
    rng = np.random.default_rng(2)
    seeds, items = difference.shape
    means = np.empty(_BOOTSTRAPS)
    for i in range(_BOOTSTRAPS):
        rows = rng.integers(0, seeds, seeds)
        columns = rng.integers(0, items, items)
        means[i] = difference[np.ix_(rows, columns)].mean()
    return np.asarray(np.quantile(means, [0.05, 0.95]), dtype=np.float64)


def _peer(samples: Array) -> object:
    found = stats.quantile_test(samples, q=float(np.quantile(samples, 0.95)), p=0.95)
    return found.confidence_interval(0.9)


def _best(run: Callable[[], object], times: int = 5) -> float:
    elapsed = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        elapsed.append(time.perf_counter() - started)
    return min(elapsed)


def _row(name: str, own: float, peer: float) -> None:
    print(f"{name:44} {own:10.4f} {peer:10.4f} {peer / own:9.1f}")


if __name__ == "__main__":
    main()
