"""Snapshots: read with every error located, restricted, judged, and made from Qiskit's targets."""

from __future__ import annotations

import json
import re
import runpy
import sys
from collections.abc import Callable
from datetime import date
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import CCXGate, CXGate, get_standard_gate_name_mapping
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import Target

from qgate.charter.schema import load_schema
from qgate.digest import digest, sha256_file
from qgate.errors import InvalidFileError, UsageError
from qgate.quantum import device_import
from qgate.quantum.device import (
    Device,
    best_qubits,
    from_document,
    read_device,
    restricted,
    to_target,
    unusable,
)
from qgate.quantum.device_form import ONE_QUBIT_GATES, TWO_QUBIT_GATES
from qgate.quantum.device_hygiene import hygiene
from qgate.quantum.device_import import from_target, import_fake, text_of

FIXTURES = Path(__file__).parents[3] / "fixtures/devices"
SNAPSHOTS = sorted(FIXTURES.glob("*.json"))
TIME = "2021-07-26T10:41:12-04:00"


def line(qubits: int = 3, **changed: Any) -> dict[str, Any]:
    """Return a snapshot of qubits in a line."""
    single = [
        {"gate": "sx", "qubits": [q], "error": 1e-4, "duration_ns": 35} for q in range(qubits)
    ]
    pairs = [
        {"gate": "cx", "qubits": [q, q + 1], "error": 0.01, "duration_ns": 300}
        for q in range(qubits - 1)
    ]
    return {
        "version": 1,
        "device": "toy",
        "time": TIME,
        "source": "hand-written",
        "qubits": [{"t1_us": 100.0, "t2_us": 80.0, "readout_error": 0.02} for _ in range(qubits)],
        "gates": single + pairs,
        **changed,
    }


def coupled(error: float | None, qubits: int = 3) -> Device:
    """Return a line whose last coupling has this error."""
    document = line(qubits)
    document["gates"][-1]["error"] = error
    return from_document(document)


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """Return what reading a snapshot complains of."""

    def complaint(document: dict[str, Any]) -> str:
        path = tmp_path / "toy.json"
        path.write_text(text_of(document), encoding="utf-8")
        with pytest.raises(InvalidFileError) as caught:
            read_device(path, "toy.json")
        return str(caught.value)

    return complaint


def test_the_schema_names_the_gates_that_the_program_knows() -> None:
    gate = load_schema("device.v1.json")["properties"]["gates"]["items"]["properties"]["gate"]
    assert set(gate["enum"]) == ONE_QUBIT_GATES | TWO_QUBIT_GATES
    standard = get_standard_gate_name_mapping()
    assert {standard[name].num_qubits for name in ONE_QUBIT_GATES} == {1}
    assert {standard[name].num_qubits for name in TWO_QUBIT_GATES} == {2}


def test_a_snapshot_is_read_in_seconds_with_its_digest(tmp_path: Path) -> None:
    document = line()
    document["qubits"][1] = {"readout": {"p1_given_0": 0.01, "p0_given_1": 0.03}, "t1_us": None}
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    device = read_device(path, "toy.json")
    assert device.digest == digest(document)
    assert device.couplings == ((0, 1), (1, 2))
    assert device.qubits[0].t1_s == pytest.approx(100e-6, rel=1e-15)
    assert device.qubits[1].t1_s is None
    assert device.qubits[1].readout_error == pytest.approx(0.02)
    assert device.gates[-1].duration_s == pytest.approx(300e-9, rel=1e-15)
    assert device.age_days(date(2021, 7, 28)) == 2


