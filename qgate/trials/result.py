"""What came of a trial."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from threadpoolctl import threadpool_limits

from qgate.arms.arm import Arm, Outcome, TrialError
from qgate.errors import QgateError
from qgate.plan.plan import TrialSpec


@dataclass(frozen=True)
class Failure:
    """Why a trial has no outcome: a stable kind, and a message for people."""

    kind: str
    message: str


@dataclass(frozen=True)
class TrialResult:
    """A trial's outcome or failure, and the seconds that it took."""

    spec: TrialSpec
    outcome: Outcome | Failure
    seconds: float
    fresh: bool = field(default=True, compare=False)
    """Whether it ran just now, and was not kept of an earlier run."""
    marks: tuple[str, ...] = field(default=(), compare=False)
    """Of each time that it ran and no logged run has counted, this one included."""

    def __str__(self) -> str:
        """Return which trial it is and what became of it, without what its failure says of data."""
        spec, took = self.spec, f"{self.seconds:.3g} s"
        shots = "exact" if spec.shots is None else f"{spec.shots:,} shots"
        end = took if self.fresh else f"kept of an earlier run ({took} then)"
        if isinstance(self.outcome, Failure):
            end = f"failed ({self.outcome.kind}) after {took}"
        part = f", items {spec.items[0]} to {spec.items[1] - 1}" if spec.items else ""
        return f"{spec.arm} seed {spec.seed}, {shots}, replicate {spec.replicate}{part}: {end}"

    @property
    def uncounted(self) -> int:
        """Return how many times it ran that no logged run has counted."""
        return len(self.marks) or int(self.fresh)


def run_trial(arm: Arm, spec: TrialSpec) -> TrialResult:
    """Run one trial on one BLAS thread, so that its sums do not depend on the machine's cores.

    An error of the arm's own code becomes a typed failure, and so does its `sys.exit`, which must
    not end this program with a code of its own; what the user can mend in the charter is raised.

    Raises:
        UsageError: When the charter's terms, not the trial, are at fault.

    """
    started = time.perf_counter()
    try:
        with threadpool_limits(limits=1):
            outcome: Outcome | Failure = arm.run(spec.seed, spec.shots, spec.replicate, spec.items)
    except TrialError as error:
        outcome = Failure(error.kind, str(error))
    except QgateError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # not our class: its failure is a result
        outcome = Failure(type(error).__name__, str(error))
    return TrialResult(spec, outcome, time.perf_counter() - started)
