"""The stages of a run that measure something, each from a study and the stage before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from threadpoolctl import threadpool_limits

from qgate.arms.arm import Arm, Outcome, Server, TrialError, Workshop, build_arm
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.derived import ROLES
from qgate.data.dataset import Array
from qgate.errors import (
    ExecutionError,
    InterruptedRunError,
    InvalidFileError,
    TermError,
    UsageError,
)
from qgate.plan.plan import TrialSpec
from qgate.plan.study import Study
from qgate.quantum.drift import calibrations
from qgate.trials.books import Books
from qgate.trials.cache import TrialCache
from qgate.trials.engine import run_trials
from qgate.trials.result import Failure, TrialResult
from qgate.trials.serving import Latencies, measure_latency, read_latencies
from qgate.trials.tuned import tuned
from qgate.trials.workers import replay_trials

if TYPE_CHECKING:
    from qgate.quantum.portrait import Outlined

Results = Mapping[str, TrialResult]
"""Trial results by the digest of their spec."""


class Meter(Protocol):
    """Who is told of each trial, and says how long a run may go on."""

    def admits(self, spec: TrialSpec, uncounted: int = 1) -> bool:
        """Return whether a trial may begin that ran, or will, so many times uncounted."""
        ...

    def count(self, result: TrialResult) -> None:
        """Take note of a finished trial."""
        ...


class Unbounded:
    """Every trial may begin."""

    def admits(self, spec: TrialSpec, uncounted: int = 1) -> bool:
        """Return True."""
        del spec, uncounted
        return True

    def count(self, result: TrialResult) -> None:
        """Ignore it."""


_UNBOUNDED = Unbounded()


def tune(study: Study) -> Study:
    """Return a study whose arms are as tuned, on training rows alone.

    Raises:
        InvalidFileError: When a space names what an arm does not have.
        ExecutionError: When nothing could be fitted.

    """
    with _located(study):
        return tuned(study, lambda spec: _workshop(study, spec))


def prepare(study: Study, specs: Sequence[ArmSpec]) -> dict[str, Arm]:
    """Return the prepared arms by role.

    Raises:
        InvalidFileError: When a term of the charter turns out to be wrong.

    """
    progress = study.settings.progress
    named = [spec.id if spec.role in ("baseline", "candidate") else spec.role for spec in specs]
    progress.stage(f"prepare {' and '.join(named)}", len(specs))
    packages = study.inputs["packages"]
    progress.detail(f"with {', '.join(f'{name} {it}' for name, it in packages.items())}")
    arms: dict[str, Arm] = {}
    for spec in specs:
        with _located(study):
            arms[spec.role] = build_arm(spec, _workshop(study, spec))
        progress.advance()
    return arms


def outlines(study: Study) -> dict[str, tuple[Outlined, Array]]:
    """Return each arm's circuit and its training rows' features by role; nothing is simulated.

    Raises:
        InvalidFileError: When a circuit is beyond the charter's limits or its device.
        TrialError: When preparing an arm would take too much memory.

    """
    from qgate.arms import projected_kernel, quantum_kernel, quantum_solver, variational

    ways: dict[str, Callable[[ArmSpec, Workshop], tuple[Outlined, Array]]] = {
        "quantum_kernel": quantum_kernel.outline,
        "projected_kernel": projected_kernel.outline,
        "variational": variational.outline,
        "quantum_solver": quantum_solver.outline,
    }
    found: dict[str, tuple[Outlined, Array]] = {}
    for spec in study.charter.arms:
        if spec.kind in ways:
            with _located(study):
                found[spec.role] = ways[spec.kind](spec, _workshop(study, spec))
    return found


def figures(arms: Mapping[str, Arm]) -> dict[str, Any]:
    """Return the figures of each arm that has any: its circuit, and what its device makes of it."""
    return {role: arm.figures for role, arm in arms.items() if arm.figures}


def calibration(study: Study, figures: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return both snapshots' figures of each arm that names a later one, None without any.

    Raises:
        InvalidFileError: When they are not two snapshots of one device.

    """
    with _located(study):
        return calibrations(study.charter.arms, study.folder, figures)


def shot_seconds(study: Study) -> dict[str, float]:
    """Return the modelled seconds that a shot takes on a processor by role, empty if none is told.

    What the charter states, and the gates of the arm's circuit where its device's snapshot knows
    them. An arm that follows from the candidate counts as the candidate.

    Raises:
        InvalidFileError: When a circuit is beyond the charter's limits or its device.

    """
    from qgate.quantum.duration import gate_seconds

    stated = study.charter.budget.seconds_per_shot
    if stated is None:
        return {}
    gates = {
        role: gate_seconds(built) or 0.0
        for role, (built, _) in outlines(study).items()
        if built.placed is not None
    }
    return {
        arm.role: stated + gates.get(arm.role if arm.role == "baseline" else "candidate", 0.0)
        for arm in study.charter.trial_arms
    }


