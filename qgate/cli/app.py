"""The typer application: one module a command."""

from __future__ import annotations

from typing import Annotated

import typer

from qgate.cli import (
    approve,
    cache,
    calibrate,
    check,
    circuit,
    compare,
    device,
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

app = typer.Typer(
    name="qgate",
    no_args_is_help=True,
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
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Decide, from measured evidence, whether a pilot may take production traffic.

    Exit codes: 0 every gate passed, 10 a gate failed, 20 inconclusive, 2 usage or invalid
    charter, 30 could not run, 70 a bug in qgate, 130 interrupted.
    """
    del version


_COMMANDS = (
    init,
    check,
    lock,
    plan,
    run,
    calibrate,
    judge,
    compare,
    report,
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
)
for module in _COMMANDS:
    app.command(name=module.__name__.rpartition(".")[2])(module.command)

_GROUPS = (cache, incident)
for group in _GROUPS:
    app.add_typer(group.app, name=group.__name__.rpartition(".")[2])
