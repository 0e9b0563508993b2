"""What a run has taken so far, held against its budget: trial by trial, before and after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qgate.arms.arm import Outcome
from qgate.evidence.planned import whole_seeds
from qgate.measure.cost import most_circuits
from qgate.measure.spending import (
    UNITS,
    Spending,
    amount,
    enough,
    nothing,
    plus,
    spent_on,
    times,
    used_by,
)
from qgate.plan.estimate import estimated_seconds, latency_seconds
from qgate.plan.plan import Plan, TrialSpec
from qgate.trials.result import TrialResult

_SLACK = 1e-9
"""Relative; a sum of prices may end in another last digit than the cap."""
_MONTH = "per_month."
"""Before the name of a cap of all the runs of a month."""

_MODELLED = frozenset({"qpu_seconds", "usd"})

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

    Caps of the run bound what its evidence takes; caps of the month bound what is paid in it: what
    earlier runs paid, and of this one what ran now, or ran before and no logged run has counted.
    """

    def __init__(
        self,
        plan: Plan,
        shot_seconds: Mapping[str, float],
        started: float,
        *,
        latency: bool = False,
        spent: Spending | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Begin to count.

        Args:
            plan: Of the run; its charter has the budget.
            shot_seconds: Modelled seconds of a shot by role, empty if unknown.
            started: When the run began, on the clock.
            latency: Whether serving latency is measured at the end.
            spent: What the pilot's runs have spent in this month so far; None holds no month.
            clock: In seconds.

        """
        self.plan, self._shot_seconds = plan, shot_seconds
        self._started, self._latency, self._clock = started, latency, clock
        self._budget = plan.charter.budget
        self._total = self._paid = nothing(shot_seconds, self._budget.prices)
        self._before = Spending() if spent is None else spent
        self._month = {} if spent is None else self._budget.per_month.stated
        self._seen: dict[_Kind, _Seen] = {}
        self._counted: set[str] = set()
        self.stopped: dict[str, Any] | None = None
        """Why the run has to stop, as its record keeps it; None while it may go on."""

    def admits(self, spec: TrialSpec, uncounted: int = 1) -> bool:
        """Return whether a trial may begin.

        Args:
            spec: The trial.
            uncounted: How many times it ran, or is to run, that no logged run has counted: 0 of
                one that is kept and paid.

        """
        if self.stopped is None:
            expected = self._expected(spec)
            self._hold(expected, times(expected, uncounted), "the next trial")
        return self.stopped is None

    def count(self, result: TrialResult) -> None:
        """Count a finished trial, and stop where it went beyond a cap."""
        spec, outcome = result.spec, result.outcome
        done = outcome if isinstance(outcome, Outcome) else None
        circuits = done.fit_circuits + done.serving_circuits if done else 0
        spent = self._spent(spec, circuits, result.seconds, failed=done is None)
        self._total = plus(self._total, spent)
        # The clock counts the seconds of what runs now; of what ran before, nothing else does.
        earlier = times(spent, result.uncounted - int(result.fresh))
        now = times(replace(spent, seconds=0.0), int(result.fresh))
        self._paid = plus(self._paid, plus(earlier, now))
        seen = self._seen.get(_kind(spec), _Seen())
        self._seen[_kind(spec)] = seen.with_one(circuits, result.seconds)
        self._counted.add(spec.digest)
        if self.stopped is None:
            self._hold(Spending(), Spending(), "")

    def closes(self) -> bool:
        """Return whether there is time for what follows the last trial: replays and latency."""
        if self.stopped is None:
            what = "replays and latency" if self._latency else "the replays"
            coming = Spending(seconds=self._closing())
            self._hold(coming, coming, what)
        return self.stopped is None

    def spending(self) -> Spending:
        """Return what this run has to pay: its wall clock so far, and all that nobody counted."""
        return replace(self._paid, seconds=self._elapsed() + self._paid.seconds)

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

    def _hold(self, coming: Spending, to_pay: Spending, what: str) -> None:
        """Stop where a cap, of the run or of the month, is, or would be, exceeded."""
        own = replace(self._total, seconds=self._elapsed())
        month = plus(self._before, self.spending())
        for prefix, caps, so_far, more in (
            ("", self._budget.stated, own, coming),
            (_MONTH, self._month, month, to_pay),
        ):
            for cap, limit in caps.items():
                if so_far.of(cap) + more.of(cap) > limit * (1 + _SLACK):
                    self.stopped = {
                        "by": "budget",
                        "cap": f"{prefix}{cap}",
                        "limit": limit,
                        "spent": round(so_far.of(cap), 6),
                        "needs": enough(self._needed(cap, so_far)),
                        "reason": _reason(cap, limit, so_far, more, what, month=bool(prefix)),
                    }
                    return

    def _needed(self, cap: str, so_far: Spending) -> float:
        """Return what the whole plan would come to, on what is spent so far.

        By the largest trials so far; its time by their means, one after another. What is left
        counts whole, although some of it may be in the cache and paid.
        """
        left = [spec for spec in self.plan.trials if spec.digest not in self._counted]
        if cap == "minutes":
            trials = sum(self._seen.get(_kind(spec), _Seen()).mean for spec in left)
            more = trials + self._closing()
            more = max(more, estimated_seconds(self.plan) - self._elapsed())
            return (so_far.seconds + more) / 60
        return so_far.of(cap) + sum(self._foretold(spec).of(cap) for spec in left)

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


def _reason(
    cap: str, limit: float, so_far: Spending, more: Spending, what: str, *, month: bool
) -> str:
    spent = so_far.of(cap)
    when = " this month" if month else ""
    unit = f"{UNITS[cap]}{' (modelled)' if cap in _MODELLED else ''}"
    said = f"{amount(spent)} of {amount(limit)} {unit} are spent{when}"
    if spent > limit * (1 + _SLACK) or not what:
        return said
    verb = "takes" if what.endswith("trial") else "take"
    return f"{said}, and {what} {verb} about {amount(more.of(cap))}"
