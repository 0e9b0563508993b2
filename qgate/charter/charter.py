"""The charter: a pilot's terms as frozen objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Shots = int | None
"""A number of shots, or None for exact probabilities."""


@dataclass(frozen=True)
class Place:
    """Line and column (from 1) in the charter's file."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True)
class Threshold:
    """Bounds that a measurement is held against, in the metric's unit; at least one is set."""

    low: float | None = None
    high: float | None = None
    vs_baseline: float | None = None
    """Largest multiple of the baseline's value; beside the others, all must hold."""


@dataclass(frozen=True)
class Action:
    """One typed step of a remediation: a verb of the closed vocabulary and its object."""

    verb: str
    object: Any


@dataclass(frozen=True)
class Gate:
    """A clause of the contract: a measurement, a threshold, an owner and a remediation."""

    name: str
    metric: str
    threshold: Threshold
    owner: str
    remediation: tuple[Action, ...]
    shots: Shots | str = "largest"
    claim: str = "new_items_and_seeds"
    confidence: float = 0.95
    discordance: float | None = None
    slices: tuple[str, ...] | None = None
    """Values of the slice column that are judged one by one; () for every value, None for no."""
    mode: str = "enforce"
    """`enforce`, or `shadow`: judged and shown, and decides nothing."""
    note: str = ""
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Pilot:
    """Who answers for the pilot."""

    name: str
    owner: str
    description: str


@dataclass(frozen=True)
class Validation:
    """Which rows validate; one of fraction, column, path, everything is set."""

    fraction: float | None = None
    seed: int = 0
    column: str | None = None
    value: str | float = "validation"
    path: str | None = None
    everything: bool = False
    resample: bool = False
    """Whether each seed of the schedule draws a split of its own."""


@dataclass(frozen=True)
class DataSpec:
    """The data set; paths are relative to the charter's folder."""

    path: str
    target: str
    features: tuple[str, ...] | None
    id: str | None
    slice: str | None
    validation: Validation
    task: str = "classification"
    """`classification` or `regression`."""


@dataclass(frozen=True)
class Step:
    """A class path with constructor parameters."""

    path: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Layer:
    """A named layer of a circuit; which keys have a meaning depends on its kind."""

    name: str
    kind: str
    gate: str | None = None
    angle: float | None = None
    """Radians."""
    pairs: str | None = None
    """None for the kind's own default, as with `reps`."""
    scale: float = 1.0
    pair_scale: float = 1.0
    reps: int | None = None
    paulis: tuple[str, ...] = ("Z", "ZZ")
    alpha: float = 2.0
    angles: tuple[float, ...] | None = None
    """Fixed weights, radians."""
    seed: int | None = None
    """Of fixed weights that are drawn."""
    path: str | None = None
    bind: Mapping[str, float] = field(default_factory=dict)
    """Values of a circuit file's parameters that are no features."""


@dataclass(frozen=True)
class DeviceSpec:
    """A calibration snapshot, and the physical qubits to use; () for the best ones."""

    path: str
    qubits: tuple[int, ...] = ()


@dataclass(frozen=True)
class ZeroNoise:
    """Zero-noise extrapolation: odd factors that two-qubit noise is made stronger by, and a fit."""

    scales: tuple[int, ...]
    fit: str


@dataclass(frozen=True)
class Mitigation:
    """What is done about a device's errors."""

    readout: bool = False
    zero_noise: ZeroNoise | None = None

    @property
    def words(self) -> str:
        """Return what it is in words."""
        found = ["readout, by the snapshot's own figures as if they were exact"]
        found = found if self.readout else []
        if self.zero_noise is not None:
            scales = ", ".join(str(scale) for scale in self.zero_noise.scales)
            fit = self.zero_noise.fit
            found.append(f"two-qubit noise extrapolated from {scales} times as much, {fit}")
        return "; ".join(found) or "none"


@dataclass(frozen=True)
class Limits:
    """The most that the circuit of a pair may have; None where there is no limit."""

    qubits: int | None = None
    depth: int | None = None
    two_qubit_gates: int | None = None


