"""Mutates all that comes from outside by the ten thousand; anything but a clear refusal is a fault.

Bundles, archives and charters; signed statements, audit logs, signers, keys and locks, as they lie
in a place where a pilot ran; and charters that ask for too much. Commands are run on them.

Run as `python -m tests.benchmarks.fuzz_bundles --count 20000`. A mutant's number and the seed make
it again: `--only NUMBER`. Exit code 0 where all is well, 10 where any mutant showed a fault.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from qgate.evidence.members import read_members
from tests.acceptance.hostile_bundles import Members
from tests.acceptance.hostile_charters import bomb
from tests.acceptance.hostile_commands import Result, summary
from tests.acceptance.hostile_judging import small_members, try_bundle, try_charter
from tests.acceptance.hostile_place import make_place, try_place
from tests.acceptance.test_mutations import ROOT, mutant

CHARTERS, BOMBS, PLACES = 0.1, 0.06, 0.3
"""Shares of mutants: charters, charters that ask for too much, places; the rest are bundles."""
COMMANDED = 0.3
"""The share of bundles that commands are run on too."""
SMALL = 0.7
"""The share of bundles that are small; the rest are those given by --bundles."""
CHUNK = 50
MEMORY = 1 << 30
"""What one process may take beyond what it has at the start, in bytes."""
FAULTS_SHOWN = 40


def main() -> int:
    """Run the mutants, print counts by kind and outcome and every sort of fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20_260_101)
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--bundles", type=Path, help="a folder of bundles from real runs")
    parser.add_argument("--only", type=int, help="the number of the one mutant to try")
    asked = parser.parse_args()
    start = time.perf_counter()
    numbers = range(asked.count) if asked.only is None else [asked.only]
    chunks = [numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK)]
    found: list[tuple[int, Result]] = []
    sorts: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch:
        work = partial(_chunk, asked.seed, asked.bundles, Path(scratch))
        with ProcessPoolExecutor(asked.workers) as pool:
            for chunk in pool.map(work, chunks):
                found += chunk
                _progress(found)
                _tell_new(chunk, sorts)
    print(summary([result for _, result in found]))
    faults = [(number, result) for number, result in found if result.fault]
    _tell(faults)
    print(
        f"{len(found):,} mutants, {len(faults):,} faults, {time.perf_counter() - start:.0f} s, "
        f"most memory {_most_memory() / 1e6:.0f} MB"
    )
    return 10 if faults else 0


def _progress(found: Sequence[tuple[int, Result]]) -> None:
    if len(found) % 1_000 == 0:
        faults = sum(bool(result.fault) for _, result in found)
        sys.stderr.write(f"{len(found):,} mutants, {faults:,} faults so far\n")


def _tell_new(chunk: Sequence[tuple[int, Result]], sorts: set[str]) -> None:
    """Tell of a new sort of fault at once: a run may be stopped before its end."""
    for number, result in chunk:
        if result.fault and (sort := _sort(result.fault)) not in sorts:
            sorts.add(sort)
            sys.stderr.write(f"mutant {number} ({result.kind}): {result.fault[-2000:]}\n")


def _chunk(
    seed: int, bundles: Path | None, scratch: Path, numbers: Sequence[int]
) -> list[tuple[int, Result]]:
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        small = small_members(folder / "small")
        real = [read_members(place) for place in sorted(bundles.iterdir())] if bundles else []
        path = _project(folder / "project")
        make_place(folder / "template")
        _bound_memory()
        found = []
        for number in numbers:
            rng = random.Random(f"{seed}:{number}")  # noqa: S311  # mutants are no secrets
            found.append((number, _tried(rng, folder, small, real, path)))
        return found


def _tried(
    rng: random.Random, folder: Path, small: list[Members], real: list[Members], path: Path
) -> Result:
    kind, template = rng.random(), folder / "template"
    if kind < CHARTERS:
        return try_charter(mutant(rng), path)
    if kind < CHARTERS + BOMBS:
        return try_charter(bomb(rng), path, "charter that asks for much")
    if kind < CHARTERS + BOMBS + PLACES:
        return try_place(template, folder / "mutant", rng)
    base, commanded = _base(small, real, rng), rng.random() < COMMANDED
    return try_bundle(base, folder / "mutant", rng, template if commanded else None)


def _base(small: list[Members], real: list[Members], rng: random.Random) -> Members:
    return rng.choice(small if rng.random() < SMALL or not real else real)


def _project(folder: Path) -> Path:
    """Return where charters are written: a project of their own, with the real fixtures."""
    shutil.copytree(ROOT / "fixtures", folder / "fixtures")
    shutil.copy(ROOT / "requirements.lock", folder)
    (folder / "pyproject.toml").touch()
    (folder / "charters").mkdir()
    return folder / "charters" / "mutant.yaml"


def _bound_memory() -> None:
    """Make an allocation beyond the bound a MemoryError, which no mutant may end with."""
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))


def _most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024.0


def _tell(faults: Sequence[tuple[int, Result]]) -> None:
    """Print each sort of fault once, with how often it was met."""
    sorts: dict[str, list[tuple[int, Result]]] = {}
    for number, result in faults:
        sorts.setdefault(_sort(result.fault), []).append((number, result))
    ordered = sorted(sorts.values(), key=len, reverse=True)
    for alike in ordered[:FAULTS_SHOWN]:
        number, result = alike[0]
        print(f"\n{len(alike)} times; for one --only {number} ({result.kind}):\n{result.fault}")


def _sort(fault: str) -> str:
    """Return the place of a traceback in our own code, or the fault itself without numbers."""
    places = [line for line in fault.splitlines() if "/qgate/" in line]
    text = places[-1] if places else fault
    return "".join(character for character in text if not character.isdigit() or places)


if __name__ == "__main__":
    sys.exit(main())
