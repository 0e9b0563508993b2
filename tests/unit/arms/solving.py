"""Problems as arms have them, and solvers on them, for every test that needs a solver."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qgate.arms.arm import Workshop
from qgate.charter.arm_spec import ArmSpec, DeviceSpec, QuantumSolver, Search, Solver
from qgate.data.dataset import Dataset
from qgate.data.problem import Problem
from qgate.data.split import SplitData
from tests.unit.arms.small import CELLS, Cell
from tests.unit.data.problems import quadratic, ring

BIQMAC = Path(__file__).parents[3] / "fixtures" / "biqmac"
LAGOS = DeviceSpec(
    str(Path(__file__).parents[3] / "fixtures" / "devices" / "lagos_2021-07-26.json")
)
PROBLEMS = (
    ring(5),
    quadratic(4, seed=1),
    quadratic(6, seed=2),
    quadratic(3, seed=3, sense="max"),
    ring(6),
    quadratic(5, seed=4, whole=True),
)


def problem_split(
    problems: Sequence[Problem] = PROBLEMS, optima: Sequence[float] | None = None
) -> SplitData:
    """Return problems as a split, all of whose rows validate."""
    rows = np.arange(len(problems))
    known = [p.optimum()[0] for p in problems] if optima is None else optima
    dataset = Dataset(
        rows[:, None].astype(np.float64), np.array(known), (), ("problem",), {}, "content",
        problems=tuple(problems),
    )  # fmt: skip
    return SplitData(dataset, rows[:0], rows, ())


def problem_workshop(split: SplitData, cells: tuple[Cell, ...] = CELLS) -> Workshop:
    return Workshop(split, Path(), (), cells)


def solver(method: str, **params: object) -> ArmSpec:
    return ArmSpec("candidate", "arm", solver=Solver(method, params))


def quantum(spec: QuantumSolver) -> ArmSpec:
    return ArmSpec("candidate", "arm", quantum_solver=spec)


def qaoa(
    reps: int = 1,
    method: str = "bfgs",
    *,
    steps: int = 40,
    starts: int = 2,
    answer: str = "best",
    device: DeviceSpec | None = None,
) -> ArmSpec:
    found = Search(method, steps, starts)
    return quantum(QuantumSolver(reps, search=found, answer=answer, device=device))