def change(path: tuple[Any, ...], value: Any) -> Callable[[dict[str, Any]], None]:
    """Return what sets one value of a document."""

    def apply(document: dict[str, Any]) -> None:
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return apply


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("time",), "2021-07-26T10:41:12", r"toy.json:4:3: time: .* with its zone"),
        (("time",), "2021-02-30T10:41:12Z", r"toy.json:4:3: time: no such date or time"),
        (("gates", 3, "qubits"), [0, 3], r"toy.json:15:\d+: gates\[3\]: no qubit 3: .* 0 to 2"),
        (("gates", 3, "qubits"), [1, 1], r"toy.json:15:\d+: .*two different qubits"),
        (("gates", 3, "qubits"), [1], r"toy.json:15:\d+: .*two different qubits"),
        (("gates", 3, "gate"), "sx", r"toy.json:15:\d+: .*sx acts on one qubit"),
        (("gates", 4, "qubits"), [0, 1], r"toy.json:16:5: .*stands twice; first on line 15"),
        (("gates", 4, "gate"), "ccx", r"toy.json:16:\d+: .*'ccx' is none of"),
        (("gates", 4, "error"), 1.5, r"toy.json:16:\d+: .*1.5 is above the largest allowed, 1"),
        (("gates", 4, "error"), float("nan"), r"toy.json:16:\d+: .*expected a number"),
        (("qubits", 0, "t1_us"), 0, r"toy.json:7:\d+: .*must be more than 0"),
        (("qubits", 0, "t1_ns"), 1, r"toy.json:7:\d+: unknown key 't1_ns' .*did you mean 't1_us'"),
        (
            ("qubits", 0, "readout"),
            {"p1_given_0": 0.1, "p0_given_1": 0.1},
            r"toy.json:7:\d+: qubits\[0\]: give `readout` or `readout_error`, not both",
        ),
    ],
)
def test_a_wrong_form_is_refused_where_it_stands(
    refused: Callable[[dict[str, Any]], str], path: tuple[Any, ...], value: Any, message: str
) -> None:
    document = line()
    change(path, value)(document)
    assert re.search(message, refused(document)), refused(document)


def test_a_part_is_renumbered_in_the_order_asked_for() -> None:
    device = restricted(from_document(line(4)), (2, 1))
    assert [str(gate) for gate in device.gates] == ["sx 1", "sx 0", "cx 1->0"]
    assert len(device.qubits) == 2
    assert device.digest == digest(line(4))
    with pytest.raises(UsageError, match="has qubits 0 to 3, not 4"):
        restricted(from_document(line(4)), (0, 4))
    with pytest.raises(UsageError, match="twice"):
        restricted(from_document(line(4)), (0, 0))


def test_only_used_qubits_are_judged() -> None:
    document = line(4)
    document["qubits"][3] = {"t1_us": 100, "t2_us": 250, "readout_error": 0.2}
    document["qubits"][2] = {}
    document["gates"][-1]["error"] = 1
    document["gates"][-2]["error"] = 0.85
    del document["gates"][0]["error"]
    del document["gates"][1]["duration_ns"]
    device = from_document(document)
    assert hygiene(restricted(device, (1,)), [0]) == [
        "the duration is not known of sx 0: no relaxation during it"
    ]
    found = hygiene(device, range(4), date(2021, 8, 26))
    beyond = "cx 1->2 (0.85, at most 0.8)"
    assert found == [
        "the snapshot is 31 days old, more than 30: take a newer one",
        "T1 is not known on qubit 2: taken as endless",
        "T2 is not known on qubit 2: taken as 2 T1",
        "T2 is above 2 T1, which cannot be, on qubit 3: taken as 2 T1",
        "the readout error is not known on qubit 2: taken as none",
        "the readout error is above 0.1 on qubit 3 (0.2): unusual",
        "an error of 1 or more: cx 2->3: broken, left out of circuits",
        "the error is not known of sx 0: taken as none besides relaxation",
        f"more error than a depolarising channel has: {beyond}: taken as the most it has",
        "the duration is not known of sx 1: no relaxation during it",
    ]
    assert hygiene(from_document(line()), range(3), date(2021, 8, 25)) == []
    assert "lies in the future" in hygiene(from_document(line()), [0], date(2021, 7, 25))[0]


@pytest.mark.parametrize("error", [1, None])
def test_qubits_behind_a_broken_coupling_cannot_be_used(error: float | None) -> None:
    (reason,) = unusable(coupled(error), (0, 1, 2))
    assert "connects qubits 0, 1 and qubit 2" in reason
    assert "cx 1->2" in reason
    assert unusable(coupled(error), (0, 1)) == []
    assert list(to_target(coupled(error))["cx"]) == [(0, 1)]


def test_a_broken_coupling_that_can_be_passed_round_is_no_reason() -> None:
    document = line(3)
    document["gates"].append({"gate": "cx", "qubits": [2, 0], "error": 1})
    assert unusable(from_document(document), (0, 1, 2)) == []


