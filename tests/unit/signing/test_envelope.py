"""Envelopes: as the specification has them, as another library reads them, and never bent."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._key import SSlibKey

from qgate.digest import canonical
from qgate.errors import UsageError
from qgate.signing.envelope import Envelope, dumps, loads, pae, sign, verified_by
from qgate.signing.keys import PublicKey, SigningKey
from tests.unit.signing import ssh

_TYPE = "application/vnd.example+json"
_Document = dict[str, Any]


def _envelope(payload: bytes = b'{"a":"?>"}') -> Envelope:
    return sign(payload, _TYPE, ssh.key())


def _refusal(data: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        loads(data, "the file")
    message = str(caught.value)
    assert message.startswith("the file")
    return message


def _other_key(key: PublicKey) -> SSlibKey:
    return SSlibKey(key.fingerprint, "ed25519", "ed25519", {"public": key.raw.hex()})


def _other_signer(key: SigningKey) -> CryptoSigner:
    return CryptoSigner(key.private, _other_key(key.public))


def test_the_specifications_own_vector() -> None:
    """Of DSSE's protocol.md, version 1.0."""
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == expected


def test_lengths_are_of_bytes() -> None:
    assert pae("ü", "€".encode()) == b"DSSEv1 2 \xc3\xbc 3 \xe2\x82\xac"
    assert pae("", b"") == b"DSSEv1 0  0 "


@given(kind=st.text(max_size=9), payload=st.binary(max_size=99))
def test_another_library_encodes_the_same(kind: str, payload: bytes) -> None:
    if kind.isprintable():  # lone surrogates have no encoding at all
        assert pae(kind, payload) == OtherEnvelope(payload, kind, {}).pae()


@pytest.mark.parametrize("payload", [b"", b"{}", bytes(range(256)), b"x" * 100_000])
def test_another_library_verifies_what_is_signed_here(payload: bytes) -> None:
    written = json.loads(dumps(_envelope(payload)))
    other = OtherEnvelope.from_dict(copy.deepcopy(written))
    assert other.payload == payload
    assert set(other.verify([_other_key(ssh.key().public)], 1)) == {ssh.key().public.fingerprint}
    with pytest.raises(VerificationError):
        OtherEnvelope.from_dict(written).verify([_other_key(ssh.key("bob").public)], 1)


@pytest.mark.parametrize("payload", [b"", b"{}", bytes(range(256)), b"x" * 100_000])
def test_what_another_library_signed_is_verified_here(payload: bytes) -> None:
    other = OtherEnvelope(payload, _TYPE, {})
    people = [ssh.key("alice"), ssh.key("bob")]
    for key in people:
        other.sign(_other_signer(key))
    envelope = loads(canonical(other.to_dict()), "theirs")
    assert envelope.payload == payload
    keys = [key.public for key in people]
    assert verified_by(envelope, keys) == {key.fingerprint for key in keys}
    assert verified_by(envelope, keys[:1]) == {keys[0].fingerprint}


def test_what_is_written_is_read() -> None:
    envelope = _envelope(bytes(range(256)))
    assert loads(dumps(envelope), "it") == envelope
    assert json.loads(dumps(envelope)) == envelope.document


def test_only_the_keys_that_signed_verify() -> None:
    envelope, alice, bob = _envelope(), ssh.key("alice").public, ssh.key("bob").public
    assert verified_by(envelope, [bob, alice]) == {alice.fingerprint}
    assert verified_by(envelope, [bob]) == frozenset()
    assert verified_by(envelope, []) == frozenset()


def test_a_signature_holds_for_its_payload_and_type_alone() -> None:
    envelope, keys = _envelope(b"payload"), [ssh.key().public]
    for payload, kind in ((b"payloae", _TYPE), (b"payload", _TYPE + "x"), (b"", _TYPE)):
        assert not verified_by(Envelope(kind, payload, envelope.signatures), keys)


