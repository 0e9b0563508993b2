"""What a run has taken so far, held against its budget: trial by trial, before and after each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qgate.arms.arm import Outcome
from qgate.evidence.planned import whole_seeds
from qgate.measure.cost import most_circuits
from qgate.measure.spending import Spending, nothing, plus, spent_on, used_by
from qgate.plan.estimate import estimated_seconds, latency_seconds
from qgate.plan.plan import Plan, TrialSpec
from qgate.trials.result import TrialResult

_SLACK = 1e-9
"""Relative; a sum of prices may end in another last digit than the cap."""
_DIGITS = 3
"""Of a cap that is proposed: rounded up to so many."""

_Kind = tuple[str, tuple[int, int] | None]
"""Trials that take about as many circuits as each other: of one arm and one block of items."""


@dataclass(frozen=True)
class _Seen:
    """Trials of a kind so far: the most that one has taken, and their number and time."""

    circuits: int = 0
    longest: float = 0.0
    trials: int = 0
    seconds: float = 0.0

    @property
    def mean(self) -> float:
        """Return the mean seconds of a trial."""
        return self.seconds / max(self.trials, 1)

    def with_one(self, circuits: int, seconds: float) -> _Seen:
        """Return it with one more."""
        return _Seen(
            max(self.circuits, circuits),
            max(self.longest, seconds),
            self.trials + 1,
            self.seconds + seconds,
        )


class Meter:
    """Counts what a run's evidence took in all, and what this run took of it itself.

    A trial is not begun where the largest one of its kind so far would go beyond a cap, nor after
    one that went beyond. So a cap is exceeded by one trial at most, and only where none of its
    kind had been seen; with several workers, what runs beside it is broken off. Wall clock is
    looked at between trials: a step that has begun is finished.
    """

    def __init__(
        self,
        plan: Plan,
        shot_seconds: Mapping[str, float],
        started: float,
        *,
        latency: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Begin to count.

        Args:
            plan: Of the run; its charter has the budget.
            shot_seconds: Modelled seconds of a shot by role, empty if unknown.
            started: When the run began, on the clock.
            latency: Whether serving latency is measured at the end.
            clock: In seconds.

        """
        self.plan, self._shot_seconds = plan, shot_seconds
        self._started, self._latency, self._clock = started, latency, clock
        self._budget = plan.charter.budget
        self._total = self._fresh = nothing(shot_seconds, self._budget.prices)
        self._seen: dict[_Kind, _Seen] = {}
        self._counted: set[str] = set()
        self.stopped: dict[str, Any] | None = None
        """Why the run has to stop, as its record keeps it; None while it may go on."""

    def admits(self, spec: TrialSpec) -> bool:
        """Return whether a trial may begin."""
        if self.stopped is None:
            self._hold(self._expected(spec), "the next trial")
        return self.stopped is None

    def count(self, result: TrialResult) -> None:
        """Count a finished trial, and stop where it went beyond a cap."""
        spec, outcome = result.spec, result.outcome
        done = outcome if isinstance(outcome, Outcome) else None
        circuits = done.fit_circuits + done.serving_circuits if done else 0
        spent = self._spent(spec, circuits, result.seconds, failed=done is None)
        self._total = plus(self._total, spent)
        if result.fresh:
            self._fresh = plus(self._fresh, spent)
        seen = self._seen.get(_kind(spec), _Seen())
        self._seen[_kind(spec)] = seen.with_one(circuits, result.seconds)
        self._counted.add(spec.digest)
        if self.stopped is None:
            self._hold(Spending(), "")

    def closes(self) -> bool:
        """Return whether there is time for what follows the last trial: replays and latency."""
        if self.stopped is None:
            what = "replays and latency" if self._latency else "the replays"
            self._hold(Spending(seconds=self._closing()), what)
        return self.stopped is None

    def spending(self) -> Spending:
        """Return what this run took itself, its wall clock so far included."""
        return replace(self._fresh, seconds=self._elapsed())

    def _elapsed(self) -> float:
        return self._clock() - self._started

    def _closing(self) -> float:
        means = (seen.mean for (arm, _), seen in self._seen.items() if arm == "candidate")
        replays = self.plan.charter.schedule.replays * max(means, default=0.0)
        return replays + (latency_seconds(self.plan.charter) if self._latency else 0.0)

    def _spent(
        self, spec: TrialSpec, circuits: int, seconds: float, *, failed: bool = False
    ) -> Spending:
        use = used_by(circuits, spec.shots, failed=failed)
        return spent_on(use, seconds, self._shot_seconds.get(spec.arm), self._budget.prices)

    def _expected(self, spec: TrialSpec) -> Spending:
        """Return the most that a trial of this kind took so far; its time is not foretold."""
        seen = self._seen.get(_kind(spec))
        if seen is None:
            return Spending()
        return replace(self._spent(spec, seen.circuits, seen.longest), seconds=0.0)

    def _hold(self, coming: Spending, what: str) -> None:
        """Stop where a cap is, or would be, exceeded."""
        so_far = replace(self._total, seconds=self._elapsed())
        for cap, limit in self._budget.stated.items():
            spent, more = so_far.of(cap), coming.of(cap)
            if spent + more > limit * (1 + _SLACK):
                self.stopped = {
                    "by": "budget",
                    "cap": cap,
                    "limit": limit,
                    "spent": round(spent, 6),
                    "needs": _rounded_up(self._needed(cap)),
                    "reason": _reason(cap, limit, spent, more, what),
                }
                return

    def _needed(self, cap: str) -> float:
        """Return what the whole plan would come to.

        By the largest trials so far; its time by their means, one after another.
        """
        left = [spec for spec in self.plan.trials if spec.digest not in self._counted]
        if cap == "minutes":
            trials = sum(self._seen.get(_kind(spec), _Seen()).mean for spec in left)
            found = self._elapsed() + trials + self._closing()
            return max(found, estimated_seconds(self.plan)) / 60
        return self._total.of(cap) + sum(self._foretold(spec).of(cap) for spec in left)

    def _foretold(self, spec: TrialSpec) -> Spending:
        seen = self._seen.get(_kind(spec))
        if seen is not None:
            return self._spent(spec, seen.circuits, seen.longest)
        arm = next(arm for arm in self.plan.charter.trial_arms if arm.role == spec.arm)
        return self._spent(spec, most_circuits(arm, self.plan), 0.0)


