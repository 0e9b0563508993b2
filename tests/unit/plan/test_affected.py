"""Globs: what they take, and that none takes long."""

from __future__ import annotations

import time

import pytest

from qgate.plan.affected import matches
from tests.unit.plan.test_plan import made


@pytest.mark.parametrize(
    ("pattern", "name", "taken"),
    [
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/deep/er/a.py", True),
        ("src/**/*.py", "src/a.txt", False),
        ("src/**", "src/deep/a", True),
        ("src/**", "source/a", False),
        ("src", "src/deep/a", True),
        ("src", "src", True),
        ("src/a", "src", False),
        ("**/model.bin", "model.bin", True),
        ("**/model.bin", "a/b/model.bin", True),
        ("data.[ct]sv", "data.tsv", True),
        ("data.?sv", "data.sv", False),
        ("**/a/**/b", "x/a/y/a/z/b", True),
    ],
)
def test_what_a_glob_takes(pattern: str, name: str, taken: bool) -> None:
    assert matches(name, pattern.split("/")) is taken


def test_a_hostile_glob_takes_no_time() -> None:
    pattern = ["**", "*a*a*a*a*a*a*a*a*a*a*b"] * 40
    started = time.monotonic()
    assert not matches("/".join(["a" * 200] * 100), pattern)
    assert time.monotonic() - started < 2


def test_what_else_a_pilot_rests_on_is_no_part_of_a_trial() -> None:
    stated = made(lambda document, _: document.update(paths=["../service/**"]))
    assert stated.charter.paths == ("../service/**",)
    assert stated.charter.digest != made().charter.digest
    assert [trial.digest for trial in stated.trials] == [trial.digest for trial in made().trials]
