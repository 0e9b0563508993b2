"""The typer application: one module a command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from qgate.cli import (
    affected,
    approve,
    cache,
    calibrate,
    check,
    ci,
    circuit,
    compare,
    device,
    doctor,
    explain,
    history,
    incident,
    init,
    judge,
    lineage,
    lock,
    log,
    metrics,
    override,
    pack,
    plan,
    promote,
    report,
    rollback,
    run,
    sign,
    spending,
    unpack,
    verify,
)
from qgate.errors import ExitCode, UsageError

app = typer.Typer(
    name="qgate",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"qgate {version('qgate')}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    folders: Annotated[
        list[Path] | None,
        typer.Option("-C", metavar="DIR", help="Work as if started in this folder; repeatable."),
    ] = None,
    quiet: Annotated[
        bool | None,
        typer.Option("--quiet/--no-quiet", "-q", help="The command's own --quiet, or its undoing."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="The command's own --verbose.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> int:
    """Decide, from measured evidence, whether a pilot may take production traffic.

    Without a command: what to do next in this folder. Options that many commands share have their
    defaults in the table tool.qgate of pyproject.toml, or in variables such as QGATE_WORKERS.

    Exit codes: 0 every gate passed, 10 a gate failed, 20 inconclusive, 2 usage or invalid
    charter, 30 could not run, 70 a bug in qgate, 130 interrupted.
    """
    from qgate.cli.configuration import configured, defaults

    del version
    if quiet and verbose:
        raise UsageError("--quiet and --verbose contradict each other: leave out one")
    for folder in folders or ():
        _enter(folder)
    if context.invoked_subcommand is None:
        from qgate.cli.next import what_next

        sys.stdout.write(what_next())
    elif context.invoked_subcommand not in _HELPERS:
        values = configured()
        if quiet is not None or verbose:
            values["quiet"] = bool(quiet)
        if verbose:
            values["verbose"] = True
        context.default_map = defaults(getattr(context.command, "commands", {}), values)
    return ExitCode.PASS


def _enter(folder: Path) -> None:
    """Go into a folder; the boundary goes back.

    Raises:
        UsageError: When there is none, or it may not be entered.

    """
    try:
        os.chdir(folder)
    except (OSError, ValueError) as error:
        raise UsageError(f"-C {folder}: {getattr(error, 'strerror', None) or error}") from None


_HELPERS = frozenset({"doctor", "explain"})
"""Commands that work where the configuration does not: they help to mend it."""

_COMMANDS = (
    init,
    check,
    affected,
    lock,
    plan,
    run,
    calibrate,
    judge,
    compare,
    report,
    history,
    lineage,
    verify,
    pack,
    unpack,
    sign,
    approve,
    override,
    promote,
    rollback,
    log,
    metrics,
    circuit,
    device,
    spending,
    explain,
    doctor,
)
for module in _COMMANDS:
    app.command(name=module.__name__.rpartition(".")[2])(module.command)

_GROUPS = (cache, ci, incident)
for group in _GROUPS:
    app.add_typer(group.app, name=group.__name__.rpartition(".")[2])
