"""Whether a bundle may be promoted: its gates, its age, its approvals, and that nothing changed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qgate.charter.charter import Approvals, Charter
from qgate.errors import ExitCode
from qgate.evidence.log_entry import Entry
from qgate.files import shown, typed
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
    do: tuple[str, ...] = ()
    """Commands, one of which, or all in order, would meet it."""


@dataclass(frozen=True)
class Clearance:
    """All conditions, and what follows; an override stands in for all but `unchanged`."""

    conditions: tuple[Condition, ...]
    gates: ExitCode
    overrides: tuple[Attested, ...] = ()
    counted: bool = True
    """Whether overrides count; where break-glass must not pass they are told of alone."""

    @property
    def overridden(self) -> bool:
        """Return whether it may be promoted by an override alone."""
        missing = [condition.name for condition in self.conditions if not condition.met]
        return bool(self.counted and self.overrides and missing and "unchanged" not in missing)

    @property
    def why_not(self) -> str:
        """Return which conditions are not met, in words that are the same whenever it is asked."""
        unmet = [condition.name for condition in self.conditions if not condition.met]
        names = f"not met: {', '.join(unmet)}"
        return names if self.counted or not self.overrides else f"{names} (no override counted)"

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
    entries: Sequence[Entry],
    *,
    count_overrides: bool = True,
) -> Clearance:
    """Return whether a bundle may be promoted.

    Args:
        judged: The bundle.
        charter: As it is now, whose roles and numbers count.
        lock: As it is now.
        statements: About this bundle, with the people whose keys verify.
        now: With its zone.
        entries: Of the audit log of this place.
        count_overrides: Whether an override may stand in for conditions.

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
        unchanged(judged, charter, lock),
        _fresh(judged, charter, now),
        _approved(judged, charter.approvals, statements),
        _clear(judged, entries),
    )
    return Clearance(conditions, judged.decision.exit_code, overrides, count_overrides)


def _gates(judged: Judged) -> Condition:
    decision = judged.decision
    open_ = [v for v in decision.deciding if v.outcome != "pass"]
    if decision.action is Action.PROMOTE:
        came = decision.came_before
        before = f"; before, under other terms, {came}" if came else ""
        words = f"all {len(decision.deciding)} gates passed, attempt {decision.attempt}{before}"
        return Condition("gates", True, words)
    named = ", ".join(f"{v.gate.name} {v.outcome}" for v in open_) or "no gate decides"
    return Condition("gates", False, named, (f"qgate judge {typed(shown(judged.bundle.place))}",))


def unchanged(judged: Judged, charter: Charter, lock: Lock | None) -> Condition:
    """Return whether charter and lock, as they are now, are those that the bundle was run on."""
    path = typed(charter.path)
    anew = (f'qgate lock {path} --reason "why it changed"', f"qgate run {path}")
    if charter.digest != judged.evidence.charter.digest:
        words = f"{charter.path} is not the charter that ran: approvals of it are void"
        return Condition("unchanged", False, words, anew)
    if (lock.basis if lock else None) != judged.evidence.record["lock"]:
        words = "the lock is not the one that it was run on: approvals of it are void"
        return Condition("unchanged", False, words, anew)
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
    again = () if met else (f"qgate run {typed(charter.path)} --fresh",)
    return Condition("fresh", met, f"{words}; at most {most:g} are allowed", again)


def _approved(judged: Judged, approvals: Approvals, statements: Iterable[Attested]) -> Condition:
    """Count approvers as people: who shares a key, or has several, is one, under all their names.

    Who ran it is known where who signed the decision is who the run recorded. Elsewhere the one
    approver might be the author, so a second one is asked for.
    """
    if not approvals.required:
        return Condition("approved", True, "the charter asks for no approval")
    found = [f for f in statements if f.kind in ("approval", "decision") and f.principals]
    people = _people(found)
    recorded = judged.evidence.observations.get("author")
    known = any(f.kind == "decision" and recorded in f.principals for f in found)
    approvers = [p for p in people if p.approved & frozenset(approvals.approvers)]
    others = [p for p in approvers if not (p.signed_decision or recorded in p.names)]
    needed = max(approvals.required, 1 if known else 2)
    names = ", ".join(sorted(name for p in approvers for name in p.approved)) or "nobody"
    words = f"by {names}; {needed} of {', '.join(approvals.approvers)} needed"
    command = f"qgate approve {typed(shown(judged.bundle.place))} --key KEY"
    if not known and len(approvers) < needed:
        words += f": no signature says that {recorded or 'somebody'} ran it"
        sign = f"qgate sign {typed(shown(judged.bundle.place))} --key KEY"
        return Condition("approved", False, words, (command, sign))
    if len(approvers) < needed:
        return Condition("approved", False, words, (command,))
    if not others:
        words = f"by {names}, who also ran or signed it: somebody else must approve too"
        return Condition("approved", False, words, (command,))
    return Condition("approved", True, words)


def _clear(judged: Judged, entries: Iterable[Entry]) -> Condition:
    """Return whether nothing in production speaks against it: incidents, a rollback since."""
    charter = judged.evidence.charter
    mine = [entry for entry in entries if entry.pilot == charter.pilot.name]
    happened = {
        str(entry.facts["incident"]): entry.facts["what"] != "closed"
        for entry in mine
        if entry.action == "incident"
    }
    if open_ := [incident for incident, is_open in happened.items() if is_open]:
        close = tuple(f'qgate incident close {each} --reason "what mended it"' for each in open_)
        return Condition("clear", False, f"open: incident {', '.join(open_)}", close)
    created = moment(judged.evidence.observations["created"], "observations.created")
    since = [
        entry
        for entry in mine
        if entry.action == "rollback" and moment(entry.time, f"entry {entry.number}") >= created
    ]
    if since:
        words = f"rolled back {since[-1].time[:16].replace('T', ' ')}, after it ran"
        words += f": {since[-1].reason}" if since[-1].reason else ""
        return Condition("clear", False, words, (f"qgate run {typed(charter.path)} --fresh",))
    return Condition("clear", True, "no incident is open, and no rollback came after the run")


@dataclass(frozen=True)
class _Person:
    """Names and keys that belong together, and as whom an approval was signed."""

    names: frozenset[str]
    keys: frozenset[str]
    approved: frozenset[str]
    signed_decision: bool


def _people(found: Iterable[Attested]) -> list[_Person]:
    """Return the different people who signed: names or keys in common make one of two."""
    people: list[_Person] = []
    for statement in found:
        own = statement.principals if statement.kind == "approval" else frozenset[str]()
        new = _Person(statement.principals, statement.keys, own, statement.kind == "decision")
        same = [p for p in people if p.names & new.names or p.keys & new.keys]
        together = [*same, new]
        people = [p for p in people if p not in same]
        people.append(
            _Person(
                frozenset().union(*(p.names for p in together)),
                frozenset().union(*(p.keys for p in together)),
                frozenset().union(*(p.approved for p in together)),
                any(p.signed_decision for p in together),
            )
        )
    return people
