"""The house stands: no floor imports one above it, and light commands import nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
QUANTUM = ("qiskit", "qiskit_aer", "pennylane", "braket")
NUMERIC = ("numpy", "scipy", "sklearn", "pandas", "pyarrow")


def test_no_floor_imports_one_above_it() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run(
        [*command, "--no-cache"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert "1 kept, 0 broken" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["--help"], (*QUANTUM, *NUMERIC, "jsonschema")),
        (["check", "charters"], (*QUANTUM, *NUMERIC)),
        (["metrics"], (*QUANTUM, *NUMERIC)),
        (["rollback", "charters/hold.yaml", "--dry-run"], QUANTUM),
    ],
    ids=lambda value: value[0],
)
def test_light_commands_import_nothing_heavy(
    arguments: list[str], forbidden: tuple[str, ...]
) -> None:
    assert heavy_modules(arguments, forbidden) == []


def heavy_modules(arguments: list[str], forbidden: tuple[str, ...]) -> list[str]:
    """Return which of the forbidden packages a command imports."""
    code = (
        "import sys; from qgate.cli import main; code = main(sys.argv[1:]);"
        "print('\\nmodules:', *sorted({name.partition('.')[0] for name in sys.modules}));"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    loaded = done.stdout.rpartition("modules:")[2].split()
    assert "qgate" in loaded, done.stderr
    return [name for name in forbidden if name in loaded]
