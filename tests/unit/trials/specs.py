"""Trial specs, outcomes and arms that tests of the engine share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from qgate.arms.arm import Items, Outcome, Server
from qgate.charter.charter import Shots
from qgate.digest import digest
from qgate.plan.plan import TrialSpec
from qgate.trials.result import TrialResult


def trial(seed: int, shots: Shots = None, replicate: int = 0, arm: str = "candidate") -> TrialSpec:
    return TrialSpec(arm, seed, shots, replicate, digest([arm, seed, shots, replicate]))


def result(spec: TrialSpec) -> TrialResult:
    return TrialResult(spec, outcome(spec.seed), 0.25)


def outcome(seed: int) -> Outcome:
    return Outcome((seed % 2, 1, 0), (0.5, -0.25, float(seed)), 3, 4)


class StubArm:
    """Counts its runs; a seed may be given something else to do."""

    figures: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, instead: dict[int, Callable[[], Outcome]] | None = None) -> None:
        self.seeds: list[int] = []
        self.blocks: list[Items] = []
        self.instead = instead or {}

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        del shots, replicate
        self.blocks.append(items)
        self.seeds.append(seed)
        return self.instead[seed]() if seed in self.instead else outcome(seed)

    def serve(self, seed: int, shots: Shots) -> Server | None:
        del seed, shots
        return None


class CannotArrive(StubArm):
    """Can be sent to another process but not received there."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return _refuse, ()


def _refuse() -> None:
    raise MemoryError("no room for this arm")
