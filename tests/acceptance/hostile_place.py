"""A place where a pilot ran and was signed, with one thing in it that is hostile."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from qgate.digest import canonical, digest
from qgate.evidence.audit_log import AuditLog
from qgate.evidence.store import attestation_name, evidence_of, open_bundle, sealed, write_bundle
from qgate.gates.decision import conclusion, judge
from qgate.report.formats import FORMATS
from qgate.review.log_head import SIGNED_HEADS, signed_head_path
from qgate.signing.envelope import dumps, sign
from qgate.signing.statement import APPROVAL, STATEMENT_PAYLOAD
from tests.acceptance.hostile_commands import Result, tree, tried
from tests.acceptance.hostile_json import damage, damaged_bytes, hostile_text
from tests.acceptance.hostile_statements import (
    STATEMENTS,
    chained,
    key_of,
    other_entries,
    other_signers,
    payload_of,
    private_file,
    spoil,
)
from tests.integration.commands import qgate
from tests.unit.evidence import bundles

PEOPLE = ("dev", "sre", "owner")
BUNDLE, OTHER = "bundle", "other"
"""Folders of the bundle that is attacked and of another run's."""
LOG, HEAD = ".qgate/log.jsonl", ".qgate/log.head.json"
SIGNED_HEAD = str(signed_head_path(AuditLog(Path(LOG)), key_of("dev").public.fingerprint))
_FILES = (LOG, LOG, HEAD, SIGNED_HEAD, "allowed_signers", "dev", "pilot.lock.json", "pilot.yaml")
_SIGNERS = ("--signers", "allowed_signers")
_MAY_CHANGE = (".qgate", f"{BUNDLE}/attestations", f"{OTHER}/attestations", "new.tar", "into")


def reading() -> list[tuple[str, ...]]:
    """Return the commands that read a bundle, its statements, the log and the signers."""
    return [
        ("verify", BUNDLE),
        ("verify", BUNDLE, *_SIGNERS, "--require-signer", "dev@example.com"),
        ("verify", BUNDLE, "--format", "json"),
        ("promote", "--check", BUNDLE),
        ("promote", "--check", BUNDLE, "--charter", "pilot.yaml"),
        ("judge", BUNDLE, "--charter", "pilot.yaml"),
        *(("report", BUNDLE, "--format", name) for name in FORMATS),
        ("compare", BUNDLE, OTHER),
        ("compare", OTHER, BUNDLE, "--format", "markdown"),
        ("log",),
        ("log", "--format", "json"),
        ("spending",),
        ("spending", "--format", "json"),
        ("lineage", BUNDLE),
        ("pack", BUNDLE, "--output", "new.tar"),
    ]


def acting() -> list[tuple[str, ...]]:
    """Return the commands that sign and put on record."""
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    why = ("--until", until.isoformat(timespec="minutes"), "--reason", "why")
    return [
        ("sign", BUNDLE, "--key", "dev"),
        ("sign", BUNDLE, "--key", "dev", *_SIGNERS),
        ("approve", BUNDLE, "--key", "sre"),
        ("approve", BUNDLE, "--key", "sre", *_SIGNERS),
        ("override", BUNDLE, "--key", "owner", *why, *_SIGNERS),
    ]


def make_place(folder: Path) -> None:
    """Write two bundles of one pilot with charter, lock, log, keys and signed statements."""
    folder.mkdir(parents=True)
    document = _charter()
    lock = {"version": 1, **_basis(document), "changes": []}
    texts = {"pilot.yaml": canonical(document), "pilot.lock.json": canonical(lock)}
    lines = [f'{n}@example.com namespaces="qgate" {key_of(n).public.openssh}\n' for n in PEOPLE]
    texts |= {"allowed_signers": "".join(lines).encode()}
    for name, data in (texts | {name: private_file(name) for name in PEOPLE}).items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o600)
    with contextlib.chdir(folder), mock.patch.dict(os.environ, QGATE_ACTOR="dev@example.com"):
        for number, name in enumerate((BUNDLE, OTHER)):
            _run(document, texts, name, number)
    for command in acting():
        done = qgate(*command, cwd=folder, QGATE_ACTOR="dev@example.com")
        assert done.code == 0 or command[0] == "approve", done.err
    _approve(folder / BUNDLE)
    done = qgate("verify", BUNDLE, cwd=folder)
    assert done.code == 0, done.out


