"""The fixtures are what their README says they are."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from qgate.digest import sha256, sha256_file

FIXTURES = Path(__file__).parents[2] / "fixtures"
TEXT = (FIXTURES / "README.md").read_text(encoding="utf-8")
STATED = dict(re.findall(r"^\| `([^`]+\.csv)` \|.*`([0-9a-f]{64})` \|$", TEXT, re.MULTILINE))


def test_every_file_is_stated() -> None:
    found = {p.relative_to(FIXTURES).as_posix() for p in FIXTURES.rglob("*.csv")}
    assert {name for name in found if not name.startswith("qml_benchmarks/")} == set(STATED)


@pytest.mark.parametrize("name", STATED)
def test_a_file_has_the_digest_stated(name: str) -> None:
    assert sha256_file(FIXTURES / name) == STATED[name]


@pytest.mark.parametrize("name", ["breast_cancer", "digits"])
def test_the_script_writes_the_same_bytes(name: str) -> None:
    make = runpy.run_path(str(FIXTURES / "make.py"))
    assert sha256(make[name]().encode()) == STATED[f"{name}/data.csv"]
