"""An incident: what failed in production, on which evidence, and what was done about it."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from qgate.charter.charter import Threshold
from qgate.digest import digest

_DIGESTS = ("evidence", "observations", "bundle")
_LONGEST_SLUG = 24


@dataclass(frozen=True)
class Clause:
    """A gate as it failed: value, bounds and threshold are in `unit`."""

    gate: str
    metric: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    relative: float | None
    """The value as a multiple of the baseline's, where the threshold is one."""
    threshold: Threshold
    owner: str
    remediation: str
    """The charter's actions in words, in order."""
    reason: str


@dataclass(frozen=True)
class Event:
    """One line of the timeline."""

    time: str
    """UTC, ISO 8601, to the second."""
    who: str
    what: str


@dataclass(frozen=True)
class Incident:
    """A record that only grows: events and remediation are added, until it is closed."""

    id: str
    pilot: str
    charter: str
    """The path of the charter's file."""
    charter_digest: str
    cause: str
    """`gate`: a production gate failed; `rollback`: a person sent the traffic back."""
    why: str
    opened: Event
    clauses: tuple[Clause, ...]
    digests: Mapping[str, str]
    """Of `evidence`, `observations` and `bundle`; empty where a rollback names none."""
    timeline: tuple[Event, ...] = ()
    """What came after the opening, oldest first."""
    remediation: tuple[str, ...] = ()
    """What was done about it, oldest first."""
    closed: Event | None = None
    """Who closed it and why; None while it is open."""
    owner: str = ""
    """The pilot's, where no failed gate names one."""

    @property
    def is_open(self) -> bool:
        """Return whether nobody has closed it."""
        return self.closed is None

    @property
    def owners(self) -> tuple[str, ...]:
        """Return who answers for the failed clauses, each once, or for the pilot."""
        found = tuple(dict.fromkeys(clause.owner for clause in self.clauses))
        return found or ((self.owner,) if self.owner else ())

    @property
    def gates(self) -> tuple[str, ...]:
        """Return the names of the failed gates."""
        return tuple(clause.gate for clause in self.clauses)

    @property
    def history(self) -> tuple[Event, ...]:
        """Return all events, the opening first and the closing last."""
        end = self.closed
        last = (replace(end, what=f"closed: {end.what}"),) if end else ()
        return (self.opened, *self.timeline, *last)

    @property
    def digest(self) -> str:
        """Return the digest of the content, as the file and the audit log state it."""
        return digest(_body(self))


def noted(incident: Incident, event: Event, remediation: str = "") -> Incident:
    """Return the incident with a line more in its timeline, and in what was done if given."""
    done = (*incident.remediation, remediation) if remediation else incident.remediation
    return replace(incident, timeline=(*incident.timeline, event), remediation=done)


def closed(incident: Incident, event: Event, remediation: str = "") -> Incident:
    """Return the incident closed by an event, which says why."""
    done = (*incident.remediation, remediation) if remediation else incident.remediation
    return replace(incident, closed=event, remediation=done)


def id_stem(pilot: str, day: str) -> str:
    """Return how the ids of a pilot's incidents of a day start: `2026-11-21-few-shots-`.

    Letters beyond ASCII lose their marks or are left out, as an id is a file's name.
    """
    plain = unicodedata.normalize("NFKD", pilot).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-")
    return f"{day}-{words or 'pilot'}-"


def document(incident: Incident) -> dict[str, Any]:
    """Return the incident as the content of schemas/incident.v1.json."""
    body = _body(incident)
    return {**body, "digest": digest(body)}


def from_document(found: Mapping[str, Any]) -> Incident:
    """Return the incident of a document that the schema found valid."""
    end = found["closed"]
    return Incident(
        id=found["id"],
        pilot=found["pilot"],
        charter=found["charter"]["path"],
        charter_digest=found["charter"]["digest"],
        cause=found["cause"],
        why=found["why"],
        opened=Event(**found["opened"]),
        clauses=tuple(_clause(entry) for entry in found["clauses"]),
        digests={name: found["digests"][name] for name in _DIGESTS if name in found["digests"]},
        timeline=tuple(Event(**entry) for entry in found["timeline"]),
        remediation=tuple(found["remediation_taken"]),
        closed=Event(**end) if end else None,
        owner=found.get("owner", ""),
    )


def _body(incident: Incident) -> dict[str, Any]:
    owner = {"owner": incident.owner} if incident.owner else {}
    return {
        "version": 1,
        **owner,
        "id": incident.id,
        "pilot": incident.pilot,
        "charter": {"path": incident.charter, "digest": incident.charter_digest},
        "cause": incident.cause,
        "why": incident.why,
        "state": "open" if incident.is_open else "closed",
        "opened": dataclasses.asdict(incident.opened),
        "clauses": [dataclasses.asdict(clause) for clause in incident.clauses],
        "digests": dict(incident.digests),
        "timeline": [dataclasses.asdict(event) for event in incident.timeline],
        "remediation_taken": list(incident.remediation),
        "closed": dataclasses.asdict(incident.closed) if incident.closed else None,
    }


def _clause(entry: Mapping[str, Any]) -> Clause:
    return Clause(**{**entry, "threshold": Threshold(**entry["threshold"])})