def test_a_keyid_alone_proves_nothing() -> None:
    alice, bob = ssh.key("alice").public, ssh.key("bob").public
    ((_, signature),) = _envelope().signatures
    for forged in (signature, bytes(64)):
        claimed = Envelope(_TYPE, _envelope().payload, ((bob.fingerprint, forged),))
        assert verified_by(claimed, [alice, bob]) == frozenset()


def test_a_false_signature_does_not_spoil_a_true_one() -> None:
    alice, bob = ssh.key("alice").public, ssh.key("bob").public
    envelope = _envelope()
    both = Envelope(_TYPE, envelope.payload, ((bob.fingerprint, bytes(64)), *envelope.signatures))
    assert verified_by(loads(dumps(both), "it"), [alice, bob]) == {alice.fingerprint}


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_no_byte_of_an_envelope_can_be_flipped_unseen(flip: int) -> None:
    data, keys = dumps(_envelope()), [ssh.key("alice").public, ssh.key("bob").public]
    assert verified_by(loads(data, "it"), keys)
    assert not [at for at in range(len(data)) if _passes(_flipped(data, at, flip), keys)]


def test_no_byte_of_an_envelope_can_be_lost_or_doubled_unseen() -> None:
    data, keys = dumps(_envelope()), [ssh.key().public]
    for at in range(len(data)):
        assert not _passes(data[:at] + data[at + 1 :], keys)
        assert not _passes(data[:at], keys)
        # Of two alike bytes side by side it does not matter which was doubled: both are refused.
        assert not _passes(data[: at + 1] + data[at:], keys)


@settings(max_examples=120, deadline=None)
@given(at=st.integers(0, 10_000), new=st.binary(max_size=4), cut=st.integers(0, 4))
def test_no_edit_of_an_envelope_passes(at: int, new: bytes, cut: int) -> None:
    data = dumps(_envelope())
    at %= len(data)
    edited = data[:at] + new + data[at + cut :]
    assert edited == data or not _passes(edited, [ssh.key().public])


@settings(max_examples=120, deadline=None)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_bytes_are_refused_without_a_traceback(data: bytes) -> None:
    with pytest.raises(UsageError):
        loads(data, "any bytes")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(
    path=st.sampled_from(["payload", "payloadType", "signatures", "0", "keyid", "sig"]), new=_JSON
)
def test_any_value_in_an_envelopes_place_is_refused_or_verifies_nothing(
    path: str, new: Any
) -> None:
    document = _envelope().document
    if path in document:
        document[path] = new
    elif path == "0":
        document["signatures"][0] = new
    else:
        document["signatures"][0][path] = new
    assert not _passes(json.dumps(document).encode(), [ssh.key().public])


def _entry(document: _Document) -> dict[str, Any]:
    entry: dict[str, Any] = document["signatures"][0]
    return entry


def _fake(number: int) -> dict[str, str]:
    code = base64.b64encode(number.to_bytes(32)).decode()
    return {"keyid": f"SHA256:{code[:43]}", "sig": base64.b64encode(bytes(64)).decode()}


