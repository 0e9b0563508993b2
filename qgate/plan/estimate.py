"""How long a plan will take, roughly: modelled from its sizes, not measured."""

from __future__ import annotations

from qgate.charter.charter import Charter
from qgate.plan.plan import Plan

# Seconds on one core of a two-core cloud machine; right to within a factor of about 3.
_START = 6.0
_CLASSICAL_TRIAL = 0.05
_KERNEL_ENTRY = 1e-7
_STATE = 2e-4
_NOISY_STATE = 5e-3
"""A state and an effect behind noise, of about six qubits; each more takes four times as long."""


def estimated_seconds(plan: Plan) -> float:
    """Return a modelled duration in seconds: start and replay, states, trials, latency."""
    charter, schedule = plan.charter, plan.charter.schedule
    # A split of its own for every seed has states of its own, made again for each shot count.
    splits = len(schedule.seeds) * len(schedule.shots) if charter.data.validation.resample else 1
    rows = plan.train + plan.items
    seconds = _START
    for arm in charter.trial_arms:
        trials = len(plan.of(arm.role))
        if arm.circuit is not None:
            state = _STATE if arm.device is None else _NOISY_STATE
            seconds += splits * rows * state + trials * plan.train * rows * _KERNEL_ENTRY
        elif arm.kind == "estimator":
            seconds += trials * _CLASSICAL_TRIAL
    if any(gate.metric.startswith("latency_") for gate in charter.gates):
        seconds += latency_seconds(charter)
    return seconds


def latency_seconds(charter: Charter) -> float:
    """Return how long the requests of all arms that serve take at the charter's rate."""
    requests = charter.latency.requests + charter.latency.warmup
    served = sum(arm.kind != "recorded" for arm in charter.arms)
    return served * requests / charter.latency.rate_per_s
