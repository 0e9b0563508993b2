"""Bundles from outside: whatever they hold, a clear refusal or a decision, and nothing beside."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.acceptance.hostile_bundles import Members
from tests.acceptance.hostile_judging import Result, small_members, summary, try_bundle

MUTANTS = 800
PARTS = 4


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> list[Members]:
    return small_members(tmp_path_factory.mktemp("bases"))


@pytest.mark.parametrize("part", range(PARTS))
def test_no_mutant_ends_in_anything_but_a_refusal_or_a_decision(
    part: int, bases: list[Members], tmp_path: Path
) -> None:
    results = [_tried(number, bases, tmp_path) for number in range(part, MUTANTS, PARTS)]
    faults = [
        f"mutant {part + PARTS * place}, {result.kind}:\n{result.fault}"
        for place, result in enumerate(results)
        if result.fault
    ]
    assert not faults, "\n\n".join(faults[:5])
    outcomes = [result.outcome for result in results]
    # Mutants that are all refused, or all accepted, would show little.
    assert outcomes.count("refused") > len(results) / 3, summary(results)
    assert outcomes.count("accepted") > len(results) / 10, summary(results)


def _tried(number: int, bases: list[Members], folder: Path) -> Result:
    rng = random.Random(number)  # noqa: S311  # mutants are no secrets
    return try_bundle(rng.choice(bases), folder / "mutant", rng)
