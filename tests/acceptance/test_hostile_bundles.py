"""What comes from outside: whatever it holds, a clear refusal or a decision, and nothing beside."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from qgate.digest import canonical
from qgate.evidence.store import attestation_name
from qgate.signing.envelope import dumps, sign
from qgate.signing.statement import STATEMENT_PAYLOAD
from tests.acceptance import hostile_charters
from tests.acceptance.hostile_bundles import Members
from tests.acceptance.hostile_charters import bomb
from tests.acceptance.hostile_commands import Result, fault_of, summary, tree
from tests.acceptance.hostile_judging import small_members, try_bundle, try_charter
from tests.acceptance.hostile_place import (
    BUNDLE,
    HEAD,
    LOG,
    SIGNED_HEAD,
    make_place,
    run_commands,
    try_place,
    unsign,
)
from tests.acceptance.hostile_statements import chained, key_of, payload_of
from tests.integration.commands import qgate

MUTANTS = 480
PARTS = 4
PLACES, BOMBS = 16, 6
COMMANDED = 0.02
"""The share of bundles that commands are run on: the nightly tries more."""


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> list[Members]:
    return small_members(tmp_path_factory.mktemp("bases"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "place"
    make_place(folder)
    return folder


@pytest.fixture
def place(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "place")


@pytest.fixture(scope="module")
def charter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where charters are written: a project with the fixtures that they name."""
    folder = tmp_path_factory.mktemp("project")
    root = Path(__file__).parents[2]
    shutil.copytree(root / "fixtures", folder / "fixtures")
    shutil.copy(root / "requirements.lock", folder)
    (folder / "pyproject.toml").touch()
    (folder / "charters").mkdir()
    return folder / "charters" / "mutant.yaml"


@pytest.mark.parametrize("part", range(PARTS))
def test_no_mutant_ends_in_anything_but_a_refusal_or_a_decision(
    part: int, bases: list[Members], template: Path, tmp_path: Path
) -> None:
    results = []
    for number in range(part, MUTANTS, PARTS):
        rng = random.Random(number)  # noqa: S311  # mutants are no secrets
        base, commanded = rng.choice(bases), rng.random() < COMMANDED
        used = template if commanded else None
        results.append(try_bundle(base, tmp_path / "mutant", rng, used))
    _refuse_faults(results)
    outcomes = [result.outcome for result in results]
    # Mutants that are all refused, or all accepted, would show little.
    assert outcomes.count("refused") > len(results) / 3, summary(results)
    assert outcomes.count("accepted") > len(results) / 10, summary(results)


def test_no_hostile_statement_log_or_signers_end_in_anything_but_a_refusal(
    template: Path, tmp_path: Path
) -> None:
    seeds = [random.Random(number) for number in range(PLACES)]  # noqa: S311
    results = [try_place(template, tmp_path / "mutant", rng) for rng in seeds]
    _refuse_faults(results)
    # What spoils nothing is read; what spoils the place is refused.
    assert {"exit 0", "exit 2"} <= {result.outcome for result in results}, summary(results)


def test_no_charter_that_asks_for_much_ends_in_anything_but_a_plan_or_a_refusal(
    charter: Path,
) -> None:
    seeds = [random.Random(number) for number in range(BOMBS)]  # noqa: S311
    results = [try_charter(bomb(rng), charter) for rng in seeds]
    _refuse_faults(results)
    assert "refused" in {result.outcome for result in results}, summary(results)


@pytest.mark.parametrize("texts", [hostile_charters.TEXTS, hostile_charters.ASKED])
def test_each_charter_that_asks_for_too_much_is_refused_at_once_and_in_few_words(
    texts: Mapping[str, str], charter: Path
) -> None:
    for name, text in texts.items():
        charter.write_text(text, "utf-8")
        start = time.process_time()
        done = qgate("check", str(charter), cwd=charter.parent)
        took = time.process_time() - start
        assert (done.code, fault_of(done, ("check",), charter.parent)) == (2, ""), name
        assert (took < 3, len(done.out) < 30_000) == (True, True), (name, took, len(done.out))


