"""An archive encrypted to its recipients' public keys, by age (age-encryption.org/v1)."""

from __future__ import annotations

import importlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from qgate.errors import UsageError
from qgate.files import shown, told

_STARTS = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")
_SSH = ("ssh-ed25519", "ssh-rsa")
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105  # what such keys start with
_PLUGIN = "AGE-PLUGIN-"
_MOST_BYTES = 1_000_000
"""No key file is nearly so long."""
_KINDS = "an age1... key, an ssh-ed25519 or ssh-rsa public key, or a file of them"


def is_encrypted(data: bytes) -> bool:
    """Return whether bytes start as an age file does, armoured or not."""
    return data.startswith(_STARTS)


def encrypt(data: bytes, recipients: Sequence[str]) -> bytes:
    """Return bytes that any one of the recipients can decrypt, and nobody else.

    Args:
        data: What to encrypt; age hides all but its length.
        recipients: Public keys as text (`age1...`, `ssh-ed25519 AAAA...`, `ssh-rsa AAAA...`), or
            paths of files with one on each line, such as `id_ed25519.pub`.

    Raises:
        UsageError: When there is no recipient, one is no such key, or pyrage is not installed.

    """
    age = _age()
    keys = [key for recipient in recipients for key in _recipients(age, recipient)]
    if not keys:
        raise UsageError(f"there is nobody to encrypt to: name {_KINDS}")
    try:
        encrypted: bytes = age.encrypt(data, keys)
    except age.EncryptError as error:
        raise UsageError(f"the archive cannot be encrypted to these keys: {error}") from None
    return encrypted


def decrypt(
    data: bytes,
    identity: Path,
    *,
    name: str = "the archive",
    passphrase: Callable[[str], str] | None = None,
) -> bytes:
    """Return what was encrypted; age detects every change to it.

    Args:
        data: What `encrypt` returned, or an age file from elsewhere, armoured or not.
        identity: A file of age identities (itself encrypted by a passphrase or not), or an OpenSSH
            or PEM private key, ed25519 or RSA.
        name: What messages call the data.
        passphrase: Asked, with the question to put to a person, only when the identity needs one.

    Raises:
        UsageError: When the identity is not usable, the data is for others or was damaged, or
            pyrage is not installed.

    """
    age = _age()
    if not is_encrypted(data):
        raise UsageError(f"{name} is not encrypted by age: leave --identity away")
    identities = _identities(
        age,
        _key_file(identity, "a file of age identities, or a private key"),
        shown(identity),
        passphrase,
    )
    try:
        opened: bytes = age.decrypt(data, identities)
    except age.DecryptError as error:
        if "No matching keys" in str(error):
            why = f"it is not encrypted to {shown(identity)}, or its header was changed"
        else:
            why = f"it was damaged or cut short, or is of a newer age ({_line(error)})"
        raise UsageError(f"{name} cannot be decrypted: {why}") from None
    return opened


def _age() -> Any:
    try:
        return importlib.import_module("pyrage")
    except ImportError:
        raise UsageError(
            "encryption needs a library that is not installed: pip install 'qgate[encryption]'"
        ) from None


def _recipients(age: Any, recipient: str) -> Iterator[Any]:
    text = recipient.strip()
    if text.upper().startswith((_SECRET, _PLUGIN)):
        raise UsageError("a recipient is named by a public key (age1...), and this is a secret one")
    # os.path answers no where Path raises: a key may be longer than any file's name.
    if text.startswith(("age1", *_SSH)) and not os.path.isfile(text):  # noqa: PTH113
        yield _recipient(age, text, "the recipient")
        return
    content = _key_file(Path(recipient), _KINDS)
    if b"PRIVATE KEY-----" in content or _SECRET.encode() in content.upper():
        raise UsageError(f"{recipient} holds a private key: name the file of its public key (.pub)")
    lines = content.decode(errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            yield _recipient(age, line.strip(), f"{shown(Path(recipient))}:{number}:")


def _recipient(age: Any, text: str, where: str) -> Any:
    kind = age.ssh if text.startswith(_SSH) else age.x25519
    try:
        return kind.Recipient.from_str(text)
    except age.RecipientError as error:
        raise UsageError(
            f"{where} {told(text)} is not a key to encrypt to ({_line(error)}): expected {_KINDS}"
        ) from None


def _key_file(path: Path, expected: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{told(str(path))}: {why}: expected {expected}") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            raise UsageError(f"{shown(path)} is no file of keys: expected {expected}")
        return os.read(handle, _MOST_BYTES)
    finally:
        os.close(handle)


def _identities(
    age: Any, content: bytes, name: str, passphrase: Callable[[str], str] | None
) -> list[Any]:
    if is_encrypted(content):
        secret = _asked(name, passphrase)
        try:
            content = age.passphrase.decrypt(content, secret)
        except age.DecryptError as error:
            raise UsageError(f"{name} cannot be opened: {_line(error)}") from None
    if b"PRIVATE KEY-----" in content:
        return [_ssh_identity(age, content, name, passphrase)]
    found = []
    for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
        text = line.strip()
        if text.upper().startswith(_PLUGIN):
            raise UsageError(f"{name}:{number}: qgate runs no age plugins: use another identity")
        if text and not text.startswith("#"):
            try:
                found.append(age.x25519.Identity.from_str(text))
            except age.IdentityError as error:
                raise UsageError(f"{name}:{number}: is no age identity: {_line(error)}") from None
    if not found:
        raise UsageError(f"{name} holds no identity: expected age's or an OpenSSH private key")
    return found


def _ssh_identity(
    age: Any, content: bytes, name: str, passphrase: Callable[[str], str] | None
) -> Any:
    try:
        return age.ssh.Identity.from_buffer(content)
    except age.IdentityError as error:
        # As pyrage 1.4 says it of the two forms of a private key that has a passphrase.
        if not any(words in str(error) for words in ("must be decrypted", "Encrypted")):
            raise UsageError(
                f"{name} is no private key that age can use ({_line(error)}): it takes ed25519 and "
                "RSA"
            ) from None
    opened = _without_passphrase(content, _asked(name, passphrase), name)
    try:
        return age.ssh.Identity.from_buffer(opened)
    except age.IdentityError as error:
        raise UsageError(f"{name} is no private key that age can use: {_line(error)}") from None


def _without_passphrase(content: bytes, secret: str, name: str) -> bytes:
    """Return a private key in the clear, in memory only: pyrage cannot ask for a passphrase."""
    try:
        keys: Any = importlib.import_module("cryptography.hazmat.primitives.serialization")
    except ImportError:
        raise UsageError(
            f"{name} has a passphrase, and opening it needs a library that is not installed: "
            "pip install 'qgate[encryption]'"
        ) from None
    openssh = b"BEGIN OPENSSH PRIVATE KEY" in content
    load = keys.load_ssh_private_key if openssh else keys.load_pem_private_key
    try:
        key = load(content, secret.encode())
    except Exception as error:  # noqa: BLE001  # the library has no root of its errors
        raise UsageError(
            f"{name} cannot be opened: its passphrase is another, or it is damaged ({_line(error)})"
        ) from None
    form = (keys.Encoding.PEM, keys.PrivateFormat.OpenSSH, keys.NoEncryption())
    opened: bytes = key.private_bytes(*form)
    return opened


def _asked(name: str, passphrase: Callable[[str], str] | None) -> str:
    if passphrase is None:
        raise UsageError(f"{name} has a passphrase, and there is nobody to ask for it")
    return passphrase(f"Passphrase of {name}")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