def stop_record(meter: Meter, finished: Collection[str], taken: int) -> tuple[dict[str, Any], int]:
    """Return why a run was stopped, with its whole seeds, and the look that it has to show.

    That is the last planned look whose trials are all there, or the first one on the way to it.

    Args:
        meter: That stopped the run.
        finished: Digests of the trials that ran.
        taken: Number of the planned look, from 1, that it was stopped on the way to.

    """
    assert meter.stopped is not None  # noqa: S101  # it is asked of a run that was stopped
    due = meter.plan.stage(taken - 1)
    look = taken if all(spec.digest in finished for spec in due) else max(taken - 1, 1)
    return {**meter.stopped, "seeds": whole_seeds(meter.plan, finished, look - 1)}, look


def _kind(spec: TrialSpec) -> _Kind:
    return spec.arm, spec.items


def _rounded_up(value: float) -> float:
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) + 1 - _DIGITS)
    found = math.ceil(value / step - _SLACK) * step
    return round(found, 9)


_UNITS = {
    "shots": "shots",
    "qpu_seconds": "seconds of a quantum processor (modelled)",
    "usd": "US dollars (modelled)",
    "minutes": "minutes",
}


def _reason(cap: str, limit: float, spent: float, more: float, what: str) -> str:
    said = f"{spent:,.6g} of {limit:,.6g} {_UNITS[cap]} are spent"
    if spent > limit * (1 + _SLACK) or not what:
        return said
    verb = "takes" if what.endswith("trial") else "take"
    return f"{said}, and {what} {verb} about {more:,.6g}"
