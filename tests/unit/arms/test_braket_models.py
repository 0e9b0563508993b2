"""Braket's models: against Qiskit's state vectors, binomial spread, and a function of one's own."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from qgate.arms.braket_models import KernelClassifier, KernelRegressor
from qgate.errors import UsageError

X = np.random.default_rng(3).uniform(-1.0, 1.0, size=(12, 3))
Y = (X[:, 0] > 0).astype(np.int64)


def _own(row: npt.NDArray[np.float64]) -> Any:
    from braket.circuits import Circuit

    return Circuit().ry(0, row[0]).ry(1, row[1])


def _fidelities(states: Any) -> Any:
    return np.minimum(np.abs(states.conj() @ states.T) ** 2, 1.0)


def _by_qiskit(row: npt.NDArray[np.float64], layers: int, entangler: str) -> Any:
    circuit = QuantumCircuit(3)
    for _ in range(layers):
        for qubit in range(3):
            circuit.ry(row[qubit], qubit)
        for pair in ((0, 1), (1, 2), (2, 0)):
            getattr(circuit, {"cz": "cz", "cnot": "cx"}[entangler])(*pair)
        for qubit in range(3):
            circuit.rz(row[qubit], qubit)
    return Statevector(circuit).data


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "braket.circuits", None)
    with pytest.raises(UsageError, match=r"pip install 'qgate\[braket\]'"):
        KernelClassifier(layers=7).fit(X, Y)


@pytest.mark.parametrize("entangler", ["cz", "cnot"])
def test_the_kernel_is_qiskits(entangler: str) -> None:
    pytest.importorskip("braket.devices")
    model = KernelClassifier(layers=2, entangler=entangler).fit(X, Y)
    expected = _fidelities(np.array([_by_qiskit(row, 2, entangler) for row in X]))
    np.testing.assert_allclose(_fidelities(model.states_), expected, atol=1e-12)
    assert model.fit_circuits_ == 66
    assert model.circuits_per_item_ == len(model.machine_.support_)


def test_a_circuit_of_ones_own_has_its_closed_form() -> None:
    pytest.importorskip("braket.devices")
    model = KernelRegressor(circuit=_own).fit(X, X[:, 0])
    expected = np.prod(np.cos((X[:, None, :2] - X[None, :, :2]) / 2) ** 2, axis=2)
    np.testing.assert_allclose(_fidelities(model.states_), expected, atol=1e-12)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301  # written a moment ago
    assert again.predict(X[:3]).tolist() == model.predict(X[:3]).tolist()


def test_shots_spread_as_binomial_and_each_call_draws_anew() -> None:
    pytest.importorskip("braket.devices")
    exact = KernelClassifier(layers=1, C=1e6).fit(X, Y)
    sampled = KernelClassifier(layers=1, shots=50, shot_seed=4).fit(X, Y)
    same = KernelClassifier(layers=1, shots=50, shot_seed=4).fit(X, Y)
    other = KernelClassifier(layers=1, shots=50, shot_seed=5).fit(X, Y)
    first = sampled.decision_function(X)
    assert same.decision_function(X).tolist() == first.tolist()
    assert other.decision_function(X).tolist() != first.tolist()
    assert sampled.decision_function(X).tolist() != first.tolist()
    fidelities = _fidelities(exact.states_)[:, sampled.machine_.support_]
    calls = np.array([sampled._cross(fidelities) for _ in range(300)])
    drawn = calls[:, :, sampled.machine_.support_].var(axis=0)
    mixed = (fidelities > 0.05) & (fidelities < 0.95)
    expected = fidelities * (1 - fidelities) / 50
    assert np.mean(drawn[mixed] / expected[mixed]) == pytest.approx(1.0, abs=0.05)


def test_an_unknown_entangler_is_refused() -> None:
    with pytest.raises(UsageError, match="entangler: 'swap' is none of cz, cnot, none"):
        KernelClassifier(entangler="swap").fit(X, Y)
