"""Keys as OpenSSH makes them, signatures as RFC 8032 has them, and every key that is refused."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgate.errors import UsageError
from qgate.signing.keys import PublicKey, SigningKey, parse_public_key, read_signing_key
from tests.unit.signing import ssh

# RFC 8032, section 7.1: public key, message, signature.
_RFC_8032 = {
    "test 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    "test 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    "test 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    "test SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
}
_ORDER = 2**252 + 27742317777372353535851937790883648493


def _vector(name: str) -> tuple[PublicKey, bytes, bytes]:
    key, message, signature = (bytes.fromhex(part) for part in _RFC_8032[name])
    return PublicKey(key), message, signature


def _refusal(path: Path, passphrase: bytes | None = None) -> str:
    ask = ssh.no_passphrase if passphrase is None else ssh.given(passphrase)
    with pytest.raises(UsageError) as caught:
        read_signing_key(path, ask)
    return str(caught.value)


@pytest.mark.parametrize("name", _RFC_8032)
def test_the_signatures_of_rfc_8032_verify_and_no_other(name: str) -> None:
    key, message, signature = _vector(name)
    assert key.verify(signature, message)
    assert not key.verify(signature, message + b"x")
    for at in range(len(signature)):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not key.verify(bytes(changed), message)


def test_a_signature_has_no_second_form() -> None:
    key, message, signature = _vector("test 2")
    # RFC 8032, section 5.1.7: S must be below the group's order, or signatures are malleable.
    scalar = int.from_bytes(signature[32:], "little") + _ORDER
    assert not key.verify(signature[:32] + scalar.to_bytes(32, "little"), message)


@pytest.mark.parametrize("signature", [b"", b"x", b"x" * 63, b"x" * 65])
def test_a_signature_of_another_length_does_not_verify(signature: bytes) -> None:
    assert not _vector("test 1")[0].verify(signature, b"")


def test_bytes_that_are_no_point_of_the_curve_verify_nothing() -> None:
    assert not PublicKey(b"\x02" + bytes(31)).verify(bytes(64), b"")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_public_key_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        PublicKey(bytes(length))


@ssh.needed
@pytest.mark.parametrize("passphrase", ["", "correct horse", "ü€"])
def test_a_key_of_ssh_keygen_is_read(tmp_path: Path, passphrase: str) -> None:
    path = ssh.make(tmp_path / "key", "ed25519", passphrase, "-a", "1")
    ask = ssh.given(passphrase.encode()) if passphrase else ssh.no_passphrase
    key = read_signing_key(path, ask)
    assert ssh.run("-lf", path).stdout.decode().split()[1] == key.public.fingerprint
    public = path.with_suffix(".pub").read_text()
    assert public == f"{key.public.openssh} a comment\n"
    assert parse_public_key(public) == key.public
    assert key.public.verify(key.sign(b"data"), b"data")
    assert not key.public.verify(key.sign(b"data"), b"other")


@ssh.needed
@pytest.mark.parametrize("cipher", ["aes256-cbc", "aes256-gcm@openssh.com"])
def test_other_ciphers_open_with_the_right_passphrase_alone(tmp_path: Path, cipher: str) -> None:
    path = ssh.make(tmp_path / "key", "ed25519", "right", "-Z", cipher, "-a", "1")
    assert read_signing_key(path, ssh.given(b"right")).sign(b"x")
    for wrong in (b"wrong", b"", b"right\n"):
        assert "the passphrase does not open" in _refusal(path, wrong)


@ssh.needed
def test_a_cipher_that_is_not_read_says_how_to_change_it(tmp_path: Path) -> None:
    cipher = "chacha20-poly1305@openssh.com"
    path = ssh.make(tmp_path / "key", "ed25519", "right", "-Z", cipher, "-a", "1")
    assert f"ssh-keygen -p -Z aes256-ctr -f {path}" in _refusal(path, b"right")


@ssh.needed
def test_the_passphrase_is_asked_for_once(tmp_path: Path) -> None:
    path, asked = ssh.make(tmp_path / "key", "ed25519", "secret", "-a", "1"), []

    def ask() -> bytes:
        asked.append(1)
        return b"secret"

    read_signing_key(path, ask)
    assert asked == [1]


@ssh.needed
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_other_types_of_key_are_refused_with_what_to_type(tmp_path: Path, kind: str) -> None:
    message = _refusal(ssh.make(tmp_path / "key", kind))
    assert {"rsa": "ssh-rsa", "ecdsa": "ecdsa-sha2-nistp256"}[kind] in message
    assert "ssh-keygen -t ed25519 -f FILE" in message


@ssh.needed
def test_an_old_pem_key_is_refused_with_what_to_type(tmp_path: Path) -> None:
    path = ssh.make(tmp_path / "key", "rsa", "", "-m", "PEM")
    assert path.read_text().startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert "is no OpenSSH private key; make a key with: ssh-keygen" in _refusal(path)


def test_a_security_tokens_key_is_refused(tmp_path: Path) -> None:
    kind = b"sk-ssh-ed25519@openssh.com"
    path = _private(tmp_path / "key", _lengthed(kind) + _lengthed(bytes(32)))
    assert f"is a key of type {kind.decode()}" in _refusal(path)


@ssh.needed
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_public_key_by_mistake_is_told_from_its_private_one(tmp_path: Path, kind: str) -> None:
    path = ssh.make(tmp_path / "my key", kind)
    message = _refusal(path.with_suffix(".pub"))
    assert "my key.pub is a public key; signing needs the private key" in message
    assert message.endswith(f": '{path}'")


@ssh.needed
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777])
def test_a_key_that_others_may_use_is_refused_as_ssh_does(tmp_path: Path, mode: int) -> None:
    path = ssh.make(tmp_path / "key")
    path.chmod(mode)
    message = _refusal(path)
    assert f"(mode {mode:04o})" in message
    assert message.endswith(f"type: chmod 600 {path}")
    assert ssh.run("-y", "-f", path).returncode != 0


@ssh.needed
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_key_of_ones_own_is_read(tmp_path: Path, mode: int) -> None:
    path = ssh.make(tmp_path / "key")
    path.chmod(mode)
    assert read_signing_key(path, ssh.no_passphrase).sign(b"x")


def test_what_is_no_key_is_refused_with_what_to_type(tmp_path: Path) -> None:
    assert f"ssh-keygen -t ed25519 -f {tmp_path / 'none'}" in _refusal(tmp_path / "none")
    assert "is no regular file" in _refusal(tmp_path)
    assert "is no regular file" in _refusal(Path("/dev/zero"))
    for content in (b"", b"text", b"\xff" * 100, b"-----BEGIN OPENSSH PRIVATE KEY-----\n"):
        path = tmp_path / "key"
        path.write_bytes(content)
        assert "is no OpenSSH private key; make a key with: ssh-keygen" in _refusal(path)
    path.write_bytes(b"x" * 70_000)
    assert "more than the 65,536 bytes" in _refusal(path)
    assert "cannot be read" in _refusal(tmp_path / ("x" * 300))


@ssh.needed
def test_a_key_whose_halves_differ_is_refused(tmp_path: Path) -> None:
    """A seed of another key than the public half: what it signs would verify under no key."""
    path = ssh.make(tmp_path / "key")
    key = read_signing_key(path, ssh.no_passphrase)
    begin, *lines, end = path.read_bytes().splitlines()
    content = base64.b64decode(b"".join(lines))
    at = content.rindex(key.public.raw) - 32
    changed = content[:at] + bytes(32) + content[at + 32 :]
    path.write_bytes(b"\n".join([begin, base64.b64encode(changed), end]) + b"\n")
    assert "its two halves are not one key" in _refusal(path)


@ssh.needed
def test_any_byte_of_a_key_file_may_be_wrong_without_a_traceback(tmp_path: Path) -> None:
    path = ssh.make(tmp_path / "key")
    data = path.read_bytes()
    public = read_signing_key(path, ssh.no_passphrase).public
    for at in range(len(data)):
        flip = (0x01, 0x20, 0x80)[at % 3]
        path.write_bytes(data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :])
        key = _key_or_none(path)
        # What is still read, such as after a change of the comment, is the same key.
        assert key is None or key.public == public


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fuzz") / "key"
    path.touch(mode=0o600)
    return path


@settings(max_examples=100, deadline=None)
@given(blob=st.binary(max_size=80), rest=st.binary(max_size=200), ciphered=st.booleans())
def test_nothing_in_the_frame_of_a_key_ends_in_a_traceback(
    file: Path, blob: bytes, rest: bytes, ciphered: bool
) -> None:
    public = _lengthed(b"ssh-ed25519") + blob
    assert _key_or_none(_private(file, public, rest, ciphered), b"x") is None


def test_no_cryptography_is_imported_before_it_is_needed() -> None:
    rooms = "envelope", "keys", "signers", "small_file", "statement"
    code = "".join(f"import qgate.signing.{room}\n" for room in rooms)
    code += "import sys; print([m for m in ('cryptography', 'bcrypt') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout == "[]\n"


def test_a_secret_is_not_shown() -> None:
    key = ssh.key()
    assert "private" not in repr(key)
    assert key.private.private_bytes_raw().hex() not in repr(key)
    assert repr(key.private.private_bytes_raw())[2:-1] not in repr(key)


_DAMAGED = {
    "nothing": "",
    "no code": "ssh-ed25519",
    "no base64": "ssh-ed25519 !!!",
    "another type": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==",
    "a private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "two lines": "{key}\n{key}",
    "cut short": "{key:.60}",
    "longer": "{key}AAAA",
    "stray bits": "{bits}",
    "no ASCII": "ssh-ed25519 ÄÄÄÄ",
}


@pytest.mark.parametrize("text", _DAMAGED.values(), ids=list(_DAMAGED))
def test_what_is_no_public_key_is_refused(text: str) -> None:
    key = _vector("test 1")[0].openssh
    stray = base64.b64encode(base64.b64decode(key.split()[1]) + b"\0").decode()
    with pytest.raises(UsageError, match=r"ssh-ed25519|one public key"):
        parse_public_key(text.format(key=key, bits=f"ssh-ed25519 {stray}"))


def test_keys_for_which_anyone_can_sign_are_refused() -> None:
    prime, factor = 2**255 - 19, -121665 * pow(121666, -1, 2**255 - 19)
    eight = 2707385501144840649318225287225658788936804267575313519463743609750303402022
    # The double of a point of order eight has y = 0: d y^4 + 2 y^2 = 1 (RFC 8032, 5.1.4).
    assert (factor * eight**4 + 2 * eight**2 - 1) % prime == 0
    identity = PublicKey((1).to_bytes(32, "little"))
    assert identity.verify(identity.raw + bytes(32), b"anything")  # made without any secret
    for height in (0, 1, prime - 1, prime, prime + 1, eight, prime - eight):
        for sign in (0, 2**255):
            weak = PublicKey((height + sign).to_bytes(32, "little"))
            with pytest.raises(UsageError, match="anyone could sign"):
                parse_public_key(weak.openssh)


def test_each_character_of_a_public_key_counts() -> None:
    key = _vector("test 1")[0]
    for at in range(len("ssh-ed25519 "), len(key.openssh)):
        for other in "AQgw/+=":
            text = key.openssh[:at] + other + key.openssh[at + 1 :]
            if text != key.openssh:
                assert _parsed(text) != key


def _parsed(text: str) -> PublicKey | None:
    try:
        return parse_public_key(text)
    except UsageError:
        return None


def _key_or_none(path: Path, passphrase: bytes = b"") -> SigningKey | None:
    try:
        return read_signing_key(path, ssh.given(passphrase))
    except UsageError:
        return None


def _lengthed(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


def _private(path: Path, public: bytes, rest: bytes = b"", ciphered: bool = False) -> Path:
    """Write the frame of a private key around a public one."""
    cipher, kdf = (b"aes256-ctr", b"bcrypt") if ciphered else (b"none", b"none")
    options = _lengthed(bytes(16)) + (1).to_bytes(4) if ciphered else b""
    parts = [cipher, kdf, options]
    content = b"openssh-key-v1\0" + b"".join(map(_lengthed, parts)) + (1).to_bytes(4)
    content += _lengthed(public) + _lengthed(rest)
    frame = b"-----BEGIN OPENSSH PRIVATE KEY-----\n%b\n-----END OPENSSH PRIVATE KEY-----\n"
    path.write_bytes(frame % base64.b64encode(content))
    path.chmod(0o600)
    return path
