"""Arguments and options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from qgate.errors import UsageError
from qgate.plan.settings import DEFAULT_MEMORY

FORMAT_NAMES = (
    "terminal",
    "json",
    "markdown",
    "junit",
    "sarif",
    "code-quality",
    "annotations",
    "html",
)
"""Those of `qgate.report.formats`, which imports what a start has no need of."""
FAIL_ON_WHAT = ("inconclusive", "fail")
_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def amount_of_bytes(text: str | int) -> int:
    """Return `4GB`, `512 MiB` or a plain number as bytes; typer gives it the default too."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(text).strip())
    if found is None or found[2].upper() not in _UNITS:
        raise typer.BadParameter(f"{text!r} is no amount of memory, such as 4GB or 512MB")
    return int(float(found[1]) * _UNITS[found[2].upper()])


MaxMemory = Annotated[
    int,
    typer.Option(
        "--max-memory",
        metavar="AMOUNT",
        parser=amount_of_bytes,
        help=f"Most that an arm's simulation may allocate; {DEFAULT_MEMORY // 10**9}GB if unsaid.",
        show_default=False,
    ),
]
CharterPath = Annotated[
    Path, typer.Argument(metavar="CHARTER", help="The pilot's charter, a YAML file.")
]
EvidenceReference = Annotated[
    str,
    typer.Argument(metavar="EVIDENCE", help="A bundle's folder, or the start of its digest."),
]
AllowOutside = Annotated[
    bool, typer.Option("--allow-outside", help="Let the charter's paths leave its repository.")
]
AllowImport = Annotated[
    list[str] | None,
    typer.Option("--allow-import", metavar="NAME", help="Let arms use this package's classes."),
]
Format = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help=f"{', '.join(FORMAT_NAMES[:-1])} or {FORMAT_NAMES[-1]}; repeatable.",
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output", metavar="FILE", help="Where the format named with it goes; folders are made."
    ),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on", metavar="WHAT", help="inconclusive, or fail: exit 0 on inconclusive."
    ),
]
Production = Annotated[
    bool,
    typer.Option(
        "--production",
        help="The candidate serves production: a failed gate opens an incident.",
    ),
]


def _loudness(context: typer.Context, option: typer.CallbackParam, value: bool) -> bool:
    """Return the value of --quiet or --verbose, of which only one can hold.

    A --verbose that was typed outweighs a quiet that is only configured.

    Raises:
        UsageError: When both were typed, be it before or after the command.

    """
    if context.resilient_parsing or not value:  # the former completes a word, and runs nothing
        return value
    other = "verbose" if option.name == "quiet" else "quiet"
    if context.params.get(other, context.find_root().params.get(other)):
        if _typed(context, "quiet"):
            raise UsageError("--quiet and --verbose contradict each other: leave out one")
        return option.name == "verbose"
    return value


def _typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    here = source is not None and source.name == "COMMANDLINE"
    return here or bool(context.find_root().params.get(name))


Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet/--no-quiet",
        "-q",
        help="No progress, no terminal report.",
        callback=_loudness,
        show_default=False,
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="On stderr: each trial, the time of each stage, versions, where defaults come from.",
        callback=_loudness,
    ),
]
