"""`qgate sign`."""

from __future__ import annotations

import datetime
import sys

from qgate.cli.keys import Key, signing_key
from qgate.cli.options import EvidenceReference
from qgate.errors import ExitCode


def command(evidence: EvidenceReference, key: Key = None) -> int:
    """Sign the decision on a bundle, offline, with an OpenSSH ed25519 key.

    Writes two in-toto statements in DSSE envelopes into the bundle: a promotion decision and a
    test result. Who signs says who ran it.
    """
    from qgate.evidence.audit_log import AuditLog
    from qgate.evidence.store import DEFAULT_STORE
    from qgate.files import shown
    from qgate.plan.settings import Settings
    from qgate.review.acts import open_judged, sign

    judged, private = open_judged(evidence, DEFAULT_STORE), signing_key(key)
    names = sign(judged, private, AuditLog(Settings().log), datetime.datetime.now(datetime.UTC))
    for name in names:
        sys.stdout.write(f"wrote {shown(judged.bundle.place / name)}\n")
    sys.stdout.write(
        f"signed the decision {judged.decision.action} with {private.public.fingerprint}\n"
    )
    return ExitCode.PASS
