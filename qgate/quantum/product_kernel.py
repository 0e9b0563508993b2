"""A fidelity kernel from matrix-product states: many qubits, where entanglement is low."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from qiskit_aer import AerSimulator

from qgate.quantum.engine import Array, Numbers
from qgate.quantum.estimate import Frequency, rounded
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.kernel import PAIR

_AMPLITUDE = 16
"""Bytes."""
_TENSOR = 2048
"""Bytes of a tensor's objects beside its numbers, measured: arrays and lists of Aer's result."""


@dataclass(frozen=True)
class ProductStates:
    """One tensor a qubit of shape (rows, bond, 2, bond); smaller bonds are filled up with zeros."""

    tensors: tuple[Numbers, ...]


class ProductKernel:
    """Aer's matrix-product states (Vidal 2003), contracted pair by pair.

    Exact while no bond is cut; a bond cut at `max_bond` makes it an approximation.
    """

    unit_diagonal = True
    pair_bytes = PAIR

    def __init__(self, feature_map: FeatureMap, max_bond: int) -> None:
        """Take the feature map's circuit; no bond will be wider than `max_bond`."""
        self._map, self.max_bond = feature_map, max_bond
        self.bond = 1
        """The widest bond so far: where it is `max_bond`, states may have been cut."""
        self._simulator = AerSimulator(
            method="matrix_product_state",
            matrix_product_state_max_bond_dimension=max_bond,
            max_parallel_threads=1,
        )

    @property
    def row_bytes(self) -> int:
        """Return the bytes of a row's tensors at the widest bonds: Aer's, each row's, stacked."""
        qubits = self._map.qubits
        cuts = range(qubits + 1)
        widths = [min(2**cut, 2 ** (qubits - cut), self.max_bond) for cut in cuts]
        inner = sum(2 * left * right for left, right in pairwise(widths))
        return int(3 * _AMPLITUDE * inner + _TENSOR * qubits)

    def first(self, X: Array) -> ProductStates:
        """Return the state of each row."""
        if len(X) == 0:  # Aer ends the process on a circuit that is bound to no values
            none = np.zeros((0, 1, 2, 1), dtype=np.complex128)
            return ProductStates((none,) * self._map.qubits)
        circuit = self._map.circuit.copy()
        circuit.save_matrix_product_state()
        bindings = self._map.bindings(X)
        result = self._simulator.run([circuit], parameter_binds=[bindings]).result()
        runs = range(len(X) if bindings else 1)
        states = [_tensors(result.data(run)["matrix_product_state"]) for run in runs]
        if not bindings:  # one state serves all rows
            states *= len(X)
        found = ProductStates(tuple(_stacked(list(site)) for site in zip(*states, strict=True)))
        self.bond = max(self.bond, *(site.shape[-1] for site in found.tensors))
        return found

    def second(self, X: Array) -> ProductStates:
        """Return the same states."""
        return self.first(X)

    def estimate(self, first: ProductStates, second: ProductStates) -> Frequency:
        """Return fidelities of all pairs."""
        rows = len(first.tensors[0])
        found = np.empty((rows, len(second.tensors[0])))
        for row in range(rows):
            overlaps = _overlaps([site[row] for site in first.tensors], second.tensors)
            found[row] = np.abs(overlaps) ** 2
        return Frequency(rounded(found), mixed=0.5**self._map.qubits)


def _tensors(state: tuple[list[tuple[Numbers, Numbers]], list[Array]]) -> list[Numbers]:
    """Return Vidal's form as one tensor a qubit, each with the bond to its right folded in."""
    gammas, bonds = state
    found = [np.stack([np.asarray(g) for g in gamma], axis=1) for gamma in gammas]
    for place, bond in enumerate(bonds):
        found[place] = found[place] * np.asarray(bond)
    return found


def _stacked(tensors: list[Numbers]) -> Numbers:
    shape = np.max([tensor.shape for tensor in tensors], axis=0)
    found = np.zeros((len(tensors), *shape), dtype=np.complex128)
    for row, tensor in enumerate(tensors):
        left, _, right = tensor.shape
        found[row, :left, :, :right] = tensor
    return found


def _overlaps(one: list[Numbers], many: tuple[Numbers, ...]) -> Numbers:
    """Return <one|each of many>, shape (many,)."""
    seen = np.ones((len(many[0]), 1, 1), dtype=np.complex128)
    for mine, theirs in zip(one, many, strict=True):
        rows, left, _, right = theirs.shape
        grown = np.matmul(seen, theirs.reshape(rows, left, 2 * right))
        folded = mine.conj().reshape(-1, mine.shape[-1]).T
        seen = np.matmul(folded, grown.reshape(rows, 2 * seen.shape[1], right))
    return seen[:, 0, 0]
