"""What is told of a projected kernel's circuits; that of pairs is told in tests/integration."""

from __future__ import annotations

from typing import Any

import pytest

from qgate.charter.arm_spec import DeviceSpec, ProjectedKernel, Step
from qgate.errors import UsageError
from qgate.quantum.device import read_device
from qgate.quantum.portrait import portrait, read_circuit, run_on
from qgate.quantum.projected_build import BuiltRows, build_projected
from qgate.quantum.template import make_template
from tests.unit.quantum.test_device_kernel import FIXTURES, ZZ, device, rows

SPEC = ProjectedKernel(
    (ZZ,), 1, Step("sklearn.svm.SVC", {}), None, DeviceSpec("lagos_2021-07-26.json")
)
HANOI = "hanoi_2025-02-26.json"


@pytest.fixture(scope="module")
def built() -> BuiltRows:
    return build_projected(SPEC, 3, FIXTURES, sampled=False)


@pytest.fixture(scope="module")
def told(built: BuiltRows) -> dict[str, Any]:
    return portrait(SPEC, built, rows(70, 3), [read_device(FIXTURES / HANOI, HANOI)])


def test_rows_are_read_not_pairs(built: BuiltRows, told: dict[str, Any]) -> None:
    alone, read, lagos, hanoi = told["circuits"]
    assert (alone["what"], read["what"]) == ("U(x)", "U(x), Y basis")
    assert read["two_qubit_gates"] == alone["two_qubit_gates"]
    assert read["depth"] == alone["depth"] + 2  # S inverse and H on each qubit
    assert read["gates"] == alone["gates"] + 2 * 3
    assert lagos["depth"] == built.figures["depth"]
    assert lagos["gates"] == built.circuit_figures.gates == sum(lagos["gates_by_name"].values())
    assert lagos["physical_qubits"] == built.figures["physical_qubits"]
    assert hanoi["device"] == "ibm_hanoi"
    assert lagos["modelled_duration_us"] > 0


def test_states_are_those_that_the_rows_are_prepared_in(told: dict[str, Any]) -> None:
    assert (told["states"]["rows"], told["states"]["of"]) == (64, 70)
    for values in told["states"]["modelled_purity"].values():
        assert 0.5 < values["min"] <= values["mean"] <= values["max"] < 1


def test_what_is_drawn_is_what_is_read(built: BuiltRows) -> None:
    assert built.placed is not None
    run = run_on(built.feature_map, built.placed, rows=True)
    assert run.circuit.count_ops()["barrier"] == 1
    assert run.circuit.num_parameters == run.prepares.num_parameters == 12
    pair = run_on(built.feature_map, built.placed, rows=False)
    template = make_template(built.feature_map, built.placed.device)
    assert pair.circuit.count_ops() == template.circuit.count_ops()
    assert pair.order == tuple(built.placed.qubits[start] for start in template.layout)
    assert read_circuit(built.feature_map, rows=False)[1].num_parameters == 24


def test_a_device_that_cannot_run_it_is_the_users_to_change(built: BuiltRows) -> None:
    with pytest.raises(UsageError, match="the circuit needs 3 qubits"):
        portrait(SPEC, built, rows(4, 3), [device(2)])
