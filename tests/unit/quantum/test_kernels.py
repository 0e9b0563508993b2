"""Kernels as other libraries compute them, through a charter's layers and a device's noise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from qiskit.quantum_info import Kraus, SuperOp

from qgate.charter.arm_spec import Layer, QuantumKernel, Step
from qgate.quantum.build import build_kernel
from qgate.quantum.device import Device, from_document
from qgate.quantum.device_kernel import DeviceKernel
from qgate.quantum.engine import Array, evolve, product
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.product_kernel import ProductKernel
from qgate.quantum.program import Noise, compile_channels
from qgate.quantum.template import make_template

FIXTURES = Path(__file__).parents[3] / "fixtures" / "kernels"
Case = dict[str, Any]


def _cases(*names: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{name}-{case['name']}")
        for name in names
        for case in json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    ]


NOISELESS = _cases("qiskit_machine_learning", "pennylane")
NOISY = _cases("noisy")


def _layers(case: Case) -> tuple[Layer, ...]:
    return tuple(_layer(**layer) for layer in case["layers"])


def _layer(**terms: Any) -> Layer:
    found: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in terms.items()}
    return Layer(**found)


def _rows(case: Case) -> tuple[Array, Array]:
    return np.array(case["x"]), np.array(case.get("y", case["x"]))


def test_the_cases_are_there() -> None:
    assert [len(NOISELESS), len(NOISY)] == [19 + 18, 4]


@pytest.mark.parametrize("case", NOISELESS)
def test_a_kernel_is_the_other_librarys(case: Case) -> None:
    x, y = _rows(case)
    spec = QuantumKernel(_layers(case), case["repeat"], Step("sklearn.svm.SVC", {}))
    kernel = build_kernel(spec, x.shape[1], Path(), sampled=False).kernel
    found = kernel.estimate(kernel.first(x), kernel.second(y)).exact
    np.testing.assert_allclose(found, case["kernel"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", NOISELESS)
def test_matrix_product_states_give_the_other_librarys_kernel(case: Case) -> None:
    x, y = _rows(case)
    kernel = ProductKernel(FeatureMap(_layers(case), case["repeat"], x.shape[1]), 64)
    found = kernel.estimate(kernel.first(x), kernel.second(y)).exact
    np.testing.assert_allclose(found, case["kernel"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", NOISY)
def test_states_and_effects_behind_stated_channels(case: Case) -> None:
    """The channels are made here from their definitions; no device and no transpiler."""
    x, _ = _rows(case)
    feature_map = FeatureMap(_layers(case), case["repeat"], x.shape[1])
    noise, qubits = _noise(case, feature_map.qubits), feature_map.qubits
    circuit, parameters = feature_map.circuit, feature_map.parameters
    first = compile_channels(circuit, parameters, noise)
    second = compile_channels(circuit.inverse(), parameters, noise).adjoint
    angles, zero = feature_map.angles(x), np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)
    right, wrong = 1 - case["readout"]["p_one_of_zero"], case["readout"]["p_zero_of_one"]
    read = np.array([right + wrong, 0, 0, right - wrong]) / np.sqrt(2)
    states = evolve(first.program, first.angles(angles), product([zero] * qubits))
    effects = evolve(second.program, second.angles(angles), product([read] * qubits))
    np.testing.assert_allclose(states @ effects.T, case["kernel"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", NOISY)
def test_a_device_with_that_noise_gives_that_kernel(case: Case) -> None:
    x, _ = _rows(case)
    feature_map = FeatureMap(_layers(case), case["repeat"], x.shape[1])
    device = _device(case, feature_map.qubits)
    kernel = DeviceKernel(feature_map, device, make_template(feature_map, device))
    found = kernel.estimate(kernel.first(x), kernel.second(x)).exact
    np.testing.assert_allclose(found, case["kernel"], rtol=0, atol=1e-10)


def _noise(case: Case, qubits: int) -> Noise:
    """Return the stated channels after each gate, those of one gate made one."""
    channels: dict[str, SuperOp] = {}
    for stated in case["noise"]:
        made = _CHANNELS[stated["channel"]](stated)
        before = channels.get(stated["gate"])
        channels[stated["gate"]] = made if before is None else before.compose(made)
    if "cz" in channels:
        return {("cz", (0, 1)): np.asarray(channels["cz"].data)}
    return {(name, (q,)): np.asarray(c.data) for name, c in channels.items() for q in range(qubits)}


def _depolarizing(stated: Mapping[str, Any]) -> SuperOp:
    """Return rho to (1 - p) rho + p I / 2^n on column-stacked matrices."""
    size = 4 if stated["gate"] == "cz" else 2
    mixed = np.outer(np.eye(size).ravel(), np.eye(size).ravel()) / size
    return SuperOp((1 - stated["p"]) * np.eye(size**2) + stated["p"] * mixed)


def _damping(decay: float, coherence: float) -> SuperOp:
    """Return decay to 0 with a chance, and coherences times a factor, from Kraus operators."""
    lost = 1 - coherence**2 / (1 - decay)
    ways: list[npt.NDArray[Any]] = [
        np.diag([1, coherence]),
        np.array([[0, np.sqrt(decay)], [0, 0]]),
        np.diag([0, np.sqrt((1 - decay) * lost)]),
    ]
    return SuperOp(Kraus(ways))


_CHANNELS: dict[str, Callable[[Mapping[str, Any]], SuperOp]] = {
    "depolarizing": _depolarizing,
    "amplitude_damping": lambda s: _damping(s["gamma"], np.sqrt(1 - s["gamma"])),
    "phase_damping": lambda s: _damping(0.0, np.sqrt(1 - s["lambda"])),
    "thermal_relaxation": lambda s: _damping(
        1 - np.exp(-s["time"] / s["t1"]), np.exp(-s["time"] / s["t2"])
    ),
}


def _device(case: Case, qubits: int) -> Device:
    """Return a device of the case's gates whose figures imply the stated channels."""
    stated = {each["channel"]: each for each in case["noise"]}
    readout = {"p1_given_0": "p_one_of_zero", "p0_given_1": "p_zero_of_one"}
    one: dict[str, Any] = {"readout": {k: case["readout"][v] for k, v in readout.items()}}
    figures: dict[str, Any] = {}
    if "depolarizing" in stated:
        p, size = stated["depolarizing"]["p"], 4 if stated["depolarizing"]["gate"] == "cz" else 2
        figures = {"error": p * (1 - 1 / size)}
    elif "thermal_relaxation" in stated:
        relaxed = stated["thermal_relaxation"]
        one |= {"t1_us": relaxed["t1"], "t2_us": relaxed["t2"]}
        figures = {"error": 1e-9, "duration_ns": 1000 * relaxed["time"]}
    else:
        keeps = 1 - stated["amplitude_damping"]["gamma"]
        across = keeps * (1 - stated["phase_damping"]["lambda"])
        one |= {"t1_us": -1 / np.log(keeps), "t2_us": -2 / np.log(across)}
        figures = {"error": 1e-9, "duration_ns": 1000}
    noisy = {each["gate"] for each in case["noise"]}
    gates = [
        {"gate": name, "qubits": on, **(figures if name in noisy else {"error": 0.0})}
        for name, on in _places(case, qubits)
    ]
    head = {"version": 1, "device": "toy", "time": "2026-01-01T00:00:00Z", "source": "made"}
    return from_document({**head, "qubits": [one] * qubits, "gates": gates})


def _places(case: Case, qubits: int) -> list[tuple[str, list[int]]]:
    names = [layer["gate"] for layer in case["layers"]]
    single = [(name, [q]) for name in names if name != "cz" for q in range(qubits)]
    return [*single, *((name, [0, 1]) for name in names if name == "cz")]


def test_every_channel_has_its_own_effect() -> None:
    """Without any one of its channels a case would be another: the tests above could fail."""
    seen = [param.values[0] for param in NOISY]
    for case in seen:
        assert isinstance(case, dict)
        x, _ = _rows(case)
        ideal = QuantumKernel(_layers(case), 1, Step("sklearn.svm.SVC", {}))
        kernel = build_kernel(ideal, x.shape[1], Path(), sampled=False).kernel
        exact = kernel.estimate(kernel.first(x), kernel.second(x)).exact
        assert np.abs(exact - case["kernel"]).max() > 0.02
    assert reduce(set.union, ({n["channel"] for n in c["noise"]} for c in seen), set()) == set(
        _CHANNELS
    )
