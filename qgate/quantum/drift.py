"""What two snapshots of one device say of each of its parts, as plain values for the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from qgate.charter.arm_spec import ArmSpec
from qgate.errors import TermError, UsageError
from qgate.quantum.device import Device, Qubit, read_device

ABSENT = "absent"
"""Stands for a figure where a snapshot does not have the qubit or the gate at all."""
QUBIT_PROPERTIES = ("t1_s", "t2_s", "p1_given_0", "p0_given_1")
GATE_PROPERTIES = {1: "one_qubit_error", 2: "two_qubit_error"}
"""By the number of a gate's qubits."""

Figure = float | str | None
"""A number, None where it is not known, or ABSENT."""


class Element(NamedTuple):
    """One figure of one qubit or gate, on both dates: times in seconds, errors from 0 to 1."""

    property: str
    """Of QUBIT_PROPERTIES or GATE_PROPERTIES."""
    gate: str
    """Names of the gates that share the figures; empty for a qubit's own."""
    qubits: tuple[int, ...]
    locked: Figure
    current: Figure


def elements(locked: Device, current: Device) -> list[Element]:
    """Return every figure of either snapshot, of the whole device.

    One calibration is one element: gates of one qubit with the same figures (`id`, `sx` and `x`
    are reported alike), and both directions of a two-qubit gate where they have the same figures.
    """
    return [*_of_qubits(locked, current), *_of_gates(locked, current)]


def refuse_mismatch(locked: Device, current: Device) -> None:
    """Refuse two snapshots that are not of one device, or in the wrong order.

    Raises:
        UsageError: Naming both.

    """
    if locked.name != current.name:
        raise UsageError(
            f"the snapshots are of two devices, {locked.name} and {current.name}: "
            "drift is between two snapshots of one"
        )
    if current.calibrated < locked.calibrated:
        raise UsageError(
            f"the current snapshot of {current.name}, {current.time}, is older than the locked "
            f"one, {locked.time}"
        )


def calibration_of(locked: Device, current: Device, used: Sequence[int]) -> dict[str, Any]:
    """Return what a record keeps of a drift: both snapshots' names, the used qubits, all figures.

    The figures of the whole device are kept, since the spread of its other parts tells what is
    usual from one day to the other.

    Raises:
        UsageError: When the snapshots are not of one device, or in the wrong order.

    """
    refuse_mismatch(locked, current)
    return {
        **{
            which: {"device": device.name, "time": device.time, "digest": device.digest}
            for which, device in (("locked", locked), ("current", current))
        },
        "used": sorted(used),
        "elements": [
            [found.property, found.gate, list(found.qubits), found.locked, found.current]
            for found in elements(locked, current)
        ],
    }


def calibrations(
    arms: Iterable[ArmSpec], folder: Path, figures: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return `calibration_of` each arm that names a later snapshot, by role; None without any.

    Args:
        arms: The charter's.
        folder: What the charter's paths are relative to.
        figures: Of each arm's circuit, by role, with the qubits that it stands on.

    Raises:
        InvalidFileError: When a snapshot cannot be read.
        TermError: When it is of another device, or older than the locked one.

    """
    found: dict[str, Any] = {}
    for arm in arms:
        device = arm.device
        if device is None or device.current is None:
            continue
        locked = read_device(folder / device.path, device.path)
        current = read_device(folder / device.current, device.current)
        try:
            found[arm.role] = calibration_of(locked, current, used_qubits(figures[arm.role]))
        except UsageError as error:
            raise TermError((arm.role, arm.kind, "device", "current"), str(error)) from None
    return found or None


def used_qubits(figures: Mapping[str, Any]) -> Sequence[int]:
    """Return a device's qubits that any circuit of an arm stands on, by the arm's figures."""
    found: Sequence[int] = figures.get("used_qubits", figures.get("physical_qubits", ()))
    return found


def _of_qubits(locked: Device, current: Device) -> Iterator[Element]:
    devices = (locked, current)
    for number in range(max(len(device.qubits) for device in devices)):
        before, after = (d.qubits[number] if number < len(d.qubits) else None for d in devices)
        for name in QUBIT_PROPERTIES:
            yield Element(name, "", (number,), _figure(before, name), _figure(after, name))


def _figure(qubit: Qubit | None, name: str) -> Figure:
    if qubit is None:
        return ABSENT
    figure: float | None = getattr(qubit, name)
    return figure


def _of_gates(locked: Device, current: Device) -> Iterator[Element]:
    before, after = (
        {(gate.name, gate.qubits): gate.error for gate in device.gates}
        for device in (locked, current)
    )
    # Gates of one qubit share an element whatever their names, those of two only with themselves.
    alike: dict[tuple[Any, ...], list[tuple[str, tuple[int, ...]]]] = {}
    for key in sorted({*before, *after}, key=lambda key: (len(key[1]), key[1], key[0])):
        name, qubits = key
        figures = (before.get(key, ABSENT), after.get(key, ABSENT))
        shared = name if len(qubits) == 2 else ""
        alike.setdefault((*sorted(qubits), shared, *figures), []).append(key)
    for (*_, was, now), keys in alike.items():
        names = ", ".join(dict.fromkeys(name for name, _ in keys))
        yield Element(GATE_PROPERTIES[len(keys[0][1])], names, keys[0][1], was, now)
