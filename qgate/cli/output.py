"""A decision to the formats that were asked for."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qgate.cli.options import FAIL_ON_WHAT, FORMAT_NAMES
from qgate.errors import ExitCode, UsageError
from qgate.files import write_atomically

if TYPE_CHECKING:
    from qgate.evidence.store import Bundle
    from qgate.gates.decision import Decision

_SUFFIXES = {
    ".json": "json",
    ".md": "markdown",
    ".xml": "junit",
    ".sarif": "sarif",
    ".html": "html",
    ".txt": "terminal",
}


@dataclass(frozen=True)
class Outputs:
    """Formats for files, and the one for stdout, None for none."""

    files: tuple[tuple[str, Path], ...]
    stdout: str | None
    fail_on: str


def resolve(
    formats: Sequence[str] | None,
    paths: Sequence[Path] | None,
    fail_on: str,
    *,
    quiet: bool = False,
) -> Outputs:
    """Pair formats with files, in order; the format left over goes to stdout.

    Raises:
        UsageError: For an unknown name, or two formats for stdout.

    """
    wanted, files = list(formats or ()), list(paths or ())
    for name in wanted:
        if name not in FORMAT_NAMES:
            raise UsageError(f"--format {name}: expected one of {', '.join(FORMAT_NAMES)}")
    if fail_on not in FAIL_ON_WHAT:
        raise UsageError(f"--fail-on {fail_on}: expected one of {', '.join(FAIL_ON_WHAT)}")
    for path in files:
        refuse_unwritable(path)
    wanted += [_by_suffix(path) for path in files[len(wanted) :]]
    left = wanted[len(files) :]
    if len(left) > 1:
        raise UsageError(f"{' and '.join(left)} would both go to stdout: add --output FILE")
    if left:
        stdout: str | None = left[0]
    else:
        stdout = None if quiet else "terminal"
    return Outputs(tuple(zip(wanted, files, strict=False)), stdout, fail_on)


def emit(decision: Decision, outputs: Outputs, bundle: Bundle | None = None) -> ExitCode:
    """Write every format and return the exit code; files are whole or absent.

    Overrides of the pilot stand in each: those in the log of this place, and the bundle's own.
    """
    from qgate.cli.console import console, width_of
    from qgate.evidence.store import open_bundle
    from qgate.report.account import Account
    from qgate.report.formats import FORMATS
    from qgate.report.terminal import render_terminal
    from qgate.rollout.rollback import rollback_after

    bundle = bundle or open_bundle(decision.evidence_path)
    decision = with_overrides(decision, bundle)
    rollback = rollback_after(decision)
    account = Account(decision, rollback, bundle)
    if outputs.stdout == "terminal":
        text = render_terminal(decision, rollback, width_of(sys.stdout))
        console(sys.stdout).print(text, soft_wrap=True, end="")
    elif outputs.stdout is not None:
        sys.stdout.write(FORMATS[outputs.stdout](account))
    for name, path in outputs.files:
        write_atomically(path, FORMATS[name](account).encode())
    code = decision.exit_code
    if outputs.fail_on == "fail" and code is ExitCode.INCONCLUSIVE:
        return ExitCode.PASS
    return code


def with_overrides(decision: Decision, bundle: Bundle) -> Decision:
    """Return a decision with the overrides that have not ended, or why they are not known."""
    from qgate.evidence.audit_log import AuditLog
    from qgate.plan.settings import Settings
    from qgate.review.log_head import check_head
    from qgate.review.overrides import in_force

    unknown = ""
    try:
        log = AuditLog(Settings().log)
        entries = log.entries()
        check_head(log, entries, None, gone=False)
    except UsageError as error:
        entries, unknown = [], str(error)
    now = datetime.datetime.now(datetime.UTC)
    found = in_force(entries, bundle, decision.charter.pilot.name, now)
    return replace(decision, overrides=found, overrides_unknown=unknown)


def refuse_unwritable(path: Path, *, folder: bool = False) -> None:
    """Refuse, before anything runs, a place where nothing can be written.

    Raises:
        UsageError: Naming what stands in the way.

    """
    if path.is_dir() != folder and path.exists():
        raise UsageError(f"{path} is {'a folder' if path.is_dir() else 'no folder'}")
    place = path if folder else path.absolute().parent
    nearest = next(p for p in (place.absolute(), *place.absolute().parents) if p.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise UsageError(f"{path}: {nearest} cannot be written into")


def _by_suffix(path: Path) -> str:
    if path.suffix not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise UsageError(f"--output {path}: name its --format, or end it in one of {known}")
    return _SUFFIXES[path.suffix]
