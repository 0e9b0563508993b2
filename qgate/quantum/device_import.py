"""Snapshots from Qiskit's targets and backends, and from qiskit-ibm-runtime's fake devices."""

from __future__ import annotations

import difflib
import importlib
import json
import math
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qgate.errors import ExecutionError, UsageError
from qgate.quantum.device import VERSION
from qgate.quantum.device_form import ONE_QUBIT_GATES, TWO_QUBIT_GATES

_PACKAGE = "qiskit-ibm-runtime"
_OTHER_INSTRUCTIONS = frozenset({"barrier", "delay", "measure", "reset"})
_MICROSECONDS = frozenset({"us", "µs", "μs"})
"""Both signs for micro occur."""

Document = dict[str, Any]
Reported = Mapping[tuple[Any, ...], float]
"""Figures by the qubit or the gate and its qubits, and their name; times in us and ns."""


def from_target(target: Any, *, name: str, time: str, source: str) -> Document:
    """Return the snapshot of a Qiskit target, or of a backend with its properties.

    A target has one readout error a qubit. A backend with `properties()` may report one for each
    state that is prepared, and its times in microseconds and nanoseconds to the last digit.

    Args:
        target: A Target or a BackendV2.
        name: Of the device.
        time: When it was calibrated, ISO 8601 with a zone.
        source: Package and release, for people.

    Raises:
        UsageError: When a gate has no place in a snapshot, or the time no zone.

    """
    properties = getattr(target, "properties", None)
    found = properties() if callable(properties) else None
    reported = _reported(found.to_dict()) if found is not None else {}
    return _document(getattr(target, "target", target), reported, (name, time, source))


def import_fake(name: str) -> Document:
    """Return the snapshot that the installed qiskit-ibm-runtime carries of a device.

    Args:
        name: Such as `fake_lagos`, `FakeLagosV2` or `lagos`.

    Raises:
        UsageError: Where the package is not installed, or knows no such device.
        ExecutionError: When the package's files are not as they have been.

    """
    backend = _fake_class(name)()
    # Older releases do not offer properties(); every one keeps the provider's own answer as a file.
    path = Path(backend.dirname) / backend.props_filename
    try:
        properties = json.loads(path.read_text(encoding="utf-8"))
        device, time = properties["backend_name"], properties["last_update_date"]
        reported = _reported(properties)
    except (OSError, ValueError, KeyError) as error:
        raise ExecutionError(f"{path} is not as expected: {type(error).__name__} {error}") from None
    source = f"{_PACKAGE} {version(_PACKAGE)} {type(backend).__name__}"
    return _document(backend.target, reported, (device, time, source))


def text_of(document: Mapping[str, Any]) -> str:
    """Return a snapshot as JSON with one line a qubit and one line a gate."""
    parts = []
    for key, value in document.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in value)
            text = f"[\n{rows}\n  ]"
        parts.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _fake_class(name: str) -> Any:
    try:
        from qiskit.providers import BackendV2

        provider = importlib.import_module("qiskit_ibm_runtime.fake_provider")
    except ImportError:
        raise UsageError(
            f"--from {name}: the snapshots are in {_PACKAGE}, which is not installed: "
            "pip install 'qgate[ibm]'"
        ) from None
    known = {
        _plain(key): value
        for key, value in vars(provider).items()
        if isinstance(value, type) and issubclass(value, BackendV2) and key.startswith("Fake")
    }
    if (plain := _plain(name)) in known:
        return known[plain]
    close = difflib.get_close_matches(plain, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(f'fake_{word}' for word in close)}?" if close else ""
    some = ", ".join(f"fake_{word}" for word in sorted(known)[:5])
    raise UsageError(
        f"--from {name}: {_PACKAGE} {version(_PACKAGE)} has no such device; "
        + (hint or f"it has {len(known)}, such as {some}")
    )


def _plain(name: str) -> str:
    """Return the device's own part of a fake's name."""
    word = name.strip().lower().replace("_", "").removesuffix("v2")
    return word.removeprefix("fake").removeprefix("ibmq").removeprefix("ibm")


def _document(target: Any, reported: Reported, about: tuple[str, str, str]) -> Document:
    name, time, source = about
    try:
        zoned = datetime.fromisoformat(time).tzinfo is not None
    except ValueError:
        zoned = False
    if not zoned:
        raise UsageError(f"expected an ISO 8601 time with its zone, not {time!r}")
    gates = [
        _gate(gate, qubits, found, reported)
        for gate in sorted(target.operation_names)
        if _is_gate(target, gate)
        for qubits, found in sorted(target[gate].items())
    ]
    qubits = [_qubit(target, number, reported) for number in range(target.num_qubits)]
    return {
        "version": VERSION,
        "device": name,
        "time": datetime.fromisoformat(time).isoformat(),
        "source": source,
        "qubits": qubits,
        "gates": gates,
    }


def _is_gate(target: Any, name: str) -> bool:
    if name in ONE_QUBIT_GATES | TWO_QUBIT_GATES:
        if set(target[name]) == {None}:
            raise UsageError(f"{name} is listed for no qubits: the target is no device's")
        return True
    operation = target.operation_from_name(name)
    control_flow = isinstance(operation, type)
    unitary = not control_flow and name not in _OTHER_INSTRUCTIONS and not operation.num_clbits
    if unitary and hasattr(operation, "to_matrix"):
        raise UsageError(f"the gate {name} has no place in a snapshot: take it out of the target")
    return False


def _gate(name: str, qubits: tuple[int, ...], found: Any, reported: Reported) -> Document:
    error = _known(getattr(found, "error", None))
    exact = reported.get((name, *qubits, "gate_length"))
    duration = _known(exact) if exact is not None else _per(getattr(found, "duration", None), 1e9)
    return {"gate": name, "qubits": list(qubits), "error": error, "duration_ns": duration}


def _qubit(target: Any, number: int, reported: Reported) -> Document:
    given = target.qubit_properties[number] if target.qubit_properties else None
    entry: Document = {}
    for key in ("t1", "t2"):
        exact = reported.get((number, key.upper()))
        value = exact if exact is not None else _per(getattr(given, key, None), 1e6)
        entry[f"{key}_us"] = _known(value) or None
    names = ("prob_meas1_prep0", "prob_meas0_prep1")
    chances = [reported.get((number, key)) for key in names]
    if None not in chances:
        entry["readout"] = dict(zip(("p1_given_0", "p0_given_1"), chances, strict=True))
    else:
        measured = target["measure"].get((number,)) if "measure" in target else None
        entry["readout_error"] = _known(getattr(measured, "error", None))
    return entry


def _reported(properties: Mapping[str, Any]) -> Reported:
    """Return the figures of BackendProperties that a target rounds or leaves out."""
    found: dict[tuple[Any, ...], float] = {}
    for number, figures in enumerate(properties["qubits"]):
        for figure in figures:
            if figure["name"] not in ("T1", "T2") or figure["unit"] in _MICROSECONDS:
                found[number, figure["name"]] = figure["value"]
    for gate in properties["gates"]:
        for figure in gate["parameters"]:
            if figure["unit"] == "ns":
                found[(gate["gate"], *gate["qubits"], figure["name"])] = figure["value"]
    return found


def _per(value: float | None, factor: float) -> float | None:
    """Return a figure in a smaller unit, without the last digit's noise of the conversion."""
    return None if value is None else float(f"{value * factor:.15g}")


def _known(value: float | None) -> float | None:
    """Return a figure, None where it is no finite number from zero up."""
    return value if value is not None and math.isfinite(value) and value >= 0 else None
