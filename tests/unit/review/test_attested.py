"""Signed statements: what they are about, whose key signed them, and every way to forge one."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qgate.evidence.store import attestation_name, evidence_of, open_bundle
from qgate.gates.decision import judge
from qgate.review.attested import attested
from qgate.review.overrides import in_force
from qgate.review.statements import Judged, attest, common, digests_of, result_predicate
from qgate.signing.envelope import Envelope, dumps, loads
from qgate.signing.keys import SigningKey
from qgate.signing.signers import Signer, Signers
from qgate.signing.statement import (
    APPROVAL,
    LOG_HEAD,
    OVERRIDE,
    STATEMENT_PAYLOAD,
    TEST_RESULT,
    signed_statement,
)
from tests.unit.evidence import bundles
from tests.unit.signing import ssh

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    evidence = bundles.write(bundles.record(), bundles.observations(), tmp_path / "store")
    return _again(Path(evidence.path) if Path(evidence.path).is_absolute() else None, tmp_path)


def _again(folder: Path | None, tmp_path: Path) -> Judged:
    (place,) = (tmp_path / "store").iterdir() if folder is None else (folder,)
    bundle = open_bundle(str(place))
    evidence = evidence_of(bundle)
    return Judged(bundle, evidence, judge(evidence))


def _signers(key: SigningKey, *names: str, **limits: Any) -> Signers:
    validity = {"valid_after": None, "valid_before": None, **limits}
    return Signers((Signer(names, key.public, **validity, namespaces=("qgate",), line=1),))


def _with(judged: Judged, data: bytes, kind: str = "approval") -> Judged:
    """Return the bundle as it would be read with a statement beside it."""
    found = {attestation_name(kind, data): data}
    return replace(judged, bundle=replace(judged.bundle, attestations=found))


def _approval(judged: Judged, key: SigningKey, **changed: Any) -> bytes:
    said = {**common(judged, [], NOW), "reason": "fine", **changed}
    return dumps(signed_statement(judged.subjects, APPROVAL, said, key))


def test_a_statement_is_read_back_with_whose_key_signed_it(judged: Judged) -> None:
    key = ssh.key("alice")
    name = attest(judged, APPROVAL, {**common(judged, [], NOW), "reason": "fine"}, key)
    again = _again(judged.bundle.place, judged.bundle.place)
    (found,), wrong = attested(again, _signers(key, "alice@example.com"), NOW)
    assert (wrong, found.name, found.kind) == ([], name, "approval")
    assert found.principals == {"alice@example.com"}
    assert found.keys == found.keyids == {key.public.fingerprint}
    assert found.predicate["reason"] == "fine"


def test_a_predicate_says_what_the_file_of_signers_was_if_there_was_one(judged: Judged) -> None:
    file = replace(_signers(ssh.key("alice"), "alice"), name="people", digest="a" * 64)
    assert common(judged, [], NOW, file)["signers"] == "a" * 64
    assert "signers" not in common(judged, [], NOW)
    assert digests_of(judged, file) == {**digests_of(judged, None), "signers": "a" * 64}
    data = _approval(judged, ssh.key("alice"), signers="b" * 64)
    (found,), wrong = attested(_with(judged, data), file, NOW)
    assert (found.principals, wrong) == (frozenset({"alice"}), [])  # told, and no reason to refuse


def test_without_signers_nothing_is_proved(judged: Judged) -> None:
    (found,), wrong = attested(_with(judged, _approval(judged, ssh.key("alice"))), None, NOW)
    assert wrong == []
    assert (found.keys, found.principals) == (frozenset(), frozenset())


def test_another_persons_key_is_nobodys(judged: Judged) -> None:
    data = _approval(judged, ssh.key("mallory"))
    (found,), wrong = attested(_with(judged, data), _signers(ssh.key("alice"), "alice"), NOW)
    assert found.principals == frozenset()
    assert "no key in the file of signers made its signature" in wrong[0]


def test_a_keyid_that_is_not_the_signers_own_helps_nobody(judged: Judged) -> None:
    alice = ssh.key("alice")
    envelope = loads(_approval(judged, ssh.key("mallory")), "x")
    ((_, signature),) = envelope.signatures
    forged = replace(envelope, signatures=((alice.public.fingerprint, signature),))
    (found,), wrong = attested(_with(judged, dumps(forged)), _signers(alice, "alice"), NOW)
    assert found.principals == frozenset()
    assert wrong


def test_a_changed_predicate_does_not_verify(judged: Judged) -> None:
    alice = ssh.key("alice")
    envelope = loads(_approval(judged, alice), "x")
    other = replace(envelope, payload=envelope.payload.replace(b"fine", b"find"))
    (found,), wrong = attested(_with(judged, dumps(other)), _signers(alice, "alice"), NOW)
    assert found.principals == frozenset()
    assert wrong


@pytest.mark.parametrize(
    ("limits", "at", "counts"),
    [
        ({}, NOW, True),
        ({"valid_before": NOW - DAY}, NOW, False),  # it had ended when it was signed
        ({"valid_before": NOW + DAY}, NOW, True),
        ({"valid_before": NOW + DAY}, NOW + 2 * DAY, False),  # it has ended since
        ({"valid_after": NOW + DAY}, NOW + 2 * DAY, False),  # it had not begun
    ],
)
def test_a_key_counts_while_it_is_valid(
    judged: Judged, limits: dict[str, Any], at: datetime.datetime, counts: bool
) -> None:
    alice = ssh.key("alice")
    signers = _signers(alice, "alice", **limits)
    (found,), _ = attested(_with(judged, _approval(judged, alice)), signers, at)
    assert found.principals == (frozenset({"alice"}) if counts else frozenset())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"charter": "0" * 64}, "is about another charter, lock, pilot or decision"),
        ({"contract": "0" * 64}, "is about another charter, lock, pilot or decision"),
        ({"pilot": "another"}, "is about another charter, lock, pilot or decision"),
        ({"decision": "promote"}, "is about another charter, lock, pilot or decision"),
        ({"time": (NOW + DAY).isoformat()}, "was signed in the future"),
        ({"time": "yesterday"}, "expected a date and time with its zone"),
        ({"time": "2026-01-01T00:00:00"}, "expected a date and time with its zone"),
        ({"time": None}, "expected a date and time with its zone"),
    ],
)
def test_what_does_not_hold_for_this_bundle_is_none(
    judged: Judged, change: dict[str, Any], expected: str
) -> None:
    alice = ssh.key("alice")
    data = _approval(judged, alice, **change)
    found, (wrong,) = attested(_with(judged, data), _signers(alice, "alice"), NOW)
    assert found == []
    assert expected in wrong


def _override(judged: Judged, key: SigningKey, **changed: Any) -> bytes:
    said = {
        **common(judged, [], NOW), "reason": "outage",
        "until": (NOW + DAY).isoformat(), "evidence": judged.bundle.evidence_digest, **changed,
    }  # fmt: skip
    return dumps(signed_statement(judged.subjects, OVERRIDE, said, key))


def test_an_override_within_its_limits_is_read(judged: Judged) -> None:
    alice = ssh.key("alice")
    data = _override(judged, alice)
    (found,), wrong = attested(_with(judged, data, "override"), _signers(alice, "alice"), NOW)
    assert (found.principals, wrong) == (frozenset({"alice"}), [])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"until": (NOW + 15 * DAY).isoformat()}, "14 days from now"),
        ({"until": "2099-01-01T00:00:00+00:00"}, "14 days from now"),
        ({"until": (NOW - DAY).isoformat()}, "after now"),
        ({"until": "9999-12-31T23:59:00-14:00"}, "expected a date and time"),
        ({"until": None}, "expected a date and time"),
        ({"reason": ""}, "gives no reason"),
        ({"reason": {"a": [1]}}, "gives no reason"),
        ({"reason": "two\nlines"}, "gives no reason"),
        ({"evidence": "0" * 64}, "is about other evidence"),
    ],
)
def test_an_override_beyond_its_limits_is_none(
    judged: Judged, change: dict[str, Any], expected: str
) -> None:
    alice = ssh.key("alice")
    data = _override(judged, alice, **change)
    found, (wrong,) = attested(_with(judged, data, "override"), _signers(alice, "alice"), NOW)
    assert found == []
    assert expected in wrong


def test_a_statement_is_called_what_it_is(judged: Judged) -> None:
    alice = ssh.key("alice")
    data = _override(judged, alice)
    found, (wrong,) = attested(_with(judged, data, "approval"), _signers(alice, "alice"), NOW)
    assert found == []
    assert "is of another kind than its name says: override" in wrong
    # It is shown all the same: by what it is, not by its name.
    hidden = _with(judged, data, "approval").bundle
    (told,) = in_force([], hidden, "any", NOW)
    assert told["reason"] == "outage"


def test_another_result_than_the_evidence_gives_is_none(judged: Judged) -> None:
    alice = ssh.key("alice")
    said = {**result_predicate(judged), "result": "PASSED"}
    data = dumps(signed_statement(judged.subjects, TEST_RESULT, said, alice))
    found, (wrong,) = attested(_with(judged, data, "test-result"), _signers(alice, "a"), NOW)
    assert found == []
    assert "says another result than the evidence gives" in wrong


def test_other_subjects_kinds_and_payloads_are_none(judged: Judged) -> None:
    alice = ssh.key("alice")
    said = common(judged, [], NOW)
    others = [("evidence", "0" * 64), judged.subjects[1]]
    swapped = list(reversed(judged.subjects))
    payload = loads(_approval(judged, alice), "x").payload
    plain = Envelope("text/plain", payload, ((alice.public.fingerprint, bytes(64)),))
    assert plain.payload_type != STATEMENT_PAYLOAD
    for data, expected in (
        (dumps(signed_statement(others, APPROVAL, said, alice)), "is about another bundle"),
        (dumps(signed_statement(swapped, APPROVAL, said, alice)), "is about another bundle"),
        (dumps(signed_statement(judged.subjects, LOG_HEAD, said, alice)), "does not know"),
        (dumps(plain), "is no in-toto statement"),
        (b"{}", "is no signed envelope"),
    ):
        found, (wrong,) = attested(_with(judged, data), _signers(alice, "alice"), NOW)
        assert found == []
        assert expected in wrong


def test_a_result_for_generic_readers_never_passes_what_is_open(judged: Judged) -> None:
    said = result_predicate(judged)
    assert judged.decision.exit_code != 0
    assert said["result"] == "FAILED"
    assert set(said["failedTests"]) | set(said["passedTests"]) == {
        verdict.gate.name for verdict in judged.decision.deciding
    }
    alice = ssh.key("alice")
    data = dumps(signed_statement(judged.subjects, TEST_RESULT, said, alice))
    (found,), wrong = attested(_with(judged, data, "test-result"), _signers(alice, "a"), NOW)
    assert (found.principals, wrong) == (frozenset({"a"}), [])