@dataclass(frozen=True)
class QuantumKernel:
    """A fidelity kernel's circuit and the estimator that uses the kernel."""

    layers: tuple[Layer, ...]
    repeat: int
    estimator: Step
    device: DeviceSpec | None = None
    mitigation: Mitigation | None = None
    max_bond: int | None = None
    """The widest bond of matrix-product states; None for state vectors."""
    limits: Limits = Limits()
    spectrum: str = "as_measured"
    """`as_measured`, or `clip`: the training block's negative eigenvalues are set to 0."""

    @property
    def circuit_files(self) -> tuple[str, ...]:
        """Return the circuit files that its layers name."""
        return tuple(dict.fromkeys(layer.path for layer in self.layers if layer.path))

    @property
    def parts(self) -> tuple[str, ...]:
        """Return what a remediation may disable: its layers, and its mitigation."""
        asked = self.mitigation or Mitigation()
        named = {"readout_mitigation": asked.readout, "zero_noise": asked.zero_noise}
        return (*(layer.name for layer in self.layers), *(n for n, on in named.items() if on))


@dataclass(frozen=True)
class Recorded:
    """Files with predictions, and perhaps latencies, made elsewhere."""

    path: str
    latency: str | None


@dataclass(frozen=True)
class ArmSpec:
    """One arm; exactly one of estimator, quantum_kernel, recorded is set."""

    role: str
    id: str
    preprocess: tuple[Step, ...] = ()
    estimator: Step | None = None
    quantum_kernel: QuantumKernel | None = None
    recorded: Recorded | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return every class that the arm names."""
        kernel = self.quantum_kernel.estimator if self.quantum_kernel else None
        return (*self.preprocess, *(step for step in (self.estimator, kernel) if step))

    @property
    def kind(self) -> str:
        """Return which kind of arm it is."""
        return next(k for k in ARM_KINDS if getattr(self, k) is not None)


ARM_KINDS = ("estimator", "quantum_kernel", "recorded")


@dataclass(frozen=True)
class Schedule:
    """Which trials run."""

    seeds: tuple[int, ...]
    shots: tuple[Shots, ...]
    replicates: int
    replays: int
    looks: Looks | None = None


@dataclass(frozen=True)
class Looks:
    """When a run is looked at before its end: after so many `seeds` or `items`, rising."""

    by: str
    after: tuple[int, ...]

    def ends(self, total: int) -> tuple[int, ...]:
        """Return the counts at each look, the last one of all."""
        return (*self.after, total)


@dataclass(frozen=True)
class Attempts:
    """How often a lock may be run against, and whether the attempts share one error."""

    most: int | None = None
    spend: bool = False


@dataclass(frozen=True)
class LatencySpec:
    """How serving latency is measured; counts are of requests to each arm."""

    requests: int
    sessions: int
    rate_per_s: float
    warmup: int
    batch: int


@dataclass(frozen=True)
class Prices:
    """A provider's price list, in US dollars."""

    source: str
    date: str
    per_shot: float
    per_task: float
    per_second: float


@dataclass(frozen=True)
class Budget:
    """Limits that a plan must keep; None where there is none."""

    shots: int | None
    usd: float | None
    minutes: float | None
    prices: Prices | None


@dataclass(frozen=True)
class Rollback:
    """How traffic returns to the last known-good classical service."""

    strategy: str
    to: str
    approver: str
    verify: str | None


@dataclass(frozen=True)
class Charter:
    """A pilot's terms. `document` is the plain form that `digest` is taken of."""

    path: str
    document: Mapping[str, Any] = field(compare=False, repr=False)
    digest: str
    pilot: Pilot
    data: DataSpec
    baseline: ArmSpec
    candidate: ArmSpec
    schedule: Schedule
    gates: tuple[Gate, ...]
    latency: LatencySpec
    lockfile: str | None
    budget: Budget
    rollback: Rollback
    attempts: Attempts = Attempts()

    @property
    def arms(self) -> tuple[ArmSpec, ArmSpec]:
        """Return both arms, the baseline first."""
        return self.baseline, self.candidate

    @property
    def serving_shots(self) -> Shots:
        """Return the shot count taken for the one in production: the largest scheduled."""
        finite = [shots for shots in self.schedule.shots if shots is not None]
        return max(finite) if finite else None

    def shots_of(self, gate: Gate) -> Shots:
        """Return the shot count at which a gate is read: its own, else the one in production."""
        return self.serving_shots if isinstance(gate.shots, str) else gate.shots