def try_place(template: Path, folder: Path, rng: random.Random) -> Result:
    """Spoil one thing in a copy of a place, and try commands on it."""
    shutil.rmtree(folder, ignore_errors=True)
    place = folder / "place"
    shutil.copytree(template, place)
    (folder / "kept").write_bytes(b"outside")
    spoilt = rng.choice(WAYS)(place, rng)
    commands = rng.sample(reading(), 2) + rng.sample(acting(), rng.choice((0, 1)))
    return run_commands(f"place {spoilt}", commands, place, (folder, tree(folder)))


def run_commands(
    kind: str,
    commands: Sequence[Sequence[str]],
    place: Path,
    around: tuple[Path, dict[str, tuple[int, int]]],
    more: Sequence[str] = (),
) -> Result:
    """Run commands in a place; nothing around it, and of it only what they are for, may change.

    `around` is a folder with its `tree`; what may change besides, `more`, is relative to it.
    """
    outcome, start = "", time.perf_counter()
    for command in commands:
        outcome, fault = tried(command, place)
        if fault:
            return Result(kind, outcome, time.perf_counter() - start, fault)
    folder, before = around
    changed = {path for path, _ in set(before.items()) ^ set(tree(folder).items())}
    ours = tuple(f"{place.relative_to(folder)}/{name}" for name in _MAY_CHANGE) + tuple(more)
    wrong = sorted(path for path in changed if not path.startswith(ours))
    fault = f"written outside of the target by one of {commands}: {wrong}" if wrong else ""
    return Result(kind, outcome, time.perf_counter() - start, fault)


def _run(document: dict[str, Any], texts: dict[str, bytes], name: str, number: int) -> None:
    record = bundles.record()
    basis = _basis(document)
    record |= {"charter": document, "inputs": basis["inputs"], "lock": basis}
    record["trials"][-1]["scores"][0] += 0.125 * number
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    observations = bundles.observations(now) | {"charter_path": "pilot.yaml"}
    evidence = sealed(record, observations, Path("store"))
    concluded = conclusion(judge(evidence))
    members = {
        "charter.yaml": texts["pilot.yaml"],
        "lock.json": texts["pilot.lock.json"],
        "decision.json": canonical(concluded),
    }
    bundle = write_bundle(evidence, members, Path("store"))
    bundle.place.rename(name)
    Path("store").rmdir()
    spending = {"circuits": 10, "shots": 640, "qpu_seconds": 0.5, "usd": None, "seconds": 1.5}
    facts = {"attempt": 1, "decision": concluded["decision"], "path": name, "basis": "6" * 64}
    AuditLog(Path(LOG)).append(
        "run",
        pilot="pilot",
        digests={
            "contract": digest(basis),
            "charter": digest(document),
            "evidence": bundle.evidence_digest,
            "bundle": bundle.digest,
        },
        facts=facts | {"spending": spending},
    )


def _charter() -> dict[str, Any]:
    owner = {"owner": "owner@example.com", "remediation": [{"rerun": "all"}]}
    metric = "val_accuracy_gap_vs_classical"
    return bundles.charter_document() | {
        "pilot": {"name": "pilot", "owner": "owner@example.com"},
        "gates": [{"name": "parity", "metric": metric, "max": 0.9, **owner}],
        "approvals": {
            "signers": "allowed_signers",
            "required": 1,
            "max_age_days": 3000,
            "roles": {"approver": ["sre@example.com"], "owner": ["owner@example.com"]},
        },
    }


def _basis(document: dict[str, Any]) -> dict[str, Any]:
    inputs = bundles.inputs() | {"charter": digest(document)}
    return {"inputs": inputs, "baseline": bundles.record()["lock"]["baseline"]}


def _approve(folder: Path) -> None:
    """Add an approval that the gates would not allow: what forbids it is for the readers to say."""
    bundle = open_bundle(str(folder))
    evidence_of(bundle)
    decided = next(d for n, d in bundle.attestations.items() if "/decision-" in n)
    said = json.loads(payload_of(decided)) | {"predicateType": APPROVAL}
    said["predicate"]["reason"] = "fine"
    data = dumps(sign(canonical(said), STATEMENT_PAYLOAD, key_of("sre")))
    (folder / attestation_name("approval", data)).write_bytes(data)


