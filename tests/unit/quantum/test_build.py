"""A charter's kernel to the one that is simulated, and every way in which it does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from qgate.charter.arm_spec import (
    DeviceSpec,
    Layer,
    Limits,
    Mitigation,
    QuantumKernel,
    Step,
    ZeroNoise,
)
from qgate.errors import TermError, UsageError
from qgate.quantum import build
from qgate.quantum.build import Built, build_kernel
from qgate.quantum.device_kernel import DeviceKernel
from qgate.quantum.kernel import StateKernel
from qgate.quantum.product_kernel import ProductKernel

FIXTURES = Path(__file__).parents[3] / "fixtures" / "devices"
LAGOS, HANOI = "lagos_2021-07-26.json", "hanoi_2025-02-26.json"
RY = Layer("y", "angle", "ry")
ZZ = Layer("zz", "zz_feature_map", pairs="full", reps=2)
SVC = Step("sklearn.svm.SVC", {})


def _build(
    *layers: Layer, features: int = 3, repeat: int = 1, folder: Path = FIXTURES, **terms: Any
) -> Built:
    spec = QuantumKernel(layers or (ZZ,), repeat, SVC, **terms)
    return build_kernel(spec, features, folder, sampled=False)


def _refusal(*layers: Layer, **terms: Any) -> tuple[tuple[str | int, ...], str]:
    with pytest.raises(TermError) as caught:
        _build(*layers, **terms)
    return caught.value.path, str(caught.value)


def test_each_way_to_simulate_has_its_kernel() -> None:
    assert isinstance(_build().kernel, StateKernel)
    assert isinstance(_build(max_bond=4).kernel, ProductKernel)
    assert isinstance(_build(device=DeviceSpec(LAGOS)).kernel, DeviceKernel)
    mitigated = _build(device=DeviceSpec(LAGOS), mitigation=Mitigation(readout=True))
    assert not isinstance(mitigated.kernel, DeviceKernel | StateKernel)


def test_figures_are_of_the_pair_s_circuit() -> None:
    """RY on three qubits, then its inverse behind the barrier: by hand."""
    found = _build(RY, Layer("e", "entangle", "cx", pairs="linear")).figures
    assert found == {
        "qubits": 3,
        "depth": 6,
        "gates": 10,
        "two_qubit_gates": 4,
        "parameters": 6,
    }


def test_figures_on_a_device_are_those_of_what_runs_there() -> None:
    built = _build(features=5, device=DeviceSpec(HANOI))
    assert built.placed is not None
    found, plain = built.figures, _build(features=5).figures
    circuit = built.placed.template.circuit
    assert found["two_qubit_gates"] == circuit.count_ops()["cx"] > plain["two_qubit_gates"]
    assert found["gates"] == sum(
        count for name, count in circuit.count_ops().items() if name != "barrier"
    )
    assert found["device"] == "ibm_hanoi"
    assert found["calibrated"].startswith("2025-02-26")
    assert sorted(found["physical_qubits"]) == sorted(built.placed.qubits)
    assert len(built.placed.device.qubits) == found["qubits"] == 5


@pytest.mark.parametrize(
    ("limits", "key", "said"),
    [
        (Limits(qubits=2), "qubits", "qubits 3, the limit is 2"),
        (Limits(depth=1), "depth", "the limit is 1"),
        (Limits(two_qubit_gates=11), "two_qubit_gates", "two qubit gates 12, the limit is 11"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_circuit_beyond_a_limit_is_refused(limits: Limits, key: str, said: str) -> None:
    path, message = _refusal(limits=limits)
    assert path == ("limits", key)
    assert said in message


def test_a_circuit_within_its_limits_is_built() -> None:
    assert _build(limits=Limits(3, 100, 12)).circuit_figures.two_qubit_gates == 12


def test_limits_count_what_the_device_runs() -> None:
    """All pairs of five qubits take swaps where only neighbours are coupled."""
    plain = _build(features=5).circuit_figures.two_qubit_gates
    within = Limits(two_qubit_gates=2 * plain)
    assert _build(features=5, limits=within)
    path, _ = _refusal(features=5, limits=within, device=DeviceSpec(LAGOS))
    assert path == ("limits", "two_qubit_gates")


def test_limits_are_of_the_circuit_that_is_folded_most() -> None:
    plain = _build(features=4, device=DeviceSpec(LAGOS)).circuit_figures.two_qubit_gates
    terms: dict[str, Any] = {
        "device": DeviceSpec(LAGOS),
        "mitigation": Mitigation(zero_noise=ZeroNoise((1, 3, 5), "linear")),
    }
    assert _build(features=4, **terms).circuit_figures.two_qubit_gates == 5 * plain
    path, message = _refusal(features=4, limits=Limits(two_qubit_gates=5 * plain - 1), **terms)
    assert path == ("limits", "two_qubit_gates")
    assert f"two qubit gates {5 * plain}" in message


def test_the_qubit_that_each_feature_starts_on_is_told() -> None:
    """A row of which one feature alone turns its qubit excites that physical qubit."""
    built = _build(RY, features=3, device=DeviceSpec(LAGOS, (5, 3, 1)))
    assert built.placed is not None
    template = built.placed.template
    for feature, physical in enumerate(built.placed.order):
        row = np.eye(3)[[feature]] * np.pi
        bound = dict(zip(template.x, built.feature_map.angles(row)[0], strict=True))
        excited = Statevector(template.first.assign_parameters(bound)).probabilities_dict()
        (outcome,) = (key for key, chance in excited.items() if chance > 0.5)
        place = outcome[::-1].index("1")
        assert built.placed.qubits[place] == physical


def test_limits_are_held_before_anything_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling thirty qubits for a state vector would take all memory."""
    monkeypatch.delattr(build, "StateKernel")
    path, message = _refusal(features=30, limits=Limits(qubits=8))
    assert path == ("limits", "qubits")
    assert "30" in message


