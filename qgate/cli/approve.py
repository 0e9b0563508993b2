"""`qgate approve`."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qgate.cli.keys import Key, Reason, SignersFile, one_line, required_signers, signing_key, tell
from qgate.cli.options import EvidenceReference
from qgate.errors import ExitCode

if TYPE_CHECKING:
    from qgate.evidence.audit_log import AuditLog
    from qgate.review.statements import Judged


def command(
    evidence: EvidenceReference,
    key: Key = None,
    signers: SignersFile = None,
    reason: Reason = "approved",
) -> int:
    """Sign an approval of exactly this bundle; a changed charter, lock or bundle voids it."""
    from qgate.evidence.audit_log import AuditLog
    from qgate.files import shown, typed
    from qgate.plan.settings import Settings
    from qgate.review.acts import admit, approve, open_judged

    settings = Settings()
    judged, log = open_judged(evidence, settings.store), AuditLog(settings.log)
    known = required_signers(signers, judged, log)
    now = datetime.datetime.now(datetime.UTC)
    admit(judged, known, log, "approve")
    tell(judged)
    _warn_of_changes(judged, log)
    name = approve(judged, signing_key(key), known, one_line(reason), log, now)
    place = shown(judged.bundle.place)
    sys.stdout.write(
        f"approved: wrote {place}/{name}\nNext: qgate promote --check {typed(place)}\n"
    )
    return ExitCode.PASS


def _warn_of_changes(judged: Judged, log: AuditLog) -> None:
    """Say that the charter or its lock is another by now: `promote` will not count the approval.

    Nothing is known of a bundle from elsewhere. The approval stands nonetheless: what ran may be
    put back.
    """
    from qgate.cli.folding import folded
    from qgate.errors import UsageError
    from qgate.files import printable
    from qgate.lock.lock import read_lock
    from qgate.pipeline import load
    from qgate.plan.settings import Settings
    from qgate.review.acts import ran_here
    from qgate.review.promotion import unchanged

    if not ran_here(judged, log.entries()):
        return
    path = Path(judged.decision.charter.path)
    try:
        found = unchanged(judged, load(path, Settings(files=False)), read_lock(path))
        words = "" if found.met else found.words
    except UsageError as error:
        words = f"{str(error).partition(chr(10))[0]}: approvals of another charter are void"
    if words:
        note = f"qgate: warning: {printable(words)}, as long as that is so"
        sys.stderr.write(f"{folded(note, sys.stderr, hang=2)}\n")
