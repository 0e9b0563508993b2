"""The words that a charter may use, as tables handed down from the floors that own them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from qgate.charter.arm_spec import Layer


@dataclass(frozen=True)
class MetricTerms:
    """What a charter's author needs to know of a metric."""

    name: str
    unit: str
    better: str
    """`lower`, `higher` or `exact` (a count of mismatches, 0 allowed)."""
    definition: str
    source: str
    low: float
    high: float
    needs: frozenset[str] = frozenset()
    """Of: baseline, latency, lock, prices, replicates, scores."""
    task: str | None = None
    """The only task that it is for, None for any."""
    interim: bool = False
    """Whether planned looks look at it: its bounds narrow as trials come in."""
    difference: bool = False
    """Whether it is a difference between arms, as every gap is."""

    @property
    def more(self) -> str:
        """Return what narrows the metric's bounds."""
        wants = (("latency", "requests"), ("replicates", "replicates or seeds"))
        return next((what for need, what in wants if need in self.needs), "items")

    @property
    def gap(self) -> bool:
        """Return whether it is the candidate's difference from the baseline."""
        return self.name.endswith("_gap_vs_classical")

    @property
    def in_points(self) -> bool:
        """Return whether a value is a difference of proportions, told in points."""
        compared = self.gap or self.difference or "replicates" in self.needs
        return self.unit == "proportion" and compared


QUBITS: Mapping[str, Callable[[int], int]] = MappingProxyType(
    {
        "features": lambda features: features,
        "amplitudes": lambda features: max(1, (features - 1).bit_length()),
        "triples": lambda features: -(-features // 3),
    }
)
"""How many qubits a number of features takes, by a layer's `width`."""

CIRCUIT_FILES = (".qasm", ".qpy")

_FEATURE = re.compile(r"x([0-9]{1,4})|x\[([0-9]{1,4})\]|_x_([0-9]{1,4})_")


def feature_of(name: str) -> int | None:
    """Return the feature that a circuit file's parameter stands for, None if for none.

    x0 and x[0] are the first; Qiskit writes x[0] as _x_0_ in OpenQASM.
    """
    found = _FEATURE.fullmatch(name)
    return int(next(filter(None, found.groups()))) if found else None


@dataclass(frozen=True)
class LayerTerms:
    """What a kind of layer does, which keys it takes and how many qubits it stands on."""

    kind: str
    definition: str
    keys: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    gates: tuple[str, ...] = ()
    width: str = "any"
    """A key of QUBITS; `file` where a circuit file decides; `any` for a layer that fits all."""
    pairs: str = "linear"
    """Which qubits interact where a layer does not say it."""
    reps: int = 1
    """How often it is repeated where a layer does not say it."""
    turns: int = 0
    """Fixed weights of a qubit in one layer of rotations."""
    closes: bool = False
    """Whether one more layer of rotations follows the repetitions, as in an ansatz."""
    trainable: frozenset[str] = frozenset()
    """Keys that may be `trained` in a circuit that is trained."""

    def complaints(
        self, layer: Layer, stated: Collection[str], *, trains: bool = False
    ) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the keys that a layer states: the key, and the message.

        Args:
            layer: The layer.
            stated: Keys that stand in the charter.
            trains: Whether the circuit's weights are trained, so that they need no values.

        """
        what = f"a layer of kind {self.kind!r}"
        for key in sorted(stated):
            if key not in self.keys | {"name", "kind"}:
                yield key, f"{what} takes no `{key}`"
        for key in sorted(self.required - {"gate", *stated}):
            yield key, f"{what} needs `{key}`"
        if "gate" in self.keys & {*self.required, *stated} and layer.gate not in self.gates:
            yield "gate", f"{what} needs `gate`: {', '.join(self.gates)}"
        if layer.trained and not trains:
            yield layer.trained[0], f"{what} is trained in a variational circuit only"
        elif not self.trainable.issuperset(layer.trained):
            yield layer.trained[0], f"{what} has nothing to train: give a number"
        needed = self.turns > 0 and self.width == "any" and not trains
        if needed and layer.angles is None and layer.seed is None:
            yield "angles", f"{what} needs its fixed weights: `angles` or `seed`"
        if {"angles", "seed"} <= {*stated} & self.keys:
            yield "seed", f"{what} takes `angles` or `seed`, not both"
        if "path" in self.keys:
            yield from _file_complaints(layer)

    def weights(self, qubits: int, reps: int | None) -> int:
        """Return how many fixed weights it has."""
        return self.turns * qubits * ((reps or self.reps) + self.closes)

    def miscount(self, layer: Layer, qubits: int) -> str | None:
        """Return what is wrong with the number of a layer's fixed weights, None if nothing."""
        wanted = self.weights(qubits, layer.reps)
        if layer.angles is None or len(layer.angles) == wanted:
            return None
        size = f"{qubits} {'qubit' if qubits == 1 else 'qubits'}, reps {layer.reps or self.reps}"
        message = f"{self.kind} ({size}) has {wanted} angles, not {len(layer.angles)}"
        return f"layer {layer.name!r}: {message}"


def _file_complaints(layer: Layer) -> Iterator[tuple[str, str]]:
    if layer.path is not None and not layer.path.lower().endswith(CIRCUIT_FILES):
        yield "path", "a circuit file is OpenQASM 3 (.qasm) or QPY (.qpy)"
    for name in layer.bind:
        if feature_of(name) is not None:
            yield "bind", f"{name!r} is a feature: only other parameters have a fixed value"


@dataclass(frozen=True)
class Vocabulary:
    """Every metric and every kind of layer, by name."""

    metrics: Mapping[str, MetricTerms]
    layers: Mapping[str, LayerTerms]
