"""Whether those whom a charter's approvals name can sign: each with a key that counts now."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from qgate.charter.charter import Charter
from qgate.charter.meaning import Surroundings
from qgate.charter.yaml_reader import Path_, Source
from qgate.errors import Finding, InvalidFileError, UsageError
from qgate.signing.signers import Signers, read_signers


def approval_findings(
    charter: Charter, source: Source, around: Surroundings, now: datetime.datetime
) -> Iterator[Finding]:
    """Yield that the file of signers cannot be read, and whom it gives no key that counts now.

    The second are warnings: a pilot can be run and judged before all keys are collected.
    """
    name = charter.approvals.signers
    path = around.reach(name) if name else None
    try:
        if not name or path is None or not path.is_file():
            return  # that it is not there is a finding already
        signers = read_signers(path, name)
    except InvalidFileError as error:
        more = f" (and {len(error.findings) - 1} more)" if len(error.findings) > 1 else ""
        message = f"the file of signers cannot be used: {error.findings[0]}{more}"
        yield source.finding(("approvals", "signers"), message)
        return
    except (UsageError, OSError) as error:
        yield source.finding(
            ("approvals", "signers"), f"the file of signers cannot be used: {error}"
        )
        return
    lacking: set[str] = set()
    for person, place in _people(charter):
        message = _lack(person, signers, now)
        if message and person not in lacking:
            lacking.add(person)
            yield source.finding(place, f"{message}: {_REMEDY}", "warning")
    able = frozenset(charter.approvals.approvers) - lacking
    if len(able) < charter.approvals.required:
        message = (
            f"{charter.approvals.required} must approve, and {len(able) or 'none'} of those who "
            f"may can sign by {name}: nothing can be promoted but by an override"
        )
        yield source.finding(("approvals", "required"), message, "warning")


_REMEDY = 'the file wants a line NAME namespaces="qgate" ssh-ed25519 KEY'


def _people(charter: Charter) -> Iterator[tuple[str, Path_]]:
    """Yield who may approve, then who `approvals` says may override, each with the place."""
    roles = charter.document["approvals"].get("roles", {})
    for i, person in enumerate(charter.approvals.approvers):
        named = "approver" in roles
        yield person, ("approvals", "roles", "approver", i) if named else _default(charter)
    for i, person in enumerate(roles.get("owner", ())):
        yield person, ("approvals", "roles", "owner", i)


def _default(charter: Charter) -> Path_:
    """Return where the approver stands that `approvals` does not name."""
    stated = "approver" in charter.document.get("rollback", {})
    return ("rollback", "approver") if stated else ("pilot", "owner")


def _lack(person: str, signers: Signers, now: datetime.datetime) -> str:
    """Return why a person can sign nothing now; empty where a key of theirs counts."""
    theirs = [signer for signer in signers.entries if person in signer.principals]
    if not theirs:
        return f"{person} has no key in {signers.name}"
    if any(signer.accepts(now) for signer in theirs):
        return ""
    lines = ", ".join(str(signer.line) for signer in theirs)
    ends = [signer.valid_before for signer in theirs if signer.valid_before]
    if len(ends) == len(theirs) and max(ends) < now:
        when = f"{max(ends):%Y-%m-%d %H:%M} UTC"
        return f"every key of {person} in {signers.name} has ended, the last {when} (line {lines})"
    return (
        f"no key of {person} in {signers.name} counts now (line {lines}: see its valid-after, "
        "valid-before and namespaces)"
    )
