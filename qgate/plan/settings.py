"""How a run is carried out, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from qgate.errors import UsageError
from qgate.files import other_state, state_folder, typed

DEFAULT_MEMORY = 4_000_000_000
"""Bytes that a simulation's arrays may take unless the command line says otherwise."""


class Progress(Protocol):
    """Who is told how far a run has come."""

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of so many steps."""
        ...

    def advance(self) -> None:
        """Finish a step of the present stage."""
        ...

    def note(self, message: str) -> None:
        """Say something in passing."""
        ...

    def warn(self, message: str) -> None:
        """Say something that a person should know."""
        ...

    def detail(self, message: str) -> None:
        """Say what only who looks closely wants to know."""
        ...


class Silent:
    """Nobody is told."""

    def stage(self, name: str, total: int) -> None:
        """Ignore it."""

    def advance(self) -> None:
        """Ignore it."""

    def note(self, message: str) -> None:
        """Ignore it."""

    def warn(self, message: str) -> None:
        """Ignore it."""

    def detail(self, message: str) -> None:
        """Ignore it."""


@dataclass(frozen=True)
class Settings:
    """How to run; nothing here changes what a run must come out with."""

    workers: int = 1
    store: Path = field(default_factory=lambda: state_folder() / "evidence")
    state: Path = field(default_factory=state_folder)
    allow_imports: frozenset[str] = frozenset()
    allow_outside: bool = False
    even_if_underpowered: bool = False
    fresh: bool = False
    """Whether all of a charter runs again, as another attempt: no earlier trial counts."""
    rehearse: bool = False
    """Whether the remediations of gates that are not passed are tried at once."""
    max_memory: int = DEFAULT_MEMORY
    """Bytes that the arrays of each arm's simulation may take, over all processes."""
    files: bool = True
    """Whether the files and the packages that a charter names must be there and allowed."""
    progress: Progress = field(default_factory=Silent)

    @property
    def log(self) -> Path:
        """Return the file of the audit log.

        Raises:
            UsageError: When the project's log is another folder's: attempts, spending and overrides
                would be counted anew in this one.

        """
        self.refuse_other(Path())
        return self.state / "log.jsonl"

    def refuse_other(self, path: Path) -> None:
        """Refuse to pass by the state of the project that a charter or a folder belongs to.

        Raises:
            UsageError: Naming the folder to type in; never where the state was named.

        """
        if self.state == state_folder() and (folder := other_state(path)):
            raise UsageError(
                f"the state of this project is {folder / self.state}, and {self.state} here would "
                f"begin anew: cd {typed(str(folder))} and type the command there"
            )

    @property
    def runs(self) -> Path:
        """Return the folder that says which runs ended in which bundle."""
        return self.state / "runs"

    @property
    def turns(self) -> Path:
        """Return the folder that says of which pilots a run goes on."""
        return self.state / "turns"
