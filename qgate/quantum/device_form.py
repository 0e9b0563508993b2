"""What a device snapshot's schema cannot say: which gates there are, and how entries must agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from qgate.charter.yaml_reader import Source
from qgate.errors import Finding

MULTI_ANGLE_GATES = frozenset({"r", "u", "u2", "u3"})
"""Gates of several angles at once, which the simulation of device noise does not take."""
ONE_QUBIT_GATES = frozenset(
    {"id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "rx", "ry", "rz", "p", "u1"}
    | MULTI_ANGLE_GATES
)
TWO_QUBIT_GATES = frozenset({"cx", "cy", "cz", "ecr", "swap", "iswap", "rxx", "ryy", "rzz", "rzx"})


def meaning_findings(source: Source) -> Iterator[Finding]:
    """Find what the schema cannot, in a document that has passed it."""
    document = source.document
    try:
        datetime.fromisoformat(document["time"])
    except ValueError as error:
        yield source.finding(("time",), f"time: no such date or time: {error}")
    for place, qubit in enumerate(document["qubits"]):
        if qubit.get("readout") is not None and qubit.get("readout_error") is not None:
            message = f"qubits[{place}]: give `readout` or `readout_error`, not both"
            yield source.finding(("qubits", place, "readout_error"), message)
    first: dict[tuple[Any, ...], int] = {}
    for place, gate in enumerate(document["gates"]):
        where, name, qubits = ("gates", place), gate["gate"], gate["qubits"]
        wanted = 1 if name in ONE_QUBIT_GATES else 2
        if len(qubits) != wanted or len(set(qubits)) < wanted:
            number = "one qubit" if wanted == 1 else "two different qubits"
            message = f"gates[{place}]: {name} acts on {number}, not on {qubits}"
            yield source.finding((*where, "qubits"), message)
        last = len(document["qubits"]) - 1
        if max(qubits) > last:
            message = f"gates[{place}]: no qubit {max(qubits)}: the device has qubits 0 to {last}"
            yield source.finding((*where, "qubits"), message)
        if (key := (name, *qubits)) in first:
            line, _ = source.place(("gates", first[key]))
            message = f"gates[{place}]: {name} on {qubits} stands twice; first on line {line}"
            yield source.finding(where, message)
        first.setdefault(key, place)