def run(
    study: Study,
    arms: Mapping[str, Arm],
    specs: Sequence[TrialSpec],
    meter: Meter = _UNBOUNDED,
    books: Books | None = None,
) -> Results:
    """Return every trial's result, from the cache or run now; fewer where the meter says stop.

    They run seed by seed, so that a run that is stopped has whole seeds to show. With books, what
    is run is marked as not counted yet, and what the meter counted is noted there.

    Raises:
        InvalidFileError: When only fitting shows a term of the charter to be wrong.
        InterruptedRunError: When a person stops it; what was finished is in the cache.

    """
    progress, workers = study.settings.progress, study.settings.workers
    folder, fresh = study.settings.state / "trials", study.settings.fresh
    cache = TrialCache(folder, progress.warn, books, reads=not fresh)
    progress.stage("run trials", len(specs))
    results: dict[str, TrialResult] = {}
    try:
        with _located(study):
            ordered = _seed_by_seed(study, specs)
            for result in run_trials(arms, ordered, cache, workers, meter.admits):
                results[result.spec.digest] = result
                meter.count(result)
                if books:
                    books.count(result.marks)
                progress.detail(str(result))
                progress.advance()
    except KeyboardInterrupt:
        raise InterruptedRunError(
            f"interrupted: {len(results)} of {len(specs)} trials are finished and kept; "
            "the same command goes on from there"
        ) from None
    return results


def _seed_by_seed(study: Study, specs: Sequence[TrialSpec]) -> list[TrialSpec]:
    """Return trials by seed, in the schedule's order; those of a seed in the plan's."""
    place = {seed: i for i, seed in enumerate(study.charter.schedule.seeds)}
    return sorted(specs, key=lambda spec: place.get(spec.seed, len(place)))


def refuse_failures(results: Results) -> None:
    """Raise on the first failed trial.

    Raises:
        ExecutionError: Naming arm, seed and cause.

    """
    for result in results.values():
        if isinstance(result.outcome, Failure):
            spec, failure = result.spec, result.outcome
            raise ExecutionError(
                f"{spec.arm} failed on seed {spec.seed}: {failure.kind}: {failure.message}"
            )


def replay(study: Study, results: Results) -> list[dict[str, Any]]:
    """Return, for a sample of the candidate's trials, outcome digests of first and second run."""
    candidate, progress = study.charter.candidate, study.settings.progress
    specs = study.plan.replayed()
    progress.stage("replay in a new process", 1)
    again = replay_trials(candidate, _workshop(study, candidate), specs)
    progress.advance()
    return [
        {
            "trial": spec.digest,
            "seed": spec.seed,
            "first": _digest(results[spec.digest]),
            "again": _digest(result),
        }
        for spec, result in zip(specs, again, strict=True)
    ]


def latency(study: Study, arms: Mapping[str, Arm]) -> dict[str, Latencies]:
    """Return latencies by role: measured where an arm can serve, read where they were recorded.

    An arm that fails to serve has none, which no gate on latency can pass; the failure is reported.
    """
    charter, progress = study.charter, study.settings.progress
    latencies: dict[str, Latencies] = {}
    servers: dict[str, Server] = {}
    for spec in charter.arms:
        if spec.recorded and spec.recorded.latency:
            path = study.folder / spec.recorded.latency
            latencies[spec.role] = read_latencies(path, spec.recorded.latency)
            continue
        server = _server(study, spec.role, arms[spec.role])
        if server is not None:
            servers[spec.role] = server
    if servers:
        progress.stage("measure latency", charter.latency.warmup + charter.latency.requests)
        items, _ = study.split.of_seed(charter.schedule.seeds[0]).validate_on
        try:
            with threadpool_limits(limits=1):  # threads that wait for each other are no service
                latencies |= measure_latency(servers, items, charter.latency, progress.advance)
        except TrialError as error:
            progress.warn(f"latency was not measured: {error}")
    return latencies


def _server(study: Study, role: str, arm: Arm) -> Server | None:
    charter = study.charter
    try:
        return arm.serve(charter.schedule.seeds[0], charter.serving_shots)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # not our class: see run_trial
        study.settings.progress.warn(f"{role} cannot serve: {type(error).__name__}: {error}")
        return None


@contextmanager
def _located(study: Study) -> Iterator[None]:
    """Give a term that turns out to be wrong its line and column."""
    try:
        yield
    except TermError as error:
        path = error.path
        if path and path[0] in ROLES:  # an arm made of the candidate has its terms
            path = ("candidate", *path[1:])
        raise InvalidFileError([study.source.finding(path, str(error), code=error.code)]) from None


def _workshop(study: Study, spec: ArmSpec) -> Workshop:
    cells = dict.fromkeys((t.seed, t.shots, t.replicate) for t in study.plan.of(spec.role))
    settings = study.settings
    return Workshop(
        study.split,
        study.folder,
        study.allowed_imports,
        tuple(cells),
        settings.max_memory,
        copies=1 if settings.workers == 1 else 1 + settings.workers,
        health=frozenset(gate.metric for gate in study.charter.gates),
    )


def _digest(result: TrialResult) -> str | None:
    return result.outcome.digest if isinstance(result.outcome, Outcome) else None
