"""What an arm is: the parts of its section of a charter, as frozen objects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
    trained: tuple[str, ...] = ()
    """Which of `scale`, `angle` the charter calls `trained`: their values are then starts."""


@dataclass(frozen=True)
class DeviceSpec:
    """A calibration snapshot, and the physical qubits to use; () for the best ones."""

    path: str
    qubits: tuple[int, ...] = ()
    current: str | None = None
    """A later snapshot of the same device, which this one is held against."""
    placed_by: str | None = None
    """The snapshot that decides on which qubits the circuit stands, where it is another."""


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
        return files_of(self.layers)

    @property
    def parts(self) -> tuple[str, ...]:
        """Return what a remediation may disable: its layers, and its mitigation."""
        asked = self.mitigation or Mitigation()
        named = {"readout_mitigation": asked.readout, "zero_noise": asked.zero_noise}
        return (*(layer.name for layer in self.layers), *(n for n, on in named.items() if on))


@dataclass(frozen=True)
class ProjectedKernel:
    """A Gaussian kernel of what each qubit alone tells of a row (Huang et al. 2021)."""

    layers: tuple[Layer, ...]
    repeat: int
    estimator: Step
    gamma: float | None = None
    """Of exp(-gamma sum of |rho_k(x) - rho_k(y)|^2); None for 1 / (qubits * their variance)."""
    device: DeviceSpec | None = None
    limits: Limits = Limits()

    @property
    def circuit_files(self) -> tuple[str, ...]:
        """Return the circuit files that its layers name."""
        return files_of(self.layers)

    @property
    def parts(self) -> tuple[str, ...]:
        """Return what a remediation may disable: its layers."""
        return tuple(layer.name for layer in self.layers)


@dataclass(frozen=True)
class Training:
    """How a circuit's weights are found."""

    gradient: str = "adjoint"
    """`adjoint` (exact, without noise or shots), `parameter_shift`, `spsa` (as the trial)."""
    loss: str | None = None
    """`cross_entropy`, `squared`, `weighted_fidelity`; None for the task's own."""
    steps: int = 300
    """The most."""
    batch: int | None = None
    """Rows of a step, drawn with replacement; None for all of them."""
    learning_rate: float = 0.05
    patience: int | None = None
    """Steps of a window: training ends where two in a row have one mean loss; None: never."""
    start: tuple[float, float] = (-math.pi, math.pi)
    """Between which the angles start, evenly drawn."""


@dataclass(frozen=True)
class Variational:
    """A circuit with trained weights: expectations of Z on some qubits decide."""

    layers: tuple[Layer, ...]
    repeat: int
    closing: tuple[Layer, ...] = ()
    """Layers after the last repetition."""
    readout: tuple[int, ...] = ()
    """Qubits that are read; () for all of them, or one for each of several classes."""
    training: Training = Training()
    device: DeviceSpec | None = None
    limits: Limits = Limits()

    @property
    def circuit_files(self) -> tuple[str, ...]:
        """Return the circuit files that its layers name."""
        return files_of((*self.layers, *self.closing))

    @property
    def parts(self) -> tuple[str, ...]:
        """Return what a remediation may disable: its layers."""
        return tuple(layer.name for layer in (*self.layers, *self.closing))


@dataclass(frozen=True)
class RandomFeatures:
    """A classical surrogate of a circuit: random Fourier features of its encoding's frequencies."""

    layers: tuple[Layer, ...]
    repeat: int = 1
    closing: tuple[Layer, ...] = ()
    estimator: Step | None = None
    """That takes a precomputed kernel; None for a linear model on the features."""
    count: int = 512

    @property
    def circuit_files(self) -> tuple[str, ...]:
        """Return the circuit files that its layers name."""
        return files_of((*self.layers, *self.closing))


@dataclass(frozen=True)
class Solver:
    """A classical solver of binary quadratic problems."""

    method: str
    """`exact`, `simulated_annealing`, `tabu`, `greedy` or `random`."""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """How the angles of a quantum solver are found."""

    method: str = "bfgs"
    """`bfgs` (exact gradients), `cobyla` or `spsa` (values as the trial estimates them)."""
    steps: int = 200
    """The most of each start."""
    starts: int = 5


@dataclass(frozen=True)
class QuantumSolver:
    """QAOA, or a circuit with trained weights, whose samples solve binary quadratic problems."""

    reps: int
    """Layers of QAOA (its p), or repetitions of `layers`."""
    layers: tuple[Layer, ...] = ()
    """() for QAOA."""
    search: Search = Search()
    answer: str = "best"
    """`best` of the shots, or their `mean`; with exact probabilities always the mean."""
    device: DeviceSpec | None = None
    limits: Limits = Limits()

    @property
    def circuit_files(self) -> tuple[str, ...]:
        """Return the circuit files that its layers name."""
        return files_of(self.layers)

    @property
    def parts(self) -> tuple[str, ...]:
        """Return what a remediation may disable: its layers."""
        return tuple(layer.name for layer in self.layers)


@dataclass(frozen=True)
class Tuning:
    """How many configurations are tried on training rows, in how many folds, and of what."""

    budget: int
    cv: int = 5
    space: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Values by parameter; `layer.key` for a layer's key."""


def files_of(layers: tuple[Layer, ...]) -> tuple[str, ...]:
    """Return the circuit files that layers name, each once."""
    return tuple(dict.fromkeys(layer.path for layer in layers if layer.path))


@dataclass(frozen=True)
class Recorded:
    """Files with predictions, and perhaps latencies, made elsewhere."""

    path: str
    latency: str | None


Circuit = QuantumKernel | ProjectedKernel | Variational | QuantumSolver
"""The kinds of arm that run a circuit."""


@dataclass(frozen=True)
class ArmSpec:
    """One arm; exactly one of ARM_KINDS is set."""

    role: str
    id: str
    preprocess: tuple[Step, ...] = ()
    estimator: Step | None = None
    strongest: tuple[str, ...] | None = None
    """Families of classical models of which the best one is picked on training rows."""
    quantum_kernel: QuantumKernel | None = None
    projected_kernel: ProjectedKernel | None = None
    variational: Variational | None = None
    solver: Solver | None = None
    quantum_solver: QuantumSolver | None = None
    random_features: RandomFeatures | None = None
    recorded: Recorded | None = None
    tuning: Tuning | None = None
    permuted: bool = False
    """Whether its training labels are permuted, with each seed in another way."""
    region: str | None = None
    """Where it is run, as the charter says; None where it does not."""

    @property
    def kind(self) -> str:
        """Return which kind of arm it is."""
        return next(k for k in ARM_KINDS if getattr(self, k) is not None)

    @property
    def circuit(self) -> Circuit | None:
        """Return the section of the circuit that it runs, None where it runs none."""
        return (
            self.quantum_kernel or self.projected_kernel or self.variational or self.quantum_solver
        )

    @property
    def layered(self) -> Circuit | RandomFeatures | None:
        """Return the section that holds layers, None where none does."""
        return self.circuit or self.random_features

    @property
    def device(self) -> DeviceSpec | None:
        """Return the device that its circuit is simulated on."""
        return self.circuit.device if self.circuit else None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return every class that the arm names."""
        kernel = self.quantum_kernel or self.projected_kernel or self.random_features
        own = (self.estimator, kernel.estimator if kernel else None)
        return (*self.preprocess, *(step for step in own if step))


ARM_KINDS = (
    "estimator",
    "strongest",
    "quantum_kernel",
    "projected_kernel",
    "variational",
    "solver",
    "quantum_solver",
    "random_features",
    "recorded",
)
