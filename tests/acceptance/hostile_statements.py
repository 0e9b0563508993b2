"""Signed statements, logs, signers and keys as an attacker, or a broken disk, could leave them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from qgate.digest import canonical, sha256
from qgate.evidence.log_entry import FIRST
from qgate.signing.envelope import dumps, pae, sign
from qgate.signing.keys import PublicKey, SigningKey
from qgate.signing.statement import (
    APPROVAL,
    LOG_HEAD,
    OVERRIDE,
    PROMOTION_DECISION,
    STATEMENT_PAYLOAD,
    TEST_RESULT,
)
from tests.acceptance.hostile_json import ODD, damage, damaged_bytes, hostile_text

TIMES: tuple[Any, ...] = (
    *("", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-02-30T00:00:00+00:00", "24:00"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00+24:00"),
    *("2026-W01-1T00:00:00Z", "20260101T000000Z", "2026-01-01 00:00Z", "-2026-01-01T00:00:00Z"),
    *("\u0662\u0660\u0662\u0666-01-01T00:00:00Z", "2026-01-01T00:00:00.0000001Z", "2" * 5000),
    *("3026-01-01T00:00:00Z", 0, -1, 1e300, 2**53 - 1, True, None, [], {}, ["2026-01-01"]),
)
KINDS = (
    *(PROMOTION_DECISION, TEST_RESULT, APPROVAL, OVERRIDE, LOG_HEAD, "", "x", "\x1b[31m", 1, None),
    *(f"{OVERRIDE}\n", OVERRIDE.upper(), "urn:qgate:override:v2", "x" * 5000, [OVERRIDE]),
)
KEYIDS: tuple[Any, ...] = (
    *("", "x", "SHA256:", f"SHA256:{'A' * 43}", "A" * 1_000_000, "\u202e", 1, None, [], {}),
)


def key_of(name: str) -> SigningKey:
    """Return a person's key, the same each time."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    return SigningKey(private, PublicKey(private.public_key().public_bytes_raw()))


def private_file(name: str) -> bytes:
    private = key_of(name).private
    return private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


# Statements: an envelope's bytes and a key that may sign to an envelope's bytes.


def other_bytes(data: bytes, key: SigningKey, rng: random.Random) -> bytes:
    del key
    return damaged_bytes(data, rng)


def other_text(data: bytes, key: SigningKey, rng: random.Random) -> bytes:
    del key
    return hostile_text(data, rng)


def other_envelope(data: bytes, key: SigningKey, rng: random.Random) -> bytes:
    del key
    document = json.loads(data)
    damage(document, rng, rng.choice((1, 1, 2, 4)))
    return canonical(document)


def other_base64(data: bytes, key: SigningKey, rng: random.Random) -> bytes:
    """Spoil the base64 of the payload, or of a signature."""
    del key
    document = json.loads(data)
    at = document if rng.random() < 0.5 else document["signatures"][0]
    field = "payload" if at is document else "sig"
    good = at[field]
    at[field] = rng.choice(
        (
            *(good[:-1], good + "=", good + "\n", good + "A", "=" + good, good.replace("A", "-")),
            *("=", "A", "AA==", "\u00e9" * 4, "!" * 1000, good * 3, "", f" {good}"),
            "A" * 5_000_000,
        )
    )
    return canonical(document)


def other_keyids(data: bytes, key: SigningKey, rng: random.Random) -> bytes:
    """Name other keys, or add signatures."""
    document = json.loads(data)
    first = document["signatures"][0]
    named = {**first, "keyid": rng.choice((*KEYIDS, key.public.fingerprint))}
    document["signatures"] = rng.choice(
        (
            *([named], [first, named], [first, first], [], [named] * 101, [[]], {"0": first}),
            [{**first, "keyid": f"SHA256:{number:043}"} for number in range(rng.choice((99, 150)))],
        )
    )
    return canonical(document)


