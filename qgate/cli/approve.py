"""`qgate approve`."""

from __future__ import annotations

import datetime
import sys

from qgate.cli.keys import Key, Reason, SignersFile, one_line, required_signers, signing_key, tell
from qgate.cli.options import EvidenceReference
from qgate.errors import ExitCode


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
    name = approve(judged, signing_key(key), known, one_line(reason), log, now)
    place = shown(judged.bundle.place)
    sys.stdout.write(
        f"approved: wrote {place}/{name}\nNext: qgate promote --check {typed(place)}\n"
    )
    return ExitCode.PASS
