"""Which bundle an unchanged run would come to: found by the digest of all that the run reads."""

from __future__ import annotations

from pathlib import Path

from qgate.errors import UsageError
from qgate.evidence.audit_log import AuditLog
from qgate.evidence.evidence import Evidence
from qgate.evidence.store import Bundle, evidence_of, open_bundle
from qgate.trials.entry import Warn, read_entry, write_entry


def remember(folder: Path, basis: str, bundle: Bundle, warn: Warn) -> None:
    """Keep that a run on this basis ended in a bundle."""
    body = {"bundle": str(bundle.place.resolve())}
    write_entry(folder / f"{basis}.json", body, warn)


def recall(folder: Path, basis: str, log: AuditLog, warn: Warn) -> Evidence | None:
    """Return the evidence of an earlier run on this basis, None where it is gone or was changed.

    It counts only while the log holds that run: an entry here is no proof that it was one.
    """
    body = read_entry(folder / f"{basis}.json", warn)
    if body is None or not Path(str(body.get("bundle"))).is_dir():
        return None
    try:
        bundle = open_bundle(body["bundle"])
        known = any(
            entry.action == "run"
            and entry.digests.get("bundle") == bundle.digest
            and entry.facts.get("basis") == basis
            for entry in log.entries()
        )
        return evidence_of(bundle) if known else None
    except UsageError as error:
        warn(str(error))
        return None
