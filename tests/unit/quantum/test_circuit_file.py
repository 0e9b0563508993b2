"""Circuit files: the same kernel as the circuit they hold, and errors that name file and cure."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm3, qpy
from qiskit.circuit import Gate, Parameter, ParameterVector
from qiskit.quantum_info import Operator, Statevector

from qgate.charter.arm_spec import Layer
from qgate.errors import ExecutionError, UsageError
from qgate.quantum.circuit_file import read_circuit
from qgate.quantum.feature_map import FeatureMap
from tests.unit.quantum import cases
from tests.unit.quantum.cases import RY, H

NOTHING: Mapping[str, float] = {}
HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
MAP = f"""{HEAD}
input float[64] x0;
input float[64] x1;
input float[64] theta;
gate twice(a) p, r {{ rz(a) p; cx p, r; rx(a / 2) r; }}
qubit[2] q;
h q;
rx(2 * (pi - x0)) q[0];
barrier q;
twice(x1 - theta) q[0], q[1];
cp(x0 * x1 / 3) q[1], q[0];
U(x1, 0.3, x0) q[0];
rz(theta) q[1];
"""


def _expected(x: tuple[float, ...], theta: float) -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    circuit.rx(2 * (np.pi - x[0]), 0)
    circuit.rz(x[1] - theta, 0)
    circuit.cx(0, 1)
    circuit.rx((x[1] - theta) / 2, 1)
    circuit.cp(x[0] * x[1] / 3, 1, 0)
    circuit.u(x[1], 0.3, x[0], 0)
    circuit.rz(theta, 1)
    return circuit


def _built(
    path: Path, features: int = 2, bind: Mapping[str, float] = NOTHING, *, repeat: int = 1
) -> FeatureMap:
    layer = Layer("file", "circuit", path=path.name, bind=bind)
    return FeatureMap((layer,), repeat, features, {path.name: path})


def _saved(path: Path, *circuits: QuantumCircuit) -> Path:
    with path.open("wb") as stream:
        qpy.dump(list(circuits), stream)
    return path


def _refused(path: Path, bind: Mapping[str, float] = NOTHING) -> str:
    with pytest.raises(UsageError) as caught:
        _built(path, 2, bind)
    message = str(caught.value)
    assert message.startswith(f"{path.name}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path.name}: ")


def test_an_openqasm_file_is_the_circuit_that_it_spells(tmp_path: Path) -> None:
    path = tmp_path / "map.qasm"
    path.write_text(MAP, encoding="utf-8")
    feature_map, data = _built(path, bind={"theta": 0.4}), cases.data(3, 2)
    for x, ours in zip(data.tolist(), cases.bound(feature_map, data), strict=True):
        assert Operator(ours).equiv(Operator(_expected(tuple(x), 0.4)), atol=1e-10)


def test_a_qpy_file_takes_any_expression_of_the_features(tmp_path: Path) -> None:
    x, theta = ParameterVector("x", 2), Parameter("theta")
    circuit = QuantumCircuit(2, global_phase=x[0])
    circuit.rx(x[0].sin() * theta, 0)
    circuit.crx(x[0] * x[0] - x[1].exp(), 0, 1)
    circuit.ry((x[1] - 1).sign(), 1)
    circuit.rzz(2 * (np.pi - x[0]) * (np.pi - x[1]), 0, 1)
    circuit.p(theta * 2, 0)
    feature_map = _built(_saved(tmp_path / "map.qpy", circuit), bind={"theta": 1.5}, repeat=2)
    assert len(feature_map.parameters) == 2 * 4
    data = cases.data(3, 2)
    for (a, b), ours in zip(data, cases.bound(feature_map, data), strict=True):
        theirs = QuantumCircuit(2)
        for _ in range(2):
            theirs.rx(np.sin(a) * 1.5, 0)
            theirs.crx(a * a - np.exp(b), 0, 1)
            theirs.ry(np.sign(b - 1), 1)
            theirs.rzz(2 * (np.pi - a) * (np.pi - b), 0, 1)
            theirs.p(3.0, 0)
        assert Operator(ours).equiv(Operator(theirs), atol=1e-10)


def test_what_qiskit_writes_of_a_vector_is_read_back(tmp_path: Path) -> None:
    x = ParameterVector("x", 12)
    circuit = QuantumCircuit(1)
    for element in x:
        circuit.rx(element, 0)
        circuit.rz(element, 0)
    text = qasm3.dumps(circuit)
    assert "_x_11_" in text
    path = tmp_path / "map.qasm"
    path.write_text(text, encoding="utf-8")
    data = cases.data(2, 12)
    for row, ours in zip(data, cases.bound(_built(path, 12), data), strict=True):
        assert Operator(ours).equiv(Operator(circuit.assign_parameters(row)), atol=1e-10)


def test_a_files_circuit_stands_among_other_layers(tmp_path: Path) -> None:
    theta = Parameter("theta")
    circuit = QuantumCircuit(2)
    circuit.cry(theta, 0, 1)
    path = _saved(tmp_path / "mix.qpy", circuit)
    mix = Layer("mix", "circuit", path="mix.qpy", bind={"theta": 0.8})
    other = Layer("again", "circuit", path="mix.qpy", bind={"theta": -0.3})
    data = cases.data(2, 2)
    feature_map = FeatureMap((H, mix, RY, other), 1, 2, {"mix.qpy": path})
    for (a, b), ours in zip(data, cases.bound(feature_map, data), strict=True):
        theirs = QuantumCircuit(2)
        theirs.h([0, 1])
        theirs.cry(0.8, 0, 1)
        theirs.ry(-1.3 * a, 0)
        theirs.ry(-1.3 * b, 1)
        theirs.cry(-0.3, 0, 1)
        assert Operator(ours).equiv(Operator(theirs), atol=1e-10)
    with pytest.raises(UsageError, match=r"'y' \(angle\) takes 3 qubits of 3 features, layer"):
        FeatureMap((mix, RY), 1, 3, {"mix.qpy": path})


def test_gates_without_a_name_of_their_own_are_spelled_by_common_ones(tmp_path: Path) -> None:
    x = Parameter("x0")
    inner = QuantumCircuit(2, name="inner")
    inner.ryy(x, 0, 1)
    inner.cy(0, 1)
    circuit = QuantumCircuit(3)
    circuit.append(inner.to_gate(), [2, 0])
    circuit.ccx(0, 1, 2)
    circuit.unitary(np.array([[0, 1j], [1j, 0]]), [1])
    feature_map = _built(_saved(tmp_path / "map.qpy", circuit), 1)
    assert set(feature_map.circuit.count_ops()).isdisjoint({"inner", "ccx", "cy", "unitary"})
    (ours,) = cases.bound(feature_map, np.array([[0.7]]))
    assert Operator(ours).equiv(Operator(circuit.assign_parameters({x: 0.7})), atol=1e-10)


@pytest.mark.parametrize(
    ("names", "bind", "message"),
    [
        (
            ["x0", "x1", "phi"],
            {},
            "phi need a value in `bind`, since features are called x0, x1, ...; its parameters are",
        ),
        (["x0", "x1"], {"phi": 1.0}, "`bind` names phi; its parameters are x0, x1"),
        (["x0", "x1"], {"x1": 1.0}, "`bind` names x1; its parameters are x0, x1"),
        ([], {"phi": 1.0}, "`bind` names phi; it has no parameters"),
        (
            ["x0"],
            {},
            "rows have 2 features, x0 to x1, and the circuit takes no x1; its parameters are x0",
        ),
        (["x0", "x1", "x[2]"], {}, "the rows have 2 features, x0 to x1, and the circuit takes x2"),
        (["x1", "x2"], {}, "the rows have 2 features, x0 to x1, and the circuit takes no x0"),
    ],
)
def test_parameters_that_do_not_fit_are_named_beside_those_there_are(
    tmp_path: Path, names: list[str], bind: dict[str, float], message: str
) -> None:
    circuit = QuantumCircuit(2)
    for name in names:
        circuit.rx(Parameter(name), 0)
    assert message in _refused(_saved(tmp_path / "map.qpy", circuit), bind)


def test_a_feature_that_only_turns_the_global_phase_is_not_taken(tmp_path: Path) -> None:
    circuit = QuantumCircuit(1, global_phase=Parameter("x1"))
    circuit.rx(Parameter("x0"), 0)
    assert "takes no x1" in _refused(_saved(tmp_path / "map.qpy", circuit))


def test_more_than_gates_is_refused(tmp_path: Path) -> None:
    measured = QuantumCircuit(1, 1)
    measured.measure(0, 0)
    reset = QuantumCircuit(1)
    reset.reset(0)
    loop = QuantumCircuit(1)
    with loop.for_loop(range(3)):
        loop.x(0)
    prepared = QuantumCircuit(1)
    prepared.initialize([0, 1])
    for circuit, listed in (
        (measured, "classical bits, measure"),
        (QuantumCircuit(1, 2), "classical bits"),
        (reset, "reset"),
        (loop, "for_loop"),
        (prepared, "initialize"),
    ):
        message = _refused(_saved(tmp_path / "map.qpy", circuit))
        assert message == f"a feature map takes gates only: remove {listed}"


def test_a_gate_that_nothing_says_how_to_do_is_refused(tmp_path: Path) -> None:
    circuit = QuantumCircuit(1)
    circuit.append(Gate("mystery", 1, []), [0])
    assert "mystery" in _refused(_saved(tmp_path / "map.qpy", circuit))


def test_one_circuit_with_qubits_is_wanted(tmp_path: Path) -> None:
    one = QuantumCircuit(1)
    path = tmp_path / "map.qpy"
    assert _refused(_saved(path, one, one)) == (
        "holds 2 circuits: save the one that is meant alone"
    )
    assert _refused(_saved(path, QuantumCircuit())) == "the circuit has no qubits"


def test_damaged_qpy_is_never_a_traceback(tmp_path: Path) -> None:
    circuit = QuantumCircuit(2)
    circuit.rx(Parameter("x0") * 2, 0)
    circuit.rx(Parameter("x1"), 1)
    stream = io.BytesIO()
    qpy.dump(circuit, stream)
    whole, path = stream.getvalue(), tmp_path / "map.qpy"
    for data in (b"", b"QISKIT", b"not a circuit at all", *(whole[:n] for n in range(0, 200, 7))):
        path.write_bytes(data)
        assert _refused(path).startswith("not readable as QPY: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("qubit q; rx(", r"not readable as OpenQASM 3: line 3:\d+ "),
        ("nonsense;", "not readable as OpenQASM 3: "),
        ("input int n; qubit q; rx(n) q;", "not readable as OpenQASM 3: .*3,0"),
        ("qubit q; rx(1 / 0) q;", "not readable as OpenQASM 3: "),
        ("qubit q; bit c; c = measure q;", "remove classical bits, measure"),
        ("", "the circuit has no qubits"),
    ],
)
def test_openqasm_that_cannot_be_used(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    path = tmp_path / "map.qasm"
    path.write_text(HEAD + text, encoding="utf-8")
    assert re.search(message, _refused(path))
    assert capfd.readouterr().err == ""


def test_openqasm_2_and_what_is_no_text_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "map.qasm"
    path.write_text('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\n', encoding="utf-8")
    assert _refused(path).startswith("this is OpenQASM 2, which has no parameters")
    path.write_bytes(b"\xff\xfe")
    assert _refused(path) == "not UTF-8, so no OpenQASM 3"


def test_without_the_package_for_openqasm_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "qiskit_qasm3_import", None)
    path = tmp_path / "map.qasm"
    path.write_text(HEAD + "qubit q; h q;", encoding="utf-8")
    assert "pip install 'qgate[openqasm]'" in _refused(path)


def test_a_file_that_is_not_there_or_too_large(tmp_path: Path) -> None:
    assert _refused(tmp_path / "map.qpy") == "cannot read: No such file or directory"
    path = tmp_path / "large.qpy"
    with path.open("wb") as stream:
        stream.truncate(16 * 1024 * 1024 + 1)
    assert _refused(path).startswith("larger than 16777216 bytes")


def test_an_expression_without_a_finite_real_value_is_an_error_of_its_rows(tmp_path: Path) -> None:
    x = Parameter("x0")
    circuit = QuantumCircuit(1)
    circuit.rx(x.log(), 0)
    circuit.rz(1 / x, 0)
    feature_map = _built(_saved(tmp_path / "map.qpy", circuit), 1)
    np.testing.assert_allclose(feature_map.angles(np.array([[2.0]])), [[np.log(2), 0.5]])
    with pytest.raises(ExecutionError, match="2 of 3 rows give an angle that is no finite number"):
        feature_map.angles(np.array([[2.0], [-1.0], [0.0]]))


def test_a_gate_of_the_files_own_is_what_the_file_says(tmp_path: Path) -> None:
    """Not what Qiskit means by its name."""
    x0 = Parameter("x0")
    circuit = QuantumCircuit(1)
    circuit.h(0)
    doubled = Gate("rz", 1, [x0])
    doubled.definition = QuantumCircuit(1)
    doubled.definition.ry(2 * x0, 0)
    circuit.append(doubled, [0])
    path = tmp_path / "own.qpy"
    with path.open("wb") as stream:
        qpy.dump(circuit, stream)
    found = read_circuit("own.qpy", path)
    expected = QuantumCircuit(1)
    expected.h(0)
    expected.ry(0.8, 0)
    values = dict.fromkeys(found.parameters, 0.4)
    assert Statevector(found.assign_parameters(values)).equiv(Statevector(expected))


def test_a_gate_without_a_definition_under_a_standard_name_is_refused(tmp_path: Path) -> None:
    circuit = QuantumCircuit(1)
    circuit.append(Gate("rz", 1, [Parameter("x0")]), [0])
    path = tmp_path / "opaque.qpy"
    with path.open("wb") as stream:
        qpy.dump(circuit, stream)
    with pytest.raises(UsageError, match="cannot be taken apart"):
        read_circuit("opaque.qpy", path)
