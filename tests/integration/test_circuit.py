"""`qgate circuit`: what a person and a program read of a charter's circuits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from tests.integration.conftest import ROOT, qgate

NOISY = ROOT / "charters/device_noise.yaml"
HANOI = ROOT / "fixtures/devices/hanoi_2025-02-26.json"


def _by_hand() -> QuantumCircuit:
    """The charter's U(x): RY on six qubits and a chain of CX, twice."""
    circuit = QuantumCircuit(6)
    for turn in range(2):
        for qubit in range(6):
            circuit.ry(Parameter(f"{turn}/{qubit}"), qubit)
        for qubit in range(5):
            circuit.cx(qubit, qubit + 1)
    return circuit


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    done = qgate("circuit", str(NOISY), "--device", str(HANOI), "--format", "json", cwd=ROOT)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_counts_are_those_of_a_circuit_made_by_hand(told: dict[str, Any]) -> None:
    plain, pair, lagos, hanoi = told["candidate"]["circuits"]
    circuit = _by_hand()
    assert (plain["qubits"], plain["depth"], plain["gates"]) == (6, circuit.depth(), circuit.size())
    assert plain["two_qubit_gates"] == circuit.num_nonlocal_gates() == 10
    assert pair["two_qubit_gates"] == 20
    assert pair["parameters"] == 2 * plain["parameters"] == 24
    assert (lagos["device"], hanoi["device"]) == ("ibm_lagos", "ibm_hanoi")
    for placed in (lagos, hanoi):
        assert placed["two_qubit_gates"] == placed["gates_by_name"]["cx"] >= 20
        assert len(placed["physical_qubits"]) == 6
        assert placed["modelled_duration_us"] > 0
    assert any("readout error is above 0.1" in warning for warning in lagos["warnings"])


def test_states_lie_where_they_must(told: dict[str, Any]) -> None:
    states = told["candidate"]["states"]
    assert (states["rows"], states["of"]) == (64, 284)
    assert 0 < states["meyer_wallach"]["mean"] <= states["meyer_wallach"]["max"] <= 1
    assert 0 < states["half_cut_entropy_bits"]["max"] <= 3
    purity = states["modelled_purity"]
    assert 1 / 64 < purity["ibm_lagos"]["mean"] < purity["ibm_hanoi"]["mean"] < 1


@pytest.mark.parametrize("width", [80, 120])
def test_a_person_reads_it_at_any_width(width: int) -> None:
    done = qgate("circuit", str(NOISY), "--device", str(HANOI), cwd=ROOT, COLUMNS=str(width))
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= width
    for words in ("Ry(a0)", "encode", "two-qubit gates", "Meyer-Wallach", "(modelled)"):
        assert words in done.out


def test_the_pair_and_the_layout_can_be_drawn() -> None:
    pair = qgate("circuit", str(NOISY), "--pair", cwd=ROOT)
    assert "Ry(y0)" in pair.out or "Ry(-y0)" in pair.out
    laid_out = qgate("circuit", str(NOISY), "--transpiled", cwd=ROOT)
    assert "√X" in laid_out.out
    assert "Ry(" not in laid_out.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["charters/recorded.yaml"], "no arm is a quantum_kernel"),
        (["charters/hold.yaml", "--transpiled"], "qkernel_v1 has no device to be laid out on"),
        (["charters/hold.yaml", "--format", "xml"], "expected one of terminal, json"),
        (["charters/hold.yaml", "--device", "charters/hold.yaml"], "charters/hold.yaml:"),
        (
            ["charters/hold.yaml", "--device", "fixtures/devices/lagos_2021-07-26.json"],
            "the circuit needs 8 qubits, ibm_lagos has 7",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments: list[str], message: str) -> None:
    done = qgate("circuit", *arguments, cwd=ROOT)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_circuit_beyond_its_limits_is_located(tmp_path: Path) -> None:
    text = NOISY.read_text(encoding="utf-8").replace("depth: 200", "depth: 20")
    charter = tmp_path / "deep.yaml"
    charter.write_text(text.replace("../", f"{ROOT}/"), encoding="utf-8")
    done = qgate("circuit", str(charter), "--allow-outside", cwd=tmp_path)
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "depth: 20" in row)
    assert done.code == 2
    assert f":{line}:25: the circuit has depth 46, the limit is 20" in done.err


def test_a_solvers_circuit_is_told_for_its_largest_problem() -> None:
    charter = str(ROOT / "charters/qaoa.yaml")
    done = qgate("circuit", charter, "--format", "json", cwd=ROOT)
    found = json.loads(done.out)["candidate"]
    assert found["circuits"][0]["what"] == "QAOA on gka1b.sparse"
    assert found["circuits"][0]["qubits"] == 20
    assert [layer["name"] for layer in found["layers"]] == ["cost", "mix"]
    assert "20 qubits" in " ".join(qgate("plan", charter, cwd=ROOT).out.split())
    for option, said in (("--pair", "is no kernel"), ("--transpiled", "has no device")):
        refused = qgate("circuit", charter, option, cwd=ROOT)
        assert refused.code == 2
        assert said in refused.err
