"""What the schema cannot see of a circuit: layers that do not fit, terms that clash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qgate.charter.arm_spec import (
    ArmSpec,
    Layer,
    QuantumSolver,
    Variational,
)
from qgate.charter.charter import Charter
from qgate.charter.vocabulary import QUBITS, Vocabulary
from qgate.charter.yaml_reader import Path_, Source
from qgate.errors import Finding

_KEEPS_COLUMNS = frozenset(
    f"sklearn.preprocessing.{name}" for name in ("StandardScaler", "MinMaxScaler", "RobustScaler")
)
_LEAVES_COLUMNS = {"sklearn.decomposition.PCA": "n_components"}
_LISTS = ("layers", "closing")


def circuit_findings(charter: Charter, source: Source, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield what is wrong with the circuits of both arms and with how they are simulated."""
    for arm in charter.arms:
        if arm.layered is not None:
            yield from _layers(charter, arm, source, vocabulary)
            yield from _simulation(arm, source)


def _layers(
    charter: Charter, arm: ArmSpec, source: Source, vocabulary: Vocabulary
) -> Iterator[Finding]:
    """Yield what is wrong with an arm's layers, one by one."""
    place: Path_ = (arm.role, arm.kind)
    section = charter.document[arm.role][arm.kind]
    trains = isinstance(arm.layered, Variational | QuantumSolver)
    names: set[str] = set()
    qubits = _qubits(charter, arm, vocabulary)
    for path, layer, stated in layers_at(arm, section):
        here: Path_ = (*place, *path)
        if layer.name in names:
            yield source.finding((*here, "name"), f"layer {layer.name!r} stands twice")
        names.add(layer.name)
        terms = vocabulary.layers[layer.kind]
        for key, message in terms.complaints(layer, stated, trains=trains):
            yield source.finding((*here, key), message)
        if terms.turns and qubits and (miscount := terms.miscount(layer, qubits)):
            yield source.finding((*here, "angles"), miscount)
        if terms.width == "amplitudes":
            yield from _amplitudes(section.get("repeat", 1), path, layer, source, place)


def layers_at(arm: ArmSpec, section: Any) -> Iterator[tuple[Path_, Layer, Any]]:
    """Yield each layer of an arm's circuit with its path in the section and what is stated."""
    for key in _LISTS:
        layers: tuple[Layer, ...] = getattr(arm.layered, key, ())
        for i, (layer, stated) in enumerate(zip(layers, section.get(key, ()), strict=True)):
            yield (key, i), layer, stated


def _simulation(arm: ArmSpec, source: Source) -> Iterator[Finding]:
    """Yield what of a kernel's device, mitigation and simulation does not go together."""
    kernel = arm.quantum_kernel
    if kernel is None:
        return
    place: Path_ = (arm.role, "quantum_kernel")
    if kernel.mitigation is not None and kernel.device is None:
        message = "there is no noise to mitigate: add `device`"
        yield source.finding((*place, "mitigation"), message)
    if kernel.max_bond is not None and kernel.device is not None:
        message = "matrix-product states are simulated without noise: remove this or `device`"
        yield source.finding((*place, "matrix_product_state"), message)
    zero_noise = kernel.mitigation.zero_noise if kernel.mitigation else None
    if zero_noise is not None:
        scales = zero_noise.scales
        rising = list(scales) == sorted(set(scales))
        if scales[0] != 1 or not rising or any(scale % 2 == 0 for scale in scales):
            message = "scales are odd numbers, rising from 1, such as [1, 3, 5]"
            yield source.finding((*place, "mitigation", "zero_noise", "scales"), message)


def _amplitudes(
    repeat: int, path: Path_, layer: Layer, source: Source, place: Path_
) -> Iterator[Finding]:
    if path != ("layers", 0):
        message = f"a layer of kind {layer.kind!r} prepares a state: it must stand first"
        yield source.finding((*place, *path, "kind"), message)
    elif repeat > 1:
        message = f"layer {layer.name!r} prepares a state, which cannot be repeated"
        yield source.finding((*place, "repeat"), message)


def _qubits(charter: Charter, arm: ArmSpec, vocabulary: Vocabulary) -> int | None:
    """Return the qubits of an arm's circuit, None where only a run can know them."""
    features = _features(charter, arm)
    if features is None or arm.layered is None:
        return None
    layers = (*arm.layered.layers, *getattr(arm.layered, "closing", ()))
    widths = {vocabulary.layers[layer.kind].width for layer in layers}
    if "file" in widths:
        return None
    found = {QUBITS[width](features) for width in widths - {"any"}} or {features}
    return found.pop() if len(found) == 1 else None


def _features(charter: Charter, arm: ArmSpec) -> int | None:
    """Return the number of columns after preprocessing, None where it does not stand there."""
    for step in reversed(arm.preprocess):
        if step.path in _KEEPS_COLUMNS:
            continue
        count = step.params.get(_LEAVES_COLUMNS.get(step.path, ""))
        return count if isinstance(count, int) and count > 0 else None
    return len(charter.data.features) if charter.data.features else None
