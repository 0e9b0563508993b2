"""The signed head of the log: a cut-off end, a changed entry, another key."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from qgate.errors import UsageError
from qgate.evidence.audit_log import AuditLog
from qgate.review.log_head import (
    SignedHead,
    check_head,
    sign_head,
    signed_head_path,
    signed_heads,
)
from qgate.signing.signers import Signer, Signers
from tests.unit.signing import ssh

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def _signers(name: str) -> Signers:
    return Signers((Signer((name,), ssh.key(name).public, None, None, None, line=1),))


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    """Return a log of four entries, signed at the third."""
    found = AuditLog(tmp_path / "log.jsonl")
    for number in range(4):
        found.append("run", pilot=f"p{number}")
        if number == 2:
            sign_head(found, found.head(), ssh.key("alice"), NOW)
    return found


def test_a_whole_log_is_signed_so_far(log: AuditLog) -> None:
    signed = check_head(log, log.entries(), _signers("alice"))
    assert signed == SignedHead(3, ("alice",))
    assert str(signed) == "signed up to entry 3, by alice"
    unverified = check_head(log, log.entries(), None)
    assert unverified == SignedHead(3)
    assert "not verified here" in str(unverified)


def test_a_head_is_by_those_whose_key_was_valid_when_it_was_signed(log: AuditLog) -> None:
    (alice,), day = _signers("alice").entries, datetime.timedelta(days=1)
    left = replace(alice, valid_before=NOW + day)
    later = replace(alice, principals=("carol",), valid_after=NOW + day)
    signed = check_head(log, log.entries(), Signers((left, later)))
    assert signed == SignedHead(3, ("alice",))
    assert check_head(log, log.entries(), Signers((later,))) is None


def test_a_log_that_nobody_signed_is_told(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log.jsonl")
    log.append("run", pilot="p")
    assert check_head(log, log.entries(), _signers("alice")) is None


def test_a_log_cut_before_its_signed_head_is_found(log: AuditLog) -> None:
    assert check_head(log, log.entries()[:3], _signers("alice"))
    with pytest.raises(UsageError, match=r"holds 2 entries, and its signed head is of 3"):
        check_head(log, log.entries()[:2], _signers("alice"))


def test_a_log_that_was_written_anew_is_found(log: AuditLog, tmp_path: Path) -> None:
    other = AuditLog(tmp_path / "other.jsonl")
    for number in range(4):
        other.append("run", pilot=f"q{number}")
    with pytest.raises(UsageError, match=r"log\.jsonl:3:1: not the entry that was signed"):
        check_head(log, other.entries(), _signers("alice"))


def test_a_stranger_takes_nobodys_place_and_binds_nobody(log: AuditLog, tmp_path: Path) -> None:
    longer = AuditLog(tmp_path / "other" / "log.jsonl")
    for _ in range(9):
        longer.append("run", pilot="q")
    sign_head(log, longer.head(), ssh.key("bob"), NOW)
    assert check_head(log, log.entries(), _signers("alice")) == SignedHead(3, ("alice",))
    with pytest.raises(UsageError, match="its end was cut off"):
        check_head(log, log.entries(), _signers("bob"))
    with pytest.raises(UsageError, match="its end was cut off"):
        check_head(log, log.entries(), None)  # nobody knows who is a stranger


def test_a_head_that_the_log_tells_of_and_is_gone_is_missed(log: AuditLog) -> None:
    alice = ssh.key("alice").public.fingerprint
    log.append("approve", pilot="p", facts={"key": alice})
    assert check_head(log, log.entries(), _signers("alice"))
    signed_head_path(log, alice).unlink()
    for signers in (None, _signers("alice")):
        with pytest.raises(UsageError, match=r"is gone, which SHA256:\S+ signed with entry 5"):
            check_head(log, log.entries(), signers)
        assert check_head(log, log.entries(), signers, gone=False) is None
    assert check_head(log, log.entries(), _signers("bob")) is None


@pytest.mark.parametrize("bit", [0, 5])
def test_a_changed_byte_of_the_head_is_found(log: AuditLog, bit: int) -> None:
    (path,) = signed_heads(log)
    data, entries, signers = path.read_bytes(), log.entries(), _signers("alice")
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        path.write_bytes(changed)
        try:
            assert check_head(log, entries, signers) is None  # by no key that counts
        except UsageError:
            continue
