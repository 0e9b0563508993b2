"""Two snapshots of a device: every figure of either, once, and none dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qgate.charter.arm_spec import ArmSpec, DeviceSpec, QuantumKernel, Step
from qgate.digest import canonical
from qgate.errors import InvalidFileError, TermError, UsageError
from qgate.quantum.device import Device, from_document, read_device
from qgate.quantum.device_import import text_of
from qgate.quantum.drift import (
    ABSENT,
    QUBIT_PROPERTIES,
    Element,
    calibration_of,
    calibrations,
    elements,
    refuse_mismatch,
)
from tests.unit.quantum.test_device import FIXTURES, line

LATER = "2021-08-02T10:41:12-04:00"


def _device(qubits: int = 2, **changed: Any) -> Device:
    return from_document(line(qubits, **changed))


def _of(name: str) -> Device:
    return read_device(FIXTURES / name, name)


def test_every_property_of_every_part_is_an_element() -> None:
    found = elements(_device(), _device(time=LATER))
    assert [(e.property, e.gate, e.qubits) for e in found] == [
        *((name, "", (qubit,)) for qubit in (0, 1) for name in QUBIT_PROPERTIES),
        ("one_qubit_error", "sx", (0,)),
        ("one_qubit_error", "sx", (1,)),
        ("two_qubit_error", "cx", (0, 1)),
    ]  # fmt: skip
    assert found[0] == Element("t1_s", "", (0,), 100.0 * 1e-6, 100.0 * 1e-6)
    assert (found[-1].locked, found[-1].current) == (0.01, 0.01)


def test_one_calibration_is_one_element() -> None:
    """Gates of a qubit, and directions of a coupling, that are reported alike are one reading."""
    gates = [
        {"gate": "sx", "qubits": [0], "error": 1e-4},
        {"gate": "x", "qubits": [0], "error": 1e-4},
        {"gate": "rz", "qubits": [0], "error": 0},
        {"gate": "cx", "qubits": [1, 0], "error": 0.01},
        {"gate": "cx", "qubits": [0, 1], "error": 0.01},
        {"gate": "cz", "qubits": [0, 1], "error": 0.01},
    ]
    found = elements(_device(gates=gates), _device(gates=gates))
    assert [(e.gate, e.qubits) for e in found if e.gate] == [
        ("rz", (0,)), ("sx, x", (0,)), ("cx", (0, 1)), ("cz", (0, 1)),
    ]  # fmt: skip
    moved = [*gates[:3], {**gates[3], "error": 1.0}, *gates[4:]]
    found = elements(_device(gates=gates), _device(gates=moved))
    assert [(e.qubits, e.current) for e in found if e.gate == "cx"] == [((0, 1), 0.01), ((1, 0), 1)]


def test_what_is_in_one_alone_is_named() -> None:
    before, after = _device(2), _device(3, gates=line(3)["gates"][1:4])
    found = {(e.property, e.gate, e.qubits): (e.locked, e.current) for e in elements(before, after)}
    assert found["t1_s", "", (2,)] == (ABSENT, 100.0 * 1e-6)
    assert found["one_qubit_error", "sx", (0,)] == (1e-4, ABSENT)
    assert found["one_qubit_error", "sx", (2,)] == (ABSENT, 1e-4)
    unknown = [{"t1_us": 90.0, "t2_us": None, "readout_error": None}] * 2
    both = {
        (e.property, e.qubits): (e.locked, e.current)
        for e in elements(_device(), from_document(line(2) | {"qubits": unknown}))
    }
    assert both["t2_s", (0,)] == (80.0 * 1e-6, None)
    assert both["p0_given_1", (1,)] == (0.02, None)


def test_other_devices_and_other_orders_are_refused() -> None:
    with pytest.raises(UsageError, match="two devices, toy and other"):
        refuse_mismatch(_device(), _device(device="other"))
    with pytest.raises(
        UsageError, match=f"{line()['time']}, is older than the locked one, {LATER}"
    ):
        refuse_mismatch(_device(time=LATER), _device())
    refuse_mismatch(_device(), _device())
    refuse_mismatch(_device(), _device(time="2021-07-26T07:41:12-07:00"))  # the same moment
    with pytest.raises(UsageError, match="older"):
        calibration_of(_device(time=LATER), _device(), (0, 1))


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        # qubits x 4, rz and (id, sx, x) of each, 6 couplings alike in both directions
        ("lagos_2021-07-26.json", "lagos_2024-05-27.json", 7 * 4 + 7 * 2 + 6),
        # 28 couplings, of which 2 are broken in one direction
        ("hanoi_2025-02-12.json", "hanoi_2025-02-26.json", 27 * 4 + 27 * 2 + 30),
    ],
)
def test_real_snapshots(before: str, after: str, rows: int) -> None:
    locked, current = _of(before), _of(after)
    found = calibration_of(locked, current, (3, 1))
    assert found["used"] == [1, 3]
    assert found["current"] == {
        "device": current.name, "time": current.time, "digest": current.digest
    }  # fmt: skip
    assert len(found["elements"]) == rows
    assert canonical(found)
    readouts = np.array([row[3:] for row in found["elements"] if row[0].startswith("p")])
    medians = np.median(readouts.reshape(-1, 2, 2).mean(axis=1), axis=0)  # as the README has them
    expected = (0.0089, 0.1690) if "lagos" in before else (0.0105, 0.0102)
    assert medians == pytest.approx(expected, abs=5e-5)


def _arm(role: str, device: DeviceSpec | None) -> ArmSpec:
    kernel = QuantumKernel((), 1, Step("sklearn.svm.SVC", {}), device=device)
    return ArmSpec(role, "q", quantum_kernel=kernel)


def test_arms_that_name_a_later_snapshot_have_calibrations(tmp_path: Path) -> None:
    documents = {"a": line(), "b": line(time=LATER), "c": line(device="other", time=LATER)}
    for name, document in documents.items():
        (tmp_path / f"{name}.json").write_text(text_of(document), encoding="utf-8")
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    plain = _arm("baseline", DeviceSpec("a.json"))
    figures = {"candidate": {"physical_qubits": [2, 1]}}
    assert calibrations((plain, _arm("candidate", None)), tmp_path, figures) is None
    arm = _arm("candidate", DeviceSpec("a.json", current="b.json"))
    found = calibrations((plain, arm), tmp_path, figures)
    locked, current = (read_device(tmp_path / f"{name}.json", name) for name in "ab")
    assert found == {"candidate": calibration_of(locked, current, [1, 2])}
    other = _arm("candidate", DeviceSpec("a.json", current="c.json"))
    with pytest.raises(TermError, match="two devices") as raised:
        calibrations((other,), tmp_path, figures)
    assert raised.value.path == ("candidate", "quantum_kernel", "device", "current")
    bad = _arm("candidate", DeviceSpec("a.json", current="bad.json"))
    with pytest.raises(InvalidFileError):
        calibrations((bad,), tmp_path, figures)
