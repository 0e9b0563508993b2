"""DSSE, the envelope that carries a payload with its signatures.

The format: https://github.com/secure-systems-lab/dsse, version 1.0. The classes of securesystemslib
are not used to read one: its reader empties what it is given, accepts base64 with stray
characters, and so lets bytes change unseen. The tests let it verify what is signed here, and the
other way round.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qgate.digest import canonical
from qgate.errors import UsageError
from qgate.signing.keys import SIGNATURE_BYTES, PublicKey, SigningKey
from qgate.strict_json import parse_json

MOST_PAYLOAD_BYTES = 10_000_000
MOST_SIGNATURES = 100
_MOST_BYTES = 14_000_000
"""An envelope's size: the largest payload in base64 and all signatures, with room to spare."""
_TYPE = re.compile(r"[\x21-\x7e]{1,255}")
_KEYID = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


@dataclass(frozen=True)
class Envelope:
    """A payload and its signatures, each a key's fingerprint and 64 bytes; nothing verified yet."""

    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def document(self) -> dict[str, Any]:
        """Return the envelope as plain JSON values."""
        return {
            "payload": _base64(self.payload),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": keyid, "sig": _base64(signature)} for keyid, signature in self.signatures
            ],
        }


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed: type and payload with their lengths (DSSE's PAE)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, payload_type: str, key: SigningKey) -> Envelope:
    """Return an envelope with one signature.

    Raises:
        UsageError: When the payload is larger than any reader of envelopes accepts.
        ValueError: When the type is no media type or URI.

    """
    if len(payload) > MOST_PAYLOAD_BYTES:
        raise UsageError(f"{len(payload):,} bytes are to be signed; {MOST_PAYLOAD_BYTES:,} can be")
    if not _TYPE.fullmatch(payload_type):
        raise ValueError(f"{payload_type!r} is no media type or URI")
    signature = key.sign(pae(payload_type, payload))
    return Envelope(payload_type, payload, ((key.public.fingerprint, signature),))


def dumps(envelope: Envelope) -> bytes:
    """Return the one form in which `loads` reads an envelope: canonical JSON (RFC 8785)."""
    return canonical(envelope.document)


def loads(data: bytes, name: str) -> Envelope:
    """Read an envelope; no byte of it can differ from what `dumps` wrote and mean the same.

    This is narrower than DSSE, which leaves spaces, unknown keys and both alphabets of base64 to
    the writer.

    Raises:
        UsageError: When it is no such envelope; the message gives its name and what is wrong.

    """
    document = parse_json(data, name, most=_MOST_BYTES)
    try:
        envelope = _envelope(document)
    except ValueError as error:
        raise UsageError(f"{name} is no signed envelope: {error}") from error
    if dumps(envelope) != data:
        raise UsageError(f"{name} is no signed envelope: it is not in canonical JSON (RFC 8785)")
    return envelope


def verified_by(envelope: Envelope, keys: Iterable[PublicKey]) -> frozenset[str]:
    """Return the fingerprints of those keys that signed exactly this payload as this type.

    A signature's keyid only chooses the key to try; one under a wrong keyid does not count.
    """
    known = {key.fingerprint: key for key in keys}
    message = pae(envelope.payload_type, envelope.payload)
    return frozenset(
        keyid
        for keyid, signature in envelope.signatures
        if keyid in known and known[keyid].verify(signature, message)
    )


def _envelope(document: Any) -> Envelope:
    """Return the envelope of a document.

    Raises:
        ValueError: When the document is none; says where.

    """
    top = _object(document, ("payload", "payloadType", "signatures"), "it")
    payload = _bytes(top["payload"], "payload")
    if len(payload) > MOST_PAYLOAD_BYTES:
        raise ValueError(f"payload has more than {MOST_PAYLOAD_BYTES:,} bytes")
    if not _TYPE.fullmatch(_text(top["payloadType"], "payloadType")):
        raise ValueError("payloadType is no media type or URI")
    entries = top["signatures"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_SIGNATURES:
        raise ValueError(f"signatures is no list of 1 to {MOST_SIGNATURES} signatures")
    signatures = tuple(_signature(item, f"signatures[{i}]") for i, item in enumerate(entries))
    if len(dict(signatures)) < len(signatures):
        raise ValueError("signatures has two of one key")
    return Envelope(top["payloadType"], payload, signatures)


def _signature(item: Any, where: str) -> tuple[str, bytes]:
    entry = _object(item, ("keyid", "sig"), where)
    keyid = _text(entry["keyid"], f"{where}.keyid")
    if not _KEYID.fullmatch(keyid):
        raise ValueError(f"{where}.keyid is no key's fingerprint, such as SHA256:...")
    signature = _bytes(entry["sig"], f"{where}.sig")
    if len(signature) != SIGNATURE_BYTES:
        raise ValueError(f"{where}.sig has not the {SIGNATURE_BYTES} bytes of an ed25519 signature")
    return keyid, signature


def _object(value: Any, keys: tuple[str, ...], where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise ValueError(f"{where} has not exactly the keys {', '.join(keys)}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{where} is no text")  # noqa: TRY004 - a finding about data, not a bug
    return value


def _bytes(value: Any, where: str) -> bytes:
    text = _text(value, where)
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if _base64(data) != text:  # the last character has bits that decoders ignore
        raise ValueError(f"{where} is not in canonical base64")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