def test_named_qubits_are_used() -> None:
    built = _build(features=3, device=DeviceSpec(LAGOS, (5, 3, 1)))
    assert built.placed is not None
    assert built.placed.qubits == (5, 3, 1)
    assert sorted(built.figures["physical_qubits"]) == [1, 3, 5]
    best = _build(features=3, device=DeviceSpec(LAGOS)).placed
    assert best is not None
    assert best.qubits != built.placed.qubits
    X = np.random.default_rng(1).normal(size=(3, 3))
    found, other = (
        np.asarray(each.kernel.estimate(each.kernel.first(X), each.kernel.second(X)).exact)
        for each in (built, _build(features=3, device=DeviceSpec(LAGOS, (1, 3, 5))))
    )
    np.testing.assert_allclose(found, other, rtol=0, atol=0.02)


@pytest.mark.parametrize(
    ("device", "features", "path", "said"),
    [
        (DeviceSpec(LAGOS), 8, (), "the circuit needs 8 qubits, ibm_lagos has 7"),
        (DeviceSpec(LAGOS, (0, 1)), 3, ("qubits",), "the circuit needs 3 qubits, 2 are named"),
        (DeviceSpec(LAGOS, (0, 1, 3, 5)), 3, ("qubits",), "needs 3 qubits, 4 are named"),
        (DeviceSpec(LAGOS, (1, 3, 7)), 3, ("qubits",), "ibm_lagos has qubits 0 to 6, not 7"),
        (DeviceSpec(LAGOS, (0, 1, 6)), 3, (), "no working coupling connects qubits 0, 1 and"),
    ],
    ids=["too many", "too few named", "too many named", "absent", "apart"],
)
def test_a_device_that_does_not_fit_is_refused(
    device: DeviceSpec, features: int, path: tuple[str, ...], said: str
) -> None:
    where, message = _refusal(features=features, device=device)
    assert where == ("device", *path)
    assert said in message


def _snapshot(folder: Path, **changed: Any) -> DeviceSpec:
    document = json.loads((FIXTURES / LAGOS).read_text(encoding="utf-8"))
    for gate in document["gates"]:
        if gate["gate"] in changed and gate["qubits"] == changed[gate["gate"]]:
            gate["error"] = 1
    (folder / "device.json").write_text(json.dumps(document), encoding="utf-8")
    return DeviceSpec("device.json")


def test_a_device_whose_working_part_is_too_small_is_refused(tmp_path: Path) -> None:
    spec = _snapshot(tmp_path, sx=[3])
    path, message = _refusal(features=5, device=spec, folder=tmp_path)
    assert path == ("device",)
    assert "ibm_lagos has 7 qubits, 3 in its largest working part; 5 are needed" in message


def test_a_broken_qubit_that_is_named_is_refused(tmp_path: Path) -> None:
    spec = DeviceSpec(_snapshot(tmp_path, sx=[1]).path, (0, 1, 3))
    path, message = _refusal(device=spec, folder=tmp_path)
    assert path == ("device",)
    assert "broken, with an error of 1: sx 1" in message


def test_layers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="needs at least 2 features"):
        _build(features=1)
