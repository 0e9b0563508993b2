"""The command `qgate device`: what a user reads, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qgate.errors import ExitCode
from tests.integration.conftest import ROOT, qgate
from tests.test_layers import NUMERIC, QUANTUM, heavy_modules

HANOI = ROOT / "fixtures/devices/hanoi_2025-02-26.json"


@pytest.mark.parametrize("columns", [80, 120])
def test_a_snapshot_is_shown_with_what_is_dubious(tmp_path: Path, columns: int) -> None:
    shutil.copy(HANOI, tmp_path / "hanoi.json")
    done = qgate("device", "hanoi.json", cwd=tmp_path, COLUMNS=str(columns))
    assert done.code == ExitCode.PASS, done.err
    lines = done.out.splitlines()
    assert lines[0] == "ibm_hanoi: 27 qubits, 28 couplings"
    assert "2025-02-26T15:13:14-05:00" in lines[1]
    assert "days ago" in lines[1]
    assert "      0    198.1    312.6    0.0086    0.0066         0.000125" in done.out
    assert "  5-8        cx              1 / 0.00902  593.8 / 561.8" in done.out
    assert done.out.count("\n  25-26 ") == 1
    assert "T2 is above 2 T1, which cannot be, on qubits 2, 5, 10, 11, 13" in done.out
    assert "days old, more than 30" in done.out
    assert max(map(len, lines)) <= columns


def test_showing_imports_nothing_heavy() -> None:
    assert heavy_modules(["device", str(HANOI)], (*QUANTUM, *NUMERIC)) == []


def test_a_wrong_snapshot_is_refused_with_its_place(tmp_path: Path) -> None:
    text = HANOI.read_text(encoding="utf-8").replace('"cx"', '"xc"', 1)
    (tmp_path / "hanoi.json").write_text(text, encoding="utf-8")
    done = qgate("device", "hanoi.json", cwd=tmp_path)
    assert done.code == ExitCode.USAGE
    assert done.out == ""
    assert done.err.startswith("hanoi.json:36:6: gates[0].gate: 'xc' is none of")
    assert qgate("device", "absent.json", cwd=tmp_path).code == ExitCode.USAGE


@pytest.mark.parametrize(
    "arguments",
    [[], ["--from", "lagos"], ["--output", "new.json"], ["x.json", "--from", "lagos"]],
    ids=str,
)
def test_half_a_command_says_both_forms(tmp_path: Path, arguments: list[str]) -> None:
    done = qgate("device", *arguments, cwd=tmp_path)
    assert done.code == ExitCode.USAGE
    assert "qgate device SNAPSHOT.json" in done.err
    assert "qgate device --from NAME --output SNAPSHOT.json" in done.err


def test_no_snapshot_is_written_over_another(tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text("mine", encoding="utf-8")
    done = qgate("device", "--from", "lagos", "--output", "kept.json", cwd=tmp_path)
    assert done.code == ExitCode.USAGE
    assert "kept.json is there already" in done.err
    assert (tmp_path / "kept.json").read_text(encoding="utf-8") == "mine"


def test_a_fake_device_is_written_and_shown(tmp_path: Path) -> None:
    done = qgate("device", "--from", "fake_hanoi", "--output", "new.json", cwd=tmp_path)
    if "pip install 'qgate[ibm]'" in done.err:
        assert done.code == ExitCode.USAGE
        assert not (tmp_path / "new.json").exists()
        return
    assert done.code == ExitCode.PASS, done.err
    assert "wrote new.json: ibm_hanoi, 27 qubits" in done.out
    assert "qgate device new.json" in done.out
    assert qgate("device", "new.json", cwd=tmp_path).code == ExitCode.PASS