def other_payload(data: bytes, key: SigningKey, rng: random.Random) -> bytes:
    """Sign a payload that is no statement."""
    payload = payload_of(data)
    changed = rng.choice(
        (
            *(b"", b"\xff\xfe", b"\x00", b"null", b"[]", b"{}", b'"' + b"\xc3" * 9, payload * 2),
            *(payload.decode().encode("utf-16"), b"\xef\xbb\xbf" + payload, b" " + payload),
            *(b"[" * 100_000, b'{"a":' * 60 + b"1" + b"}" * 60, b" " * 1_000_000),
            *(damaged_bytes(payload, rng), hostile_text(payload, rng), hostile_text(payload, rng)),
        )
    )
    kind = rng.choice((STATEMENT_PAYLOAD,) * 4 + ("x/y", "application/json"))
    return dumps(sign(changed, kind, key))


def other_statement(data: bytes, key: SigningKey, rng: random.Random) -> bytes:
    """Sign a statement that is damaged in its structure."""
    document = json.loads(payload_of(data))
    damage(rng.choice((document, document["predicate"])), rng, rng.choice((1, 1, 2, 4)))
    return dumps(sign(canonical(document), STATEMENT_PAYLOAD, key))


def other_claims(data: bytes, key: SigningKey, rng: random.Random) -> bytes:
    """Sign a statement with other times, kinds, counts or reasons."""
    document = json.loads(payload_of(data))
    predicate = document["predicate"]
    for _ in range(rng.choice((1, 1, 2))):
        way = rng.randrange(5)
        if way == 0:
            document["predicateType"] = rng.choice(KINDS)
        elif way == 1:
            predicate[rng.choice(("time", "until"))] = rng.choice(TIMES)
        elif way == 2:
            predicate["entries"] = rng.choice((*ODD, 1, 2, 3, 4))
        elif way == 3:
            predicate["log"] = rng.choice(({"first": FIRST, "entries": 1, "digest": FIRST}, *ODD))
        else:
            predicate["reason"] = rng.choice(ODD)
    return dumps(sign(canonical(document), STATEMENT_PAYLOAD, key))


def unsigned(data: bytes, key: SigningKey, rng: random.Random) -> bytes:
    """Sign what no signer of ours would: another type, or the payload alone."""
    document = json.loads(data)
    payload = payload_of(data)
    message = rng.choice((payload, pae("x/y", payload), b"", pae(STATEMENT_PAYLOAD, b"")))
    document["signatures"][0]["sig"] = base64.b64encode(key.sign(message)).decode()
    return canonical(document)


STATEMENTS: tuple[Callable[[bytes, SigningKey, random.Random], bytes], ...] = (
    *(other_bytes, other_text, other_envelope, other_base64, other_keyids, other_payload),
    *(other_statement, other_statement, other_claims, other_claims, other_claims, unsigned),
)


def payload_of(data: bytes) -> bytes:
    return base64.b64decode(json.loads(data)["payload"])


# Logs: the lines, whose chain may be made right again, and the head.

AMOUNTS = (0, -1, 1.5, None, 1e300, 1.7976931348623157e308, -1e300, 2**53 - 1, 5e-324, 10**9)


def chained(entries: Sequence[Any]) -> tuple[bytes, bytes]:
    """Return a log of entries, each with the digest of the one before, and its head."""
    lines: list[bytes] = []
    previous = FIRST
    for number, entry in enumerate(entries, 1):
        link = {"number": number, "previous": previous}
        lines.append(canonical({**entry, **link} if isinstance(entry, dict) else entry))
        previous = sha256(lines[-1])
    head = canonical({"entries": len(lines), "digest": previous})
    return b"".join(line + b"\n" for line in lines), head


