"""The cache gives back what was put, and nothing that was damaged."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qgate.arms.arm import Outcome
from qgate.digest import canonical, digest
from qgate.trials.cache import TrialCache
from qgate.trials.engine import run_trials
from qgate.trials.result import Failure, TrialResult
from tests.unit.trials import specs

SPEC = specs.trial(7, 64, 1)


class Kept:
    """A cache with what it warned of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        self.cache = TrialCache(folder, self.warnings.append)

    @property
    def entry(self) -> Path:
        return self.folder / SPEC.digest[:2] / f"{SPEC.digest}.json"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "trials")


@pytest.mark.parametrize(
    "outcome",
    [
        specs.outcome(3),
        Outcome((0, 1), None),
        Outcome((0,), (1.0,)),
        Outcome((), ()),
        Outcome((1,), (1e-300,)),
        Outcome((0.333333333, 2.0, -1.5e-9, 123456789000.0), None),
        Outcome((-3.5, 2.0), None, solutions=("010", "1")),
    ],
    ids=str,
)
def test_round_trip(kept: Kept, outcome: Outcome) -> None:
    result = TrialResult(SPEC, outcome, 1.5)
    assert kept.cache.get(SPEC) is None
    kept.cache.put(result)
    found = kept.cache.get(SPEC)
    assert found == result
    assert isinstance(found.outcome, Outcome)
    assert found.outcome.digest == outcome.digest
    assert all(type(score) is float for score in found.outcome.scores or ())
    assert kept.warnings == []


def test_a_trial_is_found_by_its_digest_alone(kept: Kept) -> None:
    kept.cache.put(specs.result(SPEC))
    assert kept.cache.get(specs.trial(8, 64, 1)) is None
    assert kept.cache.get(dataclasses.replace(SPEC, digest="0" * 64)) is None
    assert kept.warnings == []


def test_failures_are_not_kept(kept: Kept) -> None:
    kept.cache.put(TrialResult(SPEC, Failure("ValueError", "no"), 1.0))
    assert not kept.entry.exists()


def test_nothing_but_the_entry_is_left_in_the_folder(kept: Kept) -> None:
    kept.cache.put(specs.result(SPEC))
    kept.cache.put(specs.result(SPEC))
    assert [path for path in kept.folder.rglob("*") if path.is_file()] == [kept.entry]


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _flip(position: int) -> Callable[[Path], None]:
    def flip(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[position % len(data)] ^= 1
        path.write_bytes(bytes(data))

    return flip


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _other_trial(path: Path) -> None:
    other = specs.result(specs.trial(8))
    TrialCache(path.parents[1], print).put(other)
    digest_of_other = other.spec.digest
    shutil.copy(path.parents[1] / digest_of_other[:2] / f"{digest_of_other}.json", path)


def _bytes(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


def _writes(value: object) -> Callable[[Path], None]:
    return _bytes(canonical(value))


def _other_outcome(path: Path) -> None:
    entry = json.loads(path.read_bytes())
    entry["body"]["outcome"]["predictions"] = [1, 1, 1]
    path.write_bytes(canonical(entry))


_BODY = {"trial": SPEC.digest, "outcome": {"predictions": [0]}, "seconds": 1}
DAMAGES: dict[str, Callable[[Path], None]] = {
    "truncated": _truncate,
    "empty": _empty,
    "a folder": _folder,
    "another trial's": _other_trial,
    "another outcome": _other_outcome,
    "not an object": _writes([1]),
    "text": _writes("body"),
    "no body": _writes({"digest": "0" * 64}),
    "body of text": _writes({"body": "x", "digest": digest("x")}),
    "an older form": _writes({"body": _BODY, "digest": digest(_BODY)}),
    "not JSON": _bytes(b"\xff\xfe"),
    "nested": _bytes(b"[" * 100_000),
    **{f"bit flipped at {at}": _flip(at) for at in (0, 20, 60, 100, 150, -70, -40, -1)},
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_entry_is_reported_and_run_again(kept: Kept, name: str) -> None:
    kept.cache.put(specs.result(SPEC))
    DAMAGES[name](kept.entry)
    arm = specs.StubArm()
    (found,) = run_trials({"candidate": arm}, [SPEC], kept.cache, workers=1)
    assert found.outcome == specs.outcome(7)
    assert arm.seeds == [7]
    assert str(kept.entry) in kept.warnings[0]
    assert "damaged: it is run again" in kept.warnings[0]


def test_an_entry_that_was_damaged_is_replaced(kept: Kept) -> None:
    kept.cache.put(specs.result(SPEC))
    _truncate(kept.entry)
    kept.cache.put(specs.result(SPEC))
    assert kept.cache.get(SPEC) == specs.result(SPEC)


def test_a_trial_that_cannot_be_kept_is_reported_and_not_lost(tmp_path: Path) -> None:
    (tmp_path / "trials").write_text("a file where the folder ought to be", encoding="utf-8")
    kept = Kept(tmp_path / "trials")
    arm = specs.StubArm()
    (found,) = run_trials({"candidate": arm}, [SPEC], kept.cache, workers=1)
    assert found.outcome == specs.outcome(7)
    assert any("could not be kept" in warning for warning in kept.warnings)
