"""New processes that run trials: for speed, and to replay where nothing is left over."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import pickle
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path

import pebble

from qgate.arms.arm import Arm, TrialError, Workshop, build_arm
from qgate.charter.arm_spec import ArmSpec
from qgate.errors import ExecutionError
from qgate.plan.plan import TrialSpec
from qgate.trials.result import Failure, TrialResult, run_trial

_LONGEST_STOP = 10.0
"""Seconds."""

_arms: dict[str, Arm] = {}
_plans: dict[str, tuple[ArmSpec, Workshop]] = {}
"""Filled once in each worker process, so that an arm, or what it is built from, travels there once
and not with each trial."""


def run_in_workers(
    arms: Mapping[str, Arm], specs: Sequence[TrialSpec], workers: int
) -> Generator[TrialResult]:
    """Yield results as they come from worker processes that hold the prepared arms.

    Raises:
        ExecutionError: When an arm cannot be sent to another process.

    """
    with _parcel(dict(arms)) as parcel, _pool(workers, _receive, (parcel,)) as pool:
        futures: dict[Future[TrialResult], TrialSpec] = {
            pool.schedule(_run, (spec,)): spec for spec in specs
        }
        for future in as_completed(futures):
            yield _result(future, futures[future])


def replay_trials(
    spec: ArmSpec, workshop: Workshop, specs: Sequence[TrialSpec]
) -> list[TrialResult]:
    """Run trials again from the data on, in a process that shares nothing with this one.

    Raises:
        UsageError: When the arm cannot be built there.

    """
    with _parcel((spec, workshop)) as parcel, _pool(1, _plan, (parcel,)) as pool:
        futures = [(pool.schedule(_run, (trial,)), trial) for trial in specs]
        return [_result(future, trial) for future, trial in futures]


def _result(future: Future[TrialResult], spec: TrialSpec) -> TrialResult:
    try:
        return future.result()
    except (pebble.ProcessExpired, BrokenProcessPool) as error:
        return TrialResult(spec, Failure("worker_died", f"{error}; out of memory?"), 0.0)


@contextmanager
def _parcel(content: object) -> Iterator[Path]:
    """Yield a file of arms or of what they are made of, which every worker reads by itself.

    As an argument of a process they would pass through a pipe that is read only when the process
    has started, and the next process would wait for that.
    """
    with tempfile.TemporaryDirectory(prefix="qgate-") as folder:
        path = Path(folder, "arms.pickle")
        try:
            with path.open("wb") as file:
                pickle.dump(content, file)
        except OSError:
            raise
        except Exception as error:  # not our class: it may refuse in any way
            raise ExecutionError(
                f"an arm cannot be sent to worker processes ({type(error).__name__}: {error}): "
                "run its trials in this one, by --workers 1"
            ) from error
        yield path


@contextmanager
def _pool(
    workers: int, initializer: Callable[..., None], arguments: tuple[object, ...]
) -> Iterator[pebble.ProcessPool]:
    """Yield a pool whose processes never see the terminal's interrupt; this one answers it."""
    # Its start lets the interrupt through again; started before, it is left as it is.
    resource_tracker.ensure_running()
    others, pool = set(multiprocessing.active_children()), None
    try:
        with _deaf():  # an interrupt of these moments comes at its end, where the pool is known
            pool = pebble.ProcessPool(
                max_workers=workers,
                context=multiprocessing.get_context("spawn"),
                initializer=initializer,
                initargs=arguments,
            )
            pool.schedule(_ready)
        yield pool
        pool.close()
    finally:
        with _deaf():  # a second interrupt would leave processes behind
            if pool is not None:
                pool.stop()
                # A worker stopped while it starts may leave the pool waiting.
                with suppress(TimeoutError):
                    pool.join(timeout=_LONGEST_STOP)
            for left in set(multiprocessing.active_children()) - others:
                left.kill()  # it would look for semaphores that go away with this process
                left.join()


@contextmanager
def _deaf() -> Iterator[None]:
    """Keep the terminal's interrupt waiting until the block ends."""
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _ready() -> None:
    """Make the pool start its threads and processes while the interrupt is blocked."""


def _end_quietly() -> None:
    """Leave at once when this process ends by itself, as it does when the pool closes its pipe.

    The pool's SIGTERM comes at that moment, and Python, while it takes its signal handlers away,
    would print it as an error. By now streams are flushed and resources given back.
    """
    atexit.register(os._exit, 0)


def _receive(parcel: Path) -> None:
    _end_quietly()
    with parcel.open("rb") as file:
        _arms.update(pickle.load(file))  # noqa: S301  # written by the process that started this


def _plan(parcel: Path) -> None:
    _end_quietly()
    with parcel.open("rb") as file:
        spec, workshop = pickle.load(file)  # noqa: S301  # written by the process that started this
    _plans[spec.role] = spec, workshop


def _run(spec: TrialSpec) -> TrialResult:
    """Run a trial with this process's arm; a process that took another's place builds it anew."""
    try:
        if spec.arm not in _arms:
            _arms[spec.arm] = build_arm(*_plans[spec.arm])
        return run_trial(_arms[spec.arm], spec)
    except TrialError as error:
        return TrialResult(spec, Failure(error.kind, str(error)), 0.0)
