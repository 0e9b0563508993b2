"""The real `ssh-keygen`: the outside truth of keys and allowed signers."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from qgate.signing.keys import PublicKey, SigningKey, parse_public_key, read_signing_key

KEYGEN = shutil.which("ssh-keygen") or ""
needed = pytest.mark.skipif(not KEYGEN, reason="ssh-keygen is not installed")


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [KEYGEN, *map(str, arguments)], input=stdin, capture_output=True, check=False
    )


def make(path: Path, kind: str = "ed25519", passphrase: str = "", *more: str) -> Path:
    size = ("-b", "2048") if kind == "rsa" else ()
    run("-q", "-t", kind, *size, "-N", passphrase, "-C", "a comment", "-f", path, *more)
    assert path.exists()
    return path


def no_passphrase() -> bytes:
    raise AssertionError("a key without a passphrase asks for none")


def given(passphrase: bytes) -> Callable[[], bytes]:
    return lambda: passphrase


def key_of(path: Path) -> PublicKey:
    return parse_public_key(path.with_suffix(".pub").read_text())


def key(name: str = "alice") -> SigningKey:
    """Return a person's key, the same in all tests."""
    if not KEYGEN:
        pytest.skip("ssh-keygen is not installed")
    return _made(name)


@functools.cache
def _made(name: str) -> SigningKey:
    with tempfile.TemporaryDirectory() as folder:
        return read_signing_key(make(Path(folder) / name), no_passphrase)
