"""`qgate check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from qgate.cli.options import AllowImport, AllowOutside
from qgate.codes import pointer
from qgate.errors import ExitCode, UsageError

_SUFFIXES = (".yaml", ".yml")


def command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATHS]...", help="Charters or folders. Default: charters/, or here."
        ),
    ] = None,
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
) -> int:
    """Validate charters; each finding is file:line:column: message [code]."""
    from qgate.pipeline import check as findings_of
    from qgate.plan.settings import Settings

    settings = Settings(allow_outside=allow_outside, allow_imports=frozenset(allow_import or ()))
    charters = charters_in(paths or [Path("charters") if Path("charters").is_dir() else Path()])
    findings = [finding for path in charters for finding in findings_of(path, settings)]
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    errors = sum(finding.severity == "error" for finding in findings)
    count = f"{len(charters)} charter{'s' if len(charters) != 1 else ''}"
    sys.stdout.write(f"{count}: {errors} error(s), {len(findings) - errors} warning(s)\n")
    if findings:
        sys.stdout.write(f"{pointer(findings[0].code)}\n")
    return ExitCode.USAGE if errors else ExitCode.PASS


def charters_in(paths: list[Path]) -> list[Path]:
    """Return the charters at paths, those of a folder in order of their names."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES and p.is_file())
            if not inside:
                raise UsageError(f"{path}: no charter (*.yaml) here; write one with: qgate init")
            found += inside
        else:
            found.append(path)
    return found