def other_entries(data: bytes, rng: random.Random) -> tuple[bytes, bytes]:
    """Return a log that says other things, its chain whole."""
    entries = [json.loads(line) for line in data.splitlines()]
    for _ in range(rng.choice((1, 1, 2, 5))):
        entry = rng.choice(entries)
        way = rng.randrange(7)
        if way == 0:
            damage(entry, rng, rng.choice((1, 2)))
        elif way == 1 and isinstance(entry.get("facts"), dict):
            entry["facts"]["spending"] = {name: rng.choice(AMOUNTS) for name in _SPENT}
        elif way == 2:
            entry["time"] = rng.choice([t for t in TIMES if isinstance(t, str)])
        elif way == 3 and isinstance(entry.get("facts"), dict):
            entry["facts"][rng.choice(("until", "attempt", "x", "statement"))] = rng.choice(ODD)
        elif way == 4:
            entry["action"] = rng.choice(("run", "override", "rollback", "repair", "x", "\x1b[2J"))
        elif way == 5:
            entries += [dict(entry)] * rng.choice((1, 1, 3, 2000))
        else:
            entry[rng.choice(("reason", "pilot", "actor"))] = rng.choice(
                ("\x1b[31m", "\u202e", "x" * 5000, "a\nb", "", "[bold]x[/bold]", "\ud7ff", "|")
            )
        if not isinstance(entry, dict) or not entry:
            break
    return chained(entries)


_SPENT = ("circuits", "shots", "qpu_seconds", "usd", "seconds")


# Allowed signers.

_OPTIONS = (
    *('valid-after="20260101Z"', 'valid-before="99991231235959Z"', 'valid-after="20260230Z"'),
    *('valid-before="00000101Z"', 'valid-after="00010101Z"', 'valid-after="99999999Z"'),
    *('namespaces="*"', 'namespaces=""', 'namespaces="!qgate,*"', f'namespaces="{"*" * 3000}a"'),
    *(f'namespaces="{"*a" * 30}b"', f'namespaces="{"[" * 500}"', f'namespaces="{"q," * 3000}"'),
    *("cert-authority", "no-touch-required", 'x="1"', "=", '"', ",", 'namespaces="qgate'),
    *('valid-after="\u0662\u0660\u0662\u066601\u0660\u0661Z"', "namespaces=\"a\\\"b\""),
)  # fmt: skip
_WHO = ("*", "*@example.com", "!x", '"a b"', '"a","b"', ",", "a,,b", "\u202eevil", "x" * 5000, "#")
_KEYS = (
    *("ssh-rsa AAAAB3NzaC1yc2E=", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 " + "A" * 90_000),
    *("sk-ssh-ed25519@openssh.com AAAA", "ecdsa-sha2-nistp256 AAAA", "ssh-ed25519 \u00e9", ""),
)


def other_signers(data: bytes, rng: random.Random) -> bytes:
    """Return another file of allowed signers."""
    lines = data.decode().splitlines()
    at = rng.randrange(len(lines))
    who, *_, kind, code = lines[at].split()
    key = f"{kind} {code}"
    line = rng.choice(
        (
            f"{who} {rng.choice(_OPTIONS)} {key}",
            f"{who} {','.join(rng.choices(_OPTIONS, k=3))} {key}",
            f"{rng.choice(_WHO)} {key}",
            f"{who} {rng.choice(_KEYS)}",
            rng.choice((f"{who} " * 40_000, '"' * 900_000, "a" * 900_000, " " * 900_000 + "x")),
            rng.choice(("\0", "\x1b[31m", "\ufeff", "\u2028", "\r", "\x85", "\t\t", "é" * 9)),
            "\n".join([f"x{'!' * 9} {key}"] * 3000),
            "\n".join(f"p{number}@example.com {key}" for number in range(3000)),
        )
    )
    lines[at:at] = [line]
    text = "\n".join(lines).encode()
    return damaged_bytes(text, rng) if rng.random() < 0.3 else text


# Files of any kind.


def spoil(path: Path, rng: random.Random) -> str:
    """Put what is no readable file in a file's place; return what."""
    way = rng.choice(("pipe", "folder", "loop", "device", "dangling", "huge", "empty", "secret"))
    path.unlink()
    if way == "pipe":
        os.mkfifo(path)
    elif way == "folder":
        path.mkdir()
    elif way in _LINKS:
        path.symlink_to(path.name if way == "loop" else _LINKS[way])
    else:
        path.touch(0o000 if way == "secret" else 0o644)
        os.truncate(path, 10**12 if way == "huge" else 0)
    return way


_LINKS: Mapping[str, str] = {"loop": "", "device": "/dev/zero", "dangling": "nowhere/at/all"}
