"""Seconds of quantum kernels, beside the ways that other libraries offer for the same matrices.

Every row checks that both sides mean the same, and stops with an AssertionError where they do not.
Needs qiskit-machine-learning, PennyLane and qiskit-ibm-runtime beside qgate.

Run: python -m tests.benchmarks.bench_quantum [--only exact,shots,noisy,schedule,memory,workers]
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit.library import zz_feature_map
from qiskit.quantum_info import SuperOp
from qiskit_aer import AerSimulator
from threadpoolctl import threadpool_limits

from qgate.arms.quantum_kernel import QuantumKernelArm
from qgate.charter.charter import ArmSpec, DeviceSpec, Layer, QuantumKernel, Step
from qgate.digest import digest
from qgate.plan.plan import TrialSpec
from qgate.quantum.build import Built, build_kernel
from qgate.quantum.estimate import Estimate, measured_gram
from qgate.trials.cache import TrialCache
from qgate.trials.engine import run_trials
from tests.unit.arms.small import make_split, workshop

Array = npt.NDArray[np.float64]
Way = Callable[[Array], Array]

REPS = 2
SHOTS = 1024
SAME = 1e-10
LAYER = Layer("zz", "zz_feature_map", pairs="full", reps=REPS)
SCHEDULE = [(seed, n, r) for seed in range(20) for n in (256, 512, 1024, 4096) for r in (0, 1)]


@dataclass(frozen=True)
class Row:
    """One line of the table; seconds are medians."""

    work: str
    own: float
    peer: str
    theirs: float
    check: str

    def __str__(self) -> str:
        """Return the line in Markdown."""
        ratio = f"{self.theirs / self.own:.3g}"
        cells = (self.work, f"{self.own:.3g}", self.peer, f"{self.theirs:.3g}", ratio, self.check)
        return "| " + " | ".join(cells) + " |"


# qgate's side


def built(features: int, device: DeviceSpec | None = None, folder: Path | None = None) -> Built:
    """Return the ZZ feature map's kernel; `folder` is what the device's path is relative to."""
    spec = QuantumKernel((LAYER,), 1, Step("sklearn.svm.SVC", {}), device=device)
    return build_kernel(spec, features, folder or Path(), sampled=False)


def fidelity(X: Array) -> Estimate:
    """Return all pairs of the rows, on a device without noise: both halves are the same states."""
    kernel = built(X.shape[1]).kernel
    with threadpool_limits(limits=1, user_api="blas"):  # as the arm does
        states = kernel.first(X)
        return kernel.estimate(states, states)


def qgate_exact(X: Array) -> Array:
    """Return all fidelities."""
    return measured_gram(fidelity(X), None, np.random.default_rng(), unit_diagonal=True)


def qgate_shots(X: Array) -> Array:
    """Return what 1,024 shots of each pair give."""
    rng = np.random.default_rng(20260101)
    return measured_gram(fidelity(X), SHOTS, rng, unit_diagonal=True)


def qgate_noisy(X: Array, device: DeviceSpec, folder: Path) -> Array:
    """Return all ordered pairs behind a device's noise."""
    kernel = built(X.shape[1], device, folder).kernel
    with threadpool_limits(limits=1, user_api="blas"):
        return kernel.estimate(kernel.first(X), kernel.second(X)).exact


def write_snapshot(folder: Path) -> DeviceSpec:
    """Write the calibration that qgate reads of the peers' device, and return its spec."""
    backend = peer_device()
    known, target = backend.properties(), backend.target
    snapshot = {
        "version": 1,
        "device": backend.name,
        "time": known.last_update_date.isoformat(),
        "source": type(backend).__name__,
        "qubits": [
            {
                "t1_us": known.t1(qubit) * 1e6,
                "t2_us": known.t2(qubit) * 1e6,
                "readout": {
                    "p1_given_0": known.qubit_property(qubit, "prob_meas1_prep0")[0],
                    "p0_given_1": known.qubit_property(qubit, "prob_meas0_prep1")[0],
                },
            }
            for qubit in range(backend.num_qubits)
        ],
        "gates": [
            {
                "gate": name,
                "qubits": list(qubits),
                "error": figures.error,
                "duration_ns": figures.duration * 1e9,
            }
            for name in ("sx", "x", "rz", "cx")
            for qubits, figures in target[name].items()
        ],
    }
    path = folder / "device.json"
    path.write_text(json.dumps(snapshot), encoding="utf-8")
    return DeviceSpec(path.name)


