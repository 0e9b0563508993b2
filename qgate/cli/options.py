"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    typer.Option("--format", metavar="NAME", help="terminal, json, markdown or junit; repeatable."),
]
Output = Annotated[
    list[Path] | None,
    typer.Option("--output", metavar="FILE", help="Where the format named with it goes."),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on", metavar="WHAT", help="inconclusive, or fail: exit 0 on inconclusive."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no terminal report.")]
