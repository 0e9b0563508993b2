"""`qgate plan`."""

from __future__ import annotations

import datetime
import math
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.options import AllowImport, AllowOutside, CharterPath, MaxMemory, Verbose
from qgate.errors import ExitCode
from qgate.plan.settings import DEFAULT_MEMORY

if TYPE_CHECKING:
    from rich.table import Table

    from qgate.charter.charter import Gate
    from qgate.measure.measurement import Forecast
    from qgate.plan.settings import Settings
    from qgate.plan.study import Study


def command(
    charter: CharterPath,
    past: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="EVIDENCE", help="Take the variances of this bundle, not defaults."
        ),
    ] = None,
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
    verbose: Verbose = False,
    max_memory: MaxMemory = DEFAULT_MEMORY,
) -> int:
    """Show what would run, and whether each gate can be decided."""
    from qgate.cli.console import progress_on_stderr
    from qgate.plan.settings import Settings

    with progress_on_stderr(quiet=not verbose, verbose=verbose) as progress:
        settings = Settings(
            allow_outside=allow_outside,
            allow_imports=frozenset(allow_import or ()),
            max_memory=max_memory,
            progress=progress,
        )
        return _plan(charter, past, settings)


def _plan(charter: Path, past: str | None, settings: Settings) -> int:
    from rich.text import Text

    from qgate.cli.console import console
    from qgate.evidence.store import read_bundle
    from qgate.measure.outlook import forecast, joint_sentence, refuse_other_question
    from qgate.pipeline import study
    from qgate.review.standing import standing

    settings.progress.stage("read charter, data and lock", 1)
    found = study(charter, settings)
    evidence = read_bundle(past) if past else None
    if evidence is not None:
        refuse_other_question(found.charter, evidence)
    out = console(sys.stdout)
    for line in _plan_lines(found):
        indent = " " * (len(line) - len(line.lstrip()))
        wrapped = textwrap.fill(line, out.width, subsequent_indent=f"{indent}  ")
        out.print(Text(wrapped), soft_wrap=True)
    out.print()
    settings.progress.stage("forecast the gates", len(found.charter.gates))
    seen = forecast(found, evidence)
    out.print(_table(seen))
    out.print("Chance to pass: if truly equal to the baseline, and if exactly at the tolerance.")
    out.print("For 80%: what of each alone would do; a dash where no number would.")
    out.print(f"{joint_sentence(seen)}\n")
    for gate, outlook in seen:
        what = f"{gate.name}: {outlook.note}"
        remedy = f"; {outlook.remedy}" if _wants_more(outlook) else ""
        out.print(Text(f"{what}{remedy}."), soft_wrap=False)
    settings.progress.stage("look where the pilot stands", 1)
    refused = standing(found).refusals(found, evidence, seen)
    for finding in refused:
        out.print(Text(str(finding)), soft_wrap=True)
    return ExitCode.USAGE if refused else ExitCode.PASS


def _plan_lines(found: Study) -> list[str]:
    from qgate.pipeline import circuits
    from qgate.plan.estimate import estimated_seconds
    from qgate.quantum.device_hygiene import hygiene
    from qgate.report.wording import circuit_words

    plan, charter = found.plan, found.charter
    size = f"{plan.train} training rows, {plan.items} validation items"
    if charter.data.problems:
        size = f"{plan.items} problem{'s' if plan.items > 1 else ''}"
    lines = [f"{charter.pilot.name}: {size}"]
    lines += [
        f"  {arm.role} {arm.id} ({arm.kind}): {len(plan.of(arm.role))} trials"
        for arm in charter.trial_arms
    ]
    kinds = {arm.role: arm.kind for arm in charter.arms}
    for role, (built, _) in circuits(found).items():
        words = circuit_words(built.figures, kinds[role])
        lines.append(f"  circuit of the {role}: {words}")
        if built.placed is not None:
            today = datetime.datetime.now(datetime.UTC).date()
            dubious = hygiene(built.placed.whole, built.placed.qubits, today)
            lines += [f"    warning: {sentence}" for sentence in dubious]
    if charter.schedule.looks is not None:
        ends = ", ".join(str(end) for end in plan.ends)
        lines.append(f"  looks after {ends} {charter.schedule.looks.by}, at levels of their own")
    lines.append(f"  about {math.ceil(estimated_seconds(plan))} s on one core (modelled)")
    return lines


def _table(seen: list[tuple[Gate, Forecast]]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("gate", "equal", "at tolerance", "decides from"):
        table.add_column(column, overflow="fold", justify="left" if column == "gate" else "right")
    for column in ("80%: items", "seeds", "shots"):
        table.add_column(column, overflow="fold", justify="right")
    for gate, outlook in seen:
        table.add_row(
            gate.name + (" (shadow)" if gate.mode == "shadow" else ""),
            _percent(outlook.chance),
            _percent(outlook.at_tolerance),
            outlook.smallest or "-",
            *(outlook.designs or ("-", "-", "-")),
            style="" if outlook.decidable else "bold red",
        )
    return table


def _percent(chance: float | None) -> str:
    return "-" if chance is None else f"{chance:.0%}"


def _wants_more(outlook: Forecast) -> bool:
    from qgate.measure.measurement import GOOD_CHANCE

    return bool(outlook.remedy) and (
        not outlook.decidable or (outlook.chance is not None and outlook.chance < GOOD_CHANCE)
    )
