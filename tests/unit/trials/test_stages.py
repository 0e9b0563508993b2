"""The stages of a run on a small study: what fails is told and recorded, never passed over."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from qgate.arms.arm import Outcome, Server
from qgate.charter.charter import Shots
from qgate.errors import ExecutionError, ExitCode, InterruptedRunError, UsageError
from qgate.pipeline import study as open_study
from qgate.plan.settings import Settings
from qgate.plan.study import Study
from qgate.trials import stages
from qgate.trials.result import Failure
from tests.unit.arms import small
from tests.unit.trials import specs

CHARTER = """\
version: 1
plugins: [tests]
pilot:
  owner: a@example.com
  success_metrics: [{{name: val_accuracy_gap_vs_classical, max: 0.5}}]
data:
  path: data.csv
  target: y
  validation: {{fraction: 0.5, seed: 1}}
baseline: {{id: tree, estimator: sklearn.tree.DecisionTreeClassifier}}
candidate: {{id: ours, estimator: tests.unit.arms.plugin_classes.{name}, params: {params}}}
schedule: {{seeds: [1, 2, 3], replays: 1}}
latency: {{requests: 4, sessions: 2, rate_per_s: 1000, warmup: 1}}
"""


class Heard:
    """Progress that remembers its warnings and details."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.details: list[str] = []

    def stage(self, name: str, total: int) -> None:
        del name, total

    def advance(self) -> None:
        pass

    def note(self, message: str) -> None:
        pass

    def detail(self, message: str) -> None:
        self.details.append(message)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def _study(folder: Path, name: str = "Majority", params: str = "{}") -> tuple[Study, Heard]:
    heard = Heard()
    rows: list[dict[str, object]] = [{"a": i, "b": -i % 7, "y": i % 2} for i in range(24)]
    small.write_rows(folder / "data.csv", rows)
    path = folder / "charter.yaml"
    path.write_text(CHARTER.format(name=name, params=params), encoding="utf-8")
    settings = Settings(state=folder / "state", progress=heard)
    return open_study(path, settings), heard


def test_a_failing_candidate_leaves_failures_and_no_latency_of_its_own(tmp_path: Path) -> None:
    study, heard = _study(tmp_path, "Dies", "{deadly: 1, how: raise}")
    arms = stages.prepare(study, study.charter.arms)
    results = stages.run(study, arms, study.plan.trials)
    failed = [r.spec for r in results.values() if isinstance(r.outcome, Failure)]
    assert [(spec.arm, spec.seed) for spec in failed] == [("candidate", 1)]
    with pytest.raises(
        ExecutionError, match="candidate failed on seed 1: ArithmeticError: did not"
    ):
        stages.refuse_failures(results)
    latencies = stages.latency(study, arms)
    assert set(latencies) == {"baseline"}
    assert heard.warnings == ["candidate cannot serve: ArithmeticError: did not converge"]


def test_a_candidate_that_exits_while_serving_does_not_end_the_program(tmp_path: Path) -> None:
    study, heard = _study(tmp_path, "Dies", "{deadly: 1, how: sys.exit}")
    assert set(stages.latency(study, stages.prepare(study, study.charter.arms))) == {"baseline"}
    assert heard.warnings == ["candidate cannot serve: SystemExit: 0"]


def test_requests_that_fail_leave_no_latency(tmp_path: Path) -> None:
    study, heard = _study(tmp_path, "TooShort")
    assert stages.latency(study, stages.prepare(study, study.charter.arms)) == {}
    assert heard.warnings[0].startswith("latency was not measured: candidate: TrialError")


def test_replays_equal_the_first_run(tmp_path: Path) -> None:
    study, _ = _study(tmp_path)
    results = stages.run(study, stages.prepare(study, study.charter.arms), study.plan.trials)
    (replay,) = stages.replay(study, results)
    assert replay["first"] == replay["again"] == results[replay["trial"]].outcome.digest  # type: ignore[union-attr]


def test_an_interrupted_run_keeps_what_was_finished(tmp_path: Path) -> None:
    study, _ = _study(tmp_path)

    def interrupt() -> Outcome:
        raise KeyboardInterrupt

    arm = specs.StubArm({3: interrupt})
    trials = [specs.trial(seed) for seed in (1, 2, 3, 4)]
    with pytest.raises(InterruptedRunError, match="2 of 4 trials are finished and kept") as caught:
        stages.run(study, {"candidate": arm}, trials)
    assert caught.value.exit_code == ExitCode.INTERRUPTED
    again = specs.StubArm()
    assert len(stages.run(study, {"candidate": again}, trials)) == 4
    assert again.seeds == [3, 4]


class _Refuses(specs.StubArm):
    def serve(self, seed: int, shots: Shots) -> Server | None:
        del seed, shots
        raise UsageError("mend the charter")


def test_terms_that_cannot_be_used_are_raised(tmp_path: Path) -> None:
    study, _ = _study(tmp_path)
    with pytest.raises(UsageError, match="mend the charter"):
        stages.latency(study, {"baseline": _Refuses(), "candidate": _Refuses()})


def test_blocks_of_a_trial_are_one_cell_of_the_workshop(tmp_path: Path) -> None:
    study, _ = _study(tmp_path)
    blocks = tuple(
        dataclasses.replace(spec, items=block, digest=f"{spec.digest}{block}")
        for spec in study.plan.trials
        for block in ((0, 5), (5, 12))
    )
    blocked = dataclasses.replace(study, plan=dataclasses.replace(study.plan, trials=blocks))
    cells = [stages._workshop(each, each.charter.candidate).cells for each in (study, blocked)]
    assert cells[0] == cells[1]
