"""Archives are opened by their recipients' keys, of age and of ssh-keygen, and by nothing else."""

from __future__ import annotations

import base64
import hmac
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from qgate.errors import UsageError
from qgate.evidence.encryption import decrypt, encrypt, is_encrypted

pyrage = pytest.importorskip("pyrage")
DATA = b"an archive" * 1000
SECRET = "correct horse"  # noqa: S105  # of a key that lives for one test

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of keys as engineers have them."""
    folder = tmp_path_factory.mktemp("keys")
    for name, *form in (
        ("ed", "-t", "ed25519"),
        ("other", "-t", "ed25519"),
        ("rsa", "-t", "rsa", "-b", "2048"),
        ("pem", "-t", "rsa", "-b", "2048", "-m", "PEM"),
        ("ecdsa", "-t", "ecdsa"),
        ("short", "-t", "rsa", "-b", "1024"),
    ):
        _keygen(folder / name, "", *form)
    _keygen(folder / "guarded", SECRET, "-t", "ed25519")
    _keygen(folder / "guarded_rsa", SECRET, "-t", "rsa", "-b", "2048")
    _keygen(folder / "guarded_pem", SECRET, "-t", "rsa", "-b", "2048", "-m", "PEM")
    identity = pyrage.x25519.Identity.generate()
    text = f"# created: today\n# public key: {identity.to_public()}\n{identity}\n"
    (folder / "age").write_text(text)
    (folder / "age.pub").write_text(f"# mine\n\n{identity.to_public()}\n")
    return folder


def _keygen(path: Path, passphrase: str, *form: str) -> None:
    made = ["ssh-keygen", "-q", *form, "-N", passphrase, "-f", str(path)]
    subprocess.run(made, check=True)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(UsageError) as caught:
        act()
    assert "SECRET" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["ed", "rsa", "pem", "age"])
@pytest.mark.parametrize("as_text", [True, False])
def test_the_holder_of_a_recipients_key_reads_it(name: str, as_text: bool, keys: Path) -> None:
    path = keys / f"{name}.pub"
    recipient = path.read_text().splitlines()[-1] if as_text else str(path)
    encrypted = encrypt(DATA, [recipient])
    assert is_encrypted(encrypted)
    assert not is_encrypted(DATA)
    assert decrypt(encrypted, keys / name) == DATA
    assert DATA[:10] not in encrypted


def test_each_of_several_recipients_reads_it_and_no_other(keys: Path) -> None:
    encrypted = encrypt(DATA, [str(keys / f"{name}.pub") for name in ("ed", "rsa", "age")])
    for name in ("ed", "rsa", "age"):
        assert decrypt(encrypted, keys / name) == DATA
    message = refusal(lambda: decrypt(encrypted, keys / "other", name="it.age"))
    assert "it.age cannot be decrypted: it is not encrypted to" in message


def test_an_armoured_file_from_elsewhere_is_read(keys: Path) -> None:
    recipient = pyrage.x25519.Recipient.from_str((keys / "age.pub").read_text().split()[-1])
    armoured = pyrage.encrypt(DATA, [recipient], armored=True)
    assert is_encrypted(armoured)
    assert decrypt(armoured, keys / "age") == DATA


@pytest.mark.parametrize("name", ["guarded", "guarded_rsa", "guarded_pem"])
def test_a_passphrase_is_asked_for_where_there_is_one(name: str, keys: Path) -> None:
    encrypted, asked = encrypt(DATA, [str(keys / f"{name}.pub")]), []

    def answer(question: str) -> str:
        asked.append(question)
        return SECRET

    assert decrypt(encrypted, keys / name, passphrase=answer) == DATA
    assert len(asked) == 1
    assert name in asked[0]
    wrong = refusal(lambda: decrypt(encrypted, keys / name, passphrase=lambda _: "guess"))
    assert f"{name} cannot be opened" in wrong
    assert "nobody to ask" in refusal(lambda: decrypt(encrypted, keys / name))


def _by_passphrase(data: bytes, secret: str) -> bytes:
    """Return an age file of at most 64 KiB as age-encryption.org/v1 has it, of 2 rounds of scrypt.

    Made from its parts, since the library takes as many rounds as fill a second.
    """

    def derived(key: bytes, salt: bytes, info: bytes) -> bytes:
        return HKDF(SHA256(), 32, salt, info).derive(key)

    def text(value: bytes) -> bytes:
        return base64.b64encode(value).rstrip(b"=")

    file_key, salt, nonce = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
    rounds = Scrypt(b"age-encryption.org/v1/scrypt" + salt, 32, n=2, r=8, p=1)
    wrapped = ChaCha20Poly1305(rounds.derive(secret.encode())).encrypt(bytes(12), file_key, None)
    header = b"age-encryption.org/v1\n-> scrypt %b 1\n%b\n---" % (text(salt), text(wrapped))
    proof = hmac.digest(derived(file_key, b"", b"header"), header, "sha256")
    payload = ChaCha20Poly1305(derived(file_key, nonce, b"payload"))
    only_chunk = bytes(11) + b"\1"
    return b"%b %b\n%b%b" % (header, text(proof), nonce, payload.encrypt(only_chunk, data, None))


def test_an_identity_file_that_age_encrypted_is_read(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "guarded").write_bytes(_by_passphrase((keys / "age").read_bytes(), SECRET))
    encrypted = encrypt(DATA, [str(keys / "age.pub")])
    assert decrypt(encrypted, tmp_path / "guarded", passphrase=lambda _: SECRET) == DATA
    wrong = refusal(lambda: decrypt(encrypted, tmp_path / "guarded", passphrase=lambda _: "guess"))
    assert "guarded cannot be opened" in wrong
    assert "nobody to ask" in refusal(lambda: decrypt(encrypted, tmp_path / "guarded"))


def test_nobody_is_asked_for_a_passphrase_that_there_is_not(keys: Path) -> None:
    def answer(question: str) -> str:
        raise AssertionError(question)

    encrypted = encrypt(DATA, [str(keys / "ed.pub")])
    assert decrypt(encrypted, keys / "ed", passphrase=answer) == DATA


def test_every_flipped_byte_of_a_header_and_a_sample_of_the_rest_is_detected(keys: Path) -> None:
    encrypted = encrypt(DATA, [str(keys / "ed.pub")])
    for at in [*range(300), *range(300, len(encrypted), 97), len(encrypted) - 1]:
        changed = encrypted[:at] + bytes([encrypted[at] ^ 1]) + encrypted[at + 1 :]
        refusal(lambda changed=changed: decrypt(changed, keys / "ed"))  # type: ignore[misc]
    for cut in (1, 16, 5000, len(encrypted) - 30):
        refusal(lambda cut=cut: decrypt(encrypted[:-cut], keys / "ed"))  # type: ignore[misc]
    assert "damaged" in refusal(lambda: decrypt(encrypted + b"x", keys / "ed"))


def test_what_is_not_encrypted_is_not_decrypted(keys: Path) -> None:
    assert "leave --identity away" in refusal(lambda: decrypt(DATA, keys / "ed"))


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("age1xyz", "is not a key to encrypt to"),
        ("ssh-ed25519 AAAA", "is not a key to encrypt to"),
        ("ssh-dss AAAA", "No such file"),
        ("nowhere.pub", "No such file"),
        ("", "is no file of keys: expected an age1"),
        ("\0", "expected an age1"),
        ("AGE-SECRET-KEY-1QQQ", "this is a secret one"),
        ("/dev/zero", "is no file of keys"),
    ],
)
def test_what_is_no_recipient_is_refused(recipient: str, expected: str) -> None:
    assert expected in refusal(lambda: encrypt(DATA, [recipient]))


def test_recipients_that_age_does_not_take_are_refused(keys: Path) -> None:
    assert "there is nobody to encrypt to" in refusal(lambda: encrypt(DATA, []))
    for name in ("ecdsa.pub", "short.pub"):
        message = refusal(lambda name=name: encrypt(DATA, [str(keys / name)]))  # type: ignore[misc]
        assert f"{name}:1:" in message
    for name in ("ed", "age", "pem"):
        message = refusal(lambda name=name: encrypt(DATA, [str(keys / name)]))  # type: ignore[misc]
        assert "holds a private key: name the file of its public key" in message


def test_identities_that_are_none_are_refused(keys: Path, tmp_path: Path) -> None:
    encrypted = encrypt(DATA, [str(keys / "ed.pub")])
    assert "No such file" in refusal(lambda: decrypt(encrypted, tmp_path / "none"))
    assert "is no file of keys" in refusal(lambda: decrypt(encrypted, tmp_path))
    assert "is no private key that age can use" in refusal(
        lambda: decrypt(encrypted, keys / "ecdsa")
    )
    for content, expected in (
        (b"", "holds no identity"),
        (b"# nothing\n", "holds no identity"),
        (b"hello\n", ":1: is no age identity"),
        (b"AGE-PLUGIN-YUBIKEY-1QQQ\n", "runs no age plugins"),
        (b"\xff\xfe", ":1: is no age identity"),
        ((keys / "ed").read_bytes()[:150], "is no age identity"),
        ((keys / "ed").read_bytes()[:-60], "no private key"),
    ):
        (tmp_path / "id").write_bytes(content)
        found = refusal(lambda: decrypt(encrypted, tmp_path / "id"))
        assert expected in found or "is no private key" in found


def test_without_the_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    assert "pip install 'qgate[encryption]'" in refusal(lambda: encrypt(DATA, ["age1x"]))
    assert "pip install 'qgate[encryption]'" in refusal(lambda: decrypt(DATA, keys / "ed"))


def test_a_key_longer_than_any_files_name_is_no_file() -> None:
    """Base64 without a slash in 255 characters, as one key in many has it."""
    with pytest.raises(UsageError):
        encrypt(b"x", ["ssh-rsa " + "A" * 700])
