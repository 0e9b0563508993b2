"""Seconds of quantum kernels, beside the ways that other libraries offer for the same matrices.

Prints a table, and ends with 1 where a row is slower or larger than its target. A row whose two
sides do not mean the same stops it with an AssertionError. Needs qiskit-machine-learning,
PennyLane and qiskit-ibm-runtime 0.51 beside qgate.

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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

# What imports qiskit is imported where it is used: worker processes import this module too.
from qgate.arms.quantum_kernel import QuantumKernelArm
from qgate.charter.arm_spec import ArmSpec, DeviceSpec, Layer, QuantumKernel, Step
from qgate.charter.charter import Shots
from qgate.digest import digest
from qgate.plan.plan import TrialSpec
from qgate.quantum.device import read_device
from qgate.quantum.estimate import Estimate, measured_gram
from qgate.trials.cache import TrialCache
from qgate.trials.engine import run_trials
from tests.benchmarks.comparing import (
    Row,
    Way,
    agree,
    best,
    by_chance,
    machine,
    near_scores,
    table,
    taken,
)
from tests.unit.arms.small import make_split, workshop

if TYPE_CHECKING:
    from qgate.quantum.build import Built

Array = npt.NDArray[np.float64]
Cell = tuple[int, Shots, int]

SHOTS = 1024
NEAR = 0.03
"""How far the mean and the sd of z-scores may be from 0 and 1."""
LAYER = Layer("zz", "zz_feature_map", pairs="full", reps=2)
DEVICES = Path(__file__).parents[2] / "fixtures/devices"
HANOI = DeviceSpec("hanoi_2025-02-26.json")
SCHEDULE: tuple[Cell, ...] = tuple(
    (seed, shots, r) for seed in range(20) for shots in (256, 512, 1024, 4096) for r in (0, 1)
)
BROADCAST = "PennyLane default.qubit, broadcast"
BINDS = "Aer state vectors, `parameter_binds`"
STATES = "qiskit-machine-learning FidelityStatevectorKernel"
PACKAGES = ("numpy", "qiskit", "qiskit-aer", "qiskit-machine-learning", "pennylane")


# qgate's side


def built(features: int, device: DeviceSpec | None = None) -> Built:
    """Return the ZZ feature map's kernel."""
    from qgate.quantum.build import build_kernel

    spec = QuantumKernel((LAYER,), 1, Step("sklearn.svm.SVC", {}), device=device)
    return build_kernel(spec, features, DEVICES, sampled=False)


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


def qgate_noisy(X: Array) -> Array:
    """Return all ordered pairs behind the device's noise."""
    kernel = built(X.shape[1], HANOI).kernel
    with threadpool_limits(limits=1, user_api="blas"):
        return kernel.estimate(kernel.first(X), kernel.second(X)).exact


