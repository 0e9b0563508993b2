"""Break-glass: a promotion against the gates, with a signed reason and an end that all see."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qgate.errors import UsageError
from qgate.evidence.audit_log import Entry
from qgate.evidence.store import Bundle
from qgate.signing.envelope import loads
from qgate.signing.statement import OVERRIDE, parse_statement

LONGEST_DAYS = 14
"""An emergency that lasts longer has become the rule, which a charter is for."""


def refuse_until(until: datetime.datetime, now: datetime.datetime) -> None:
    """Refuse an end that is past, or too far away.

    Raises:
        UsageError: Saying which ends are possible.

    """
    last = now + datetime.timedelta(days=LONGEST_DAYS)
    if not now < until <= last:
        raise UsageError(
            f"--until {until.isoformat(timespec='minutes')}: expected a time after now and by "
            f"{last.isoformat(timespec='minutes')}, {LONGEST_DAYS} days from now"
        )


def refuse_terms(
    name: str, predicate: Mapping[str, Any], evidence: str, at: datetime.datetime
) -> None:
    """Refuse an override that no command of ours would have signed.

    Raises:
        UsageError: When it has no reason, no possible end, or is of other evidence.

    """
    reason = predicate.get("reason")
    if not isinstance(reason, str) or not reason.strip() or not reason.isprintable():
        raise UsageError(f"{name} gives no reason that can be read")
    if predicate.get("evidence") != evidence:
        raise UsageError(f"{name} is about other evidence")
    try:
        refuse_until(moment(predicate.get("until"), f"{name}: until"), at)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None


def in_force(
    entries: Iterable[Entry], bundle: Bundle | None, pilot: str, now: datetime.datetime
) -> tuple[Mapping[str, Any], ...]:
    """Return a pilot's overrides that have not ended: of the log, and those that a bundle carries.

    What a bundle carries is told whether or not its signature can be verified here: an override
    that nobody may have signed is worth a look too.
    """
    found = {
        str(entry.facts.get("statement")): {
            "by": str(entry.facts.get("by") or entry.actor),
            "reason": entry.reason,
            "until": str(entry.facts["until"]),
            "evidence": entry.digests.get("evidence", ""),
        }
        for entry in entries
        if entry.action == "override" and entry.pilot == pilot and still_open(entry.facts, now)
    }
    if bundle is not None:
        found = {name: said for name, said in _carried(bundle) if still_open(said, now)} | found
    return tuple(found.values())


def _carried(bundle: Bundle) -> Iterator[tuple[str, dict[str, str]]]:
    for name, data in bundle.attestations.items():
        try:
            envelope = loads(data, name)
            statement = parse_statement(envelope.payload, name)
        except UsageError:  # qgate verify tells of it
            continue
        if statement.predicate_type == OVERRIDE:
            keys = ", ".join(keyid for keyid, _ in envelope.signatures)
            said = {key: str(statement.predicate.get(key, "")) for key in _TOLD}
            yield name, {"by": f"{keys} (qgate verify says whose)", **said}


_TOLD = ("reason", "until", "evidence")


def still_open(facts: Mapping[str, Any], now: datetime.datetime) -> bool:
    """Return whether an override's `until` has not come."""
    try:
        return moment(facts.get("until"), "until") > now
    except UsageError:
        return False


def moment(value: object, name: str) -> datetime.datetime:
    """Return a time in UTC, of a text that says its zone.

    Raises:
        UsageError: When it is none.

    """
    try:
        found = datetime.datetime.fromisoformat(str(value)).astimezone(datetime.UTC)
        zoned = datetime.datetime.fromisoformat(str(value)).utcoffset() is not None
    except (ValueError, OverflowError):
        zoned = False
    if not zoned:
        raise UsageError(f"{name}: expected a date and time with its zone, in ISO 8601")
    return found