def test_what_else_cannot_be_simulated_is_said() -> None:
    document = line(4)
    document["gates"][0]["error"] = 1.0
    document["gates"][1]["gate"] = "u3"
    del document["gates"][3]
    device = from_document(document)
    found = unusable(device, range(4))
    assert any("no one-qubit gate on qubit 3" in reason for reason in found)
    assert any("an error of 1: sx 0" in reason for reason in found)
    assert any("several angles are not simulated: u3" in reason for reason in found)
    assert unusable(device, (2,)) == []


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_best_qubits_are_the_best_of_all_connected_sets(path: Path, count: int) -> None:
    device = read_device(path, path.name)
    usable = [s for s in combinations(range(len(device.qubits)), count) if tree(device, s) < 9]
    best = min(usable, key=lambda chosen: tree(device, chosen))
    found = best_qubits(device, count)
    assert tree(device, found) == pytest.approx(tree(device, best), rel=1e-12)
    assert unusable(device, found) == []


def test_a_coupling_counts_by_the_best_of_its_gates() -> None:
    document = line()
    document["gates"].append({"gate": "rzz", "qubits": [2, 1], "error": 0.5})
    document["gates"][-3]["error"] = 0.02
    assert best_qubits(from_document(document), 2) == (1, 2)


def tree(device: Device, chosen: tuple[int, ...]) -> float:
    """Return a set's readout errors and its smallest spanning tree (Kruskal 1956), 9 if apart."""
    total = sum(device.qubits[q].readout_error or 0.0 for q in chosen)
    group = {q: q for q in chosen}
    edges = sorted(
        (gate.error, *gate.qubits)
        for gate in device.gates
        if len(gate.qubits) == 2 and set(gate.qubits) <= group.keys() and gate.error is not None
    )
    for error, a, b in edges:
        if error < 1 and group[a] != group[b]:
            total += error
            group = {q: group[b] if g == group[a] else g for q, g in group.items()}
    return total if len(set(group.values())) == 1 else 9.0


def test_a_device_that_is_too_small_is_refused_with_both_numbers() -> None:
    with pytest.raises(UsageError, match="toy has 3 qubits; 4 are needed"):
        best_qubits(from_document(line()), 4)
    with pytest.raises(UsageError, match="3 qubits, 2 in its largest working part; 3 are"):
        best_qubits(coupled(1), 3)


def test_a_target_comes_back_as_the_snapshot_it_was_made_of() -> None:
    document = line()
    there = to_target(from_document(document))
    back = from_target(there, name="toy", time=TIME, source="hand-written")
    gates = sorted(document["gates"], key=lambda gate: (gate["gate"], gate["qubits"]))
    assert back == {**document, "gates": gates}


def test_a_backend_becomes_a_snapshot_that_can_be_read(tmp_path: Path) -> None:
    backend = GenericBackendV2(5, seed=7)
    path = tmp_path / "generic.json"
    document = from_target(backend, name="generic", time=TIME, source="Qiskit")
    path.write_text(text_of(document), encoding="utf-8")
    device = read_device(path, "generic.json")
    target = backend.target
    assert device.couplings == tuple(sorted({(min(q), max(q)) for q in target["cx"]}))
    for gate in device.gates:
        given = target[gate.name][gate.qubits]
        assert gate.error == given.error
        assert gate.duration_s == pytest.approx(given.duration, rel=1e-14)
    for number, qubit in enumerate(device.qubits):
        assert qubit.readout_error == target["measure"][(number,)].error
        assert qubit.t1_s == pytest.approx(target.qubit_properties[number].t1, rel=1e-14)


def test_what_a_snapshot_cannot_hold_is_refused() -> None:
    ideal, toffoli = Target(num_qubits=2), to_target(from_document(line()))
    ideal.add_instruction(CXGate())
    toffoli.add_instruction(CCXGate(), {(0, 1, 2): None})
    with pytest.raises(UsageError, match="cx is listed for no qubits"):
        from_target(ideal, name="ideal", time=TIME, source="")
    with pytest.raises(UsageError, match="ccx has no place"):
        from_target(toffoli, name="toffoli", time=TIME, source="")
    with pytest.raises(UsageError, match="with its zone"):
        from_target(to_target(from_document(line())), name="", time="2021-07-26", source="")