_EDITS: dict[str, tuple[Callable[[_Document], object], str]] = {
    "a key too many": (lambda d: d.update(more=1), "has not exactly the keys"),
    "a key too few": (lambda d: d.pop("payload"), "has not exactly the keys"),
    "a payload that is no text": (lambda d: d.update(payload=1), "payload is no text"),
    "a payload in the other alphabet": (
        lambda d: d.update(payload=d["payload"].replace("/", "_").replace("+", "-")),
        "payload is not in canonical base64",
    ),
    "a payload without padding": (
        lambda d: d.update(payload=d["payload"].rstrip("=")),
        "payload is not in canonical base64",
    ),
    "a payload with a line break": (
        lambda d: d.update(payload=d["payload"] + "\n"),
        "payload is not in canonical base64",
    ),
    "a type of no letters": (lambda d: d.update(payloadType=""), "payloadType is no media type"),
    "a type with a space": (lambda d: d.update(payloadType="a b"), "payloadType is no media type"),
    "a type beyond ASCII": (lambda d: d.update(payloadType="ä/b"), "payloadType is no media type"),
    "no signature": (lambda d: d.update(signatures=[]), "no list of 1 to 100"),
    "101 signatures": (
        lambda d: d.update(signatures=[_fake(i) for i in range(101)]),
        "no list of 1 to 100",
    ),
    "two signatures of a key": (
        lambda d: d["signatures"].append(_entry(d)),
        "signatures has two of one key",
    ),
    "a signature that is none": (
        lambda d: d.update(signatures=["x"]),
        "signatures[0] has not exactly the keys keyid, sig",
    ),
    "a keyid too few": (lambda d: _entry(d).pop("keyid"), "signatures[0] has not exactly the keys"),
    "a keyid of another form": (
        lambda d: _entry(d).update(keyid="ab" * 32),
        "signatures[0].keyid is no key's fingerprint",
    ),
    "a signature cut short": (
        lambda d: _entry(d).update(sig=base64.b64encode(bytes(63)).decode()),
        "signatures[0].sig has not the 64 bytes",
    ),
    "a signature with stray bits": (
        lambda d: _entry(d).update(sig=base64.b64encode(bytes(64)).decode()[:-3] + "B=="),
        "signatures[0].sig is not in canonical base64",
    ),
}


@pytest.mark.parametrize(("edit", "expected"), _EDITS.values(), ids=list(_EDITS))
def test_an_envelope_of_another_form_is_refused(
    edit: Callable[[_Document], object], expected: str
) -> None:
    document = _envelope(b"\xff\xfe\xfb?").document
    edit(document)
    assert expected in _refusal(canonical(document))


def test_a_hundred_signatures_are_read() -> None:
    document = _envelope().document
    document["signatures"] = [_fake(i) for i in range(100)]
    assert len(loads(canonical(document), "it").signatures) == 100


@pytest.mark.parametrize(
    "form",
    ["{} ", " {}", "{}\n", "\ufeff{}", "[{}]"],
    ids=["after", "before", "line", "mark", "list"],
)
def test_other_bytes_around_an_envelope_are_refused(form: str) -> None:
    data = form.replace("{}", dumps(_envelope()).decode()).encode()
    with pytest.raises(UsageError):
        loads(data, "it")


def test_the_same_document_in_another_writing_is_refused() -> None:
    document = _envelope().document
    assert "not in canonical JSON" in _refusal(json.dumps(document).encode())
    backwards = dict(reversed(document.items()))
    assert "not in canonical JSON" in _refusal(
        json.dumps(backwards, separators=(",", ":")).encode()
    )
    escaped = dumps(_envelope()).replace(b"payloadType", b"payload\\u0054ype")
    assert "not in canonical JSON" in _refusal(escaped)


def test_other_encodings_are_refused() -> None:
    text = dumps(_envelope()).decode()
    for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig"):
        with pytest.raises(UsageError):
            loads(text.encode(encoding), "it")


def test_sizes_have_ends() -> None:
    largest = sign(b"x" * 10_000_000, _TYPE, ssh.key())
    assert loads(dumps(largest), "it") == largest
    with pytest.raises(UsageError, match="10,000,001 bytes are to be signed"):
        sign(b"x" * 10_000_001, _TYPE, ssh.key())
    longer = Envelope(_TYPE, b"x" * 10_000_001, largest.signatures)
    assert "payload has more than 10,000,000 bytes" in _refusal(dumps(longer))
    assert "more than the 14,000,000 bytes" in _refusal(b" " * 14_000_001)


@pytest.mark.parametrize("kind", ["", "a b", "ä", "x" * 256])
def test_a_type_that_could_not_be_read_again_is_not_signed(kind: str) -> None:
    with pytest.raises(ValueError, match="no media type or URI"):
        sign(b"", kind, ssh.key())


def _flipped(data: bytes, at: int, flip: int) -> bytes:
    return data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]


def _passes(data: bytes, keys: list[PublicKey]) -> bool:
    """Return whether an envelope is read and verified; anything but a UsageError is a failure."""
    try:
        envelope = loads(data, "it")
    except UsageError:
        return False
    return bool(verified_by(envelope, keys))
