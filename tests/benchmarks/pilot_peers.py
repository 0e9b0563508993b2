"""The ways that other libraries offer to train circuits, and to evaluate QAOA."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pennylane as qml
from pennylane import numpy as anp
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import real_amplitudes
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import EstimatorV2
from qiskit_machine_learning.algorithms import VQC
from scipy.special import expit

from qgate.data.problem import Problem
from qgate.quantum.qaoa import ising

Array = npt.NDArray[np.float64]
Slope = Callable[[Array], tuple[float, Array]]
"""Weights, then a and b of the logit a * (mean of Z) + b, to the mean loss and its gradient."""
Share = Callable[[Array], float]
"""Weights to the share of rows that they are right of."""
Values = Callable[[Array], Array]
"""Angles (k, 2 p), gammas before betas, to QAOA's mean values (k,)."""

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Trained:
    """RY by the features, turns of every qubit, then `reps` times CNOTs and the turns again."""

    qubits: int
    turns: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    reps: int
    read: tuple[int, ...]
    """Qubits whose mean of Z decides."""

    @property
    def count(self) -> int:
        """Return the number of weights."""
        return len(self.turns) * self.qubits * (self.reps + 1)

    def encoding(self, X: Any) -> list[Any]:
        """Return PennyLane's gates of rows, shape (qubits,) or (rows, qubits)."""
        return [qml.RY(X[..., qubit], wires=qubit) for qubit in range(self.qubits)]

    def ansatz(self, weights: Any) -> list[Any]:
        """Return PennyLane's gates of weights."""
        return list(self._ansatz(weights))

    def _ansatz(self, weights: Any) -> Iterator[Any]:
        place = 0
        for rep in range(self.reps + 1):
            yield from (qml.CNOT(wires=pair) for pair in (self.pairs if rep else ()))
            for qubit in range(self.qubits):
                for turn in self.turns:
                    yield getattr(qml, turn)(weights[place], wires=qubit)
                    place += 1

    def read_out(self) -> Any:
        """Return PennyLane's mean of Z."""
        share = [1 / len(self.read)] * len(self.read)
        return qml.expval(qml.Hamiltonian(share, [qml.Z(qubit) for qubit in self.read]))


# PennyLane's gradients of the mean cross-entropy


def by_node(circuit: Trained, X: Array, y: Array, device: str, method: str) -> Slope:
    """Return a QNode's gradient by automatic differentiation, all rows in one broadcast."""

    def body(weights: Any) -> Any:
        circuit.encoding(X)
        circuit.ansatz(weights)
        return circuit.read_out()

    node = qml.QNode(body, qml.device(device, wires=circuit.qubits), diff_method=method)

    def loss(point: Any) -> Any:
        logits = point[-2] * node(point[:-2]) + point[-1]
        return anp.mean(anp.logaddexp(0.0, logits) - y * logits)

    gradient = qml.grad(loss)

    def slope(point: Array) -> tuple[float, Array]:
        found = np.asarray(gradient(anp.array(point, requires_grad=True)))
        return float(gradient.forward), found

    return slope


def by_tapes(circuit: Trained, X: Array, y: Array) -> Slope:
    """Return lightning's adjoint gradient of a tape for each row, without any differentiation.

    Below a QNode, and faster: the rows share the ansatz's gates and the observable, and the chain
    rule for the loss is a product of matrices.
    """
    device = qml.device("lightning.qubit", wires=circuit.qubits)
    config = qml.devices.ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)
    encodings, read = [circuit.encoding(row) for row in X], circuit.read_out()
    places = list(range(circuit.qubits, circuit.qubits + circuit.count))

    def slope(point: Array) -> tuple[float, Array]:
        ansatz = circuit.ansatz(point[:-2])
        tapes = tuple(
            qml.tape.QuantumScript([*own, *ansatz], [read], trainable_params=places)
            for own in encodings
        )
        found, jacobians = device.execute_and_compute_derivatives(tapes, config)
        z = np.array(found).reshape(len(X))
        logits = point[-2] * z + point[-1]
        by_logit = (expit(logits) - y) / len(X)
        by_weights = point[-2] * by_logit @ np.array(jacobians).reshape(len(X), -1)
        loss = float(np.mean(np.logaddexp(0.0, logits) - y * logits))
        return loss, np.append(by_weights, [by_logit @ z, by_logit.sum()])

    return slope


def adam(slope: Slope, start: Array, rate: float, steps: int) -> tuple[Array, Array]:
    """Return the losses before each of PennyLane's Adam steps, and where they end."""
    optimizer = qml.AdamOptimizer(rate, beta2=0.999)  # as published; its own default is 0.99
    tiny = optimizer.eps
    point, losses = anp.array(start, requires_grad=True), []
    for step in range(1, steps + 1):
        # It is added before the correction of the average; the published algorithm adds it after.
        optimizer.eps = tiny * math.sqrt(1 - optimizer.beta2**step)
        loss, gradient = slope(np.asarray(point))
        losses.append(loss)
        (point,) = optimizer.apply_grad((gradient,), (point,))
    return np.array(losses), np.asarray(point)


# qiskit-machine-learning's classifier


class _EnoughError(Exception):
    """It is as right as it should be, or out of time."""