def test_the_transpiler_goes_round_a_broken_direction() -> None:
    whole = read_device(FIXTURES / "hanoi_2025-02-26.json", "")
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    found = transpile(
        circuit, target=to_target(restricted(whole, (5, 8))), initial_layout=[0, 1],
        optimization_level=0, seed_transpiler=1,
    )  # fmt: skip
    pairs = [item.qubits for item in found.data if len(item.qubits) == 2]
    assert [[found.find_bit(q).index for q in pair] for pair in pairs] == [[1, 0]]


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a stand-in for qiskit-ibm-runtime with one device; return its properties file."""
    path = tmp_path / "props_toy.json"

    class FakeToyV2(GenericBackendV2):  # type: ignore[misc]  # Qiskit ships no types
        dirname = str(tmp_path)
        props_filename = path.name

        def __init__(self) -> None:
            super().__init__(2, coupling_map=[[0, 1]], seed=1)

    figures = [("T1", "us", 101.01010101010101), ("T2", "µs", 33.3), ("readout_error", "", 0.02)]
    figures += [("prob_meas0_prep1", "", 0.03), ("prob_meas1_prep0", "", 0.01)]
    qubit = [{"name": name, "unit": unit, "value": value} for name, unit, value in figures]
    length = {"name": "gate_length", "unit": "ns", "value": 35.555555555555554}
    properties = {
        "backend_name": "ibm_toy",
        "last_update_date": TIME,
        "qubits": [qubit, qubit[:3]],
        "gates": [{"gate": "sx", "qubits": [0], "parameters": [length]}],
    }
    path.write_text(json.dumps(properties), encoding="utf-8")
    package, provider = ModuleType("qiskit_ibm_runtime"), ModuleType("fake_provider")
    vars(provider).update(FakeToyV2=FakeToyV2, FakeProvider=dict)
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", package)
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime.fake_provider", provider)
    monkeypatch.setattr(device_import, "version", lambda _: "1.2.3")
    return path


@pytest.mark.parametrize("name", ["fake_toy", "FakeToyV2", "toy", "ibm_toy"])
def test_a_fake_device_keeps_the_digits_and_the_time_of_its_file(fakes: Path, name: str) -> None:
    del fakes
    document = import_fake(name)
    assert (document["device"], document["time"]) == ("ibm_toy", TIME)
    assert document["source"] == "qiskit-ibm-runtime 1.2.3 FakeToyV2"
    first, second = document["qubits"]
    assert (first["t1_us"], first["t2_us"]) == (101.01010101010101, 33.3)
    assert first["readout"] == {"p1_given_0": 0.01, "p0_given_1": 0.03}
    assert 0 < second["readout_error"] < 1
    (sx,) = (g for g in document["gates"] if g["gate"] == "sx" and g["qubits"] == [0])
    assert sx["duration_ns"] == 35.555555555555554


def test_an_unknown_fake_device_suggests_a_close_one(fakes: Path) -> None:
    del fakes
    with pytest.raises(UsageError, match="did you mean fake_toy"):
        import_fake("fake_toyy")


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime.fake_provider", None)
    with pytest.raises(UsageError, match=r"pip install 'qgate\[ibm\]'"):
        import_fake("fake_lagos")


def test_the_fixtures_are_what_their_readme_says() -> None:
    text = (FIXTURES / "README.md").read_text(encoding="utf-8")
    stated = re.findall(r"^\| `([^`]+)` \| (\S+) .* \| (\S+) \| `(\w{64})` \|$", text, re.MULTILINE)
    assert {name for name, *_ in stated} == {path.name for path in SNAPSHOTS}
    made = runpy.run_path(str(FIXTURES / "make.py"))["SNAPSHOTS"]
    for name, day, release, expected in stated:
        device = read_device(FIXTURES / name, name)
        assert sha256_file(FIXTURES / name) == expected
        assert device.time.startswith(day)
        assert day in name
        assert device.source == f"qiskit-ibm-runtime {release} {made[release][name]}"


def test_lagos_readout_broke_down_between_its_two_dates() -> None:
    before, after = (read_device(path, path.name) for path in SNAPSHOTS if "lagos" in path.name)
    assert hygiene(before, range(7)) == []
    assert "readout error is above 0.1" in hygiene(after, range(7))[0]
