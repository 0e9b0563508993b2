"""Whether a bundle is what a run wrote, and whether its decision follows: one check a line."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgate.charter.yaml_reader import parse_yaml
from qgate.digest import digest
from qgate.errors import ExitCode, UsageError
from qgate.evidence.audit_log import AuditLog, Entry
from qgate.evidence.members import read_members
from qgate.evidence.store import Bundle, bundle_of, damages, evidence_of, find_bundle
from qgate.files import shown, typed
from qgate.gates.decision import conclusion, judge
from qgate.review.attested import Attested, attested
from qgate.review.log_head import check_head, signed_heads
from qgate.review.signers_then import signers_then
from qgate.review.statements import Judged, holds
from qgate.signing.signers import Signers

OK, FAILED, OPEN = "ok", "failed", "open"
"""`open` is what cannot be checked here, or is not there: it is no failure, and no proof."""


@dataclass(frozen=True)
class Check:
    """What was checked, how it came out, and in words."""

    name: str
    outcome: str
    words: str


def exit_code(checks: Sequence[Check]) -> ExitCode:
    """Return 2 where anything failed: the bundle cannot be used as it stands."""
    return ExitCode.USAGE if any(c.outcome == FAILED for c in checks) else ExitCode.PASS


def verify(
    reference: str,
    store: Path,
    *,
    log: AuditLog,
    signers: Callable[[Judged], Signers | None],
    required: Sequence[str],
    now: datetime.datetime,
) -> list[Check]:
    """Return every check of a bundle, in order; those after a failed one that it bars are left out.

    Args:
        reference: As for `open_bundle`.
        store: Where digests are looked up.
        log: The audit log of this place.
        signers: Returns the allowed signers for a bundle, None where there are none.
        required: Principals who must have signed the decision.
        now: With its zone.

    Raises:
        UsageError: When there is no such bundle.

    """
    bundle, checks = _members(find_bundle(reference, store))
    if bundle is None:
        return checks
    try:
        evidence = evidence_of(bundle)
    except UsageError as error:
        return [*checks, Check("form", FAILED, str(error))]
    checks.append(Check("form", OK, "as schemas/evidence.v1.json describes it"))
    checks += _sources(bundle)
    try:
        judged = Judged(bundle, evidence, judge(evidence))
    except UsageError as error:
        return [*checks, Check("decision", FAILED, str(error))]
    checks.append(_decision(judged))
    try:
        known = signers(judged)
    except UsageError as error:
        return [*checks, Check("signers", FAILED, str(error))]
    statements, wrong = attested(judged, known, now)
    return [
        *checks,
        _chain(judged, log, known, statements),
        *_signers(known, statements),
        *(Check("signature", FAILED, problem) for problem in wrong),
        *_signatures(judged, known, statements, required),
    ]


def _members(place: Path) -> tuple[Bundle | None, list[Check]]:
    """Return the bundle, None where a member is damaged, and what was found."""
    try:
        members = read_members(place)
        found = damages(members)
    except UsageError as error:
        members, found = {}, [str(error)]
    if found:
        return None, [Check("members", FAILED, problem) for problem in found]
    bundle = bundle_of(place, members)
    count = f"{len(bundle.members)} members are as the manifest says"
    signed = f", {len(bundle.attestations)} statements are as their names say"
    if len(bundle.attestations) == 1:
        signed = ", 1 statement is as its name says"
    where = f"{shown(place)}, bundle {bundle.digest[:12]}"
    words = f"{where}: {count}{signed if bundle.attestations else ''}"
    return bundle, [Check("members", OK, words)]


def refuse_unsound(judged: Judged) -> None:
    """Refuse to sign or promote a bundle that does not agree with itself.

    Raises:
        UsageError: When its charter, lock or decision are not those that the evidence gives.

    """
    for check in (*_sources(judged.bundle), _decision(judged)):
        if check.outcome == FAILED:
            place = typed(shown(judged.bundle.place))
            raise UsageError(f"{shown(judged.bundle.place)}: {check.words}: qgate verify {place}")


def _sources(bundle: Bundle) -> Iterator[Check]:
    """Yield whether charter and lock as they were are those that the record is of."""
    record = bundle.json("evidence.json")
    for name, expected, read in (
        ("charter.yaml", record["inputs"]["charter"], digest),
        ("lock.json", record["lock"], _basis),
    ):
        if name not in bundle.members:
            if expected is not None:
                yield Check("sources", FAILED, f"{name} is missing: a run writes it")
            continue
        try:
            document = parse_yaml(bundle.members[name], name).document
            same = read(document) == expected
        except (UsageError, KeyError, TypeError) as error:
            yield Check("sources", FAILED, f"{name} cannot be read: {error}")
            continue
        words = f"{name} is the one that ran" if same else f"{name} is not the one that ran"
        yield Check("sources", OK if same else FAILED, words)


def _basis(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"inputs": document["inputs"], "baseline": document["baseline"]}


def _decision(judged: Judged) -> Check:
    """Return whether the decision that was recorded is the one that the evidence gives now."""
    try:
        recorded = judged.bundle.json("decision.json")
    except UsageError as error:
        return Check("decision", FAILED, str(error))
    again = conclusion(judged.decision)
    if same(recorded, again):
        return Check("decision", OK, f"judged again: {again['decision']}, gate by gate as recorded")
    differing = [
        gate["name"]
        for gate, other in zip(again["gates"], _gates(recorded), strict=False)
        if not same(gate, other)
    ]
    named = f" at {', '.join(differing)}" if differing else ""
    return Check("decision", FAILED, f"judged again, decision.json does not follow{named}")


def _gates(recorded: object) -> Sequence[object]:
    gates = recorded.get("gates") if isinstance(recorded, dict) else None
    return gates if isinstance(gates, list) else []


def same(one: object, other: object) -> bool:
    """Return whether plain values are equal, numbers to what machines may differ in."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        if isinstance(one, int | float) and isinstance(other, int | float):
            return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
        return False
    return type(one) is type(other) and bool(one == other)


