"""What becomes of a hostile bundle or charter: a refusal, a report, or a fault of qgate's."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from qgate.cli import unpack
from qgate.digest import digest
from qgate.errors import QgateError
from qgate.evidence.archive import pack
from qgate.evidence.members import read_members
from qgate.evidence.store import read_bundle, sealed, write_bundle
from qgate.gates.decision import judge
from qgate.pipeline import check
from qgate.plan.settings import Settings
from qgate.report.formats import FORMATS
from qgate.rollout.rollback import rollback_after
from tests.acceptance.hostile_bundles import Members, Mutant, make_mutant
from tests.unit.evidence import bundles

EXPECTED = (2, 30)
"""What a refusal may exit with: usage, or could not run."""
SECONDS = 20
"""A mutant that takes longer is a fault, whatever comes of it."""


@dataclass(frozen=True)
class Result:
    """What one mutant came to; `fault` is empty where all is as it should be."""

    kind: str
    outcome: str
    seconds: float
    fault: str = ""


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


def try_bundle(base: Members, folder: Path, rng: random.Random) -> Result:
    """Make one mutant within an empty folder, read, judge, report and unpack it."""
    inside = folder / "target"
    shutil.rmtree(folder, ignore_errors=True)
    inside.mkdir(parents=True)
    (folder / "kept").write_bytes(b"outside")
    mutant = make_mutant(base, inside, rng)
    before, start, fault = _tree(folder), time.perf_counter(), ""
    try:
        with _in_time():
            outcome, fault = _taken(mutant, base)
            if mutant.place.suffix == ".tar":
                outcome, fault = _unpacked(mutant.place, folder / "target/into", outcome, fault)
    except Exception:  # noqa: BLE001  # which is just what is looked for
        outcome, fault = "raised", traceback.format_exc()
    after = {path: size for path, size in _tree(folder).items() if not path.startswith("into")}
    if not fault and after != before:
        fault = f"written outside of the target: {set(after) ^ set(before)}"
    return Result(mutant.kind, outcome, time.perf_counter() - start, fault)


def try_charter(text: str, path: Path) -> Result:
    """Check a charter that may be broken in any way."""
    path.write_text(text, encoding="utf-8", newline="\n")
    start = time.perf_counter()
    try:
        with _in_time():
            errors = [f for f in check(path, Settings()) if f.severity == "error"]
        outcome, fault = ("refused" if errors else "accepted"), ""
    except QgateError as error:
        outcome, fault = "refused", _unexpected(error)
    except Exception:  # noqa: BLE001  # which is just what is looked for
        outcome, fault = "raised", traceback.format_exc()
    return Result("charter", outcome, time.perf_counter() - start, fault)


def _taken(mutant: Mutant, base: Members) -> tuple[str, str]:
    try:
        evidence = read_bundle(str(mutant.place))
    except QgateError as error:
        return "refused", _unexpected(error)
    if not mutant.agrees and not _same(mutant.place, base):
        return "accepted", "accepted although its digests were not made to agree"
    try:
        decision = judge(evidence)
        rollback = rollback_after(decision)
        for render in FORMATS.values():
            render(decision, rollback).encode()
        json.loads(FORMATS["json"](decision, rollback), parse_constant=_no_constant)
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
    if int(error.exit_code) not in EXPECTED:
        return f"{type(error).__name__} exits with {int(error.exit_code)}: {text}"
    if not text.strip() or len(text) > 20_000:
        return f"a refusal of {len(text)} characters"
    return ""


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} in the JSON report")


def _tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Return all below a folder but what the mutant itself is: path, size and kind."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root) / name
            if (*path.relative_to(folder).parts, "")[:2] != ("target", "into"):
                state = os.lstat(path)
                found[os.fsdecode(path.relative_to(folder))] = (state.st_size, state.st_mode)
    return {path: state for path, state in found.items() if not path.startswith("target/into")}


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    def late(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise TimeoutError(f"more than {SECONDS} s")

    handler = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)


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


def summary(results: Sequence[Result]) -> str:
    """Return a line for each kind and outcome, with counts and the longest time in seconds."""
    groups: dict[tuple[str, str], list[float]] = {}
    for result in results:
        groups.setdefault((result.kind, result.outcome), []).append(result.seconds)
    lines = [
        f"{kind:26} {outcome:22} {len(times):7,} {max(times):7.2f} s at most"
        for (kind, outcome), times in sorted(groups.items())
    ]
    return "\n".join(lines)
