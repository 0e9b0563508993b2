"""`qgate rollback`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.options import AllowImport, AllowOutside, CharterPath
from qgate.errors import ExitCode, UsageError
from qgate.files import printable

if TYPE_CHECKING:
    from qgate.charter.charter import Charter
    from qgate.plan.settings import Settings


def command(
    charter: CharterPath,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the steps.")] = False,
    done: Annotated[
        bool, typer.Option("--done", help="Put on record that a person has taken the steps.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="With --done: why.")
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option("--evidence", metavar="EVIDENCE", help="With --done: what showed the need."),
    ] = None,
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
) -> int:
    """Print the steps back to the last known-good service, or put on record that they are taken.

    qgate drives no router: a person takes the steps. `--done` logs it, and opens an incident or
    adds to those of the pilot that are open.
    """
    from qgate.cli.console import width_of
    from qgate.pipeline import load
    from qgate.plan.settings import Settings
    from qgate.report.columns import hung
    from qgate.rollout.rollback import rollback_plan

    if done and dry_run:
        raise UsageError("--dry-run prints the steps, --done says that they are taken: give one")
    if not done and (reason is not None or evidence is not None):
        raise UsageError("--reason and --evidence go with --done")
    if done and reason is None:
        raise UsageError('--done needs --reason "why the traffic was sent back"')
    settings = Settings(
        allow_outside=allow_outside, allow_imports=frozenset(allow_import or ()), files=False
    )
    terms = load(charter, settings)
    plan = rollback_plan(terms)
    if reason is not None:
        settings.refuse_other(charter)
        return _record(terms, reason, evidence, settings)
    if not dry_run:
        raise UsageError(
            f"qgate drives no router: print the steps with `{plan.command}`, and once they are "
            "taken say so with --done --reason"
        )
    told = f"Roll back to {plan.to} ({plan.strategy}); approver {plan.approver}"
    steps = [(f"  {number}. ", step) for number, step in enumerate(plan.steps, 1)]
    for first, words in [("", told), *steps]:
        for line in hung(first, printable(words), width_of(sys.stdout), long_words=False):
            sys.stdout.write(f"{line}\n")
    return ExitCode.PASS


def _record(charter: Charter, reason: str, evidence: str | None, settings: Settings) -> int:
    from qgate.cli.keys import one_line
    from qgate.cli.opening import log_rollback, tell_of_rollback

    why, judged = one_line(reason), None
    if evidence is not None:
        from qgate.evidence.store import evidence_of, open_bundle
        from qgate.gates.decision import judge

        bundle = open_bundle(evidence)
        judged = judge(evidence_of(bundle)), bundle.digest
    log_rollback(charter, why, settings.state, judged)
    sys.stdout.write(f"on record: all traffic is back on {printable(charter.rollback.to)}\n")
    for incident in tell_of_rollback(charter, why, settings.state, judged):
        verb = "noted in" if incident.timeline else "opened"
        sys.stdout.write(f"{verb} incident {incident.id}\n  qgate incident show {incident.id}\n")
    return ExitCode.PASS
