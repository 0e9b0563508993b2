"""Finished trials, kept by the digest of all that determines them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qgate.arms.arm import Outcome
from qgate.plan.plan import TrialSpec
from qgate.trials.entry import read_entry, warn_damaged, write_entry
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
        body = read_entry(path, self._warn)
        if body is None:
            return None
        try:
            if body["trial"] != spec.digest:
                raise ValueError("another trial's")
            return TrialResult(spec, _outcome(body["outcome"]), float(body["seconds"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            warn_damaged(path, self._warn)
            return None

    def put(self, result: TrialResult) -> None:
        """Keep a finished trial; failures are not kept. A trial that cannot be kept is reported."""
        if isinstance(result.outcome, Outcome):
            body = {
                "trial": result.spec.digest,
                "outcome": dataclasses.asdict(result.outcome),
                "seconds": result.seconds,
            }
            write_entry(self._path(result.spec), body, self._warn)

    def _path(self, spec: TrialSpec) -> Path:
        return self._folder / spec.digest[:2] / f"{spec.digest}.json"


def _outcome(fields: Mapping[str, Any]) -> Outcome:
    return Outcome(
        tuple(fields["predictions"]),
        None if fields["scores"] is None else tuple(map(float, fields["scores"])),
        fields["fit_circuits"],
        fields["serving_circuits"],
        dict(fields["draws"]),
        dict(fields["figures"]),
        tuple(map(str, fields.get("solutions", ()))),
    )
