"""Finished trials, kept by the digest of all that determines them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from qgate.arms.arm import Outcome
from qgate.plan.plan import TrialSpec
from qgate.trials.books import Books
from qgate.trials.entry import read_entry, warn_damaged, write_entry
from qgate.trials.result import TrialResult


class TrialCache:
    """One file a trial; a file that does not match its own digest is reported and run again.

    Several runs may share a folder: each file is whole or absent, and the same for all of them.
    """

    def __init__(
        self,
        folder: Path,
        warn: Callable[[str], None],
        books: Books | None = None,
        *,
        reads: bool = True,
    ) -> None:
        """Use a folder, which need not exist yet, and books of what no logged run has counted.

        Without `reads` nothing is found, and what is put replaces what was kept.
        """
        self._folder, self._warn, self._books, self._reads = folder, warn, books, reads
        self._marks = books.open_marks() if books else {}

    def get(self, spec: TrialSpec) -> TrialResult | None:
        """Return a finished trial, None if there is none that can be trusted."""
        path = self._path(spec)
        body = read_entry(path, self._warn) if self._reads else None
        if body is None:
            return None
        try:
            if body["trial"] != spec.digest:
                raise ValueError("another trial's")
            outcome, seconds = _outcome(body["outcome"]), float(body["seconds"])
            return TrialResult(spec, outcome, seconds, marks=self._marks.get(spec.digest, ()))
        except (ValueError, KeyError, TypeError, AttributeError):
            warn_damaged(path, self._warn)
            return None

    def put(self, result: TrialResult) -> TrialResult:
        """Keep a finished trial and return it; with books, marked as not counted yet.

        Failures are not kept. A trial that cannot be kept is reported.
        """
        if not isinstance(result.outcome, Outcome):
            return result
        body = {
            "trial": result.spec.digest,
            "outcome": asdict(result.outcome),
            "seconds": result.seconds,
        }
        # The mark comes first: a kill in between leaves a trial to count, not one that is free.
        mark = self._books.mark(result.spec.digest) if self._books else ()
        write_entry(self._path(result.spec), body, self._warn)
        return replace(result, marks=(*self._marks.get(result.spec.digest, ()), *mark))

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
