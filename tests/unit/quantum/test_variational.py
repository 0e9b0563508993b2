"""Circuits with trained weights, on a device against Aer, and what a charter may ask of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit_aer import AerSimulator

from qgate.charter.arm_spec import DeviceSpec, Layer, Limits, Variational
from qgate.errors import TermError
from qgate.quantum.engine import Array
from qgate.quantum.noise import noise_model
from qgate.quantum.readout import expectations
from qgate.quantum.variational import BuiltVariational, build_variational
from tests.unit.quantum import reference

FIXTURES = Path(__file__).parents[3] / "fixtures" / "devices"
RY = Layer("a", "angle", "ry")
HARDWARE = Layer("w", "hardware_efficient", reps=1, pairs="ring")
OLD, NEW = "lagos_2021-07-26.json", "lagos_2024-05-27.json"


def _built(classes: int = 2, **terms: Any) -> BuiltVariational:
    spec = Variational(**{"layers": (RY, HARDWARE), "repeat": 1, **terms})
    return build_variational(spec, 4, classes, FIXTURES)


def _rows(count: int = 3) -> Array:
    return np.random.default_rng(6).normal(size=(count, 4))


def _weights(built: BuiltVariational) -> Array:
    return np.random.default_rng(7).uniform(-3, 3, size=built.feature_map.weights.count)


def _aer(built: BuiltVariational, X: Array, weights: Array) -> Array:
    """Return the chance of each outcome of the qubits read, by Aer's density matrix."""
    assert built.placed is not None
    device, laid = built.placed.device, built.placed.laid
    bare = laid.circuit.copy()
    bare.save_probabilities([laid.ends[qubit] for qubit in built.read])
    simulator = AerSimulator(
        method="density_matrix", noise_model=noise_model(device), max_parallel_threads=1
    )
    found = []
    for angles in built.feature_map.angles(X, weights):
        values = dict(zip(laid.parameters, angles, strict=True))
        bound = bare.assign_parameters({p: values[p] for p in bare.parameters})
        chances = simulator.run(bound).result().data()["probabilities"]
        for place, qubit in enumerate(built.read):
            known = device.qubits[laid.ends[qubit]]
            up, down = known.p1_given_0 or 0.0, known.p0_given_1 or 0.0
            confusion = np.array([[1 - up, up], [down, 1 - down]])
            tensor = chances.reshape(-1, 2, 2**place)
            chances = np.einsum("apb,pr->arb", tensor, confusion).reshape(-1)
        found.append(chances)
    return np.array(found)


@pytest.mark.parametrize("read", [(), (2,), (3, 0)])
@pytest.mark.parametrize("qubits", [(), (4, 3, 5, 6)])
def test_outcomes_behind_noise_are_aers(read: tuple[int, ...], qubits: tuple[int, ...]) -> None:
    built = _built(readout=read, device=DeviceSpec(NEW, qubits))
    X, weights = _rows(), _weights(built)
    found = built.reader(weights)(X)
    assert found.shape == (3, 2 ** len(read or range(4)))
    # Of a noise model Aer leaves out the terms whose chance is below 1e-10, again at each gate.
    np.testing.assert_allclose(found, _aer(built, X, weights), rtol=0, atol=1e-7)
    ideal = _built(readout=read).reader(weights)(X)
    assert np.abs(found - ideal).max() > 0.01


@pytest.mark.parametrize("device", [None, DeviceSpec(OLD)])
def test_what_is_read_of_trained_weights_is_what_training_saw(device: DeviceSpec | None) -> None:
    built = _built(device=device, readout=(1, 3))
    X, weights, rows = _rows(), _weights(built), np.arange(3)
    measured = built.measured(X, None, np.random.default_rng(0))
    z = expectations(built.reader(weights)(X))
    np.testing.assert_allclose(measured.expectations(rows, weights), z, rtol=0, atol=1e-11)
    exact = built.exact(X).expectations(rows, weights)
    assert (np.abs(exact - z).max() < 1e-11) == (device is None)
    many = built.measured(X, 10**7, np.random.default_rng(0)).expectations(rows, weights)
    np.testing.assert_allclose(many, z, rtol=0, atol=2e-3)


