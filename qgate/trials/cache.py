"""Finished trials, kept by the digest of all that determines them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgate.arms.arm import Outcome
from qgate.digest import canonical, digest
from qgate.files import write_atomically
from qgate.plan.plan import TrialSpec
from qgate.trials.result import TrialResult


class TrialCache:
    """One file a trial; a file that does not match its own digest is reported and run again.

    Several runs may share a folder: each file is whole or absent, and the same for all of them.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        """Use a folder, which need not exist yet."""
        self._folder, self._warn = folder, warn

    def get(self, spec: TrialSpec) -> TrialResult | None:
        """Return a finished trial, None if there is none that can be trusted."""
        path = self._path(spec)
        try:
            entry: dict[str, Any] = json.loads(path.read_bytes())
            body = entry["body"]
            if digest(body) != entry["digest"] or body["trial"] != spec.digest:
                raise ValueError("digest")
            fields = body["outcome"]
            outcome = Outcome(
                tuple(fields["predictions"]),
                None if fields["scores"] is None else tuple(map(float, fields["scores"])),
                fields["fit_circuits"],
                fields["serving_circuits"],
                dict(fields["draws"]),
                dict(fields["figures"]),
                tuple(map(str, fields.get("solutions", ()))),
            )
            return TrialResult(spec, outcome, float(body["seconds"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._warn(f"cached trial {path} is damaged: it is run again")
            return None

    def put(self, result: TrialResult) -> None:
        """Keep a finished trial; failures are not kept. A trial that cannot be kept is reported."""
        if isinstance(result.outcome, Outcome):
            body = {
                "trial": result.spec.digest,
                "outcome": dataclasses.asdict(result.outcome),
                "seconds": result.seconds,
            }
            entry = canonical({"body": body, "digest": digest(body)})
            path = self._path(result.spec)
            try:
                write_atomically(path, entry)
            except OSError as error:
                self._warn(f"the trial could not be kept as {path}: {error.strerror}")

    def _path(self, spec: TrialSpec) -> Path:
        return self._folder / spec.digest[:2] / f"{spec.digest}.json"
