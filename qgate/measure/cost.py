"""Cost on a device: the price list times counted circuits and shots. Always modelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgate.charter.arm_spec import ArmSpec, Training
from qgate.charter.charter import Gate, Prices, Shots
from qgate.evidence.evidence import Evidence, MissingTrialError
from qgate.lock.lock import Lock
from qgate.measure.measurement import Counts, Forecast, Measurement
from qgate.plan.plan import Plan
from qgate.stats.design import Design


@dataclass(frozen=True)
class DeviceUse:
    """Circuits submitted and shots taken."""

    circuits: int
    shots: int


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return US dollars for 1,000 predictions at the gate's shots, or for the whole run."""
    del advise
    prices = evidence.charter.budget.prices
    if prices is None:
        return Measurement(error="the charter has no price list: add budget.prices")
    method = f"modelled: {prices.source}, {prices.date}"
    try:
        _refuse_unknown(evidence, gate, prices)
        if gate.metric == "cost_total_usd":
            value, counts, note = _total(evidence, prices)
        else:
            value, counts, note = _per_thousand(evidence, evidence.charter.shots_of(gate), prices)
    except (MissingTrialError, ValueError) as error:
        return Measurement(error=str(error), method=method)
    return Measurement(value, bounded=False, counts=counts, method=method, notes=(note,))


def _refuse_unknown(evidence: Evidence, gate: Gate, prices: Prices) -> None:
    """Raise ValueError where something with a price was not counted: unknown is not free."""
    total = gate.metric == "cost_total_usd"
    arms = evidence.charter.trial_arms if total else (evidence.charter.candidate,)
    for arm in arms:
        shots = any(
            trial["arm"] == arm.role and trial["shots"] is not None
            for trial in evidence.record["trials"]
        )
        if arm.kind == "recorded" and shots and (prices.per_task or prices.per_shot):
            raise ValueError(f"the {arm.role} was recorded: its circuits are not counted")
    if total:
        failed = sum(trial["failure"] is not None for trial in evidence.record["trials"])
        if failed:
            raise ValueError(f"{failed} trials failed: what they took is not counted")
    elif prices.per_second and evidence.latencies("candidate") is None:
        raise ValueError("serving time has a price, but no latency of the candidate was measured")


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return that a count is always decided."""
    del plan, gate, lock, past
    return Forecast(True, None, "counted, not sampled")


def planned_use(plan: Plan, arms: Sequence[ArmSpec] | None = None) -> DeviceUse:
    """Return the most circuits and shots that a plan, or some of its arms, can take on a device."""
    circuits = shots = 0
    for arm in plan.charter.trial_arms if arms is None else arms:
        each = most_circuits(arm, plan)
        for trial in plan.of(arm.role):
            if trial.shots is not None:
                circuits += each
                shots += each * trial.shots
    return DeviceUse(circuits, shots)


def price(use: DeviceUse, prices: Prices) -> float:
    """Return US dollars for circuits and shots, without serving time."""
    return use.circuits * prices.per_task + use.shots * prices.per_shot


def candidate_usd(evidence: Evidence, gate: Gate, design: Design) -> float | None:
    """Return what the candidate's trials at a gate's shots would cost; None without prices.

    Modelled: circuits to train are those counted for each seed and replicate, circuits to predict
    grow with the items, shots by their factor.
    """
    prices, shots = evidence.charter.budget.prices, evidence.charter.shots_of(gate)
    if prices is None or shots is None:
        return None
    trials = [trial for seed in evidence.trials("candidate", shots) for trial in seed]
    per_trial = len(trials) / len(evidence.seeds)
    fit = sum(trial["fit_circuits"] for trial in trials) / len(trials)
    serving = sum(trial["serving_circuits"] for trial in trials) / len(trials) / evidence.items
    circuits = design.seeds * per_trial * (fit + serving * design.items)
    if not circuits:
        return None
    return price(DeviceUse(round(circuits), round(circuits * shots * design.shots)), prices)


def most_circuits(arm: ArmSpec, plan: Plan) -> int:
    """Return pairs to train on plus pairs to predict, were every training row a support vector.

    Behind noise a row's fidelity with itself is measured too, and zero-noise extrapolation takes a
    circuit for each of its scales.
    """
    if arm.projected_kernel is not None:
        return 3 * (plan.train + plan.items)  # each qubit in three bases
    if arm.variational is not None:
        return _most_of_training(arm.variational.training, plan.train) + plan.items
    if arm.quantum_solver is not None:
        search = arm.quantum_solver.search
        values = search.starts * search.steps * _VALUES_A_STEP[search.method]
        return plan.items * (values + 1)
    kernel = arm.quantum_kernel
    if kernel is None:
        return 0
    own = plan.train if kernel.device is not None else 0
    pairs = plan.train * (plan.train - 1) // 2 + own + plan.train * plan.items
    zero_noise = kernel.mitigation.zero_noise if kernel.mitigation else None
    return pairs * (len(zero_noise.scales) if zero_noise else 1)


_VALUES_A_STEP = {"bfgs": 0, "cobyla": 1, "spsa": 2}
"""Circuits that a step of a search takes on a device; exact gradients are a simulator's."""


def _most_of_training(training: Training, train: int) -> int:
    """Return the circuits of training by SPSA; by parameter shifts only the circuit tells."""
    if training.gradient != "spsa":
        return 0
    return 2 * (training.batch or train) * (training.steps + 10)  # ten pairs scale its first step


def used(evidence: Evidence) -> DeviceUse:
    """Return the circuits and shots that a run would have taken on a device, of all its arms."""
    circuits = shots = 0
    for trial in evidence.record["trials"]:
        if trial["failure"] is None and trial["shots"] is not None:
            each = trial["fit_circuits"] + trial["serving_circuits"]
            circuits += each
            shots += each * trial["shots"]
    return DeviceUse(circuits, shots)


def _total(evidence: Evidence, prices: Prices) -> tuple[float, Counts, str]:
    use = used(evidence)
    seconds = sum(evidence.observations["seconds"].values())
    note = f"{use.circuits:,} circuits and {use.shots:,} shots, had this run used a device"
    note += f", and {seconds:.1f} s of computing." if prices.per_second else "."
    return (
        price(use, prices) + seconds * prices.per_second,
        Counts(),
        note,
    )


def _per_thousand(evidence: Evidence, shots: Shots, prices: Prices) -> tuple[float, Counts, str]:
    trials = [trial for seed in evidence.trials("candidate", shots) for trial in seed]
    items = evidence.items
    circuits = sum(trial["serving_circuits"] for trial in trials) / (len(trials) * items)
    if circuits and shots is None:
        raise ValueError("exact probabilities have no price: name a shot count with `at`")
    per_item = circuits * (prices.per_task + (shots or 0) * prices.per_shot)
    per_item += _seconds(evidence) * prices.per_second
    note = f"{circuits:.1f} circuits of {shots or 0:,} shots a prediction."
    seeds = len({trial["seed"] for trial in trials})
    return 1000 * per_item, Counts(items, seeds, shots, len(trials) // seeds), note


def _seconds(evidence: Evidence) -> float:
    """Return mean serving seconds of one item, 0 where no latency was measured."""
    found = evidence.latencies("candidate")
    if found is None or not found[0].size:
        return 0.0
    return float(found[0].mean()) / 1000 / evidence.charter.latency.batch