@pytest.mark.parametrize("device", [None, DeviceSpec(OLD)])
def test_shifts_behind_noise_are_finite_differences(device: DeviceSpec | None) -> None:
    scaled = Layer("a", "angle", "ry", trained=("scale",))
    built = _built(layers=(scaled, HARDWARE), device=device, readout=(0, 2))
    X, weights, rows = _rows(), _weights(built), np.arange(3)
    measured = built.measured(X, None, np.random.default_rng(0))
    factors = np.random.default_rng(1).normal(size=(3, 2))
    z, found = measured.gradient(rows, weights, lambda _, part: factors[part])
    np.testing.assert_allclose(z, measured.expectations(rows, weights), rtol=0, atol=0)
    ends = [
        [np.sum(factors * measured.expectations(rows, weights + side * step)) for side in (1, -1)]
        for step in 1e-5 * np.eye(len(weights))
    ]
    expected = [(ahead - behind) / 2e-5 for ahead, behind in ends]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_a_gradient_by_shots_takes_two_circuits_a_row_and_angle_and_one_a_row() -> None:
    built = _built()
    measured = built.measured(_rows(), 50, np.random.default_rng(0))
    weights, rows = _weights(built), np.array([0, 2, 2])
    z, found = measured.gradient(rows, weights, lambda z, _: np.ones_like(z))
    assert measured.circuits == 3 * (1 + 2 * 16)
    assert not np.array_equal(z[1], z[2]), "the same row is drawn anew"
    again = measured.gradient(rows, weights, lambda z, _: np.ones_like(z))[1]
    assert np.abs(found - again).max() > 0.01
    assert sum(part.size for part in measured.first) >= 256


def test_the_published_circuit_is_that_of_plain_matrices() -> None:
    """DataReuploadingClassifier of Bowles, Ahmed, Schuld (2024), from its description."""
    layers = (
        Layer("upload", "reupload", reps=1, angles=(0.0,) * 9, trained=("scale",)),
        Layer("turn", "rot"),
        Layer("mix", "entangle", "cz", pairs="brick"),
    )
    closing = (Layer("last", "reupload", reps=1, trained=("scale",)),)
    spec = Variational(layers, 2, closing)
    built = build_variational(spec, 8, 2, FIXTURES)
    rng = np.random.default_rng(2)
    x, weights = rng.normal(size=8), rng.normal(size=built.feature_map.weights.count)
    omegas, thetas, left = np.zeros((3, 9)), np.zeros((3, 9)), iter(weights)
    for layer in range(3):
        omegas[layer, :8] = [next(left) for _ in range(8)]
        thetas[layer] = [next(left) for _ in range(9)]
    data, state = np.append(x, 0.0), np.eye(8)[0].astype(complex)

    def turned(state: reference.Complex, angles: Array) -> reference.Complex:
        for place, angle in enumerate(angles):
            generator = reference.on(place // 3, (reference.Z, reference.Y)[place % 3 == 1], 3)
            state = reference.rotation(generator, angle) @ state
        return state

    for layer, (i, j) in enumerate(((0, 1), (1, 2))):
        state = turned(turned(state, omegas[layer] * data), thetas[layer])
        state = reference._pair(Layer("e", "entangle", "cz"), i, j, np.zeros(3)) @ state
    state = turned(state, omegas[2] * data + thetas[2])
    expected = [
        np.vdot(state, reference.on(qubit, reference.Z, 3) @ state).real for qubit in range(3)
    ]
    found = expectations(built.reader(weights)(x[None]))[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_a_later_snapshot_may_stand_where_an_earlier_one_put_the_circuit() -> None:
    first = _built(device=DeviceSpec(OLD))
    later = _built(device=DeviceSpec(NEW, placed_by=OLD))
    assert first.placed is not None
    assert later.placed is not None
    assert later.placed.qubits == first.placed.qubits
    gates = [
        [(item.operation.name, *map(one.circuit.qubits.index, item.qubits)) for item in one.circuit]
        for one in (first, later)
    ]
    assert gates[0] == gates[1]
    assert later.figures["snapshot"] != first.figures["snapshot"]
    weights, X = _weights(first), _rows()
    assert np.abs(first.reader(weights)(X) - later.reader(weights)(X)).max() > 0.01


def test_figures_are_of_the_circuit_that_runs() -> None:
    ideal, placed = _built().figures, _built(device=DeviceSpec(OLD)).figures
    assert ideal["parameters"] == placed["parameters"] == 4 + 16
    assert _built().read == (0, 1, 2, 3)
    assert _built(readout=(2, 0)).read == (2, 0)
    assert _built(classes=3).read == (0, 1, 2)
    assert placed["depth"] > ideal["depth"]
    assert len(placed["physical_qubits"]) == 4


@pytest.mark.parametrize(
    ("terms", "classes", "path", "message"),
    [
        ({"layers": (RY,)}, 2, ("layers",), "no layer has a weight that is trained"),
        ({"readout": (4,)}, 2, ("readout",), "the circuit has qubits 0 to 3, not 4"),
        ({"readout": (0, 1)}, 3, ("readout",), "3 classes need 3 qubits to read, 2 are read"),
        ({"readout": (0, 1, 2, 3)}, 3, ("readout",), "from 3 qubits, not 4"),
        ({}, 5, ("layers",), "5 classes need 5 qubits to read, the circuit has 4"),
        ({"limits": Limits(depth=3)}, 2, ("limits", "depth"), "the limit is 3"),
        ({"device": DeviceSpec(OLD, (0, 1))}, 2, ("device", "qubits"), "2 are named"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    terms: dict[str, Any], classes: int, path: tuple[str, ...], message: str
) -> None:
    with pytest.raises(TermError, match=message) as caught:
        _built(classes, **terms)
    assert caught.value.path == path
