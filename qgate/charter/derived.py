"""Arms that follow from the candidate: the ablations that a referee asks for, a drifted device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qgate.charter.arm_spec import (
    ArmSpec,
    Layer,
    ProjectedKernel,
    QuantumKernel,
    RandomFeatures,
    Solver,
    Variational,
)

if TYPE_CHECKING:
    from qgate.charter.charter import Charter

DRIFTED = "drifted"
"""The candidate behind its device's current snapshot."""
WITHOUT_ENTANGLEMENT = "without_entanglement"
"""The candidate's circuit without its entanglers."""
SURROGATE = "classical_surrogate"
"""Random features with the circuit's frequencies in its place; of a solver, random draws."""
PERMUTED = "permuted_labels"
"""The candidate, trained on permuted labels."""
ROLES = (DRIFTED, WITHOUT_ENTANGLEMENT, SURROGATE, PERMUTED)

ABLATIONS = {
    "quantum_contribution": (WITHOUT_ENTANGLEMENT, SURROGATE),
    "label_leak": (PERMUTED,),
}
"""Roles that a metric compares the candidate with."""

_DROPPED = ("zz", "entangle")
_SEALED = ("circuit", "amplitude")
"""Layers whose entanglers cannot be told apart."""


def derived_arms(candidate: ArmSpec, metrics: Iterable[str], draws: int = 1) -> tuple[ArmSpec, ...]:
    """Return the arms that the gates' metrics, or a current snapshot, ask for besides both.

    Ablations are tuned by themselves, with the candidate's budget; the others are as the candidate.

    Args:
        candidate: As stated, or as tuned.
        metrics: Of the gates.
        draws: Of the surrogate of a solver, see `draws_of`.

    """
    asked = {role for metric in metrics for role in ABLATIONS.get(metric, ())}
    if candidate.device is not None and candidate.device.current is not None:
        asked.add(DRIFTED)
    made = ((role, _MAKERS[role](candidate)) for role in ROLES if role in asked)
    found = (replace(spec, role=role) for role, spec in made if spec is not None)
    return tuple(
        replace(spec, solver=Solver("random", {"num_reads": draws})) if spec.solver else spec
        for spec in found
    )


def draws_of(charter: Charter) -> int:
    """Return how many assignments drawn at random are as good a chance as a solver's own shots.

    The best of many draws grows with their number, so there are as many as shots of the gates on
    quantum_contribution, of several counts the most; and one where the answer is a mean.
    """
    spec = charter.candidate.quantum_solver
    if spec is None or spec.answer != "best":
        return 1
    read = (charter.shots_of(g) for g in charter.gates if g.metric == "quantum_contribution")
    return max((shots for shots in read if shots is not None), default=1)


def _drifted(candidate: ArmSpec) -> ArmSpec | None:
    device = candidate.device
    if device is None or device.current is None:
        return None
    later = replace(device, path=device.current, current=None, placed_by=device.path)
    return replace(_with_circuit(candidate, device=later), tuning=None)


def _without_entanglement(candidate: ArmSpec) -> ArmSpec | None:
    circuit = candidate.circuit
    if not isinstance(circuit, QuantumKernel | ProjectedKernel | Variational):
        return None
    if entanglement_sealed((*circuit.layers, *getattr(circuit, "closing", ()))):
        return None
    parts = {"layers": separable(circuit.layers)}
    if isinstance(circuit, Variational):
        parts["closing"] = separable(circuit.closing)
    return _with_circuit(candidate, **parts)


def _with_circuit(candidate: ArmSpec, **changes: Any) -> ArmSpec:
    changed: dict[str, Any] = {candidate.kind: replace(candidate.circuit, **changes)}  # type: ignore[type-var]
    return replace(candidate, **changed)


def entanglement_sealed(layers: tuple[Layer, ...]) -> bool:
    """Return whether entanglers stand where they cannot be removed: in a file, in amplitudes."""
    return any(layer.kind in _SEALED for layer in layers)


def separable(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Return layers without what acts on more than one qubit."""
    return tuple(part for layer in layers for part in _alone(layer))


def _alone(layer: Layer) -> Iterator[Layer]:
    if layer.kind in _DROPPED:
        return
    if layer.kind == "iqp":
        for _ in range(layer.reps or 1):
            yield Layer(layer.name, "hadamard")
            yield Layer(layer.name, "angle", gate="rz", scale=layer.scale)
    elif layer.kind == "zz_feature_map":
        yield replace(layer, kind="z_feature_map", pairs=None)
    elif layer.kind == "pauli_feature_map":
        single = tuple(pauli for pauli in layer.paulis if len(pauli) == 1)
        yield replace(layer, paulis=single, pairs=None)
    elif layer.kind == "reupload":
        yield replace(layer, gate=None, pairs=None)
    else:
        yield replace(layer, pairs="none") if layer.kind in _ANSAETZE else layer


_ANSAETZE = ("real_amplitudes", "efficient_su2", "hardware_efficient")


def _surrogate(candidate: ArmSpec) -> ArmSpec | None:
    circuit = candidate.circuit
    without: dict[str, Any] = {candidate.kind: None}
    plain = replace(candidate, **without)
    if candidate.quantum_solver is not None:
        return replace(plain, solver=Solver("random"))
    if isinstance(circuit, QuantumKernel | ProjectedKernel):
        step = circuit.estimator
        features = RandomFeatures(circuit.layers, circuit.repeat, (), step)
        return replace(plain, random_features=features)
    if isinstance(circuit, Variational):
        features = RandomFeatures(circuit.layers, circuit.repeat, circuit.closing, None)
        return replace(plain, random_features=features)
    return None


def _permuted(candidate: ArmSpec) -> ArmSpec | None:
    trains = candidate.recorded is None and candidate.quantum_solver is None
    if not trains or candidate.solver is not None:
        return None
    return replace(candidate, permuted=True, tuning=None)


_MAKERS: dict[str, Callable[[ArmSpec], ArmSpec | None]] = {
    DRIFTED: _drifted,
    WITHOUT_ENTANGLEMENT: _without_entanglement,
    SURROGATE: _surrogate,
    PERMUTED: _permuted,
}
