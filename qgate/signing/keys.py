"""Ed25519 keys in OpenSSH's formats, which engineers have; nothing here makes or stores a key.

The formats: RFC 4253 section 6.6, RFC 8709, and OpenSSH's PROTOCOL.key for the private file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qgate.errors import UsageError
from qgate.files import shown, typed
from qgate.signing.small_file import read_small

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = "ssh-ed25519"
KEY_BYTES, SIGNATURE_BYTES = 32, 64
_OTHER_TYPES = ("ssh-", "ecdsa-", "sk-")
_PRIME = 2**255 - 19
_ORDER_EIGHT = 2707385501144840649318225287225658788936804267575313519463743609750303402022
# The heights y of the curve's eight points of small order. A key of one of them would let anyone
# sign for its owner, since it drops out of the equation that a signature must fulfil.
_SMALL_ORDER = frozenset({0, 1, _PRIME - 1, _ORDER_EIGHT, _PRIME - _ORDER_EIGHT})
_MOST_BYTES = 64 * 1024
_BEGIN, _END = b"-----BEGIN OPENSSH PRIVATE KEY-----", b"-----END OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"
_MAKE = "make a key with: ssh-keygen -t ed25519 -f "


@dataclass(frozen=True)
class PublicKey:
    """An ed25519 public key: 32 bytes."""

    raw: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot be a key.

        Raises:
            ValueError: When there are not 32 bytes.

        """
        if len(self.raw) != KEY_BYTES:
            raise ValueError(f"an ed25519 public key has {KEY_BYTES} bytes, not {len(self.raw)}")

    @property
    def fingerprint(self) -> str:
        """Return what `ssh-keygen -lf` prints: the SHA-256 of the key's blob in base64."""
        code = base64.b64encode(hashlib.sha256(_blob(self.raw)).digest()).decode()
        return "SHA256:" + code.rstrip("=")

    @property
    def openssh(self) -> str:
        """Return the key as in a `.pub` file, without a comment."""
        return f"{ED25519} {base64.b64encode(_blob(self.raw)).decode()}"

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Return whether the key's owner signed the data (RFC 8032, pure ed25519)."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, eq=False)
class SigningKey:
    """An ed25519 private key; its secret shows in no representation."""

    private: Ed25519PrivateKey = field(repr=False)
    public: PublicKey

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of the signature (RFC 8032; the same each time)."""
        return self.private.sign(data)


def read_signing_key(path: Path, passphrase: Callable[[], bytes]) -> SigningKey:
    """Read an OpenSSH ed25519 private key.

    Args:
        path: The key's file.
        passphrase: Called once, and only when the key is protected.

    Raises:
        UsageError: When the file is missing, is no such key, may be used by others, or the
            passphrase is wrong; the message says what to type.

    """
    data, mode = read_small(path, _MOST_BYTES, _MAKE + typed(shown(path)))
    if data.startswith(tuple(kind.encode() for kind in _OTHER_TYPES)):
        raise UsageError(_public_by_mistake(path))
    try:
        protected, kind, blob = _header(data)
    except ValueError:
        raise UsageError(f"{shown(path)} is no OpenSSH private key; {_MAKE}FILE") from None
    if kind != ED25519:
        raise UsageError(
            f"{shown(path)} is a key of type {kind}; qgate signs with ed25519 keys alone; "
            f"{_MAKE}FILE"
        )
    if mode & 0o077:
        raise UsageError(
            f"{shown(path)} may be used by others (mode {mode:04o}); "
            f"type: chmod 600 {typed(shown(path))}"
        )
    private = _load(data, passphrase() if protected else None, path)
    public = PublicKey(private.public_key().public_bytes_raw())
    if _blob(public.raw) != blob:
        raise UsageError(f"{shown(path)} is damaged: its two halves are not one key; {_MAKE}FILE")
    return SigningKey(private, public)


def parse_public_key(text: str) -> PublicKey:
    """Return the key of a line as in a `.pub` file; a comment after the key is ignored.

    Raises:
        UsageError: When it is no ed25519 public key in its one canonical form, or one of the few
            for which anyone can sign.

    """
    if "\n" in text.strip():
        raise UsageError("these are several lines; expected one public key")
    kind, code, *_ = [*text.split(maxsplit=2), "", ""]
    if kind != ED25519:
        what = f"a key of type {kind}" if kind.startswith(_OTHER_TYPES) else "no OpenSSH public key"
        raise UsageError(f"this is {what}; expected `{ED25519} AAAA...`, as in a .pub file")
    try:
        blob = base64.b64decode(code, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    raw = blob[-KEY_BYTES:]
    # Compared as text, since base64 has bits that decoders ignore.
    if len(raw) != KEY_BYTES or (key := PublicKey(raw)).openssh != f"{kind} {code}":
        raise UsageError(f"this {ED25519} key is damaged: its base64 holds no such key")
    if int.from_bytes(raw, "little") % 2**255 % _PRIME in _SMALL_ORDER:
        raise UsageError("this key protects nothing: anyone could sign for it")
    return key


def _public_by_mistake(path: Path) -> str:
    advice = f": {typed(shown(path.with_suffix('')))}" if path.suffix == ".pub" else ""
    return (
        f"{shown(path)} is a public key; signing needs the private key that belongs to it{advice}"
    )


def _load(data: bytes, passphrase: bytes | None, path: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    try:
        private = load_ssh_private_key(data, passphrase)
    except UnsupportedAlgorithm as error:
        raise UsageError(
            f"{shown(path)} is protected in a way that is not read here ({error}); "
            f"type: ssh-keygen -p -Z aes256-ctr -f {typed(shown(path))}"
        ) from error
    except (ValueError, TypeError, InvalidTag) as error:
        if passphrase is None:
            raise UsageError(f"{shown(path)} is damaged ({error}); {_MAKE}FILE") from error
        raise UsageError(
            f"the passphrase does not open {shown(path)}; try again, or test it with: "
            f"ssh-keygen -y -f {typed(shown(path))}"
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise UsageError(f"{shown(path)} is damaged: its parts differ in type; {_MAKE}FILE")
    return private


def _header(data: bytes) -> tuple[bool, str, bytes]:
    """Return whether a key file is protected, its key's type and its public blob, all in the clear.

    Raises:
        ValueError: When it is no OpenSSH private key of one key.

    """
    _, begin, rest = data.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    if not (begin and end):
        raise ValueError("no frame")
    content = base64.b64decode(b"".join(body.split()), validate=True)
    if not content.startswith(_MAGIC):
        raise ValueError("no magic")
    cipher, at = _string(content, len(_MAGIC))
    _, at = _string(content, at)
    _, at = _string(content, at)
    if content[at : at + 4] != (1).to_bytes(4):
        raise ValueError("not one key")
    blob, _ = _string(content, at + 4)
    kind, _ = _string(blob, 0)
    text = kind.decode("ascii")
    if not text.isprintable():
        raise ValueError("no type")
    return cipher != b"none", text, blob


def _blob(raw: bytes) -> bytes:
    """Return a public key's wire form (RFC 8709 section 4)."""
    return b"".join(len(part).to_bytes(4) + part for part in (ED25519.encode(), raw))


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the length-prefixed string at a place (RFC 4251 section 5), and the place after it."""
    start = at + 4
    end = start + int.from_bytes(data[at:start])
    if start > len(data) or end > len(data):
        raise ValueError("cut short")
    return data[start:end], end
