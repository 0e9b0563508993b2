"""Circuits from OpenQASM 3 and QPY files, their features opened and their parameters fixed."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from functools import partial
from pathlib import Path

import numpy as np
from qiskit import QuantumCircuit, qasm3, qpy, transpile
from qiskit.circuit import Gate, Instruction, Parameter, ParameterExpression
from qiskit.circuit.library import get_standard_gate_name_mapping

from qgate.charter.arm_spec import Layer
from qgate.charter.vocabulary import feature_of
from qgate.errors import UsageError
from qgate.files import printable
from qgate.quantum.draft import Array, Draft

_LARGEST_FILE = 16 * 1024 * 1024
_LONGEST_TOLD = 300
_BASIS = (
    "id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "cx", "cz", "swap", "rx", "ry",
    "rz", "p", "rxx", "ryy", "rzz", "rzx", "crx", "cry", "crz", "cp",
)  # fmt: skip
"""Gates that stay as the file has them; others are spelled by these."""
_DEEPEST = 32
"""Definitions within definitions that are taken apart."""


def read_circuit(name: str, path: Path) -> QuantumCircuit:
    """Return the circuit of a file: gates of the basis, without its global phase.

    Args:
        name: What the charter calls it, for messages.
        path: Where it is.

    Raises:
        UsageError: When the file cannot be read, or holds more than gates.

    """
    data = _bytes(name, path)
    circuit = _openqasm(name, data) if name.lower().endswith(".qasm") else _qpy(name, data)
    if circuit.num_qubits == 0:
        raise UsageError(f"{name}: the circuit has no qubits")
    operations = [item.operation for item in circuit.data if item.operation.name != "barrier"]
    others = {op.name for op in operations if not isinstance(op, Gate)}
    if circuit.num_clbits:
        others.add("classical bits")
    if others:
        listed = ", ".join(sorted(others))
        raise UsageError(f"{name}: a feature map takes gates only: remove {printable(listed)}")
    try:
        circuit = _spelled(name, circuit)
    except UsageError:
        raise
    except Exception as error:
        raise _unreadable(name, error) from error
    circuit.global_phase = 0  # of no consequence, even where it depends on the data
    return circuit


def _spelled(name: str, circuit: QuantumCircuit) -> QuantumCircuit:
    """Return a circuit in gates of the basis, each of which is what Qiskit means by its name.

    A file may define a gate of its own under such a name, which is taken apart.
    """
    standard = get_standard_gate_name_mapping()
    for _ in range(_DEEPEST):
        found = [item.operation for item in circuit.data if item.operation.name != "barrier"]
        own = {
            op.name
            for op in found
            if op.name in standard and op.base_class is not standard[op.name].base_class
        }
        if own:
            circuit = circuit.decompose(gates_to_decompose=sorted(own))
        elif {op.name for op in found} <= {*_BASIS}:
            return circuit
        else:
            circuit = transpile(circuit, basis_gates=list(_BASIS), optimization_level=0)
    raise UsageError(
        f"{name}: some gates cannot be taken apart into gates that are known: is one of them named "
        "like a standard gate, but without a definition?"
    )


def _bytes(name: str, path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"{name}: cannot read: {error.strerror}") from None
    if len(data) > _LARGEST_FILE:
        raise UsageError(f"{name}: larger than {_LARGEST_FILE} bytes, which no circuit file is")
    return data


def _openqasm(name: str, data: bytes) -> QuantumCircuit:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not UTF-8, so no OpenQASM 3") from None
    if re.search(r"^\s*OPENQASM\s+2", text, re.MULTILINE):
        raise UsageError(
            f"{name}: this is OpenQASM 2, which has no parameters: save it as OpenQASM 3 "
            "(qiskit.qasm3.dump) or QPY (qiskit.qpy.dump)"
        )
    told = io.StringIO()
    try:
        with redirect_stderr(told):  # the parser writes line and column there, not in its error
            return qasm3.loads(text)
    except ImportError:
        raise UsageError(
            f"{name}: reading OpenQASM 3 needs a package more: pip install 'qgate[openqasm]', or "
            "save the circuit as QPY (qiskit.qpy.dump)"
        ) from None
    except Exception as error:
        raise _unreadable(name, error, told.getvalue()) from error


def _qpy(name: str, data: bytes) -> QuantumCircuit:
    try:
        found = qpy.load(io.BytesIO(data))
    except Exception as error:
        raise _unreadable(name, error) from error
    if len(found) != 1:
        raise UsageError(f"{name}: holds {len(found)} circuits: save the one that is meant alone")
    return found[0]


def _unreadable(name: str, error: Exception, told: str = "") -> UsageError:
    """Return what to say of a file that a reader failed on, in whichever way."""
    kind = "OpenQASM 3" if name.lower().endswith(".qasm") else "QPY"
    why = " ".join((told.strip() or str(error).strip() or type(error).__name__).split())
    return UsageError(f"{name}: not readable as {kind}: {printable(why[:_LONGEST_TOLD])}")


def append_circuit(draft: Draft, layer: Layer, circuit: QuantumCircuit) -> None:
    """Append a file's gates, with a fresh parameter for each angle that depends on the data.

    Raises:
        UsageError: When the file's parameters are not the features and those that `bind` names.

    """
    _check_parameters(layer, circuit, draft.features)
    values = {p: layer.bind[p.name] for p in circuit.parameters if p.name in layer.bind}
    for item in circuit.assign_parameters(values).data:
        if item.operation.name == "barrier":
            continue
        qubits = [circuit.find_bit(qubit).index for qubit in item.qubits]
        draft.circuit.append(_opened(draft, item.operation), qubits)


def _check_parameters(layer: Layer, circuit: QuantumCircuit, features: int) -> None:
    names = [parameter.name for parameter in circuit.parameters]
    others = [name for name in names if feature_of(name) is None]
    here = f"its parameters are {_listed(names)}" if names else "it has no parameters"
    if unknown := [name for name in layer.bind if name not in others]:
        raise UsageError(f"{layer.path}: `bind` names {_listed(unknown)}; {here}")
    if unbound := [name for name in others if name not in layer.bind]:
        raise UsageError(
            f"{layer.path}: {_listed(unbound)} need a value in `bind`, since features are called "
            f"x0, x1, ...; {here}"
        )
    found = {number for name in names if (number := feature_of(name)) is not None}
    if found and found != set(range(features)):
        wrong = sorted(found.symmetric_difference(range(features)))
        what = "takes no" if wrong[0] < features else "takes"
        raise UsageError(
            f"{layer.path}: the rows have {features} features, x0 to x{features - 1}, and the "
            f"circuit {what} x{wrong[0]}; {here}"
        )


def _listed(names: Sequence[str]) -> str:
    return printable(", ".join(names))[:_LONGEST_TOLD]


def _opened(draft: Draft, operation: Instruction) -> Instruction:
    """Return an operation whose open angles are the draft's."""
    if not operation.params:
        return operation
    found = operation.to_mutable()
    found.params = [_angle(draft, param) for param in operation.params]
    return found


