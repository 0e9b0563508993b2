"""The local engine: what is in the cache is not run again, the rest is run here or in workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qgate.arms.arm import Arm
from qgate.plan.plan import TrialSpec
from qgate.trials.cache import TrialCache
from qgate.trials.result import TrialResult, run_trial
from qgate.trials.workers import run_in_workers


def run_trials(
    arms: Mapping[str, Arm], specs: Sequence[TrialSpec], cache: TrialCache, workers: int
) -> Iterator[TrialResult]:
    """Yield each trial's result, kept in the cache before it is yielded; in no fixed order."""
    missing: list[TrialSpec] = []
    for spec in specs:
        cached = cache.get(spec)
        if cached is None:
            missing.append(spec)
        else:
            yield cached
    fresh: Iterator[TrialResult]
    if workers == 1 or len(missing) < 2:
        fresh = (run_trial(arms[spec.arm], spec) for spec in missing)
    else:
        fresh = run_in_workers(arms, missing, workers)
    for result in fresh:
        cache.put(result)
        yield result