# By hand: the worst that is known of what lies in a place.


def _signers(line: Callable[[str], str]) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        key = key_of("dev").public.openssh
        (place / "allowed_signers").write_text(line(key), encoding="utf-8")

    return change


def _overrides(place: Path) -> None:
    """Put as many signed overrides beside a bundle as it may have members."""
    folder = place / BUNDLE / "attestations"
    document = json.loads(payload_of(next(folder.glob("override-*")).read_bytes()))
    for number in range(900):
        document["predicate"]["reason"] = f"why {number}"
        data = dumps(sign(canonical(document), STATEMENT_PAYLOAD, key_of("owner")))
        (place / BUNDLE / attestation_name("override", data)).write_bytes(data)


def _log(change: Callable[[list[dict[str, Any]]], None]) -> Callable[[Path], None]:
    """Return what changes the entries of a log and makes its chain whole again."""

    def changed(place: Path) -> None:
        entries = [json.loads(line) for line in (place / LOG).read_bytes().splitlines()]
        change(entries)
        data, head = chained(entries)
        (place / LOG).write_bytes(data)
        (place / HEAD).write_bytes(head)
        unsign(place)

    return changed


def _line(data: bytes) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        (place / LOG).write_bytes(data + b"\n")

    return change


def _nested(entries: list[dict[str, Any]]) -> None:
    value: object = 1
    for _ in range(200):
        value = {"a": value}
    entries[0]["facts"] = {"x": value}


def _spent(action: str, amount: object) -> Callable[[list[dict[str, Any]]], None]:
    def change(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            spending = dict.fromkeys(("circuits", "shots", "qpu_seconds", "usd", "seconds"), amount)
            entry |= {"action": action, "facts": {"spending": spending}}

    return change


def _huge(name: str) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        os.truncate(place / name, 10**12)  # sparse: it takes no space

    return change


WORST: Mapping[str, Callable[[Path], None]] = {
    "a key of 7,000 people": _signers(
        lambda key: "".join(f"p{number}@example.com {key}\n" for number in range(7000))
    ),
    "120,000 principals": _signers(lambda key: ",".join(f"p{n}" for n in range(120_000)) + key),
    "namespaces of stars": _signers(lambda key: f'a namespaces="{"*q" * 3000}b,qgate" {key}'),
    "quotes": _signers(lambda key: '""' * 450_000 + f" {key}"),
    "900 overrides": _overrides,
    "facts 200 deep": _log(_nested),
    "amounts beyond every sum": _log(_spent("run", 1.7e308)),
    "amounts of another action": _log(_spent("promote", 1.7e308)),
    "amounts that are text": _log(_spent("promote", "x")),
    "a reason of 20 MB": _log(lambda entries: entries[0].update(reason="x" * 20_000_000)),
    "a log without end": _huge(LOG),
    "a signed head without end": _huge(SIGNED_HEAD),
    "a line 100,000 deep": _line(b'{"a":' * 100_000),
    "an integer beyond every float": _line(b"9" * 400),
    "a log of 2,000 entries": _log(lambda entries: entries.extend([dict(entries[0])] * 2000)),
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_that_is_known_ends_in_time_and_in_few_words(name: str, place: Path) -> None:
    WORST[name](place)
    signers = ("--signers", "allowed_signers")
    commands = [
        ("verify", BUNDLE, *signers),
        ("log",),
        ("spending", "--format", "json"),
        ("sign", BUNDLE, "--key", "dev", *signers),
    ]
    around = (place.parent, tree(place.parent))
    result = run_commands(name, commands, place, around)
    assert not result.fault, result.fault


def _refuse_faults(results: list[Result]) -> None:
    faults = [
        f"mutant {number}, {result.kind}:\n{result.fault}"
        for number, result in enumerate(results)
        if result.fault
    ]
    assert not faults, "\n\n".join(faults[:5])