def _angle(draft: Draft, param: float | ParameterExpression) -> float | Parameter:
    if not isinstance(param, ParameterExpression):
        return param
    columns = {p: number for p in param.parameters if (number := feature_of(p.name)) is not None}
    if not columns:
        return _real(param.bind_all({}))
    slopes = _slopes(param, list(columns))
    if slopes is None:
        return draft.open(1, partial(_row_by_row, param, columns))[0]
    offset = _real(param.bind_all(dict.fromkeys(columns, 0.0)))
    return draft.open(1, partial(_affine, offset, slopes, list(columns.values())))[0]


def _slopes(expression: ParameterExpression, parameters: Sequence[Parameter]) -> Array | None:
    """Return the slope by each parameter, None where one is not known to be constant."""
    try:
        slopes = [expression.gradient(parameter) for parameter in parameters]
    except RuntimeError:  # a function that Qiskit has no derivative of
        return None
    if any(isinstance(slope, ParameterExpression) for slope in slopes):
        return None
    return np.array([_real(slope) for slope in slopes])


def _affine(offset: float, slopes: Array, columns: Sequence[int], X: Array) -> Array:
    return np.asarray(offset + X[:, list(columns)] @ slopes[:, None])


def _row_by_row(
    expression: ParameterExpression, columns: Mapping[Parameter, int], X: Array
) -> Array:
    rows = [
        _real(expression.bind_all({p: row[column] for p, column in columns.items()}))
        for row in X.tolist()
    ]
    return np.array(rows, dtype=np.float64)[:, None]


def _real(value: complex) -> float:
    """Return a number that is real, else NaN, which no angle may be."""
    return value.real if isinstance(value, int | float) or value.imag == 0 else float("nan")
