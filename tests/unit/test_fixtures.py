"""The fixtures are what their README says they are."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from qgate.digest import sha256, sha256_file

FIXTURES = Path(__file__).parents[2] / "fixtures"
OTHERS = ("biqmac", "devices", "kernels", "qml_benchmarks", "schemas")
"""Folders with a README of their own."""
_SUFFIXES = ("csv", "json", "sparse", "xsd")
_ROW = re.compile(
    rf"^\| `([^`]+\.(?:{'|'.join(_SUFFIXES)}))` \|.*`([0-9a-f]{{64}})` \|$", re.MULTILINE
)


def _stated(folder: str) -> dict[str, str]:
    """Return the digest of each file that a folder's README states, by its path in fixtures."""
    text = (FIXTURES / folder / "README.md").read_text(encoding="utf-8")
    return {(Path(folder) / name).as_posix(): known for name, known in _ROW.findall(text)}


STATED = {name: known for folder in ("", *OTHERS) for name, known in _stated(folder).items()}


def test_every_file_is_stated_where_it_lies() -> None:
    files = [path for suffix in _SUFFIXES for path in FIXTURES.rglob(f"*.{suffix}")]
    found = {path.relative_to(FIXTURES) for path in files}
    assert {path.as_posix() for path in found} == set(STATED)
    for folder in OTHERS:
        named = set(_stated(folder))
        assert named == {p.as_posix() for p in found if p.parts[0] == folder}
        assert len(named) >= 2


def test_the_readme_names_the_folders_that_have_their_own() -> None:
    text = (FIXTURES / "README.md").read_text(encoding="utf-8")
    assert set(OTHERS) == {p.parent.name for p in FIXTURES.glob("*/README.md")}
    assert all(f"`{folder}/`" in text for folder in OTHERS)


@pytest.mark.parametrize("name", STATED)
def test_a_file_has_the_digest_stated(name: str) -> None:
    assert sha256_file(FIXTURES / name) == STATED[name]


@pytest.mark.parametrize("name", ["breast_cancer", "digits"])
def test_the_script_writes_the_same_bytes(name: str) -> None:
    make = runpy.run_path(str(FIXTURES / "make.py"))
    assert sha256(make[name]().encode()) == STATED[f"{name}/data.csv"]
