"""`qgate circuit`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qgate.cli.options import AllowImport, AllowOutside, CharterPath, MaxMemory
from qgate.errors import ExitCode, UsageError
from qgate.plan.settings import DEFAULT_MEMORY

if TYPE_CHECKING:
    from qgate.charter.arm_spec import ArmSpec
    from qgate.data.dataset import Array
    from qgate.quantum.device import Device
    from qgate.quantum.portrait import Outlined

_FORMATS = ("terminal", "json")


def command(
    charter: CharterPath,
    pair: Annotated[
        bool, typer.Option("--pair", help="Draw all that is read: of a pair, or of a row.")
    ] = False,
    transpiled: Annotated[
        bool, typer.Option("--transpiled", help="Draw it as laid out on the charter's device.")
    ] = False,
    device: Annotated[
        list[Path] | None,
        typer.Option("--device", metavar="SNAPSHOT", help="Lay it out on this device too."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal or json.")
    ] = "terminal",
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
    max_memory: MaxMemory = DEFAULT_MEMORY,
) -> int:
    """Draw the charter's circuits, with their figures on devices and the states that they give."""
    from qgate.files import shown
    from qgate.pipeline import circuits, refuse_elsewhere, study
    from qgate.plan.settings import Settings
    from qgate.quantum.device import read_device
    from qgate.report.circuit import render_circuit

    if form not in _FORMATS:
        raise UsageError(f"--format {form}: expected one of {', '.join(_FORMATS)}")
    devices = [read_device(path, shown(path)) for path in device or ()]
    settings = Settings(
        allow_outside=allow_outside,
        allow_imports=frozenset(allow_import or ()),
        max_memory=max_memory,
    )
    found = study(charter, settings)
    refuse_elsewhere(found, {"baseline", "candidate"})
    built = circuits(found)
    if not built:
        raise UsageError(
            f"{shown(charter)}: no arm is a quantum_kernel, a projected_kernel, variational or a "
            "quantum_solver, so there is no circuit to show"
        )
    told = {
        arm.role: _told(arm, *built[arm.role], devices, pair=pair, transpiled=transpiled)
        for arm in found.charter.arms
        if arm.role in built
    }
    if form == "json":
        plain = {
            role: {key: value for key, value in portrait.items() if key != "drawing"}
            for role, portrait in told.items()
        }
        sys.stdout.write(f"{json.dumps(plain, indent=2, ensure_ascii=False)}\n")
    else:
        from qgate.cli.console import width_of

        sys.stdout.write(render_circuit(told, width_of(sys.stdout)))
    return ExitCode.PASS


def _told(
    arm: ArmSpec,
    built: Outlined,
    features: Array,
    devices: Sequence[Device],
    *,
    pair: bool,
    transpiled: bool,
) -> dict[str, Any]:
    """Return the portrait of an arm's circuit, and the circuit to draw."""
    from qgate.quantum.portrait import (
        portrait,
        read_circuit,
        run_on,
        solver_portrait,
        trained_portrait,
    )
    from qgate.quantum.projected_build import BuiltRows
    from qgate.quantum.solver_circuit import BuiltSolver
    from qgate.quantum.variational import BuiltVariational

    if transpiled and built.placed is None:
        raise UsageError(f"{arm.id} has no device to be laid out on: leave out --transpiled")
    if isinstance(built, BuiltSolver | BuiltVariational) and (pair or devices):
        raise UsageError(f"{arm.id} is no kernel: leave out --pair and --device")
    if isinstance(built, BuiltVariational):
        assert arm.variational is not None  # noqa: S101  # it is what was built
        drawn = built.circuit if transpiled else built.feature_map.circuit
        return {"id": arm.id, **trained_portrait(arm.variational, built), "drawing": drawn}
    if isinstance(built, BuiltSolver):
        assert arm.quantum_solver is not None  # noqa: S101  # it is what was built
        drawn = built.placed.laid if transpiled and built.placed else built.drawn.circuit
        return {"id": arm.id, **solver_portrait(arm.quantum_solver, built), "drawing": drawn}
    spec, rows = arm.quantum_kernel or arm.projected_kernel, isinstance(built, BuiltRows)
    assert spec is not None  # noqa: S101  # it has a circuit
    drawn = built.feature_map.circuit
    if transpiled and built.placed is not None:
        run = run_on(built.feature_map, built.placed, rows=rows)
        drawn = run.circuit if pair else run.prepares
    elif pair:
        drawn = read_circuit(built.feature_map, rows=rows)[1]
    return {
        "id": arm.id,
        **portrait(spec, built, features, devices),
        "drawing": drawn,
    }
