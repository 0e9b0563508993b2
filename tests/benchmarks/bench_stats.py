"""Seconds of the numeric procedures, and the ratio to what one would write without them.

Run: python -m tests.benchmarks.bench_stats
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from qgate.digest import digest
from qgate.evidence.store import sealed, write_bundle
from qgate.stats import parity_interval, quantile_bounds
from qgate.stats.quantiles import clustered_quantile_bounds
from tests.unit.measure.small import INPUTS, document, evidence, times, trial

Array = npt.NDArray[np.float64]
_BOOTSTRAPS = 200


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(1)
    baseline = (rng.random((1, 10_000)) < 0.85).astype(float)
    candidate = np.where(rng.random((50, 10_000)) < 0.07, 1 - baseline, baseline)
    samples = rng.lognormal(size=1_000_000)

    print(f"{'procedure':50} {'seconds':>10} {'peer':>10} {'peer/own':>9}")
    own = _best(
        lambda: parity_interval(candidate, baseline, claim="new_items_and_seeds", confidence=0.9)
    )
    difference = baseline - candidate
    _row("parity, 10,000 x 50, bootstrap of items x seeds", own,
         _best(lambda: _bootstrap(difference), times=1))  # fmt: skip
    own = _best(lambda: quantile_bounds(samples, 0.95, confidence=0.95))
    _row("p95 bounds of 1,000,000, np.sort", own, _best(lambda: np.sort(samples)))
    _row("p95 bounds of 1,000,000, scipy quantile_test", own, _best(lambda: _peer(samples)))
    sessions = np.arange(samples.size) * 60 // samples.size
    own = _best(lambda: quantile_bounds(samples, 0.99, confidence=0.95))
    _row("p99 bounds of 1,000,000, np.sort", own, _best(lambda: np.sort(samples)))
    own = _best(lambda: clustered_quantile_bounds(samples, sessions, 0.99, confidence=0.95))
    _row("p99 bounds of 1,000,000 in 60 sessions, np.sort", own, _best(lambda: np.sort(samples)))
    with tempfile.TemporaryDirectory() as folder:
        _store_large_bundle(Path(folder))
        own = _best(lambda: _python("-m", "qgate", "judge", folder, "-q"))
    peer = _best(lambda: _python("-c", "import scipy.stats"))
    _row("judge 20 x 5 x 2 x 600, import scipy.stats", own, peer)


def _store_large_bundle(folder: Path) -> None:
    """Write evidence of 20 seeds x 5 shot counts x 2 replicates x 600 items, with ten gates."""
    rng = np.random.default_rng(1)
    seeds, shots = range(1, 21), (256, 512, 1024, 2048, 4096)
    truth = rng.integers(0, 2, 600)
    right = np.where(rng.random(600) < 0.9, truth, 1 - truth)

    def made(arm: str, seed: int, **cell: int) -> dict[str, object]:
        wrong = rng.random(600) < (0.04 if cell else 0)
        predicted = np.where(wrong, 1 - right, right)
        scores = np.round(truth + rng.normal(size=600), 6).tolist()
        entry = trial(arm, seed, predicted.tolist(), scores=scores, **cell)
        return {**entry, "digest": digest([arm, seed, cell])}

    metrics = [("accuracy", n) for n in shots] + [(m, 4096) for m in ("f1", "roc_auc")]
    gaps = [(f"val_{name}_gap_vs_classical", n) for name, n in metrics]
    asked = [*gaps, ("shot_noise_sd", 4096), ("latency_p95_ms", 4096), ("latency_p99_ms", 4096)]
    gates = [
        {"name": f"gate {i}", "metric": metric, "max": 0.02, "at": {"shots": n}, "owner": "a",
         "remediation": [{"rerun": "all"}]}
        for i, (metric, n) in enumerate(asked)
    ]  # fmt: skip
    trials = [made("baseline", seed) for seed in seeds]
    trials += [
        made("candidate", seed, shots=n, replicate=r)
        for n in shots for seed in seeds for r in (0, 1)
    ]  # fmt: skip
    latency = times(rng.lognormal(size=2000).tolist(), (np.arange(2000) * 60 // 2000).tolist())
    terms = document(seeds=seeds, shots=shots, gates=gates)
    run = evidence(
        trials,
        truth=truth.tolist(),
        charter=terms,
        inputs={**INPUTS, "charter": digest(terms)},
        latency={"candidate": latency},
        created="2026-01-01T00:00:00+00:00",
        machine={"python": "3.11", "platform": "any"},
    )
    write_bundle(sealed(run.record, run.observations, folder), {}, folder)


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], capture_output=True, check=False)


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
    print(f"{name:50} {own:10.4f} {peer:10.4f} {peer / own:9.1f}")


if __name__ == "__main__":
    main()
