"""The local engine: what is in the cache is not run again, the rest is run here or in workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from qgate.arms.arm import Arm
from qgate.plan.plan import TrialSpec
from qgate.trials.cache import TrialCache
from qgate.trials.result import TrialResult, run_trial
from qgate.trials.workers import run_in_workers

Admits = Callable[[TrialSpec, int], bool]
"""Whether a trial may still begin, and how many times it ran, or will, that nobody has counted yet;
once it says no, nothing more is run."""


def run_trials(
    arms: Mapping[str, Arm],
    specs: Sequence[TrialSpec],
    cache: TrialCache,
    workers: int,
    admits: Admits = lambda *_: True,
) -> Iterator[TrialResult]:
    """Yield each trial's result, kept in the cache before it is yielded.

    In this process they come in the order of the specs. From workers they come as they end, after
    what is in the cache; those that run when `admits` says no are broken off.
    """
    known = {spec.digest: cached for spec in specs if (cached := cache.get(spec)) is not None}
    missing = [spec for spec in specs if spec.digest not in known]
    if workers == 1 or len(missing) < 2:
        for spec in specs:
            kept = _kept(known, spec)
            if not admits(spec, kept.uncounted if kept else 1):
                return
            yield kept or cache.put(run_trial(arms[spec.arm], spec))
        return
    for spec in specs:
        if kept := _kept(known, spec):
            if not admits(spec, kept.uncounted):
                return
            yield kept
    left = {spec.digest: spec for spec in missing}
    if not admits(missing[0], 1):
        return
    with closing(run_in_workers(arms, missing, workers)) as fresh:
        for result in fresh:
            del left[result.spec.digest]
            yield cache.put(result)
            if left and not admits(next(iter(left.values())), 1):
                return


def _kept(known: Mapping[str, TrialResult], spec: TrialSpec) -> TrialResult | None:
    found = known.get(spec.digest)
    return None if found is None else replace(found, fresh=False)
