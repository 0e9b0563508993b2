"""Incidents on disk: one file each, read strictly, every change put on record in the audit log."""

from __future__ import annotations

import datetime
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import Source
from qgate.digest import canonical
from qgate.errors import ExecutionError, Finding, InvalidFileError, UsageError
from qgate.evidence.audit_log import AuditLog, actor
from qgate.evidence.canonical_json import parse_canonical
from qgate.files import printable, shown, write_atomically
from qgate.rollout.incident import (
    Event,
    Incident,
    closed,
    document,
    from_document,
    id_stem,
    noted,
)

_LARGEST_FILE = 4 * 1024 * 1024
_MOST_NAMED = 10


class IncidentStore:
    """The incidents of a project, under `<state>/incidents`; `render` writes the Markdown."""

    def __init__(self, state: Path, render: Callable[[Incident], str]) -> None:
        """Use a folder, which need not exist yet."""
        self.folder = state / "incidents"
        self._log = AuditLog(state / "log.jsonl")
        self._render = render

    def read(self) -> tuple[list[Incident], list[Finding]]:
        """Return every incident, the oldest first, and what is wrong with files that are none."""
        found: list[Incident] = []
        findings: list[Finding] = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                found.append(_read(path))
            except InvalidFileError as error:
                findings += error.findings
        return sorted(found, key=_age), findings

    def find(self, reference: str) -> Incident:
        """Return an incident by its id, or by the start of its id where that is one's alone.

        Raises:
            UsageError: When there is none, or several could be meant.
            InvalidFileError: When its file is damaged.

        """
        names = sorted(path.stem for path in self.folder.glob("*.json"))
        matches = [name for name in names if name.startswith(reference) and reference]
        if reference in names:
            matches = [reference]
        if len(matches) > 1:
            named = ", ".join(matches[:_MOST_NAMED]) + (", ..." if matches[_MOST_NAMED:] else "")
            raise UsageError(f"{reference!r} could be any of {named}: give more of the id")
        if not matches:
            raise UsageError(
                f"no incident '{printable(reference)}' in {shown(self.folder)}: "
                "qgate incident list --all"
            )
        return _read(self.folder / f"{matches[0]}.json")

    def open(
        self, draft: Incident, same: Callable[[Incident], bool] = lambda _: False
    ) -> tuple[Incident, bool]:
        """Give a draft its id and write it, or add its opening to the timeline of an open one.

        Args:
            draft: An incident without an id.
            same: Says of an open incident that the draft is of the same; then none is opened.

        Returns:
            The incident, and whether it is a new one.

        """
        with self._locked():
            for known in self.read()[0]:
                if known.is_open and same(known):
                    event = replace(draft.opened, what=f"again: {draft.opened.what}")
                    again = noted(known, event)
                    self._replace(again, "noted", event.what, draft.digests)
                    return again, False
            new = self._create(draft)
            self._record(new, "opened", new.why, new.digests)
            return new, True

    def note(self, incident: Incident, event: Event, remediation: str = "") -> Incident:
        """Add a line to an incident's timeline, and what was done; return it as it is then."""
        with self._locked():
            changed = noted(self.find(incident.id), event, remediation)
            self._replace(changed, "noted", event.what)
            return changed

    def close(self, reference: str, reason: str, remediation: str = "") -> Incident:
        """Close an incident, with a reason; return it.

        Raises:
            UsageError: When there is no such one, or it is closed already.

        """
        self._log.head()  # a log that cannot be added to is told before anything is changed
        with self._locked():
            known = self.find(reference)
            if known.closed is not None:
                raise UsageError(
                    f"{known.id} was closed {known.closed.time} by {known.closed.who}: "
                    f"{known.closed.what}"
                )
            changed = closed(known, event_now(reason), remediation)
            self._replace(changed, "closed", reason)
            return changed

    def is_as_logged(self, incident: Incident) -> bool:
        """Return whether an incident's content is that of its last entry in the audit log."""
        logged = [
            entry.digests.get("incident")
            for entry in self._log.entries()
            if entry.action == "incident" and entry.facts.get("incident") == incident.id
        ]
        return bool(logged) and logged[-1] == incident.digest

    def _create(self, draft: Incident) -> Incident:
        """Write a new incident under the first number that is free; return it with its id."""
        stem, number = id_stem(draft.pilot, draft.opened.time[:10]), 1
        while True:
            new = replace(draft, id=f"{stem}{number}")
            if _write_new(self.folder / f"{new.id}.json", canonical(document(new))):
                break
            number += 1
        write_atomically(self.folder / f"{new.id}.md", self._render(new).encode())
        return new

    def _replace(
        self, incident: Incident, what: str, reason: str, on: Mapping[str, str] | None = None
    ) -> None:
        path = self.folder / f"{incident.id}.json"
        write_atomically(path, canonical(document(incident)))
        write_atomically(path.with_suffix(".md"), self._render(incident).encode())
        self._record(incident, what, reason, incident.digests if on is None else on)

    def _record(self, incident: Incident, what: str, reason: str, on: Mapping[str, str]) -> None:
        self._log.append(
            "incident",
            pilot=incident.pilot,
            reason=reason,
            digests={**on, "incident": incident.digest},
            facts={"incident": incident.id, "what": what},
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ExecutionError(f"{shown(self.folder)}: {error.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def event_now(what: str) -> Event:
    """Return an event of this moment, by who is at work."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Event(now, actor(), what)


def _age(incident: Incident) -> tuple[str, str, int]:
    stem, _, number = incident.id.rpartition("-")
    return incident.opened.time, stem, int(number)


def _write_new(path: Path, data: bytes) -> bool:
    """Write a whole file where there is none; return False where there is one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        os.link(name, path)  # whole at once, and only if the name is free
    except FileExistsError:
        return False
    finally:
        Path(name).unlink(missing_ok=True)
    return True


def _read(path: Path) -> Incident:
    """Return a file's incident.

    Raises:
        InvalidFileError: When it is not as qgate wrote it.

    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise _refused(path, f"cannot read: {error.strerror}") from None
    try:
        found: Any = parse_canonical(data) if len(data) <= _LARGEST_FILE else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _refused(path, "damaged: not canonical JSON as qgate wrote it")
    if findings := findings_against("incident.v1.json", Source(shown(path), found, {})):
        raise InvalidFileError(findings[:_MOST_NAMED])
    incident = from_document(found)
    if document(incident) != found or incident.id != path.stem:
        raise _refused(path, "changed by hand: its content, its digest and its name disagree")
    return incident


def _refused(path: Path, message: str) -> InvalidFileError:
    advice = "put back a copy of it; the audit log has its digest (qgate log --action incident)"
    return InvalidFileError([Finding(shown(path), 1, 1, f"{message}; {advice}")])
