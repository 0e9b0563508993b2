"""New processes that run trials: for speed, and to replay where nothing is left over."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager

import pebble

from qgate.arms.arm import Arm, TrialError, Workshop, build_arm
from qgate.charter.charter import ArmSpec
from qgate.plan.plan import TrialSpec
from qgate.trials.result import Failure, TrialResult, run_trial

_arms: dict[str, Arm] = {}
"""Filled once in each worker process, so that an arm travels there once and not with each trial."""


def run_in_workers(
    arms: Mapping[str, Arm], specs: Sequence[TrialSpec], workers: int
) -> Iterator[TrialResult]:
    """Yield results as they come from worker processes that hold the prepared arms."""
    with _pool(workers, _receive, (dict(arms),)) as pool:
        futures: dict[Future[TrialResult], TrialSpec] = {
            pool.schedule(_run, (spec,)): spec for spec in specs
        }
        for future in as_completed(futures):
            yield _result(future, futures[future])


def replay_trials(
    spec: ArmSpec, workshop: Workshop, specs: Sequence[TrialSpec]
) -> list[TrialResult]:
    """Run trials again from the data on, in a process that shares nothing with this one."""
    with _pool(1, _prepare, (spec, workshop)) as pool:
        futures = [(pool.schedule(_run, (trial,)), trial) for trial in specs]
        return [_result(future, trial) for future, trial in futures]


def _result(future: Future[TrialResult], spec: TrialSpec) -> TrialResult:
    try:
        return future.result()
    except pebble.ProcessExpired as error:
        return TrialResult(spec, Failure("worker_died", f"{error}; out of memory?"), 0.0)


@contextmanager
def _pool(
    workers: int, initializer: Callable[..., None], arguments: tuple[object, ...]
) -> Iterator[pebble.ProcessPool]:
    """Yield a pool whose processes never see the terminal's interrupt; this one answers it."""
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pool = pebble.ProcessPool(
            max_workers=workers,
            context=multiprocessing.get_context("spawn"),
            initializer=initializer,
            initargs=arguments,
        )
        pool.schedule(_ready)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
    try:
        yield pool
        pool.close()
    finally:
        pool.stop()
        pool.join()


def _ready() -> None:
    """Make the pool start its threads and processes while the interrupt is blocked."""


def _receive(arms: dict[str, Arm]) -> None:
    _arms.update(arms)


def _prepare(spec: ArmSpec, workshop: Workshop) -> None:
    _arms[spec.role] = build_arm(spec, workshop)


def _run(spec: TrialSpec) -> TrialResult:
    arm = _arms.get(spec.arm)
    if arm is None:
        raise TrialError("not_prepared", f"no arm {spec.arm!r} in this process")
    return run_trial(arm, spec)
