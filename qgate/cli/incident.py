"""`qgate incident`."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.errors import ExitCode, InvalidFileError, UsageError

if TYPE_CHECKING:
    from qgate.rollout.incident_store import IncidentStore

app = typer.Typer(
    name="incident",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, show and close incidents: failed production gates and rollbacks.",
)
Reference = Annotated[
    str, typer.Argument(metavar="ID", help="An incident's id, or the start of it.")
]


@app.command("list")
def list_incidents(
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal or json.")
    ] = "terminal",
) -> int:
    """List the open incidents: age, pilot, failed gate, owner."""
    from qgate.cli.console import width_of
    from qgate.report.incident import render_json, render_list

    _refuse_form(form, "terminal", "json")
    found, findings = _store().read()
    shown = [incident for incident in found if every or incident.is_open]
    if form == "json":
        sys.stdout.write(render_json(shown))
    else:
        now = datetime.datetime.now(datetime.UTC)
        nothing = not shown and (every or not (found or findings))
        text = "no incident on record\n" if nothing else ""
        sys.stdout.write(text or render_list(shown, now, width_of(sys.stdout)))
    if findings:
        raise InvalidFileError(findings)
    return ExitCode.PASS


@app.command()
def show(
    reference: Reference,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal, markdown or json.")
    ] = "terminal",
) -> int:
    """Show an incident: what failed, what was done, the timeline."""
    from qgate.cli.console import width_of
    from qgate.report.incident import render_incident, render_json

    _refuse_form(form, "terminal", "markdown", "json")
    store = _store()
    found = store.find(reference)
    if form == "json":
        sys.stdout.write(render_json(found))
    elif form == "markdown":
        from qgate.report.incident_markdown import render_markdown

        sys.stdout.write(render_markdown(found))
    else:
        now = datetime.datetime.now(datetime.UTC)
        sys.stdout.write(render_incident(found, now, width_of(sys.stdout)))
    if not store.is_as_logged(found):
        sys.stderr.write(
            f"qgate: warning: {found.id} is not what the audit log's last entry on it says: it "
            "was changed by hand, or its last change was interrupted\n"
        )
    return ExitCode.PASS


@app.command()
def close(
    reference: Reference,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is over.")],
    remediation: Annotated[
        str | None, typer.Option("--remediation", metavar="TEXT", help="What was done about it.")
    ] = None,
) -> int:
    """Close an incident, with a reason."""
    from qgate.cli.keys import one_line

    why = one_line(reason)
    done = "" if remediation is None else one_line(remediation, "--remediation")
    found = _store().close(reference, why, done)
    sys.stdout.write(f"closed {found.id}\n")
    return ExitCode.PASS


def _store() -> IncidentStore:
    from qgate.cli.opening import incidents_at
    from qgate.plan.settings import Settings

    settings = Settings()
    settings.refuse_other(Path())
    return incidents_at(settings.state)


def _refuse_form(name: str, *known: str) -> None:
    if name not in known:
        raise UsageError(f"--format {name}: expected one of {', '.join(known)}")
