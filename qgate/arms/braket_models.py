"""Estimators on Amazon Braket's local simulator, in the style of scikit-learn; they run offline."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from qgate.arms.state_kernel import (
    Floats,
    StateKernel,
    StateKernelClassifier,
    StateKernelRegressor,
    States,
)
from qgate.errors import UsageError
from qgate.plugins import ParamError, refuse_no_count

_ENTANGLERS = ("cz", "cnot", "none")
_MOST_KEPT_QUBITS = 12
"""So that 4,096 states that are kept take no more than 256 MiB."""


class _BraketStates(StateKernel):
    """State vectors of a Braket circuit, by its local simulator."""

    def __init__(
        self,
        C: float = 1.0,
        layers: int = 2,
        entangler: str = "cz",
        circuit: Callable[[Floats], Any] | None = None,
        shots: int | None = None,
        shot_seed: int | None = None,
        random_state: int | None = None,
    ) -> None:
        """Keep the parameters.

        Args:
            C: Of the support vector machine.
            layers: Repetitions of a layer that encodes feature i by `ry` on qubit i, entangles a
                ring, and encodes it again by `rz`.
            entangler: Of the ring: `cz`, `cnot` or `none`.
            circuit: Instead of layers: a function of one row, shape (features,), that returns a
                braket.circuits.Circuit. In a charter: `{import: package.module.function}`.
            shots: Of each pair; None for exact fidelities.
            shot_seed: Of the draws. Braket's local simulator takes no seed, so that shots are
                drawn here, from the fidelities of its state vectors.
            random_state: Not used: nothing of the training is random.

        """
        self.C, self.layers, self.entangler, self.circuit = C, layers, entangler, circuit
        self.shots, self.shot_seed, self.random_state = shots, shot_seed, random_state

    def _training_states(self, rows: Floats) -> States:
        if self.circuit is not None or rows.shape[1] > _MOST_KEPT_QUBITS:
            return self._states(rows)
        self._refuse_unknown()
        return np.asarray(
            [_kept_state(tuple(row), self.layers, self.entangler) for row in rows.tolist()]
        )

    def _states(self, rows: Floats) -> States:
        self._refuse_unknown()
        if self.circuit is None:
            return np.asarray(
                [_state(_layered(row, self.layers, self.entangler)) for row in rows.tolist()]
            )
        return np.asarray([_state(self.circuit(row)) for row in rows])

    def _refuse_unknown(self) -> None:
        if self.entangler not in _ENTANGLERS:
            known = ", ".join(_ENTANGLERS)
            raise ParamError(("entangler",), f"{self.entangler!r} is none of {known}")
        refuse_no_count("layers", self.layers)


class KernelClassifier(StateKernelClassifier, _BraketStates):
    """A support vector classifier on the fidelity kernel of a Braket circuit."""


class KernelRegressor(StateKernelRegressor, _BraketStates):
    """A support vector regressor on the fidelity kernel of a Braket circuit."""


@functools.lru_cache(maxsize=4096)
def _kept_state(row: tuple[float, ...], layers: int, entangler: str) -> States:
    """Return a training row's state, which all trials share; what is served is prepared anew."""
    return _state(_layered(row, layers, entangler))


def _state(circuit: Any) -> States:
    """Return the state vector that Braket's local simulator gives: shape (2^qubits,)."""
    simulator = _imported("braket.devices").LocalSimulator("braket_sv")
    task = simulator.run(circuit.state_vector(), shots=0)
    return np.asarray(task.result().values[0], dtype=np.complex128)


def _layered(row: Sequence[float], layers: int, entangler: str) -> Any:
    """Return the circuit of a row: `ry`, a ring of entanglers and `rz`, so many times."""
    circuit = _imported("braket.circuits").Circuit()
    ring = _ring(len(row)) if entangler != "none" else []
    for _ in range(layers):
        for qubit, angle in enumerate(row):
            circuit.ry(qubit, angle)
        for pair in ring:
            getattr(circuit, entangler)(*pair)
        for qubit, angle in enumerate(row):
            circuit.rz(qubit, angle)
    return circuit


def _ring(qubits: int) -> list[tuple[int, int]]:
    """Return neighbouring pairs, closed where there are more than two qubits."""
    pairs = [(i, i + 1) for i in range(qubits - 1)]
    return [*pairs, (qubits - 1, 0)] if qubits > 2 else pairs


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError(f"{error}: pip install 'qgate[braket]'") from error