def _chain(
    judged: Judged, log: AuditLog, signers: Signers | None, statements: Sequence[Attested]
) -> Check:
    """Return whether the log is whole, holds this run, and still holds what was signed after it."""
    if not any(p.exists() for p in (log.path, log.head_path, *signed_heads(log))):
        return Check("log", OPEN, f"no audit log here ({shown(log.path)})")
    try:
        entries = log.entries()
        signed = check_head(log, entries, signers)
    except UsageError as error:
        return Check("log", FAILED, str(error))
    before = judged.evidence.observations.get("log") or {}
    anchors = {"the run": before} | {s.name: s.predicate.get("log") for s in statements}
    for name, said in anchors.items():
        if not holds(entries, said if isinstance(said, dict) else {}):
            return Check("log", FAILED, f"{shown(log.path)} has lost what {name} came after")
    if gone := [
        name for name in _logged(judged, entries) if name not in judged.bundle.attestations
    ]:
        return Check("log", FAILED, f"the log names {', '.join(gone)}, which the bundle lacks")
    runs = [
        entry.number
        for entry in entries
        if entry.action == "run" and entry.digests.get("bundle") == judged.bundle.digest
    ]
    count = f"{len(entries)} entr{'y' if len(entries) == 1 else 'ies'}"
    whole = f"{count}, each chained to the one before"
    if not runs:
        return Check(
            "log", OPEN, f"{whole}; none is of this bundle: it was run elsewhere, if at all"
        )
    words = f"{whole}; this bundle is of entry {runs[0]}"
    return Check("log", OK, f"{words}; {signed or 'nobody who counts here has signed its head'}")


def _logged(judged: Judged, entries: Sequence[Entry]) -> Iterator[str]:
    """Yield the statements about a bundle that the log says were put there."""
    for entry in entries:
        if entry.digests.get("bundle") == judged.bundle.digest:
            several = entry.facts.get("statements")
            names = several if isinstance(several, list) else [entry.facts.get("statement")]
            yield from (name for name in names if isinstance(name, str))


def _signers(signers: Signers | None, statements: Sequence[Attested]) -> Iterator[Check]:
    """Yield what the file of signers is and was; that it changed is no failure, and no proof."""
    for told in signers_then(signers, statements) if signers is not None else ():
        yield Check("signers", OPEN if told.changed or not statements else OK, told.words)


def _signatures(
    judged: Judged,
    signers: Signers | None,
    statements: Sequence[Attested],
    required: Sequence[str],
) -> Iterator[Check]:
    for statement in statements:
        if signers is None or statement.keys:  # else it is told already
            yield _signature(statement, judged, signers is not None)
    if not judged.bundle.attestations:
        yield Check("signatures", OPEN, "nobody signed: qgate sign")
    signed = {p for s in statements if s.kind == "decision" for p in s.principals}
    for principal in required:
        if signers is None:
            words = f"whether {principal} signed is not known: name the file by --signers"
            yield Check("required", FAILED, words)
        elif principal not in signed:
            yield Check("required", FAILED, f"{principal} has not signed the decision")
        else:
            yield Check("required", OK, f"{principal} signed the decision")


def _signature(statement: Attested, judged: Judged, checked: bool) -> Check:
    what = f"{statement.kind} ({statement.name})"
    if not checked:
        keys = ", ".join(sorted(statement.keyids))
        return Check("signature", OPEN, f"{what} by {keys}: no file of signers (--signers FILE)")
    if statement.kind == "decision" and not same(
        statement.predicate.get("conclusion"), conclusion(judged.decision)
    ):
        return Check("signature", FAILED, f"{what} says another decision than the evidence gives")
    if not statement.principals:
        return Check("signature", FAILED, f"{what}: its key is not valid for anybody now")
    return Check("signature", OK, f"{what} by {', '.join(sorted(statement.principals))}")
