"""A device's calibration snapshot: its file, its qubits and gates, and what is amiss on them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import read_yaml
from qgate.digest import digest
from qgate.errors import InvalidFileError, UsageError
from qgate.quantum.device_form import MULTI_ANGLE_GATES, meaning_findings

if TYPE_CHECKING:
    from qiskit.transpiler import Target

VERSION = 1
_BEAM = 200
"""Sets of qubits kept at each size. Of five real devices, 7 to 156 qubits, the best set was among
them wherever all sets were tried, up to size 8; DenseLayout's had up to 1.8 times its error."""


@dataclass(frozen=True)
class Qubit:
    """What is known of a qubit: None is not known."""

    t1_s: float | None
    t2_s: float | None
    p1_given_0: float | None
    """Chance to read 1 where 0 was prepared."""
    p0_given_1: float | None

    @property
    def readout_error(self) -> float | None:
        """Return the mean chance of a wrong reading."""
        if self.p1_given_0 is None or self.p0_given_1 is None:
            return None
        return (self.p1_given_0 + self.p0_given_1) / 2


@dataclass(frozen=True)
class GateFigures:
    """What is known of a gate on its qubits: None is not known."""

    name: str
    qubits: tuple[int, ...]
    error: float | None
    """Average gate infidelity."""
    duration_s: float | None

    @property
    def works(self) -> bool:
        """Return whether it can be used: providers write an error of 1 where a gate is broken.

        A one-qubit gate without an error is taken as perfect, as rotations by a change of frame
        are; a two-qubit gate without one is not.
        """
        if self.error is None:
            return len(self.qubits) == 1
        return self.error < 1

    def __str__(self) -> str:
        """Return the gate and its qubits in order."""
        return f"{self.name} {'->'.join(map(str, self.qubits))}"


@dataclass(frozen=True)
class Device:
    """A snapshot, whole or restricted to some of its qubits."""

    name: str
    time: str
    """ISO 8601, as the file has it."""
    source: str
    digest: str
    """Of the whole snapshot's content, also where this is a part of it."""
    qubits: tuple[Qubit, ...]
    gates: tuple[GateFigures, ...]

    @property
    def calibrated(self) -> datetime:
        """Return its time, with a zone."""
        return datetime.fromisoformat(self.time)

    @property
    def couplings(self) -> tuple[tuple[int, int], ...]:
        """Return the pairs of the two-qubit gates, each once, lower qubit first, in order."""
        pairs = {(min(g.qubits), max(g.qubits)) for g in self.gates if len(g.qubits) == 2}
        return tuple(sorted(pairs))

    def age_days(self, today: date) -> int:
        """Return the days from the calibration to a day, both in UTC."""
        return (today - self.calibrated.astimezone(UTC).date()).days


def read_device(path: Path, name: str) -> Device:
    """Read a snapshot.

    What providers do report of broken qubits and couplings is accepted: `hygiene` and `unusable`
    say it of the qubits that are used.

    Args:
        path: Of the file.
        name: How the file is called in findings.

    Raises:
        InvalidFileError: With line and column, when the file is no snapshot.

    """
    source = read_yaml(path, name)
    findings = findings_against("device.v1.json", source) or list(meaning_findings(source))
    if findings:
        raise InvalidFileError(findings)
    return from_document(source.document)


def from_document(document: Mapping[str, Any]) -> Device:
    """Return the device of a snapshot's valid content."""
    return Device(
        document["device"],
        document["time"],
        document["source"],
        digest(document),
        tuple(_qubit(entry) for entry in document["qubits"]),
        tuple(
            GateFigures(
                entry["gate"],
                tuple(entry["qubits"]),
                entry.get("error"),
                _scaled(entry.get("duration_ns"), 1e-9),
            )
            for entry in document["gates"]
        ),
    )


def restricted(device: Device, physical: Sequence[int]) -> Device:
    """Return only these qubits, numbered 0, 1, ... in this order, and the gates among them.

    Raises:
        UsageError: When a qubit stands twice or the device does not have it.

    """
    if len(set(physical)) < len(physical):
        raise UsageError(f"a qubit stands twice in {listed(physical)}")
    if absent := [q for q in physical if not 0 <= q < len(device.qubits)]:
        last = len(device.qubits) - 1
        raise UsageError(f"{device.name} has qubits 0 to {last}, not {listed(absent)}")
    number = {qubit: place for place, qubit in enumerate(physical)}
    return replace(
        device,
        qubits=tuple(device.qubits[qubit] for qubit in physical),
        gates=tuple(
            replace(gate, qubits=tuple(number[qubit] for qubit in gate.qubits))
            for gate in among(device, physical)
        ),
    )


def among(device: Device, used: Collection[int]) -> list[GateFigures]:
    """Return the gates whose qubits are all used."""
    wanted = set(used)
    return [gate for gate in device.gates if wanted.issuperset(gate.qubits)]


