"""Whether a bundle may be promoted: its gates, its age, its approvals, and that nothing changed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qgate.charter.charter import Approvals, Charter
from qgate.errors import ExitCode
from qgate.files import typed
from qgate.gates.decision import Action
from qgate.lock.lock import Lock
from qgate.review.attested import Attested
from qgate.review.overrides import moment, still_open
from qgate.review.statements import Judged


@dataclass(frozen=True)
class Condition:
    """One condition of a promotion, met or not, and what to do where it is not."""

    name: str
    met: bool
    words: str
    do: str = ""


@dataclass(frozen=True)
class Clearance:
    """All conditions, and what follows; an override stands in for all but `unchanged`."""

    conditions: tuple[Condition, ...]
    gates: ExitCode
    overrides: tuple[Attested, ...] = ()

    @property
    def overridden(self) -> bool:
        """Return whether it may be promoted by an override alone."""
        missing = [condition.name for condition in self.conditions if not condition.met]
        return bool(self.overrides and missing and "unchanged" not in missing)

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 where it may be promoted, the gates' code where they forbid it, else 20."""
        if self.overridden or all(condition.met for condition in self.conditions):
            return ExitCode.PASS
        return self.gates or ExitCode.INCONCLUSIVE


def clearance(
    judged: Judged,
    charter: Charter,
    lock: Lock | None,
    statements: Sequence[Attested],
    now: datetime.datetime,
) -> Clearance:
    """Return whether a bundle may be promoted.

    Args:
        judged: The bundle.
        charter: As it is now, whose roles and numbers count.
        lock: As it is now.
        statements: About this bundle, with the people whose keys verify.
        now: With its zone.

    """
    people = frozenset(charter.approvals.owners) | frozenset(charter.approvals.approvers)
    overrides = tuple(
        found
        for found in statements
        if found.kind == "override"
        and found.principals & people
        and still_open(found.predicate, now)
    )
    conditions = (
        _gates(judged),
        _unchanged(judged, charter, lock),
        _fresh(judged, charter, now),
        _approved(judged, charter.approvals, statements),
    )
    return Clearance(conditions, judged.decision.exit_code, overrides)


def _gates(judged: Judged) -> Condition:
    decision = judged.decision
    open_ = [v for v in decision.deciding if v.outcome != "pass"]
    if decision.action is Action.PROMOTE:
        return Condition("gates", True, f"all {len(decision.deciding)} gates passed")
    named = ", ".join(f"{v.gate.name} {v.outcome}" for v in open_) or "no gate decides"
    return Condition("gates", False, named, f"qgate judge {typed(decision.evidence_path)}")


def _unchanged(judged: Judged, charter: Charter, lock: Lock | None) -> Condition:
    path = typed(charter.path)
    if charter.digest != judged.evidence.charter.digest:
        words = f"{charter.path} is not the charter that ran: approvals of it are void"
        return Condition("unchanged", False, words, f"qgate run {path}")
    if (lock.basis if lock else None) != judged.evidence.record["lock"]:
        words = "the lock is not the one that it was run on: approvals of it are void"
        return Condition("unchanged", False, words, f"qgate run {path}")
    return Condition("unchanged", True, "charter and lock are those of the run")


def _fresh(judged: Judged, charter: Charter, now: datetime.datetime) -> Condition:
    most = charter.approvals.max_age_days
    created = moment(judged.evidence.observations["created"], "observations.created")
    days = (now - created).total_seconds() / 86400
    words = f"run {created:%Y-%m-%d %H:%M} UTC, {max(days, 0):.1f} days ago"
    if days < -1 / 24:
        return Condition("fresh", False, f"run in the future, {created.isoformat()}: check clocks")
    if most is None:
        return Condition("fresh", True, f"{words}; any age is allowed")
    met = days <= most
    again = "" if met else f"qgate run {typed(charter.path)} --fresh"
    return Condition("fresh", met, f"{words}; at most {most:g} are allowed", again)


def _approved(judged: Judged, approvals: Approvals, statements: Iterable[Attested]) -> Condition:
    """Count approvers as people: who shares a key, or has several, is one.

    Who ran it is known from a signed decision. Where that is missing, the one approver might be
    the author, so a second one is asked for.
    """
    if not approvals.required:
        return Condition("approved", True, "the charter asks for no approval")
    found = list(statements)
    roles = frozenset(approvals.approvers)
    signed = [f for f in found if f.kind == "approval" and f.principals & roles]
    authors = {p for f in found if f.kind == "decision" for p in f.principals}
    keys = {key for f in found if f.kind == "decision" for key in f.keys}
    recorded = judged.evidence.observations.get("author")
    people = _people([(f.principals & roles, f.keys) for f in signed])
    others = [p for p in people if not (p.names & authors or p.keys & keys or recorded in p.names)]
    names = ", ".join(sorted(name for person in people for name in person.names)) or "nobody"
    needed = max(approvals.required, 1 if authors else 2)
    words = f"by {names}; {needed} of {', '.join(approvals.approvers)} needed"
    command = f"qgate approve {typed(judged.decision.evidence_path)}"
    if len(people) < approvals.required:
        return Condition("approved", False, words, command)
    if not authors and len(people) < needed:
        words += ", since no signature says who ran it"
        sign = f"qgate sign {typed(judged.decision.evidence_path)}, by who ran it, or {command}"
        return Condition("approved", False, words, sign)
    if not others:
        words = f"by {names}, who also ran it: somebody else must approve too"
        return Condition("approved", False, words, command)
    return Condition("approved", True, words)


@dataclass(frozen=True)
class Person:
    """Names and keys that belong together."""

    names: frozenset[str]
    keys: frozenset[str]


def _people(signed: Iterable[tuple[frozenset[str], frozenset[str]]]) -> list[Person]:
    """Return how many different people signed: names or keys in common make one of two."""
    people: list[Person] = []
    for names, keys in signed:
        same = [p for p in people if p.names & names or p.keys & keys]
        people = [p for p in people if p not in same]
        people.append(
            Person(names.union(*(p.names for p in same)), keys.union(*(p.keys for p in same)))
        )
    return people
