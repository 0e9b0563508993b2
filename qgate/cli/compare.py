"""`qgate compare`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.output import refuse_unwritable, with_overrides
from qgate.errors import UsageError

if TYPE_CHECKING:
    from qgate.comparison.comparison import Comparison
    from qgate.evidence.store import Bundle

_FORMATS = ("terminal", "json", "markdown")
_SUFFIXES = {".json": "json", ".md": "markdown", ".txt": "terminal"}


def command(
    older: Annotated[
        str, typer.Argument(metavar="A", help="The older bundle: a folder, or a digest's start.")
    ],
    newer: Annotated[
        str, typer.Argument(metavar="B", help="The newer bundle, held against the older.")
    ],
    form: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="terminal, json or markdown.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where it goes, not to stdout.")
    ] = None,
) -> int:
    """Say what changed from one bundle to another: inputs, then measurements, then verdicts.

    A measurement that moved because the classical baseline did is evidence drift, and is called
    that; of a gap it is told how much is the baseline's and how much the candidate's. Each bound
    of a difference stands alone, at 95% unless the gates state more.

    The first row that holds is the answer, and the exit code:

    \b
     0  THE SAME EVIDENCE  record and observations have the same digests
    10  EVIDENCE DRIFT     the baseline moved, and a gate fell
    10  WORSE              a gate fell: it fails in B and did not in A, or
                           B is a roll back and A was none
    10  EVIDENCE DRIFT     the baseline moved, and besides, something is
                           shown to be worse by the candidate alone
    10  WORSE              something is shown to be worse, and only the
                           candidate can have done it
    20  EVIDENCE DRIFT     the baseline answers the same items otherwise
    20  INPUTS DRIFTED     something moved that rests on other data, packages,
                           calibration, shots or terms of measuring; or is
                           worse with other seeds of the same candidate
    20  CANNOT SAY         a gate that passed is open, or is in error
    20  CANNOT SAY         a gate of A is not asked, or in shadow, in B
    20  CANNOT SAY         a value is worse, and nothing tells it from luck
     0  NO WORSE           none of these, which shows nothing to be as good

    A and B of other tasks, targets, classes or gates are refused with 2, as is
    a confidential bundle beside another, and a folder of several bundles.
    """  # noqa: D301  # the backspace keeps the table's lines as they are
    from qgate.comparison.comparison import compare
    from qgate.evidence.store import evidence_of, find_bundle, open_bundle
    from qgate.review.overrides import moment

    name = _format(form, output)
    # Which one a folder of several means would be a guess; runs of equal evidence compare alike.
    named = [find_bundle(r, one=Path(r).is_dir()) for r in (older, newer)]
    bundles = [open_bundle(str(place)) for place in named]
    both = [evidence_of(bundle) for bundle in bundles]
    found = compare(*both)
    runs = [moment(one.observations["created"], "observations.created") for one in both]
    if runs[0] > runs[1]:
        sys.stderr.write("qgate: warning: A was run after B: all that is told is backwards\n")
    _emit(_with_overrides(found, bundles), name, output)
    return found.exit_code


def _with_overrides(found: Comparison, bundles: Iterable[Bundle]) -> Comparison:
    """Return the comparison with the overrides that have not ended, of the log and of both."""
    pairs = zip((found.before, found.after), bundles, strict=True)
    decisions = [with_overrides(decision, bundle) for decision, bundle in pairs]
    told = [override for decision in decisions for override in decision.overrides]
    once = tuple(override for i, override in enumerate(told) if override not in told[:i])
    return replace(found, after=replace(decisions[1], overrides=once))


def _format(form: str | None, output: Path | None) -> str:
    """Return the report's form: as it is named, or as the file ends."""
    if form is not None and form not in _FORMATS:
        raise UsageError(f"--format {form}: expected one of {', '.join(_FORMATS)}")
    if output is not None:
        refuse_unwritable(output)
        if form is None and output.suffix not in _SUFFIXES:
            known = ", ".join(_SUFFIXES)
            raise UsageError(f"--output {output}: name its --format, or end it in one of {known}")
    return form or (_SUFFIXES[output.suffix] if output else "terminal")


def _emit(found: Comparison, name: str, output: Path | None) -> None:
    from qgate.cli.console import console, width_of
    from qgate.files import write_atomically
    from qgate.report.comparison.document import render_json
    from qgate.report.comparison.markdown import render_markdown
    from qgate.report.comparison.terminal import render_plain, render_terminal

    if name == "terminal" and output is None:
        text = render_terminal(found, width_of(sys.stdout))
        console(sys.stdout).print(text, soft_wrap=True, end="")
        return
    renderers = {"terminal": render_plain, "json": render_json, "markdown": render_markdown}
    rendered = renderers[name](found)
    if output is None:
        sys.stdout.write(rendered)
    else:
        write_atomically(output, rendered.encode())
