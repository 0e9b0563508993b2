"""Which runs of trials no logged run has counted yet: what a run spent that was killed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from qgate.files import shown


class Books:
    """One empty file for each time that a trial ran, until a run that counted it is logged.

    It is made before the trial is kept, and removed after the run is logged. So a run that is
    killed anywhere leaves its trials to the next one that takes them: what was spent is counted
    once, or twice where the kill came between log and removal, or where another run took the same
    trial meanwhile; never less. A kept trial without such a file was counted.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        """Use a folder, which need not exist yet and is not pruned."""
        self._folder, self._warn = folder, warn
        self._run = uuid.uuid4().hex[:12]
        self._counted: set[str] = set()

    def open_marks(self) -> Mapping[str, tuple[str, ...]]:
        """Return by a trial's digest the marks of each time that it ran and was not counted."""
        found: dict[str, tuple[str, ...]] = {}
        try:
            names = sorted(path.name for path in self._folder.iterdir())
        except FileNotFoundError:
            return found
        except OSError as error:
            self._warn(f"{shown(self._folder)} could not be read: {error.strerror}")
            return found
        for name in names:
            trial = name.partition("-")[0]
            found[trial] = (*found.get(trial, ()), name)
        return found

    def mark(self, trial: str) -> tuple[str, ...]:
        """Mark that a trial ran now; return its mark, none where it could not be written."""
        name = f"{trial}-{self._run}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).touch()
        except OSError as error:
            self._warn(f"{shown(self._folder / name)} could not be kept: {error.strerror}")
            return ()
        return (name,)

    def count(self, marks: Collection[str]) -> None:
        """Note that this run's spending counts what these marks are of."""
        self._counted.update(marks)

    def settle(self) -> None:
        """Remove the marks of all that was counted: it is for after the run was logged."""
        for name in sorted(self._counted):
            try:
                (self._folder / name).unlink(missing_ok=True)
            except OSError as error:
                self._warn(f"{shown(self._folder / name)} could not be removed: {error.strerror}")
        self._counted.clear()
