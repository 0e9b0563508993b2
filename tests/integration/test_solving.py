"""A pilot that solves problems, from its charter to its decision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qgate.data.problem_files import read_problem
from qgate.evidence.store import read_bundle
from qgate.gates.decision import judge
from qgate.pipeline import run
from qgate.plan.settings import Settings

CHARTER = """\
version: 1
pilot: {owner: me@example.com}
data: {task: optimization, problems: [PROBLEMS]}
baseline: {id: greedy_v1, solver: {method: greedy, params: {num_reads: 5}}}
candidate: {id: qaoa_v1, quantum_solver: {reps: 2, search: {starts: 1, steps: 30}}}
schedule: {seeds: [1, 2, 3], shots: [exact, 64], replicates: 2, replays: 1}
gates:
  - name: parity
    metric: val_approximation_ratio_gap_vs_classical
    max: 0.5
    owner: me@example.com
    remediation: [{rerun: parity}]
  - name: expected
    metric: val_approximation_ratio
    at: {shots: exact}
    min: 0.99
    owner: me@example.com
    remediation: [{rerun: parity}]
  - name: solved
    metric: optimum_reached
    min: 0.5
    owner: me@example.com
    remediation: [{rerun: parity}]
rollback: {traffic: blue_green_to_greedy_v1, approver: me@example.com}
"""


@pytest.fixture
def charter(tmp_path: Path) -> Path:
    """Return a charter of twelve weighted rings with chords."""
    (tmp_path / "pyproject.toml").touch()
    rng = np.random.default_rng(1)
    names = [f"g{number}.mc" for number in range(12)]
    for name in names:
        n = int(rng.integers(5, 8))
        edges = [(i, i % n + 1) for i in range(1, n + 1)] + [(1, 3)]
        lines = "".join(f"{i} {j} {rng.integers(1, 4)}\n" for i, j in edges)
        (tmp_path / name).write_text(f"{n} {len(edges)}\n{lines}", encoding="utf-8")
    path = tmp_path / "pilot.yaml"
    path.write_text(CHARTER.replace("PROBLEMS", ", ".join(names)), encoding="utf-8")
    return path


def test_solvers_are_run_recorded_and_judged(charter: Path) -> None:
    settings = Settings(
        store=charter.parent / "evidence", state=charter.parent / "state",
        even_if_underpowered=True,
    )  # fmt: skip
    evidence, decision = run(charter, settings)
    verdicts = {verdict.gate.name: verdict.outcome.name for verdict in decision.verdicts}
    assert (verdicts["parity"], verdicts["expected"], verdicts["solved"]) == (
        "PASS",
        "FAIL",
        "PASS",
    )
    assert all(replay["first"] == replay["again"] for replay in evidence.record["replays"])
    problems = [read_problem(charter.parent / name, name) for name in evidence.problems]
    for trial in evidence.record["trials"]:
        exact = trial["arm"] == "candidate" and trial["shots"] is None
        assert ("solutions" in trial) != exact
        for problem, bits, value in zip(
            problems, trial.get("solutions", ()), trial["predictions"], strict=False
        ):
            assert problem.value([int(bit) for bit in bits])[0] == value
    again = read_bundle(evidence.path)
    assert again.digest == evidence.digest
    assert judge(again) == decision
