"""The lock file: what a charter's evidence must rest on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import read_yaml
from qgate.digest import digest
from qgate.errors import Finding, InvalidFileError, UsageError
from qgate.files import shown, typed, write_atomically
from qgate.lock.inputs import differences


@dataclass(frozen=True)
class Lock:
    """A lock's content."""

    document: Mapping[str, Any]
    data: bytes = field(default=b"", compare=False, repr=False)
    """The file as it was read; empty of a lock that is not yet written."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Return the locked inputs by name."""
        inputs: Mapping[str, Any] = self.document["inputs"]
        return inputs

    @property
    def basis(self) -> dict[str, Any]:
        """Return what evidence rests on: inputs and baseline, not how the lock came about."""
        return {"inputs": self.inputs, "baseline": self.document["baseline"]}

    @property
    def digest(self) -> str:
        """Return the digest of inputs and baseline."""
        return digest(self.basis)


def lock_path(charter_path: Path) -> Path:
    """Return where a charter's lock stands: beside it."""
    return charter_path.parent / f"{charter_path.stem}.lock.json"


def read_lock(charter_path: Path) -> Lock | None:
    """Return a charter's lock, None when there is none.

    Raises:
        InvalidFileError: With line and column, when the file is not a lock.

    """
    path = lock_path(charter_path)
    if not (path.exists() or path.is_symlink()):
        return None
    try:
        source = read_yaml(path, shown(path))
        findings = findings_against("lock.v1.json", source)
    except InvalidFileError as error:
        findings = list(error.findings)
    if findings:
        raise InvalidFileError([_as_of_a_lock(finding, charter_path) for finding in findings])
    return Lock(source.document, source.data)


def _as_of_a_lock(finding: Finding, charter_path: Path) -> Finding:
    """Return what is wrong with a lock, which is JSON, and what can be done about it."""
    message = finding.message.replace("not valid YAML", "not valid JSON")
    anew = f"delete it and lock anew: qgate lock {typed(shown(charter_path))}"
    return replace(finding, message=f"{message}; {anew}")


def make_lock(inputs: Mapping[str, Any], baseline: Mapping[str, Any]) -> Lock:
    """Return a lock of the inputs and of the baseline's fingerprint."""
    return Lock({"version": 1, "inputs": inputs, "baseline": baseline, "changes": []})


def write_lock(new: Lock, charter_path: Path, reason: str | None) -> str:
    """Write a lock; return what was done, for people.

    Raises:
        UsageError: When another lock stands there and no reason is given.

    """
    path, old = lock_path(charter_path), read_lock(charter_path)
    if old is not None and old.digest == new.digest:
        return f"{shown(path)} is up to date"
    document = dict(new.document)
    why = " ".join((reason or "").split())
    if not why.isprintable():
        raise UsageError("--reason holds a control or invisible character: it could not be read")
    if old is not None:
        changed = differences(
            {**old.inputs, "baseline": old.document["baseline"]},
            {**new.inputs, "baseline": new.document["baseline"]},
        )
        if not why:
            lines = "\n".join(f"  {line}" for line in changed)
            raise UsageError(
                f"{shown(path)} differs from what is here now:\n{lines}\n"
                f'To lock anew: qgate lock {typed(shown(charter_path))} --reason "why it changed"'
            )
        change = {"reason": why, "replaced": old.digest, "differences": changed}
        document["changes"] = [*old.document["changes"], change]
    _write(path, document)
    return f"wrote {shown(path)}"


def lock_evidence(charter_path: Path, evidence_digest: str) -> str:
    """Record in a lock the digest that its evidence must come out with; return what was done."""
    lock = read_lock(charter_path)
    if lock is None:
        raise UsageError(f"no lock yet: qgate lock {typed(shown(charter_path))}")
    _write(lock_path(charter_path), {**lock.document, "evidence": evidence_digest})
    return f"{shown(lock_path(charter_path))} now expects evidence {evidence_digest[:12]}"


def _write(path: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode())