def quantum_arm(rows: int, qubits: int, cells: tuple[Cell, ...] = SCHEDULE) -> QuantumKernelArm:
    """Return the arm of a data set of so many training rows, and a third as many to validate."""
    X = features(rows + rows // 3, qubits, 0.5)
    labels = (X.sum(axis=1) > 0).astype(int)
    spec = QuantumKernel((LAYER,), 1, Step("sklearn.svm.SVC", {}))
    arm = ArmSpec("candidate", "arm", quantum_kernel=spec)
    return QuantumKernelArm(arm, workshop(make_split(X, labels, rows), cells=cells))


# the rows


def exact_rows() -> Iterator[Row]:
    """Exact kernels by four ways."""
    from tests.benchmarks import quantum_peers as peers

    for qubits in (8, 10):
        ways = {
            "qgate": qgate_exact,
            BROADCAST: peers.pennylane,
            BINDS: peers.aer_binds,
            STATES: peers.statevector_kernel,
        }
        found = best(ways, features(500, qubits), times=4)
        own, matrix = found.pop("qgate")
        for (peer, (theirs, other)), least in zip(found.items(), (1, 5, 20), strict=True):
            agree(matrix, other)
            yield Row(f"exact kernel, n = 500, {qubits} qubits", own, peer, theirs, least)


def shot_rows() -> Iterator[Row]:
    """Kernels from shots; the circuits of pairs are run for few rows."""
    from tests.benchmarks import quantum_peers as peers

    few, rows = 24, 100
    X, more = features(rows, 8), features(500, 8)
    near_scores(qgate_shots(more), qgate_exact(more), SHOTS, NEAR)
    exact = qgate_exact(X)
    found = best({"qgate": qgate_shots, STATES: lambda X: peers.statevector_kernel(X, SHOTS)}, X, 5)
    (own, drawn), (theirs, other) = found.values()
    for matrix in (drawn, other):
        near_scores(matrix, exact, SHOTS, by_chance(rows))
    work = f"{SHOTS:,} shots, n = {rows}, 8 qubits"
    yield Row(work, own, STATES, theirs, None)
    ways = {"peer": lambda X: peers.quantum_kernel(X, SHOTS)}
    theirs, other = best(ways, X[:few], 3)["peer"]
    near_scores(other, exact[:few, :few], SHOTS, by_chance(few))
    pairs = math.comb(rows, 2) / math.comb(few, 2)
    peer = "qiskit-machine-learning FidelityQuantumKernel, Aer SamplerV2"
    yield Row(work, own, peer, theirs * pairs, 1000, extrapolated=True)


def noisy_rows() -> Iterator[Row]:
    """A noisy kernel from n states and n effects, beside one circuit a pair."""
    from tests.benchmarks import quantum_peers as peers

    rows, count = 200, 60
    pairs = rows * (rows + 1) // 2  # a triangle, with its diagonal; qgate computes both
    X = features(rows, 6)
    calibrated = read_device(DEVICES / HANOI.path, HANOI.path).calibrated
    assert peers.device().properties().last_update_date == calibrated, "another release's figures"
    kernel = built(6, HANOI)
    assert kernel.placed is not None
    template, qubits = kernel.placed.template, kernel.placed.qubits
    effect, circuit = peers.reading_zeros(qubits), peers.with_noise(template.circuit, qubits)
    first, second = np.random.default_rng(3).integers(0, rows, size=(2, count))
    angles = kernel.feature_map.angles(X)
    of_pairs = np.hstack([angles[first], angles[second]]).T
    values = dict(zip((*template.x, *template.y), of_pairs, strict=True))
    ways = {"qgate": qgate_noisy, "peer": lambda _: peers.aer_noisy(circuit, values, effect)}
    found = best(ways, X, times=3)
    (own, matrix), (theirs, chances) = found["qgate"], found["peer"]
    agree(matrix[first, second], chances)
    work = f"noisy kernel, n = {rows}, 6 qubits of {kernel.placed.device.name}"
    peer = "Aer density matrix of each pair, `parameter_binds`"
    yield Row(work, own, peer, theirs * pairs / count, 300, extrapolated=True)


def schedule_rows() -> Iterator[Row]:
    """A schedule prepares once and then only samples and fits."""
    cells = len(SCHEDULE)
    size = "300 + 100 rows, 8 qubits"
    ways: dict[str, Callable[[], QuantumKernelArm]] = {
        "all": lambda: quantum_arm(300, 8),
        "one": lambda: quantum_arm(300, 8, SCHEDULE[:1]),
    }
    prepared = taken(ways, times=15)
    (prepare, arm), (prepare_one, single) = prepared["all"], prepared["one"]
    work = f"preparation for {cells} trials, {size}"
    yield Row(work, prepare, "qgate, for one trial", prepare_one, 1 / 1.1)
    (one, outcome) = taken({"one": lambda: single.run(*SCHEDULE[0])}, times=5)["one"]
    whole, outcomes = taken({"all": lambda: [arm.run(*c) for c in SCHEDULE]}, times=3)["all"]
    assert outcomes[0] == outcome
    anew = (prepare_one + one) * cells
    work = f"{cells} trials (20 seeds x 4 shot counts x 2), {size}"
    yield Row(work, prepare + whole, "qgate, each prepared anew", anew, None, extrapolated=True)


def memory_rows() -> Iterator[Row]:
    """Time and peak memory of processes that do nothing else."""
    work = "exact kernel, n = 2,000, 12 qubits, a process of its own"
    own, peak, matrix = child("qgate_exact", 2000, 12)
    for way, peer in (("pennylane", BROADCAST), ("aer_binds", BINDS)):
        theirs, other_peak, other = child(way, 2000, 12)
        agree(matrix, other)
        yield Row(work, own, peer, theirs, None, peaks=(peak, other_peak), most=2.0)


def worker_rows() -> Iterator[Row]:
    """Two workers beside one, on more than 20 s of work."""
    arm = quantum_arm(1500, 8)
    specs = [TrialSpec("candidate", *cell, digest(list(cell))) for cell in SCHEDULE]

    def trials(workers: int) -> list[object]:
        with tempfile.TemporaryDirectory() as folder:
            found = run_trials({"candidate": arm}, specs, TrialCache(Path(folder), print), workers)
            return [r.outcome for r in sorted(found, key=lambda r: (r.spec.seed, r.spec.digest))]

    found = taken({"two": lambda: trials(2), "one": lambda: trials(1)}, times=2)
    (two, ours), (one, others) = found["two"], found["one"]
    assert ours == others
    assert one > 20
    work = f"{len(specs)} trials, 1,500 + 500 rows, 8 qubits, two workers"
    yield Row(work, two, "qgate, one worker", one, 1.7)


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


def child(way: str, rows: int, qubits: int) -> tuple[float, float, Array]:
    """Return seconds, peak memory in GB and the matrix of a process that does nothing else."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_quantum", "--child", way]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "matrix.npy")
        arguments = [str(rows), str(qubits), str(path)]
        result = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, check=True)
        seconds, peak = json.loads(result.stdout)
        return seconds, peak, np.load(path)


def alone(way: str, rows: int, qubits: int, path: str) -> None:
    """Print and write what `child` reads."""
    if way == "qgate_exact":
        run: Way = qgate_exact
    else:
        from tests.benchmarks import quantum_peers as peers

        run = getattr(peers, way)
    X = features(rows, qubits)
    started = time.perf_counter()
    matrix = run(X)
    seconds = time.perf_counter() - started
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([seconds, kibibytes * 1024 / 1e9]))
    np.save(path, matrix)


def conditions() -> str:
    """Return what the table's figures rest on."""
    return (
        f"{machine(PACKAGES)}. ZZ feature map, "
        "2 repetitions, all pairs entangled. Least seconds of several runs that take turns (one, "
        "where memory is given). Both sides of a row were checked to agree: probabilities to "
        "1e-10, shots by the mean and sd of their z-scores. ≈: extrapolated from 24 of 100 rows "
        "(FidelityQuantumKernel), from 60 of 20,100 pairs (density matrices), from one trial."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and what it misses; return 1 where it misses a target."""
    parser = argparse.ArgumentParser(description="Print seconds of quantum kernels beside peers'.")
    parser.add_argument("--only", default=",".join(ROWS), help="rows, separated by commas")
    parser.add_argument("--child", nargs=4, metavar=("WAY", "ROWS", "QUBITS", "PATH"))
    options = parser.parse_args(arguments)
    if options.child:
        way, rows, qubits, path = options.child
        alone(way, int(rows), int(qubits), path)
        return 0
    print(f"{conditions()}\n")
    return table(row for name in options.only.split(",") for row in ROWS[name]())


if __name__ == "__main__":
    sys.exit(main())
