"""Which charters rest on files that changed, and why."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from qgate.charter.build import build_charter
from qgate.charter.charter import Charter
from qgate.charter.paths import named_paths
from qgate.charter.schema import schema_findings
from qgate.charter.shapes import shape_findings
from qgate.charter.yaml_reader import read_yaml
from qgate.errors import InvalidFileError, UsageError
from qgate.files import resolved, shown
from qgate.lock.inputs import foreign_packages
from qgate.lock.lock import lock_path


@dataclass(frozen=True)
class Affected:
    """A charter, and why it must run again."""

    charter: str
    """Its path, as a person would type it from the current folder."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Each changed file that touches it, relative to the repository's top, and the reason."""
    unread: str = ""
    """Why the charter could not be read, so that it counts as touched; empty where it was."""

    @property
    def touched(self) -> bool:
        """Return whether it must run again."""
        return bool(self.files or self.unread)


@dataclass(frozen=True)
class _Rests:
    """What a charter rests on, all names relative to the repository's top."""

    files: Mapping[str, str]
    packages: frozenset[str]
    globs: Mapping[str, tuple[str, ...]]


def affected(
    path: Path, root: Path, changed: Iterable[str], shared: Sequence[str] = ()
) -> Affected:
    """Return whether changed files touch a charter, and why.

    Args:
        path: The charter.
        root: The repository's top.
        changed: Names of files, relative to the top, with forward slashes.
        shared: Globs, relative to the top, of files that touch every charter.

    """
    rests, unread = _rests_on(path, root, shared)
    reasons = ((name, _reason(name, rests)) for name in sorted(set(changed)))
    return Affected(shown(path), {name: why for name, why in reasons if why}, unread)


def matches(name: str, pattern: Sequence[str]) -> bool:
    """Return whether a glob, in parts, takes a file or a folder above it.

    Each part is matched by itself; `**` stands for any number of folders. Positions in the pattern
    are followed all at once, so that no pattern takes long.
    """
    at = _open(pattern, {0})
    for part in name.split("/"):
        if len(pattern) in at:
            return True
        stay = {i for i in at if pattern[i] == "**"}
        step = {i + 1 for i in at - stay if fnmatchcase(part, pattern[i])}
        at = _open(pattern, stay | step)
    return len(pattern) in at


def _open(pattern: Sequence[str], at: set[int]) -> set[int]:
    """Return positions with those behind each `**`, which may stand for nothing."""
    found = set(at)
    for i in range(min(at, default=0), len(pattern)):
        if i in found and pattern[i] == "**":
            found.add(i + 1)
    return found


def _rests_on(path: Path, root: Path, shared: Sequence[str]) -> tuple[_Rests, str]:
    files = dict.fromkeys(_names(path, root), "the charter")
    files |= dict.fromkeys(_names(lock_path(path), root), "its lock")
    globs = {text: tuple(PurePosixPath(text).parts) for text in shared}
    try:
        charter = _read(path)
        packages = foreign_packages(charter) | set(charter.document.get("plugins", ()))
    except (UsageError, OSError) as error:
        return _Rests(files, frozenset(), globs), str(error).partition("\n")[0]
    for name, place in named_paths(charter):
        reason = _as_typed(place)
        files |= dict.fromkeys(_names(path.parent / name, root), reason)
    folder = next(_names(path, root)).split("/")[:-1]
    for text in charter.paths:
        if (parts := _below(folder, text)) is not None:
            globs[f"paths: {text}"] = parts
    return _Rests(files, frozenset(packages), globs), ""


def _read(path: Path) -> Charter:
    """Return a charter of the right shape; whether its terms can be met does not matter.

    Raises:
        InvalidFileError: When it is of no such shape.

    """
    source = read_yaml(path, shown(path))
    if findings := schema_findings(source) or shape_findings(source):
        raise InvalidFileError(findings)
    return build_charter(source.document, shown(path), source)


def _names(path: Path, root: Path) -> Iterator[str]:
    """Yield a file's names in the repository: as it is written, and where links lead.

    A change of a link, and one of the file that it leads to, are changes of different names.
    """
    top = resolved(root)
    try:
        real, folder = resolved(path), resolved(path.parent)
    except (OSError, ValueError):
        return
    for found in (Path(os.path.normpath(folder / path.name)), real):
        yield Path(os.path.relpath(found, top)).as_posix()


def _reason(name: str, rests: _Rests) -> str:
    """Return why a changed file touches a charter, empty where it does not.

    A submodule changes as a folder: it stands for every file in it.
    """
    for file, reason in rests.files.items():
        if name == file or file.startswith(f"{name}/"):
            return reason
    parts = name.split("/")
    for package in sorted(rests.packages):
        if package in parts[:-1] or parts[-1] == f"{package}.py":
            return f"the package {package}"
    return next((text for text, glob_ in rests.globs.items() if matches(name, glob_)), "")


def _below(folder: Sequence[str], pattern: str) -> tuple[str, ...] | None:
    """Return a charter's glob in parts from the top, None where it leads out of the repository."""
    parts = [glob.escape(part) for part in folder]
    for part in PurePosixPath(pattern).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            return None
    return tuple(parts)


def _as_typed(place: Sequence[str | int]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")
