"""What is kept between runs to save time, how much room it takes, and making room.

Evidence and the audit log are not kept to save time, and nothing here touches them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

KINDS = ("trials", "tuning", "runs")
"""Folders of the state: finished trials, chosen configurations, which run ended in which bundle."""
_PRUNED = frozenset({"trials", "tuning"})
"""A `runs` entry saves an attempt, not room: without it an unchanged run would count as another."""
_LEFT_OVER_AFTER = 3600.0
"""Seconds after which a file that is still being written belongs to nobody."""


@dataclass(frozen=True)
class Kept:
    """A file that is kept: its size in bytes, and when it was last used, in seconds."""

    path: Path
    kind: str
    size: int
    used: float

    @property
    def unfinished(self) -> bool:
        """Return whether it is of a write that was interrupted, or still goes on."""
        return self.path.name.startswith(".")


@dataclass(frozen=True)
class Pruned:
    """How many files were removed, and how many bytes they took."""

    files: int
    size: int


def kept(state: Path) -> list[Kept]:
    """Return every file that is kept, the one not used for the longest time first."""
    return sorted(_files(state), key=lambda found: (found.used, found.path))


def prune(state: Path, most: int) -> Pruned:
    """Remove what was not used for the longest time, until at most so many bytes of it are kept.

    Only trials and tuning are removed and counted, and what an interrupted write left. A run that
    goes on meanwhile runs again what it misses.
    """
    now = time.time()
    found = [entry for entry in kept(state) if entry.kind in _PRUNED or entry.unfinished]
    size, files, freed = sum(entry.size for entry in found), 0, 0
    for entry in found:
        going_on = entry.unfinished and now - entry.used <= _LEFT_OVER_AFTER
        if not going_on and (size - freed > most or entry.unfinished):
            entry.path.unlink(missing_ok=True)
            files, freed = files + 1, freed + entry.size
    return Pruned(files, freed)


def _files(state: Path) -> Iterator[Kept]:
    for kind in KINDS:
        for path in (state / kind).rglob("*"):
            with suppress(FileNotFoundError):  # another process pruned it
                found = path.lstat()
                if path.is_file() and not path.is_symlink():
                    yield Kept(path, kind, found.st_size, found.st_mtime)
