"""Gradients against closed forms, finite differences, and one method against the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from qiskit.quantum_info import Kraus, SuperOp

from qgate.charter.arm_spec import Layer
from qgate.quantum import gradient
from qgate.quantum.engine import Array, evolve
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.gradient import Differentiable, shifted
from qgate.quantum.program import Compiled, Noise, compile_channels, compile_states
from qgate.quantum.readout import Readout

ROT, BRICK = Layer("r", "rot"), Layer("b", "entangle", "cz", pairs="brick")
RY = Layer("a", "angle", "ry", scale=0.8)
ZEROS = Layer("u", "reupload", reps=1, angles=(0.0,) * 6, trained=("scale",))

CIRCUITS: dict[str, FeatureMap] = {
    name: FeatureMap(layers, repeat, features, closing=closing, trained=True)
    for name, (layers, repeat, features, closing) in {
        "angles and an ansatz": ((RY, Layer("w", "hardware_efficient", reps=2)), 1, 3, ()),
        "phases of pairs": (
            (
                Layer("h", "hadamard"),
                Layer("z", "angle", "rz", trained=("scale",)),
                Layer("zz", "zz", pairs="ring"),
                ROT,
                Layer("e", "entangle", "cx", pairs="ring"),
            ),
            2,
            4,
            (),
        ),
        "all with all": ((Layer("w", "real_amplitudes"), Layer("i", "iqp"), BRICK), 2, 5, ()),
        "data reuploading": (
            (ZEROS, ROT, BRICK), 3, 4, (Layer("c", "reupload", reps=1, trained=("scale",)),)
        ),
        "amplitudes": ((Layer("m", "amplitude"), Layer("w", "efficient_su2", reps=1)), 1, 7, ()),
        "one qubit": ((Layer("r", "rotation", "rx", trained=("angle",)), ROT, RY), 1, 1, ()),
    }.items()
}  # fmt: skip


def _noise(qubits: int) -> Noise:
    """Return a random channel after each gate of these circuits, on each of its places."""
    rng, found = np.random.default_rng(5), {}
    for name, count in {"rx": 1, "ry": 1, "rz": 1, "h": 1, "cx": 2, "cz": 2, "rzz": 2}.items():
        for on in np.ndindex(*(qubits,) * count):
            if len(set(on)) == count:
                ways = rng.normal(size=(2, 2**count, 2**count, 2)) @ [1, 1j]
                ways = np.concatenate([np.sqrt(40) * np.eye(2**count)[None], ways])
                root = np.linalg.cholesky(sum(way.conj().T @ way for way in ways)).conj().T
                found[name, on] = SuperOp(Kraus([way @ np.linalg.inv(root) for way in ways])).data
    return found


def _compiled(feature_map: FeatureMap, levels: int, *, fuse: bool) -> Compiled:
    circuit, parameters = feature_map.circuit, feature_map.parameters
    if levels == 2:
        return compile_states(circuit, parameters, fuse=fuse)
    return compile_channels(circuit, parameters, _noise(feature_map.qubits), fuse=fuse)


class Case:
    """A circuit, data and weights, with expectations of Z on all its qubits."""

    def __init__(self, name: str, levels: int, rows: int = 5) -> None:
        rng = np.random.default_rng(len(name))
        self.feature_map, self.levels = CIRCUITS[name], levels
        self.weights = self.feature_map.weights
        features = self.feature_map._draft.features
        self.data = self.feature_map.data(rng.normal(size=(rows, features)))
        self.at = rng.normal(size=self.weights.count)
        qubits = self.feature_map.qubits
        self.readout = Readout(qubits, tuple(range(qubits)), levels)
        self.factors = rng.normal(size=(rows, qubits))
        self.program = self.differentiable(self.weights.data)

    def differentiable(self, own: npt.NDArray[np.bool_]) -> Differentiable:
        compiled = _compiled(self.feature_map, self.levels, fuse=False)
        return Differentiable(compiled, own, self.readout.start, self.readout.observables)

    @property
    def parameters(self) -> Array:
        return self.weights.values(self.data, self.at)

    def slopes(self, z: Array, rows: slice) -> Array:
        """Return the gradient of the sum of factors * z^2."""
        return 2 * self.factors[rows] * z

    def value(self, weights: Array) -> float:
        z = self.program.values(self.weights.values(self.data, weights))
        return float(np.sum(self.factors * z**2))


@pytest.fixture(params=[(name, levels) for name in CIRCUITS for levels in (2, 4)], ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    name, levels = request.param
    if levels == 4 and name in ("all with all",):
        return Case("one qubit", 4)
    return Case(name, levels)


def test_expectations_are_those_of_the_fused_program(case: Case) -> None:
    compiled = _compiled(case.feature_map, case.levels, fuse=True)
    states = evolve(compiled.program, compiled.angles(case.parameters), case.readout.start)
    chances = np.abs(states) ** 2 if case.levels == 2 else states
    expected = chances @ case.readout.observables.T
    np.testing.assert_allclose(case.program.values(case.parameters), expected, rtol=0, atol=1e-13)
    found = case.program.states(case.parameters)
    np.testing.assert_allclose(
        np.abs(found) if case.levels == 2 else found,
        np.abs(states) if case.levels == 2 else states,
        rtol=0,
        atol=1e-13,
    )


def test_gradients_are_finite_differences(case: Case) -> None:
    z, by_parameter = case.program.gradient(case.parameters, case.slopes)
    np.testing.assert_array_equal(z, case.program.values(case.parameters))
    found = case.weights.pull(case.data, by_parameter)
    steps = 1e-5 * np.eye(case.weights.count)
    expected = [(case.value(case.at + s) - case.value(case.at - s)) / 2e-5 for s in steps]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-9)
    assert np.abs(found).max() > 1e-3


def test_parameter_shifts_are_the_adjoint_methods_gradients(case: Case) -> None:
    z, by_parameter = case.program.gradient(case.parameters, case.slopes)
    slopes, found = case.slopes(z, slice(None)), np.zeros_like(case.parameters)
    for place, jacobian in shifted(case.program.values, case.parameters, case.weights.turned):
        found[:, place] = np.sum(jacobian * slopes, axis=1)
    by_weights = [case.weights.pull(case.data, each) for each in (found, by_parameter)]
    np.testing.assert_allclose(by_weights[0], by_weights[1], rtol=0, atol=1e-10)


def test_what_rows_share_is_the_sum_of_what_each_row_has(case: Case) -> None:
    """A circuit whose parameters all belong to the rows has the same gradient, row by row."""
    every = case.differentiable(np.ones(len(case.feature_map.parameters), dtype=bool))
    _, shared = case.program.gradient(case.parameters, case.slopes)
    _, own = every.gradient(case.parameters, case.slopes)
    np.testing.assert_allclose(shared.sum(axis=0), own.sum(axis=0), rtol=0, atol=1e-12)
    data = case.weights.data
    np.testing.assert_allclose(shared[:, data], own[:, data], rtol=0, atol=1e-12)


def test_rows_in_blocks_are_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("phases of pairs", 2, rows=7)
    whole = case.program.gradient(case.parameters, case.slopes)
    states = case.program.states(case.parameters)
    monkeypatch.setattr(gradient, "_SWEEP_BYTES", 3 * case.program.row_bytes)
    monkeypatch.setattr(gradient, "_FEW_ROWS", 2)
    seen: list[slice] = []

    def slopes(z: Array, rows: slice) -> Array:
        seen.append(rows)
        return case.slopes(z, rows)

    z, by_parameter = case.program.gradient(case.parameters, slopes)
    assert seen == [slice(0, 3), slice(3, 6), slice(6, 7)]
    np.testing.assert_allclose(z, whole[0], rtol=0, atol=1e-14)
    pulled = [case.weights.pull(case.data, each) for each in (by_parameter, whole[1])]
    np.testing.assert_allclose(pulled[0], pulled[1], rtol=0, atol=1e-13)
    np.testing.assert_allclose(case.program.states(case.parameters), states, rtol=0, atol=1e-14)
    assert case.program.values(case.parameters[:0]).shape == (0, 4)


@pytest.mark.parametrize("read", [(0,), (1,), (2, 0)])
def test_a_product_of_rotations_has_the_gradient_of_its_cosines(read: tuple[int, ...]) -> None:
    """<Z_j> = cos(s_j x_j): its derivatives by s are -x sin(s x) on its own qubit, else 0."""
    scale = Layer("a", "angle", "ry", trained=("scale",))
    feature_map = FeatureMap((scale,), 1, 3, trained=True)
    X, at = np.array([[0.3, -1.2, 0.8]]), np.array([1.0, 0.7, -2.0])
    readout = Readout(3, read)
    compiled = compile_states(feature_map.circuit, feature_map.parameters, fuse=False)
    program = Differentiable(compiled, feature_map.weights.data, readout.start, readout.observables)
    data = feature_map.data(X)
    z, by_parameter = program.gradient(
        feature_map.weights.values(data, at), lambda z, _: np.ones_like(z)
    )
    np.testing.assert_allclose(z[0], np.cos(at * X[0])[list(read)], rtol=0, atol=1e-14)
    expected = np.where(np.isin(np.arange(3), read), -X[0] * np.sin(at * X[0]), 0.0)
    found = feature_map.weights.pull(data, by_parameter)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_weights_that_are_settled_give_the_same_states() -> None:
    case = Case("data reuploading", 2)
    compiled = _compiled(case.feature_map, 2, fuse=False)
    settled = compiled.settled(case.parameters[0], case.weights.data)
    found = evolve(settled.program, settled.angles(case.parameters), case.readout.start)
    overlaps = np.abs(np.sum(found.conj() * case.program.states(case.parameters), axis=1))
    np.testing.assert_allclose(overlaps, 1.0, rtol=0, atol=1e-12)
    assert len(settled.offset) < len(compiled.offset)


def test_a_shift_evaluates_all_rows_at_once_twice_a_parameter() -> None:
    calls: list[tuple[int, ...]] = []

    def evaluate(parameters: Array) -> Array:
        calls.append(parameters.shape)
        return np.sin(parameters)

    at = np.random.default_rng(0).normal(size=(4, 3))
    ((place, jacobian),) = shifted(evaluate, at, [1])
    assert place == 1
    assert calls == [(4, 3)] * 2
    np.testing.assert_allclose(jacobian[:, 1], np.cos(at[:, 1]), rtol=0, atol=1e-15)
    np.testing.assert_array_equal(jacobian[:, [0, 2]], np.zeros((4, 2)))


def test_what_all_rows_share_is_a_few_blocks() -> None:
    """Three layers of rotations and a chain: eight blocks of data, and few of weights."""
    layers = (ROT, Layer("e", "entangle", "cx"))
    feature_map = FeatureMap((RY,), 1, 8, closing=layers * 3, trained=True)
    compiled = _compiled(feature_map, 2, fuse=False)
    readout = Readout(8, (0,))
    program = Differentiable(compiled, feature_map.weights.data, readout.start, readout.observables)
    assert len(compiled.program.steps) == 8 + 3 * (24 + 7)
    assert len(program._stops) < 20
