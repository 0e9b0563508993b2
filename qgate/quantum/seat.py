"""Which qubits of a device a circuit takes, and by whose calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qgate.charter.arm_spec import DeviceSpec
from qgate.errors import TermError, UsageError
from qgate.quantum.device import Device, best_qubits, listed, read_device, restricted, unusable


@dataclass(frozen=True)
class Seat:
    """A device's qubits, in order, and both calibrations of them."""

    whole: Device
    device: Device
    """Whose figures count, restricted to those qubits."""
    laid_by: Device
    """Whose figures decide the layout: an earlier snapshot where only the calibration moved."""
    qubits: tuple[int, ...]
    """Their numbers on the whole device."""


def seat(spec: DeviceSpec, folder: Path, wanted: int) -> Seat:
    """Return where a circuit of so many qubits is put.

    Raises:
        InvalidFileError: When a snapshot cannot be read.
        TermError: When it does not fit; the path is that within the circuit's section.

    """
    whole = read_device(folder / spec.path, spec.path)
    if spec.placed_by is None:
        used = chosen_qubits(wanted, whole, spec.qubits)
        device = restricted(whole, used)
        return Seat(whole, device, device, used)
    earlier = read_device(folder / spec.placed_by, spec.placed_by)
    used = chosen_qubits(wanted, earlier, spec.qubits)
    try:
        chosen_qubits(wanted, whole, used)
    except TermError as error:
        raise TermError(("device", "current"), str(error)) from None
    device, laid_by = restricted(whole, used), restricted(earlier, used)
    working = {(gate.name, gate.qubits) for gate in device.gates if gate.works}
    lost = [g for g in laid_by.gates if g.works and (g.name, g.qubits) not in working]
    if lost:
        message = f"{spec.path} has no working {listed(lost)}, on which the circuit stands"
        raise TermError(("device", "current"), message)
    return Seat(whole, device, laid_by, used)


def chosen_qubits(wanted: int, whole: Device, qubits: Sequence[int]) -> tuple[int, ...]:
    """Return the device's qubits that a circuit of so many is put on: those named, or the best.

    Raises:
        TermError: When it does not fit; the path is that within the circuit's section.

    """
    if wanted > len(whole.qubits):
        message = f"the circuit needs {wanted} qubits, {whole.name} has {len(whole.qubits)}"
        raise TermError(("device",), message)
    used = tuple(qubits) or _best(whole, wanted)
    if len(used) != wanted:
        message = f"the circuit needs {wanted} qubits, {len(used)} are named"
        raise TermError(("device", "qubits"), message)
    if max(used) >= len(whole.qubits):
        message = f"{whole.name} has qubits 0 to {len(whole.qubits) - 1}, not {max(used)}"
        raise TermError(("device", "qubits"), message)
    if found := unusable(whole, used):
        raise TermError(("device",), f"{whole.name}: {'; '.join(found)}")
    return used


def _best(whole: Device, wanted: int) -> tuple[int, ...]:
    try:
        return best_qubits(whole, wanted)
    except UsageError as error:
        raise TermError(("device",), str(error)) from None