def to_target(device: Device) -> Target:
    """Return the device for Qiskit's transpiler; gates that do not work are left out."""
    from qiskit.circuit.library import get_standard_gate_name_mapping
    from qiskit.transpiler import InstructionProperties, QubitProperties, Target

    target = Target(
        num_qubits=len(device.qubits),
        qubit_properties=[QubitProperties(t1=q.t1_s, t2=q.t2_s) for q in device.qubits],
    )
    standard = get_standard_gate_name_mapping()
    figures: dict[str, dict[tuple[int, ...], InstructionProperties]] = {}
    for gate in device.gates:
        if gate.works:
            found = InstructionProperties(duration=gate.duration_s, error=gate.error)
            figures.setdefault(gate.name, {})[gate.qubits] = found
    figures["measure"] = {
        (place,): InstructionProperties(error=qubit.readout_error)
        for place, qubit in enumerate(device.qubits)
    }
    for name, properties in figures.items():
        target.add_instruction(standard[name], properties)
    return target


def best_qubits(device: Device, count: int) -> tuple[int, ...]:
    """Return connected qubits with the least total error, in ascending order.

    The total is each qubit's readout error and the errors of the couplings that connect them (a
    smallest spanning tree). Sets grow by one neighbour at a time and the best `_BEAM` are kept.
    Broken couplings and qubits are passed over, and an unknown readout counts as 1.

    Raises:
        UsageError: When no working part of the device is so large.

    """
    links = _links(device)
    parts = _parts(links)
    largest = max(map(len, parts), default=0)
    if largest < count:
        part = f", {largest} in its largest working part" if largest < len(device.qubits) else ""
        message = f"{device.name} has {len(device.qubits)} qubits{part}; {count} are needed"
        raise UsageError(message)
    readouts = [qubit.readout_error for qubit in device.qubits]
    costs = [1.0 if error is None else error for error in readouts]
    kept = {frozenset({q}): costs[q] for part in parts if len(part) >= count for q in part}
    for _ in range(1, count):
        grown: dict[frozenset[int], float] = {}
        for chosen, total in kept.items():
            for there, error in ((t, e) for here in chosen for t, e in links[here].items()):
                if there not in chosen:
                    wider = chosen | {there}
                    cost = total + error + costs[there]
                    grown[wider] = min(cost, grown.get(wider, math.inf))
        kept = dict(sorted(grown.items(), key=_rank)[:_BEAM])
    return tuple(sorted(min(kept.items(), key=_rank)[0]))


def unusable(device: Device, used: Collection[int]) -> list[str]:
    """Return, in sentences, why circuits on these qubits cannot be simulated; empty if they can.

    A broken coupling among them is left out of every circuit; it is a reason only where the qubits
    are not connected without it.
    """
    gates = among(device, used)
    single = [gate for gate in gates if len(gate.qubits) == 1]
    found = []
    if idle := sorted(set(used) - {gate.qubits[0] for gate in single}):
        found.append(f"no one-qubit gate on {on_qubits(idle)}")
    if broken := [gate for gate in single if not gate.works]:
        found.append(f"broken, with an error of 1: {listed(broken)}")
    if several := sorted({gate.name for gate in single} & MULTI_ANGLE_GATES):
        found.append(f"gates of several angles are not simulated: {listed(several)}")
    parts = _parts(_links(replace(device, gates=tuple(gates))))
    if len(parts) > 1:
        apart = " and ".join(on_qubits(sorted(part)) for part in parts)
        broken = [gate for gate in gates if len(gate.qubits) == 2 and not gate.works]
        why = f" (broken, or of unknown error: {listed(broken)})" if broken else ""
        found.append(f"no working coupling connects {apart}{why}")
    return found


def listed(items: Iterable[object]) -> str:
    """Return items in words."""
    return ", ".join(map(str, items))


def on_qubits(numbers: Sequence[int]) -> str:
    """Return `qubit 3` or `qubits 3, 4`."""
    return f"qubit{'s' if len(numbers) != 1 else ''} {listed(numbers)}"


def _links(device: Device) -> dict[int, dict[int, float]]:
    """Return each working qubit's neighbours, with the least error of the gates to each."""
    single = [gate for gate in device.gates if len(gate.qubits) == 1]
    works = {gate.qubits[0] for gate in single}
    works -= {gate.qubits[0] for gate in single if not gate.works}
    links: dict[int, dict[int, float]] = {qubit: {} for qubit in sorted(works)}
    for gate in device.gates:
        if len(gate.qubits) == 2 and gate.works and works.issuperset(gate.qubits):
            error = gate.error or 0.0
            for here, there in (gate.qubits, gate.qubits[::-1]):
                links[here][there] = min(error, links[here].get(there, 1.0))
    return links


def _parts(links: Mapping[int, Collection[int]]) -> list[set[int]]:
    """Return the connected parts, in the order of their first qubits."""
    parts: list[set[int]] = []
    left = set(links)
    while left:
        part, edge = set[int](), {min(left)}
        while edge:
            part |= edge
            edge = {there for here in edge for there in links[here]} - part
        parts.append(part)
        left -= part
    return parts


def _rank(entry: tuple[frozenset[int], float]) -> tuple[float, list[int]]:
    """Order sets by their error, equal ones by their qubits."""
    chosen, total = entry
    return total, sorted(chosen)


def _qubit(entry: Mapping[str, Any]) -> Qubit:
    both = entry.get("readout_error")
    readout = entry.get("readout") or {"p1_given_0": both, "p0_given_1": both}
    t1_s, t2_s = (_scaled(entry.get(key), 1e-6) for key in ("t1_us", "t2_us"))
    return Qubit(t1_s, t2_s, readout["p1_given_0"], readout["p0_given_1"])


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
