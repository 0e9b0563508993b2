"""`qgate rollback`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from qgate.cli.options import AllowImport, AllowOutside, CharterPath
from qgate.errors import ExitCode, UsageError


def command(
    charter: CharterPath,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the steps; the only mode that there is.")
    ] = False,
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
) -> int:
    """Print the steps back to the last known-good service."""
    from qgate.pipeline import load
    from qgate.plan.settings import Settings
    from qgate.rollout.rollback import rollback_plan

    settings = Settings(
        allow_outside=allow_outside, allow_imports=frozenset(allow_import or ()), files=False
    )
    plan = rollback_plan(load(charter, settings))
    if not dry_run:
        raise UsageError(f"qgate drives no router: print the steps with `{plan.command}`")
    sys.stdout.write(f"Roll back to {plan.to} ({plan.strategy}); approver {plan.approver}\n")
    for number, step in enumerate(plan.steps, 1):
        sys.stdout.write(f"  {number}. {step}\n")
    return ExitCode.PASS
