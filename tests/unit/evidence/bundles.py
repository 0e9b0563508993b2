"""A small record and observations, as a run would leave them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgate.digest import canonical, digest, sha256
from qgate.evidence.evidence import Evidence
from qgate.evidence.store import sealed, write_bundle

SEEDS = (1, 2)
ITEMS = 5
REQUESTS = 4


def charter_document() -> dict[str, Any]:
    return {
        "version": 1,
        "pilot": {"owner": "a@example.com"},
        "data": {"path": "data.csv", "target": "y", "validation": {"fraction": 0.5, "seed": 1}},
        "baseline": {"id": "old", "estimator": "sklearn.svm.SVC"},
        "candidate": {"id": "new", "estimator": "sklearn.svm.SVC"},
        "schedule": {"seeds": list(SEEDS), "shots": [64], "replicates": 2},
        "gates": [],
    }


def inputs() -> dict[str, Any]:
    return {
        "charter": digest(charter_document()),
        "data bytes": {"data.csv": "1" * 64},
        "data content": "2" * 64,
        "rows and columns": [10, 3],
        "split": {"digest": "3" * 64, "train": 5, "validation": ITEMS},
        "dependency lock": None,
        "packages": {"numpy": "2.0"},
        "seeds": list(SEEDS),
        "shots": [64],
        "replicates": 2,
    }


def trial(arm: str, seed: int, shots: int | None, replicate: int) -> dict[str, Any]:
    return {
        "arm": arm,
        "seed": seed,
        "shots": shots,
        "replicate": replicate,
        "digest": digest([arm, seed, shots, replicate]),
        "predictions": [(seed + replicate + item) % 2 for item in range(ITEMS)],
        "scores": [round(0.1 * item + seed + replicate, 6) for item in range(ITEMS)],
        "fit_circuits": 10,
        "serving_circuits": 25,
        "failure": None,
    }


def record() -> dict[str, Any]:
    trials = [trial("baseline", seed, None, 0) for seed in SEEDS]
    trials += [trial("candidate", seed, 64, r) for seed in SEEDS for r in (0, 1)]
    return {
        "charter": charter_document(),
        "lock": {
            "inputs": inputs(),
            "baseline": {"id": "old", "predictions": "4" * 64, "score": {"accuracy": 0.5}},
        },
        "inputs": inputs(),
        "classes": ["no", "yes"],
        "truth": [0, 1, 0, 1, 1],
        "trials": trials,
        "replays": [
            {"trial": trials[-1]["digest"], "seed": 2, "first": "5" * 64, "again": "5" * 64}
        ],
    }


def observations(created: str = "2026-01-01T00:00:00+00:00") -> dict[str, Any]:
    times = {
        "milliseconds": [1.0, 2.5, 1.25, 3],
        "sessions": [0, 0, 1, 1],
        "measured": True,
    }
    return {
        "charter_path": "charters/small.yaml",
        "created": created,
        "machine": {"python": "3.11", "platform": "test"},
        "attempt": 1,
        "locked_evidence": None,
        "latency": {"baseline": dict(times), "candidate": dict(times)},
        "seconds": {entry["digest"]: 0.5 for entry in record()["trials"]},
        "failures": {},
    }


def write(record: Any, observations: Any, store: Path, **members: bytes) -> Evidence:
    """Write a bundle as a run does; return its evidence."""
    evidence = sealed(record, observations, store)
    write_bundle(evidence, members, store)
    return evidence


def manifest(contents: Mapping[str, bytes], path: str = "forged") -> dict[str, Any]:
    """Return the manifest of a bundle of these members."""
    body = {
        "format": "qgate-evidence",
        "version": 1,
        "path": path,
        "members": {
            name: {"sha256": sha256(data), "bytes": len(data)} for name, data in contents.items()
        },
    }
    return {**body, "digest": digest(body)}


def forge(folder: Path, contents: Mapping[str, bytes]) -> Path:
    """Write a bundle by hand whose digests are right."""
    folder.mkdir(parents=True)
    for name, data in {**contents, "manifest.json": canonical(manifest(contents))}.items():
        (folder / name).write_bytes(data)
    return folder
