"""What becomes of a hostile bundle or charter: a refusal, a report, or a fault of qgate's."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import time
import traceback
from pathlib import Path
from typing import Any

from qgate.cli import unpack
from qgate.digest import digest
from qgate.errors import QgateError
from qgate.evidence.archive import pack
from qgate.evidence.members import read_members
from qgate.evidence.store import open_bundle, read_bundle, sealed, write_bundle
from qgate.gates.decision import judge
from qgate.pipeline import check
from qgate.plan.settings import Settings
from qgate.report.account import Account
from qgate.report.formats import FORMATS
from qgate.rollout.rollback import rollback_after
from tests.acceptance.hostile_bundles import Members, Mutant, make_mutant, written
from tests.acceptance.hostile_commands import (
    REFUSALS,
    SECONDS,
    Result,
    TooLateError,
    in_time,
    tree,
    tried,
)
from tests.acceptance.hostile_place import run_commands
from tests.unit.evidence import bundles


def small_members(store: Path) -> list[Members]:
    """Return bundles of a few trials that many metrics read: classes, numbers, and slices."""
    found = []
    for number, record in enumerate((_record(), _regression(), _sliced())):
        record["inputs"]["charter"] = digest(record["charter"])
        place = store / str(number)
        write_bundle(sealed(record, bundles.observations(), place), {"lock.json": b"{}"}, place)
        (folder,) = place.iterdir()
        found.append(read_members(folder))
    return found


def try_bundle(
    base: Members, folder: Path, rng: random.Random, template: Path | None = None
) -> Result:
    """Make one mutant within an empty folder, read, judge, report and unpack it.

    With a template of a place, as `make_place` makes one, commands are run there on it too.
    """
    inside = folder / "target"
    shutil.rmtree(folder, ignore_errors=True)
    inside.mkdir(parents=True)
    (folder / "kept").write_bytes(b"outside")
    mutant = make_mutant(base, inside, rng)
    before, start, fault = _outside(folder), time.perf_counter(), ""
    try:
        with in_time(SECONDS):
            outcome, fault = _taken(mutant, base)
            if mutant.place.suffix == ".tar":
                outcome, fault = _unpacked(mutant.place, folder / "target/into", outcome, fault)
    except (Exception, TooLateError):  # noqa: BLE001  # which is just what is looked for
        outcome, fault = "raised", traceback.format_exc()
    if not fault and _outside(folder) != before:
        fault = f"written outside of the target: {set(_outside(folder)) ^ set(before)}"
    if fault or template is None:
        return Result(mutant.kind, outcome, time.perf_counter() - start, fault)
    found = _commanded(mutant, base, folder, template, rng)
    return Result(mutant.kind, outcome, time.perf_counter() - start, found.fault)


def _commanded(
    mutant: Mutant, base: Members, folder: Path, template: Path, rng: random.Random
) -> Result:
    """Run two commands on a mutant, or on it and the bundle that it was."""
    place = folder / "place"
    shutil.copytree(template, place)
    written(base, folder / "base")
    it, original = os.path.relpath(mutant.place, place), "../base"
    choice = [
        ("verify", it),
        ("verify", it, "--signers", "allowed_signers", "--require-signer", "dev@example.com"),
        ("compare", it, original, "--format", rng.choice(("terminal", "json", "markdown"))),
        ("compare", original, it, "--format", rng.choice(("terminal", "json", "markdown"))),
        ("promote", "--check", it, "--charter", "pilot.yaml"),
        ("report", it, "--format", rng.choice(tuple(FORMATS))),
        ("judge", it, "--charter", "pilot.yaml"),
        ("judge", it),
        ("lineage", it),
        ("pack", it, "--output", "new.tar"),
        ("unpack", it, "--into", "into"),
        ("sign", it, "--key", "dev"),
        ("approve", it, "--key", "sre", "--signers", "allowed_signers"),
    ]
    around = (folder, tree(folder))
    commands = rng.sample(choice, 2)
    signs = any(command[0] in ("sign", "approve") for command in commands)
    more = (f"{mutant.place.relative_to(folder)}/attestations",) if signs else ()
    return run_commands(mutant.kind, commands, place, around, more)


def try_charter(text: str, path: Path, kind: str = "charter") -> Result:
    """Check a charter that may be broken in any way; plan one that is not."""
    path.write_text(text, encoding="utf-8", newline="\n")
    start = time.perf_counter()
    try:
        with in_time(SECONDS):
            errors = [f for f in check(path, Settings()) if f.severity == "error"]
        outcome, fault = ("refused" if errors else "accepted"), ""
    except QgateError as error:
        outcome, fault = "refused", _unexpected(error)
    except (Exception, TooLateError):  # noqa: BLE001  # which is just what is looked for
        outcome, fault = "raised", traceback.format_exc()
    if outcome == "accepted":
        outcome, fault = tried(("plan", str(path)), path.parent.parent)
    return Result(kind, outcome, time.perf_counter() - start, fault)


def _taken(mutant: Mutant, base: Members) -> tuple[str, str]:
    try:
        evidence = read_bundle(str(mutant.place))
    except QgateError as error:
        return "refused", _unexpected(error)
    if not mutant.agrees and not _same(mutant.place, base):
        return "accepted", "accepted although its digests were not made to agree"
    try:
        decision = judge(evidence)
        account = Account(decision, rollback_after(decision), open_bundle(str(mutant.place)))
        for render in FORMATS.values():
            render(account).encode()
        json.loads(FORMATS["json"](account), parse_constant=_no_constant)
    except QgateError as error:
        return "refused by the judge", _unexpected(error)
    return "accepted", ""


def _unpacked(place: Path, into: Path, outcome: str, fault: str) -> tuple[str, str]:
    """Unpack an archive by the command: what is read must be the only archive of its members."""
    refused = ""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            unpack.command(place, into)
    except QgateError as error:
        refused, fault = str(error), fault or _unexpected(error)
    if fault:
        return outcome, fault
    if not refused:
        (folder,) = into.iterdir()
        if pack(read_members(folder)) != place.read_bytes():
            return outcome, "the archive of what was unpacked is another"
        shutil.rmtree(into)
    elif into.exists() and list(into.iterdir()):
        return outcome, "unpack was refused and left something"
    if refused and outcome != "refused":
        return outcome, f"what is read is not unpacked: {refused}"
    return outcome, ""


def _same(place: Path, base: Members) -> bool:
    """Return whether a mutant means what its base means: attestations apart, the same bytes."""
    return read_members(place) == base


def _unexpected(error: QgateError) -> str:
    text = str(error)
    if int(error.exit_code) not in REFUSALS:
        return f"{type(error).__name__} exits with {int(error.exit_code)}: {text}"
    if not text.strip() or len(text) > 20_000:
        return f"a refusal of {len(text)} characters"
    return ""


def _outside(folder: Path) -> dict[str, tuple[int, int]]:
    """Return all below a folder but what is unpacked there."""
    return {path: state for path, state in tree(folder).items() if "target/into" not in path}


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} in the JSON report")


def _gates(*metrics: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    owner = {"owner": "a@example.com", "remediation": [{"rerun": "parity"}]}
    return [{"name": metric, "metric": metric, **bound, **owner} for metric, bound in metrics]


def _record() -> dict[str, Any]:
    record = bundles.record()
    record["charter"]["gates"] = _gates(
        ("val_accuracy_gap_vs_classical", {"max": 0.2}),
        ("val_f1_gap_vs_classical", {"max": 0.2}),
        ("val_balanced_accuracy", {"min": 0.1}),
        ("val_roc_auc", {"min": 0.3}),
        ("latency_p95_ms", {"max": 120}),
        ("latency_p95_ratio_vs_classical", {"max": 3}),
        ("shot_noise_sd", {"max": 0.3}),
    )
    return record


def _regression() -> dict[str, Any]:
    record = bundles.record()
    record["charter"]["data"]["task"] = "regression"
    record["classes"] = []
    record["truth"] = [0.5, 1.5, -2.0, 3.25, 1e3]
    record["charter"]["gates"] = _gates(
        ("val_rmse_gap_vs_classical", {"max": 0.2}), ("val_mae", {"max": 2.0})
    )
    record["lock"]["baseline"]["score"] = {"rmse": 0.5, "mae": 0.5}
    for trial in record["trials"]:
        trial["scores"] = None
        trial["predictions"] = [float(code) + 0.25 for code in trial["predictions"]]
    return record


def _sliced() -> dict[str, Any]:
    record = bundles.record()
    record["charter"]["data"]["slice"] = "site"
    (gate,) = _gates(("val_accuracy_gap_vs_classical", {"max": 0.4}))
    record["charter"]["gates"] = [{**gate, "slices": "all"}]
    record["slices"] = {"column": "site", "known": ["a", "b"], "values": ["a", "b", "a", "b", "a"]}
    return record
