"""`qgate calibrate`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.options import (
    AllowImport,
    AllowOutside,
    CharterPath,
    MaxMemory,
    Quiet,
    Verbose,
)
from qgate.cli.output import refuse_unwritable
from qgate.errors import ExecutionError, InvalidFileError, UsageError
from qgate.plan.settings import DEFAULT_MEMORY

if TYPE_CHECKING:
    from qgate.calibration.calibration import Calibration
    from qgate.calibration.reruns import Reruns
    from qgate.evidence.evidence import Evidence
    from qgate.plan.settings import Settings

_FORMATS = ("terminal", "json")
_SUFFIXES = {".json": "json", ".txt": "terminal"}


def command(
    charter: CharterPath,
    replicates: Annotated[
        int,
        typer.Option("--replicates", min=10, max=100_000, help="How often each world is drawn."),
    ] = 200,
    evidence: Annotated[
        str | None,
        typer.Option("--evidence", metavar="EVIDENCE", help="Use this bundle, and run nothing."),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="terminal or json.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where it goes, not to stdout.")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=256, help="Processes that run trials.")
    ] = 1,
    quiet: Quiet = False,
    verbose: Verbose = False,
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
    max_memory: MaxMemory = DEFAULT_MEMORY,
) -> int:
    """Measure the gates themselves on this case: false alarms, and planted regressions found.

    Runs the charter (from the cache where it can; no attempt is counted, no evidence kept), its
    baseline with fresh seeds, and its candidate on drifted devices. A gate that cannot tell a
    regression at twice its tolerance is blind.

    Exit codes: 0 every gate tells it, 20 a gate is blind or none could be tried.
    """
    from qgate.cli.console import progress_on_stderr
    from qgate.plan.settings import Settings

    name = _format(form, output)
    with progress_on_stderr(quiet=quiet, verbose=verbose) as progress:
        settings = Settings(
            workers=workers,
            allow_imports=frozenset(allow_import or ()),
            allow_outside=allow_outside,
            max_memory=max_memory,
            progress=progress,
            files=evidence is None,
        )
        found = _calibrated(charter, evidence, replicates, settings)
    _emit(found, name, output, quiet=quiet and form is None)
    return found.exit_code


def _calibrated(
    path: Path, reference: str | None, replicates: int, settings: Settings
) -> Calibration:
    from qgate.calibration.calibration import calibrate
    from qgate.evidence.store import read_bundle
    from qgate.gates.decision import judge
    from qgate.pipeline import load

    reruns = None
    if reference is None:
        evidence, reruns = _run(path, settings)
        charter = evidence.charter
    else:
        evidence, charter = read_bundle(reference), load(path, settings)
        judge(evidence, charter)  # refuses evidence of another experiment
    return calibrate(
        evidence, charter, replicates=replicates, reruns=reruns, progress=settings.progress
    )


def _run(path: Path, settings: Settings) -> tuple[Evidence, Reruns]:
    """Return what a calibration runs; it is no attempt, but what it spends is put on record.

    Raises:
        InvalidFileError: When an arm may not be sent the data, or the budget does not allow it.
        ExecutionError: When the budget stopped it.

    """
    from qgate.calibration.reruns import Reruns, as_read, rerun
    from qgate.measure.meter import Meter
    from qgate.measure.outlook import over_budget
    from qgate.measure.spending import plus, spent_of
    from qgate.pipeline import gather, refuse_elsewhere, study
    from qgate.review.standing import put_spending, standing
    from qgate.trials import stages
    from qgate.trials.books import Books

    settings.refuse_other(path)
    opened = study(path, settings)
    refuse_elsewhere(opened, {"baseline", "candidate"})
    before = standing(opened)
    if refused := over_budget(opened, before.spent, before.month):
        raise InvalidFileError(refused)
    books = Books(settings.state / "owed", settings.progress.warn)
    found = stages.tune(opened)
    arms = stages.prepare(found, found.charter.trial_arms)
    evidence = as_read(gather(found, arms, attempt=0, spent=before.spent, books=books))
    meter = Meter(found.plan, stages.shot_seconds(found), time.perf_counter())
    stopped = evidence.record.get("stopped")
    reruns = Reruns() if stopped else rerun(found, arms, evidence, books, meter)
    put_spending(found, plus(spent_of(evidence), meter.spending()))
    books.settle()
    if stopped:
        raise ExecutionError(f"the calibration stopped at its budget: {stopped['reason']}")
    return evidence, reruns


def _format(form: str | None, output: Path | None) -> str:
    """Return the format: the one asked for, else by the file's suffix, else for a terminal."""
    if form is not None and form not in _FORMATS:
        raise UsageError(f"--format {form}: expected one of {', '.join(_FORMATS)}")
    if output is None:
        return form or "terminal"
    refuse_unwritable(output)
    if form is None and output.suffix not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise UsageError(f"--output {output}: name its --format, or end it in one of {known}")
    return form or _SUFFIXES[output.suffix]


def _emit(found: Calibration, name: str, output: Path | None, *, quiet: bool) -> None:
    from qgate.cli.console import console, width_of
    from qgate.files import write_atomically
    from qgate.report.calibration import (
        ASCII,
        BLOCKS,
        PLAIN_WIDTH,
        render_calibration,
        render_calibration_json,
    )

    if output is not None:
        text = (
            render_calibration_json(found)
            if name == "json"
            else render_calibration(found, PLAIN_WIDTH, BLOCKS).plain
        )
        write_atomically(output, text.encode())
    elif name == "json":
        sys.stdout.write(render_calibration_json(found))
    elif not quiet:
        glyphs = BLOCKS if (sys.stdout.encoding or "").lower().startswith("utf") else ASCII
        text_ = render_calibration(found, width_of(sys.stdout), glyphs)
        console(sys.stdout).print(text_, soft_wrap=True, end="")
