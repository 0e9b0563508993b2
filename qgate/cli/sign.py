"""`qgate sign`."""

from __future__ import annotations

import datetime
import sys

from qgate.cli.keys import Key, SignersFile, signers_to_sign, signing_key, tell
from qgate.cli.options import EvidenceReference
from qgate.errors import ExitCode


def command(evidence: EvidenceReference, key: Key = None, signers: SignersFile = None) -> int:
    """Sign the decision on a bundle, offline, with an OpenSSH ed25519 key.

    Writes two in-toto statements in DSSE envelopes into the bundle: a promotion decision and a
    test result. Signed by who ran it, under the name that the run recorded (QGATE_ACTOR, else
    git's), one approver is enough where the charter asks for one.
    """
    from qgate.cli.folding import folded
    from qgate.evidence.audit_log import AuditLog
    from qgate.files import printable, shown
    from qgate.plan.settings import Settings
    from qgate.review.acts import open_judged, sign
    from qgate.review.verification import refuse_unsound

    settings = Settings()
    judged, log = open_judged(evidence, settings.store), AuditLog(settings.log)
    known, private = signers_to_sign(signers, judged, log), signing_key(key)
    now = datetime.datetime.now(datetime.UTC)
    refuse_unsound(judged)
    tell(judged)
    names = sign(judged, private, known, log, now)
    for name in names:
        sys.stdout.write(f"wrote {shown(judged.bundle.place / name)}\n")
    done = f"signed the decision {judged.decision.action} with {private.public.fingerprint}"
    sys.stdout.write(f"{folded(done, sys.stdout, hang=2)}\n")
    recorded = judged.evidence.observations.get("author")
    names_of_key = known.principals_of(private.public, now) if known else frozenset()
    if known and recorded not in names_of_key:
        note = (
            f"qgate: note: the run recorded {printable(str(recorded))}, and this key is of "
            f"{', '.join(sorted(names_of_key))}: this does not say who ran it"
        )
        sys.stderr.write(f"{folded(note, sys.stderr, hang=2)}\n")
    return ExitCode.PASS
