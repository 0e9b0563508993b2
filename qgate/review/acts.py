"""What people do to a bundle, each signed with their key and put on record in the audit log."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from qgate.charter.charter import Charter
from qgate.errors import UsageError
from qgate.evidence.audit_log import AuditLog, Entry
from qgate.evidence.store import evidence_of, find_bundle, open_bundle
from qgate.files import shown, typed
from qgate.gates.decision import Action, judge
from qgate.review.log_head import check_head, sign_head
from qgate.review.overrides import refuse_until
from qgate.review.statements import (
    Judged,
    attest,
    common,
    decision_predicate,
    digests_of,
    result_predicate,
)
from qgate.review.verification import refuse_unsound
from qgate.signing.keys import SigningKey
from qgate.signing.signers import Signers
from qgate.signing.statement import APPROVAL, OVERRIDE, PROMOTION_DECISION, TEST_RESULT


def open_judged(reference: str, store: Path) -> Judged:
    """Return a bundle with the decision on its evidence.

    Raises:
        UsageError: When there is none, it is not what it says it is, or several are meant, of
            which the newest may not be the one.

    """
    bundle = open_bundle(str(find_bundle(reference, store, one=True)), store)
    evidence = evidence_of(bundle)
    return Judged(bundle, evidence, judge(evidence))


def ran_here(judged: Judged, entries: Sequence[Entry]) -> bool:
    """Return whether the log of this place holds the run, so that its paths mean what is here."""
    digest = judged.bundle.digest
    return any(e.action == "run" and e.digests.get("bundle") == digest for e in entries)


def sign(
    judged: Judged,
    key: SigningKey,
    signers: Signers | None,
    log: AuditLog,
    now: datetime.datetime,
) -> list[str]:
    """Sign the decision, as ours and as a test result; return the members' names.

    Raises:
        UsageError: When the key is nobody's in the file of signers, if there is one, or the log
            is not as it was signed.

    """
    if signers is not None and not signers.principals_of(key.public, now):
        put_refusal(judged, signers, log, "sign", f"nobody's key: {key.public.fingerprint}")
        raise UsageError(f"{key.public.fingerprint} is nobody's key{_line_for(key)}")
    said = common(judged, _trusted(log, signers), now, signers)
    names = [
        attest(judged, PROMOTION_DECISION, {**said, **decision_predicate(judged)}, key),
        attest(judged, TEST_RESULT, result_predicate(judged), key),
    ]
    _record(judged, signers, log, "sign", key, now, {"statements": names})
    return names


def approve(
    judged: Judged,
    key: SigningKey,
    signers: Signers,
    reason: str,
    log: AuditLog,
    now: datetime.datetime,
) -> str:
    """Sign an approval of exactly this bundle; return the member's name.

    Raises:
        UsageError: When its gates did not all pass, or the key is no approver's.

    """
    entries = _trusted(log, signers)
    decision = judged.decision
    if decision.action is not Action.PROMOTE:
        put_refusal(judged, signers, log, "approve", f"the decision is {decision.action}")
        place = typed(shown(judged.bundle.place))
        raise UsageError(
            f"the decision is {decision.action}, which nobody can approve; in an emergency: "
            f'qgate override {place} --until TIME --reason "why"'
        )
    roles = decision.charter.approvals.approvers
    if not (by := _holders(key, signers, roles, now)):
        put_refusal(judged, signers, log, "approve", f"no approver's key: {key.public.fingerprint}")
        raise UsageError(_no_holder(key, signers, roles, "approver", now))
    predicate = {**common(judged, entries, now, signers), "reason": reason}
    name = attest(judged, APPROVAL, predicate, key)
    facts = {"statement": name, "by": ", ".join(by)}
    _record(judged, signers, log, "approve", key, now, facts, reason)
    return name


def override(
    judged: Judged,
    key: SigningKey,
    signers: Signers,
    reason: str,
    until: datetime.datetime,
    log: AuditLog,
    now: datetime.datetime,
) -> str:
    """Sign that this bundle may be promoted until a time, whatever its gates say.

    Raises:
        UsageError: When there is no reason, the end is not possible, or the key holds no role.

    """
    refuse_until(until, now)
    entries = _trusted(log, signers)
    approvals = judged.decision.charter.approvals
    roles = (*approvals.owners, *approvals.approvers)
    if not (by := _holders(key, signers, roles, now)):
        why = f"no owner or approver's key: {key.public.fingerprint}"
        put_refusal(judged, signers, log, "override", why)
        raise UsageError(_no_holder(key, signers, roles, "owner or approver", now))
    end = until.isoformat(timespec="seconds")
    predicate = {
        **common(judged, entries, now, signers),
        "reason": reason,
        "until": end,
        "evidence": judged.bundle.evidence_digest,
    }
    name = attest(judged, OVERRIDE, predicate, key)
    facts = {"statement": name, "by": ", ".join(by), "until": end}
    _record(judged, signers, log, "override", key, now, facts, reason)
    return name


def admit(judged: Judged, signers: Signers | None, log: AuditLog, what: str) -> None:
    """Refuse what `refuse_unsound` refuses, and put the refusal on record.

    Raises:
        UsageError: When the bundle does not agree with itself, or the log is not as it was signed.

    """
    _trusted(log, signers, gone=what == "promote")
    try:
        refuse_unsound(judged)
    except UsageError:
        put_refusal(judged, signers, log, what, "the bundle does not agree with itself")
        raise


def put_refusal(
    judged: Judged,
    signers: Signers | None,
    log: AuditLog,
    what: str,
    why: str,
    charter: Charter | None = None,
) -> None:
    """Put a refused act on record, but not again before something other is done to the bundle.

    Nobody signs the log up to it: who is refused has no key that would count.

    Args:
        judged: The bundle.
        signers: By whom it was refused, None where there was no file.
        log: Where it goes.
        what: The act: promote, sign, approve or override.
        why: In short words that stay the same as long as the reason does.
        charter: Under which it was refused, where that is not the bundle's own.

    """
    under = charter or judged.decision.charter
    digests = {**digests_of(judged, signers), "charter": under.digest}
    facts = {"what": what, "why": why}
    about = (e for e in reversed(log.entries()) if e.digests.get("bundle") == digests["bundle"])
    refused = takewhile(lambda entry: entry.action == "refuse", about)
    if not any((dict(e.digests), dict(e.facts)) == (digests, facts) for e in refused):
        log.append("refuse", pilot=under.pilot.name, digests=digests, facts=facts)


def _holders(
    key: SigningKey, signers: Signers, roles: tuple[str, ...], now: datetime.datetime
) -> list[str]:
    """Return the names that a key speaks for, of those that hold a role."""
    return sorted(signers.principals_of(key.public, now) & frozenset(roles))


def _no_holder(
    key: SigningKey, signers: Signers, roles: tuple[str, ...], role: str, now: datetime.datetime
) -> str:
    whose = sorted(signers.principals_of(key.public, now))
    named = f", but {', '.join(whose)}'s" if whose else _line_for(key)
    return f"{key.public.fingerprint} is no {role}'s key ({', '.join(roles)}){named}"


def _line_for(key: SigningKey) -> str:
    line = f'NAME namespaces="qgate" {key.public.openssh}'
    return f"; the file of signers says whose a key is, as: {line}"


def _trusted(log: AuditLog, signers: Signers | None, *, gone: bool = False) -> list[Entry]:
    """Return the entries of the log, which a new signature vouches for; see `check_head`.

    Raises:
        UsageError: When the log was changed, or is not as it was signed before.

    """
    entries = log.entries()
    check_head(log, entries, signers, gone=gone)
    return entries


def _record(
    judged: Judged,
    signers: Signers | None,
    log: AuditLog,
    action: str,
    key: SigningKey,
    now: datetime.datetime,
    facts: Mapping[str, object],
    reason: str = "",
) -> None:
    """Put an act on record, and sign the log up to it."""
    log.append(
        action,
        pilot=judged.decision.charter.pilot.name,
        reason=reason,
        digests=digests_of(judged, signers),
        facts={"key": key.public.fingerprint, **facts},
    )
    sign_head(log, log.head(), key, now)