def quantum_arm(rows: int, qubits: int) -> QuantumKernelArm:
    """Return the arm of a data set of so many training rows, and a third as many to validate."""
    X = features(rows + rows // 3, qubits, 0.5)
    labels = (X.sum(axis=1) > 0).astype(int)
    spec = QuantumKernel((LAYER,), 1, Step("sklearn.svm.SVC", {}))
    arm = ArmSpec("candidate", "arm", quantum_kernel=spec)
    return QuantumKernelArm(arm, workshop(make_split(X, labels, rows)))


# the peers' side


def peer_pennylane(X: Array) -> Array:
    """Return fidelities of states that default.qubit makes of all rows in one broadcast."""
    import pennylane as qml  # type: ignore[import-not-found]

    wires = range(X.shape[1])

    def circuit(X: Array) -> object:
        for _ in range(REPS):
            for i in wires:
                qml.Hadamard(wires=i)
                qml.PhaseShift(2 * X[:, i], wires=i)
            for i in wires:
                for j in wires[i + 1 :]:
                    angle = 2 * (np.pi - X[:, i]) * (np.pi - X[:, j])
                    qml.MultiRZ(angle, wires=[i, j])
        return qml.state()

    states = qml.QNode(circuit, qml.device("default.qubit", wires=len(wires)))
    return _gram(np.asarray(states(X)))


def peer_aer_binds(X: Array) -> Array:
    """Return fidelities of Aer's state vectors, all rows bound in one run."""
    circuit = zz_feature_map(X.shape[1], reps=REPS)
    binds = dict(zip(circuit.parameters, X.T.tolist(), strict=True))
    circuit.save_statevector()
    simulator = AerSimulator(method="statevector")
    result = simulator.run([circuit], parameter_binds=[binds]).result()
    return _gram(np.stack([np.asarray(result.data(i)["statevector"]) for i in range(len(X))]))


def peer_qiskit_ml(X: Array, shots: int | None = None) -> Array:
    """Return qiskit-machine-learning's kernel from state vectors."""
    from qiskit_machine_learning.kernels import FidelityStatevectorKernel  # type: ignore[import-not-found]

    circuit = zz_feature_map(X.shape[1], reps=REPS)
    kernel = FidelityStatevectorKernel(feature_map=circuit, shots=shots, enforce_psd=False)
    return np.asarray(kernel.evaluate(X))


def peer_sampler(X: Array) -> Array:
    """Return qiskit-machine-learning's kernel from 1,024 shots of each pair, by Aer."""
    from qiskit_aer.primitives import SamplerV2
    from qiskit_machine_learning.kernels import FidelityQuantumKernel
    from qiskit_machine_learning.state_fidelities import ComputeUncompute  # type: ignore[import-not-found]

    circuit = zz_feature_map(X.shape[1], reps=REPS)
    fidelity = ComputeUncompute(sampler=SamplerV2(default_shots=SHOTS, seed=7))
    kernel = FidelityQuantumKernel(feature_map=circuit, fidelity=fidelity, enforce_psd=False)
    return np.asarray(kernel.evaluate(X))


def peer_noisy(noisy: QuantumCircuit, angles: Mapping[Any, Array], effect: Array) -> Array:
    """Return the chance of all zeros of each pair of rows, by Aer's density matrices.

    Args:
        noisy: What `with_noise` returned.
        angles: Values of each parameter, one a pair.
        effect: Chance to read all zeros of each outcome.

    """
    simulator = AerSimulator(
        method="density_matrix",
        max_parallel_experiments=0,  # as many as there are cores
    )
    binds = {parameter: values.tolist() for parameter, values in angles.items()}
    result = simulator.run([noisy], parameter_binds=[binds]).result()
    return np.array([effect @ one.data.probabilities for one in result.results])


def with_noise(circuit: QuantumCircuit, qubits: Sequence[int]) -> QuantumCircuit:
    """Return a circuit with Aer's channel of the peers' device after each gate.

    Faster than a noise model beside it, and exact: as a noise model, Aer leaves out what is less
    likely than 1e-10.

    Args:
        circuit: Of the device's gates.
        qubits: Where its qubits are on the device.

    """
    from qiskit_aer.noise.device import basic_device_gate_errors

    channels = {
        (name, tuple(where)): SuperOp(error).to_instruction()
        for name, where, error in basic_device_gate_errors(target=peer_device().target)
        if set(where) <= set(qubits) and not error.ideal()
    }
    noisy = circuit.copy_empty_like()
    for item in circuit.data:
        noisy.append(item)
        where = tuple(qubits[circuit.find_bit(qubit).index] for qubit in item.qubits)
        if channel := channels.get((item.operation.name, where)):
            noisy.append(channel, item.qubits)
    noisy.save_probabilities()
    return noisy


def reading_zeros(qubits: Sequence[int]) -> Array:
    """Return the chance to read all zeros of each outcome, the first qubit the fastest.

    Aer's own device model has the mean of a qubit's two readout errors instead.
    """
    properties = peer_device().properties()
    effect = np.ones(1)
    for qubit in qubits:
        one_of_zero = properties.qubit_property(qubit, "prob_meas1_prep0")[0]
        zero_of_one = properties.qubit_property(qubit, "prob_meas0_prep1")[0]
        effect = np.kron([1 - one_of_zero, zero_of_one], effect)
    return effect


def peer_device() -> Any:
    """Return the device whose real calibration both sides use."""
    from qiskit_ibm_runtime.fake_provider import FakeHanoiV2  # type: ignore[import-not-found]

    return FakeHanoiV2()


def _gram(states: npt.NDArray[np.complex128]) -> Array:
    overlaps = states.conj() @ states.T
    return np.asarray(overlaps.real**2 + overlaps.imag**2)


# the rows


def exact_rows() -> Iterator[Row]:
    """Exact kernels by four ways."""
    for qubits in (8, 10):
        found = interleaved(
            {
                "qgate": qgate_exact,
                "PennyLane default.qubit, broadcast, + Gram": peer_pennylane,
                "Aer state vectors by parameter_binds + Gram": peer_aer_binds,
                "qiskit-machine-learning FidelityStatevectorKernel": peer_qiskit_ml,
            },
            features(500, qubits),
            times=3,
        )
        own, matrix = found.pop("qgate")
        for peer, (theirs, other) in found.items():
            check = same(matrix, other)
            yield Row(f"exact kernel, n = 500, {qubits} qubits", own, peer, theirs, check)


def shot_rows() -> Iterator[Row]:
    """Kernels from shots; the circuits of pairs are run for few rows."""
    few, rows = 24, 100
    X = features(rows, 8)
    pairs = math.comb(rows, 2) / math.comb(few, 2)
    work = f"{SHOTS:,} shots, n = {rows}, 8 qubits"
    found = interleaved({"qgate": qgate_shots, "peer": lambda X: peer_qiskit_ml(X, SHOTS)}, X, 5)
    own, drawn = found["qgate"]
    peer = "qiskit-machine-learning FidelityStatevectorKernel(shots=1024)"
    exact = qgate_exact(X)
    yield Row(work, own, peer, found["peer"][0], scores(drawn, exact, SHOTS, within=None))
    theirs, other = interleaved({"peer": peer_sampler}, X[:few], 3)["peer"]
    peer = f"FidelityQuantumKernel, Aer SamplerV2 (n = {few}, times {pairs:.1f} by pairs)"
    check = "theirs: " + scores(other, exact[:few, :few], SHOTS, within=None)
    yield Row(work, own, peer, theirs * pairs, check)

    X = features(500, 8)
    found = interleaved({"exact": qgate_exact, "qgate": qgate_shots}, X, 3)
    check = scores(found["qgate"][1], found["exact"][1], SHOTS, within=0.03)
    work = f"{SHOTS:,} shots, n = 500, 8 qubits"
    yield Row(work, found["qgate"][0], "qgate, exact", found["exact"][0], check)


def noisy_rows() -> Iterator[Row]:
    """A noisy kernel from n states and n effects, beside one circuit a pair."""
    rows, count = 200, 60
    pairs = rows * (rows + 1) // 2  # a triangle, with its diagonal; qgate computes both
    X = features(rows, 6)
    first, second = np.random.default_rng(3).integers(0, rows, size=(2, count))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        device = write_snapshot(folder)
        kernel = built(6, device, folder)
        assert kernel.placed is not None
        template, qubits = kernel.placed.template, kernel.placed.qubits
        effect, circuit = reading_zeros(qubits), with_noise(template.circuit, qubits)
        angles = kernel.feature_map.angles(X)
        of_pairs = np.hstack([angles[first], angles[second]]).T
        values = dict(zip((*template.x, *template.y), of_pairs, strict=True))
        found = interleaved(
            {
                "qgate": lambda X: qgate_noisy(X, device, folder),
                "peer": lambda _: peer_noisy(circuit, values, effect),
            },
            X,
            times=3,
        )
    (own, matrix), (theirs, chances) = found["qgate"], found["peer"]
    yield Row(
        f"noisy kernel, n = {rows}, 6 qubits, {kernel.placed.device.name}",
        own,
        f"Aer density_matrix by parameter_binds ({count} of {pairs:,} pairs, times "
        f"{pairs / count:g})",
        theirs * pairs / count,
        same(matrix[first, second], chances),
    )


def schedule_rows() -> Iterator[Row]:
    """A schedule prepares once and then only samples and fits."""
    prepare, arm = timed(lambda: quantum_arm(300, 8), 3)
    one, outcome = timed(lambda: arm.run(0, SHOTS, 0), 5)
    whole, _ = timed(lambda: [arm.run(*cell) for cell in SCHEDULE], 1)
    assert outcome == quantum_arm(300, 8).run(0, SHOTS, 0)
    check, count = "same outcome anew", len(SCHEDULE)
    size = "300 + 100 rows, 8 qubits"
    yield Row(f"one trial, {size}", one, "qgate, preparation", prepare, check)
    anew = (prepare + one) * count
    peer = f"qgate, each prepared anew (one, times {count})"
    yield Row(f"{count} trials, {size}", prepare + whole, peer, anew, check)


def memory_rows() -> Iterator[Row]:
    """Peak memory of a process of its own."""
    work = "exact kernel, n = 2,000, 12 qubits, in a process of its own"
    own, peak = child("qgate_exact", 2000, 12)
    assert peak < 2.0, f"{peak:.2f} GiB"
    for way, peer in (
        ("peer_pennylane", "PennyLane default.qubit, broadcast, + Gram"),
        ("peer_aer_binds", "Aer state vectors by parameter_binds + Gram"),
    ):
        theirs, other = child(way, 2000, 12)
        yield Row(work, own, peer, theirs, f"peak {peak:.2f} GiB, theirs {other:.2f} GiB")


def worker_rows() -> Iterator[Row]:
    """Two workers beside one, on more than 20 s of work."""
    arm = quantum_arm(1500, 8)
    specs = [TrialSpec("candidate", *cell, digest(list(cell))) for cell in SCHEDULE]

    def trials(workers: int) -> list[object]:
        with tempfile.TemporaryDirectory() as folder:
            found = run_trials({"candidate": arm}, specs, TrialCache(Path(folder), print), workers)
            return [r.outcome for r in sorted(found, key=lambda r: (r.spec.seed, r.spec.digest))]

    two, ours = timed(lambda: trials(2), 1)
    one, others = timed(lambda: trials(1), 1)
    assert ours == others
    yield Row(
        f"{len(specs)} trials, 1,500 + 500 rows, two workers",
        two,
        "qgate, one worker",
        one,
        "same outcomes",
    )


ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    "exact": exact_rows,
    "shots": shot_rows,
    "noisy": noisy_rows,
    "schedule": schedule_rows,
    "memory": memory_rows,
    "workers": worker_rows,
}