# What is spoilt.


def _statement(place: Path, rng: random.Random) -> str:
    """Put a hostile statement beside the bundle's own, or in place of one; its name is right."""
    path = rng.choice(sorted((place / BUNDLE / "attestations").iterdir()))
    change = rng.choice(STATEMENTS)
    data = change(path.read_bytes(), key_of(rng.choice((*PEOPLE, "mallory"))), rng)
    kind = path.name.rpartition("-")[0]
    if rng.random() < 0.2:
        kind = rng.choice(("approval", "override", "decision", "test-result", "x", ""))
    if rng.random() < 0.5:
        path.unlink()
    (place / BUNDLE / attestation_name(kind, data)).write_bytes(data)
    return f"statement {change.__name__}"


def _log_bytes(place: Path, rng: random.Random) -> str:
    path = place / rng.choice((LOG, LOG, HEAD))
    change = rng.choice((damaged_bytes, hostile_text))
    path.write_bytes(change(path.read_bytes(), rng))
    return "log bytes"


def _log_entries(place: Path, rng: random.Random) -> str:
    """Say other things in a log whose chain and head agree; nobody signed its head."""
    data, head = other_entries((place / LOG).read_bytes(), rng)
    (place / LOG).write_bytes(data)
    (place / HEAD).write_bytes(head)
    if rng.random() < 0.8:
        unsign(place)
    return "log entries"


def unsign(place: Path) -> None:
    """Take every signed head away."""
    for path in place.glob(f".qgate/{SIGNED_HEADS}"):
        path.unlink()


def _log_head(place: Path, rng: random.Random) -> str:
    head = json.loads((place / HEAD).read_bytes())
    damage(head, rng, rng.choice((1, 2)))
    (place / HEAD).write_bytes(canonical(head))
    return "log head"


def _log_order(place: Path, rng: random.Random) -> str:
    entries = [json.loads(line) for line in (place / LOG).read_bytes().splitlines()]
    chosen = rng.choices(entries, k=rng.randrange(len(entries) + 3))
    data, head = chained(chosen)
    (place / LOG).write_bytes(data)
    if rng.random() < 0.7:
        (place / HEAD).write_bytes(head)
    return "log order"


def _log_signature(place: Path, rng: random.Random) -> str:
    change = rng.choice(STATEMENTS)
    path = place / SIGNED_HEAD
    path.write_bytes(change(path.read_bytes(), key_of(rng.choice((*PEOPLE, "mallory"))), rng))
    return f"log signature {change.__name__}"


def _signers(place: Path, rng: random.Random) -> str:
    path = place / "allowed_signers"
    path.write_bytes(other_signers(path.read_bytes(), rng))
    return "signers"


def _key(place: Path, rng: random.Random) -> str:
    for name in PEOPLE:
        (place / name).write_bytes(damaged_bytes((place / name).read_bytes(), rng))
    return "key"


def _terms(place: Path, rng: random.Random) -> str:
    """Change the charter or the lock that are here now."""
    path = place / rng.choice(("pilot.yaml", "pilot.lock.json"))
    document = json.loads(path.read_bytes())
    damage(document, rng, rng.choice((1, 2)))
    data = canonical(document)
    path.write_bytes(data if rng.random() < 0.7 else damaged_bytes(data, rng))
    return "terms"


def _file(place: Path, rng: random.Random) -> str:
    return f"file {spoil(place / rng.choice(_FILES), rng)}"


def _statement_file(place: Path, rng: random.Random) -> str:
    path = rng.choice(sorted((place / BUNDLE / "attestations").iterdir()))
    return f"statement file {spoil(path, rng)}"


WAYS: tuple[Callable[[Path, random.Random], str], ...] = (
    *(_statement,) * 8,
    *(_log_bytes, _log_entries, _log_entries, _log_entries, _log_head, _log_order),
    *(_log_signature, _log_signature, _signers, _signers, _key, _terms, _terms),
    *(_file, _file, _statement_file),
)
