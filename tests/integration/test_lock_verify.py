"""`qgate lock --verify`: says what is not as locked, runs nothing and writes nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qgate.errors import ExitCode
from tests.integration.commands import ROOT
from tests.integration.conftest import Project, new_project

_NO_SDK = """
import sys
from qgate.cli import main
code = main(["lock", "--verify", "pilot.yaml"])
sdks = {"qiskit", "qiskit_aer", "pennylane", "braket", "mitiq"} & {*sys.modules}
sys.exit(f"imported {sdks}" if sdks else code)
"""


@pytest.fixture(scope="module")
def locked_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project's folder with its lock, for tests to copy."""
    folder = tmp_path_factory.mktemp("locked")
    assert new_project(folder).qgate("lock", "pilot.yaml").code == ExitCode.PASS
    return folder


@pytest.fixture
def locked(locked_once: Path, tmp_path: Path) -> Project:
    """Return a locked project of the test's own."""
    shutil.copytree(locked_once, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_as_locked_is_said_and_nothing_is_written(locked: Project) -> None:
    shutil.rmtree(locked.folder / ".qgate")
    before = _files(locked.folder)
    done = locked.qgate("lock", "--verify", "pilot.yaml")
    assert (done.code, done.out) == (ExitCode.PASS, "pilot.yaml: as locked\n"), done.err
    assert locked.qgate("lock", "--verify", "pilot.yaml", "--quiet").out == ""
    assert _files(locked.folder) == before
    assert not (locked.folder / ".qgate").exists()


def _other_row(project: Project) -> None:
    data = project.folder / "data.csv"
    lines = data.read_text(encoding="utf-8").splitlines()
    lines[100] = f"9{lines[100]}"
    data.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _other_dependencies(project: Project) -> None:
    (project.folder / "requirements.lock").write_text("qiskit==2.0.1\n", encoding="utf-8")


def _schedule(**changes: Any) -> Callable[[Project], None]:
    return lambda project: project.write(lambda document: document["schedule"].update(changes))


def _other_split(project: Project) -> None:
    project.write(lambda document: document["data"]["validation"].update(seed=2))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_other_row, ["data bytes: data.csv locked", "data content: locked"]),
        (_other_dependencies, ["dependency lock: locked"]),
        (_other_split, ["split: digest locked"]),
        (_schedule(seeds=[1, 2, 4]), ["seeds: locked [1, 2, 3], now [1, 2, 4]"]),
        (_schedule(shots=[256]), ["shots: locked [512], now [256]"]),
        (_schedule(replicates=3), ["replicates: locked 2, now 3"]),
    ],
    ids=["a row", "dependencies", "split", "seeds", "shots", "replicates"],
)
def test_each_difference_is_named_with_what_to_type(
    locked: Project, change: Callable[[Project], None], named: list[str]
) -> None:
    change(locked)
    before = _files(locked.folder)
    done = locked.qgate("lock", "--verify", "pilot.yaml")
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert "pilot.yaml: not as locked in pilot.lock.json:" in done.err
    for words in named:
        assert words in done.err
    assert 'qgate lock pilot.yaml --reason "why it changed"' in done.err
    assert _files(locked.folder) == before


def test_it_says_what_a_run_would(locked: Project) -> None:
    _other_row(locked)
    said = locked.qgate("lock", "--verify", "pilot.yaml").err
    refused = locked.qgate("lock", "pilot.yaml").err  # it would replace a differing lock
    lines = [line for line in said.splitlines() if line.startswith("  data ")]
    assert lines
    assert set(lines) <= set(refused.splitlines())


def test_every_charter_is_looked_at_whatever_the_others_are_like(locked: Project) -> None:
    shutil.copy(locked.charter, locked.folder / "unlocked.yaml")
    (locked.folder / "broken.yaml").write_text("version: 1\n", encoding="utf-8")
    for arguments in (["broken.yaml", "pilot.yaml", "unlocked.yaml"], ["."]):
        done = locked.qgate("lock", "--verify", *arguments)
        assert (done.code, done.out) == (ExitCode.USAGE, "pilot.yaml: as locked\n")
        assert "unlocked.yaml: there is no lock yet: qgate lock unlocked.yaml" in done.err
        assert "broken.yaml:1:1: " in done.err


def test_a_device_that_was_calibrated_anew_is_not_as_locked(tmp_path: Path) -> None:
    for name in ("charters", "fixtures"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".qgate"))
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    project, devices = Project(tmp_path), tmp_path / "fixtures/devices"
    assert project.qgate("lock", "--verify", "charters/device_noise.yaml").code == ExitCode.PASS
    shutil.copy(devices / "lagos_2021-07-26.json", devices / "lagos_2024-05-27.json")
    done = project.qgate("lock", "--verify", "charters/device_noise.yaml")
    assert done.code == ExitCode.USAGE
    assert "calibration: candidate locked ibm_lagos 2024-05-27" in done.err
    assert "now ibm_lagos 2021-07-26" in done.err


def test_no_quantum_sdk_is_imported(locked: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _NO_SDK],
        cwd=locked.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "pilot.yaml: as locked\n"), done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--verify", "pilot.yaml", "--reason", "x"], "--verify writes nothing"),
        (["--verify", "pilot.yaml", "--evidence", "x"], "--verify writes nothing"),
        (["pilot.yaml", "pilot.yaml"], "only --verify takes several"),
        (["--verify", "nowhere.yaml"], "nowhere.yaml"),
        ([], "Missing argument"),
    ],
    ids=["reason", "evidence", "several", "nowhere", "none"],
)
def test_what_makes_no_sense_is_refused(locked: Project, arguments: list[str], words: str) -> None:
    done = locked.qgate("lock", *arguments)
    assert done.code == ExitCode.USAGE
    assert words in done.err