# how they are measured


def features(rows: int, qubits: int, spread: float = 1.0) -> Array:
    """Return normal features."""
    return np.random.default_rng(1).normal(scale=spread, size=(rows, qubits))


def interleaved(ways: Mapping[str, Way], X: Array, times: int) -> dict[str, tuple[float, Array]]:
    """Return each way's median seconds and matrix; all are warm, and take turns."""
    for way in ways.values():
        way(X[:3])
    taken: dict[str, list[float]] = {name: [] for name in ways}
    found = {}
    for _ in range(times):
        for name, way in ways.items():
            started = time.perf_counter()
            found[name] = way(X)
            taken[name].append(time.perf_counter() - started)
    return {name: (float(np.median(taken[name])), found[name]) for name in ways}


def timed(run: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Return the median seconds and the last result."""
    taken, found = [], None
    for _ in range(times):
        started = time.perf_counter()
        found = run()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken)), found


def same(own: Array, peer: Array) -> str:
    """Return how far two matrices are apart, which must not be far."""
    apart = float(np.abs(own - peer).max())
    assert apart <= SAME, f"they differ by {apart:.2g}"
    return f"differ by {apart:.0e}"


def scores(drawn: Array, exact: Array, shots: int, within: float | None) -> str:
    """Return the mean and the sd of the draws' z-scores, which must be near 0 and 1.

    Without `within`, near is five standard errors of a mean.
    """
    upper = np.triu_indices(len(exact), 1)
    chances = exact[upper]
    inside = (chances > 0) & (chances < 1)
    spread = np.sqrt(chances * (1 - chances) / shots)
    z = (drawn[upper] - chances)[inside] / spread[inside]
    limit = within or 5 / math.sqrt(len(z))
    assert abs(z.mean()) <= limit, f"z-scores have the mean {z.mean():.3f}"
    assert abs(z.std() - 1) <= limit, f"z-scores have the sd {z.std():.3f}"
    return f"z: mean {z.mean():.3f}, sd {z.std():.3f}"


def child(way: str, rows: int, qubits: int) -> tuple[float, float]:
    """Return seconds and the peak memory, GiB, of a process that does nothing else."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_quantum", "--child", way]
    result = subprocess.run(
        [*command, str(rows), str(qubits)], capture_output=True, text=True, check=True
    )
    seconds, peak = json.loads(result.stdout)
    return seconds, peak


def alone(way: str, rows: int, qubits: int) -> None:
    """Print what `child` reads."""
    X = features(rows, qubits)
    started = time.perf_counter()
    globals()[way](X)
    seconds = time.perf_counter() - started
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([seconds, kibibytes / 1024**2]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Print seconds of quantum kernels beside peers'.")
    parser.add_argument("--only", default=",".join(ROWS), help="rows, separated by commas")
    parser.add_argument("--child", nargs=3, metavar=("WAY", "ROWS", "QUBITS"))
    options = parser.parse_args(arguments)
    if options.child:
        way, rows, qubits = options.child
        alone(way, int(rows), int(qubits))
        return
    print(
        "| work | qgate, s | beside | s | ratio | check |\n| --- | ---: | --- | ---: | ---: | --- |"
    )
    for name in options.only.split(","):
        for row in ROWS[name]():
            print(row, flush=True)


if __name__ == "__main__":
    main()
