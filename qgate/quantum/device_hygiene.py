"""What is dubious in a snapshot on the qubits that are used; numpy and Qiskit are not needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from qgate.quantum.device import Device, GateFigures, among, listed, on_qubits

_STALE_DAYS = 30
_UNUSUAL_READOUT = 0.1


def hygiene(device: Device, used_qubits: Collection[int], today: date | None = None) -> list[str]:
    """Return sentences on what is dubious about these qubits; empty if nothing is.

    Args:
        device: The whole snapshot.
        used_qubits: Their numbers on it.
        today: In UTC; without it the snapshot's age is not judged.

    """
    used = sorted(set(used_qubits))
    found = [] if today is None else list(_age(device, today))
    return [*found, *_qubits(device, used), *_gates(among(device, used))]


def _age(device: Device, today: date) -> Iterator[str]:
    days = device.age_days(today)
    if days > _STALE_DAYS:
        yield f"the snapshot is {days} days old, more than {_STALE_DAYS}: take a newer one"
    if days < 0:
        yield f"the snapshot's time, {device.time}, lies in the future"


def _qubits(device: Device, used: Sequence[int]) -> Iterator[str]:
    qubits = [(number, device.qubits[number]) for number in used]
    no_t1 = [n for n, q in qubits if q.t1_s is None]
    no_t2 = [n for n, q in qubits if q.t2_s is None]
    above = [n for n, q in qubits if q.t1_s and q.t2_s and q.t2_s > 2 * q.t1_s]
    no_readout = [n for n, q in qubits if q.readout_error is None]
    high = [(n, q.readout_error) for n, q in qubits if (q.readout_error or 0) > _UNUSUAL_READOUT]
    if no_t1:
        yield f"T1 is not known on {on_qubits(no_t1)}: taken as endless"
    if no_t2:
        yield f"T2 is not known on {on_qubits(no_t2)}: taken as 2 T1"
    if above:
        yield f"T2 is above 2 T1, which cannot be, on {on_qubits(above)}: taken as 2 T1"
    if no_readout:
        yield f"the readout error is not known on {on_qubits(no_readout)}: taken as none"
    if high:
        figures = listed(f"{number} ({error:.3g})" for number, error in high)
        plural = "s" if len(high) > 1 else ""
        yield f"the readout error is above {_UNUSUAL_READOUT} on qubit{plural} {figures}: unusual"


def _gates(gates: Sequence[GateFigures]) -> Iterator[str]:
    broken = [gate for gate in gates if gate.error is not None and not gate.works]
    unknown = [gate for gate in gates if gate.error is None]
    working = [gate for gate in gates if gate.works]
    timeless = [gate for gate in working if gate.duration_s is None]
    # The infidelity of the channel that leaves nothing of the state (Horodecki et al. 1999).
    beyond = [gate for gate in working if (gate.error or 0) > _most(gate)]
    if broken:
        yield f"an error of 1 or more: {listed(broken)}: broken, left out of circuits"
    if pairs := [gate for gate in unknown if not gate.works]:
        yield f"the error is not known of {listed(pairs)}: left out of circuits"
    if single := [gate for gate in unknown if gate.works]:
        yield f"the error is not known of {listed(single)}: taken as none besides relaxation"
    if beyond:
        figures = listed(f"{gate} ({gate.error:.3g}, at most {_most(gate):.3g})" for gate in beyond)
        yield f"more error than a depolarising channel has: {figures}: taken as the most it has"
    if timeless:
        yield f"the duration is not known of {listed(timeless)}: no relaxation during it"


def _most(gate: GateFigures) -> float:
    dimension: int = 2 ** len(gate.qubits)
    return dimension / (dimension + 1)
