"""How much a bundle from outside may hold, and how its members may be called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from qgate.errors import UsageError
from qgate.files import told

_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_NAME = re.compile(rf"{_PART}(/{_PART})?", re.ASCII)


@dataclass(frozen=True)
class Limits:
    """Most members, most bytes in one and in all, most characters of a name."""

    members: int = 1_000
    member: int = 512_000_000
    total: int = 1_000_000_000
    name: int = 100


DEFAULT_LIMITS = Limits()


def refuse_name(source: str, name: str, limits: Limits) -> None:
    """Refuse a name that is no plain file's, in the bundle's folder or one folder below.

    Raises:
        UsageError: Naming the source and the member.

    """
    if len(name) > limits.name or not _NAME.fullmatch(name):
        raise UsageError(
            f"{source}: {told(name)} is no name for a member: expected at most {limits.name} of "
            "A-Z a-z 0-9 . _ - with no leading dot, in at most one folder; rename or remove it"
        )


def refuse_clashes(source: str, names: Iterable[str]) -> None:
    """Refuse names that one file system or another would take for the same file or its folder.

    Raises:
        UsageError: Naming both.

    """
    known: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in names:
        key = name.lower()
        if key in known:
            raise UsageError(
                f"{source}: {name} and {known[key]} would be the same file: remove one of them"
            )
        known[key] = name
        folder, slash, _ = name.partition("/")
        if slash and folders.setdefault(folder.lower(), folder) != folder:
            other = folders[folder.lower()]
            raise UsageError(f"{source}: {folder}/ and {other}/ would be the same folder")
    for key, folder in folders.items():
        if key in known:
            raise UsageError(f"{source}: {known[key]} is a member and {folder}/ a folder")


def refuse_size(source: str, name: str, size: int, before: int, limits: Limits) -> None:
    """Refuse a member that is too large alone or together with those before it.

    Raises:
        UsageError: Naming the member, its size and the limit, in bytes.

    """
    if size > limits.member:
        raise UsageError(
            f"{source}: {name} has {size:,} bytes, more than the {limits.member:,} that qgate reads"
        )
    if before + size > limits.total:
        raise UsageError(
            f"{source}: with {name} its members have {before + size:,} bytes, more than the "
            f"{limits.total:,} that qgate reads"
        )


def refuse_count(source: str, count: int, limits: Limits) -> None:
    """Refuse more members than are read.

    Raises:
        UsageError: Naming the limit.

    """
    if count > limits.members:
        raise UsageError(
            f"{source} has more than {limits.members:,} members: it is no evidence as a run "
            "writes it"
        )