def vqc(
    X: Array, y: Array, reps: int, start: Array, optimizer: Any, share: Share, target: float,
    limit: float,
) -> tuple[float, float]:  # fmt: skip
    """Return seconds of a fit until any weights that it tried are right of a share of the rows.

    Args:
        X: Angles of RY.
        y: 0 or 1.
        reps: Of RealAmplitudes, all pairs entangled.
        start: Weights.
        optimizer: The library's.
        share: Of weights; its time does not count.
        target: Share to reach.
        limit: Seconds after which to give up.

    Returns:
        Seconds, infinite where the limit came first, and the share by the classifier's own network.

    """
    qubits = X.shape[1]
    inputs, features = ParameterVector("x", qubits), QuantumCircuit(qubits)
    for qubit, angle in enumerate(inputs):
        features.ry(angle, qubit)
    tried, aside = [start], 0.0

    def look(*seen: Any) -> None:
        nonlocal aside
        paused = time.perf_counter()
        tried.append(np.array(seen[0] if len(seen) == 2 else seen[1]))  # SPSA's come second
        enough = share(tried[-1]) >= target
        late = paused - started - aside > limit
        aside += time.perf_counter() - paused
        if enough or late:
            raise _EnoughError

    ansatz = real_amplitudes(qubits, reps=reps, entanglement="full")
    optimizer.callback = look
    model = VQC(
        feature_map=features, ansatz=ansatz, optimizer=optimizer, initial_point=start, callback=look
    )
    codes = 1 - y.astype(int)  # its class 1 is a qubit read as 1, whose Z is -1
    started = time.perf_counter()
    with contextlib.suppress(_EnoughError):
        model.fit(X, codes)
    seconds = time.perf_counter() - started - aside
    chances = model.neural_network.forward(X, tried[-1])
    reached = float(np.mean(chances.argmax(axis=1) == codes))
    return (seconds if reached >= target else math.inf), reached


# QAOA


def _ising(problem: Problem) -> tuple[Array, float, Array]:
    """Return fields, constant and couplings; a cut's fields are 0, not what rounding leaves."""
    fields, constant, couplings = ising(problem)
    return np.where(np.abs(fields) < _ROUNDING, 0.0, fields), constant, couplings


def aer_qaoa(problem: Problem, depth: int, threads: int = 0) -> Values:
    """Return Aer's estimator of a circuit made and transpiled once, all angles in one pub.

    Args:
        problem: What is solved.
        depth: Layers.
        threads: The most that Aer may use, 0 for as many as it wants.

    """
    fields, constant, couplings = _ising(problem)
    pairs, n = problem.pairs.tolist(), problem.n
    angles, circuit = ParameterVector("t", 2 * depth), QuantumCircuit(n)
    circuit.h(range(n))
    for k in range(depth):
        for qubit in np.flatnonzero(fields).tolist():
            circuit.rz(2 * fields[qubit] * angles[k], qubit)
        for pair, coupling in zip(pairs, couplings, strict=True):
            circuit.rzz(2 * coupling * angles[k], *pair)
        circuit.rx(2 * angles[depth + k], range(n))
    terms: list[tuple[str, list[int], float]] = [("", [], constant)]
    terms += [("Z", [qubit], field) for qubit, field in enumerate(fields) if field]
    terms += [("ZZ", pair, coupling) for pair, coupling in zip(pairs, couplings, strict=True)]
    observable = SparsePauliOp.from_sparse_list(terms, num_qubits=n)
    ready = transpile(circuit, AerSimulator(method="statevector"), optimization_level=1)
    options = {"method": "statevector", "max_parallel_threads": threads}
    estimator = EstimatorV2(options={"backend_options": options})

    def values(points: Array) -> Array:
        return np.asarray(estimator.run([(ready, observable, points)]).result()[0].data.evs)

    return values


def lightning_qaoa(problem: Problem, depth: int) -> Values:
    """Return lightning's means, one vector of angles after the other."""
    fields, constant, couplings = _ising(problem)
    pairs, wires = problem.pairs.tolist(), range(problem.n)
    fielded = np.flatnonzero(fields).tolist()
    products = [qml.Z(i) @ qml.Z(j) for i, j in pairs]
    cost = qml.Hamiltonian(
        [*fields[fielded], *couplings], [*(qml.Z(qubit) for qubit in fielded), *products]
    )

    def body(angles: Array) -> Any:
        for wire in wires:
            qml.Hadamard(wires=wire)
        for k in range(depth):
            for qubit in fielded:
                qml.RZ(2 * fields[qubit] * angles[k], wires=qubit)
            for pair, coupling in zip(pairs, couplings, strict=True):
                qml.IsingZZ(2 * coupling * angles[k], wires=pair)
            for wire in wires:
                qml.RX(2 * angles[depth + k], wires=wire)
        return qml.expval(cost)

    node = qml.QNode(body, qml.device("lightning.qubit", wires=problem.n), diff_method=None)
    return lambda points: np.array([float(node(angles)) + constant for angles in points])


def ring(qubits: int) -> tuple[tuple[int, int], ...]:
    """Return neighbours, the last one and the first one too."""
    return (*pairwise(range(qubits)), (qubits - 1, 0))
