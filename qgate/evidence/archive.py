"""A bundle as one file: uncompressed ustar, one possible sequence of bytes for given members.

GNU tar writes the same bytes: `tar --format=ustar --owner=0 --group=0 --numeric-owner
--mode=0644 --mtime=@0 -cf FILE MEMBER...`, members in the order of their names' bytes (`LC_ALL=C`).
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from qgate.errors import UsageError
from qgate.evidence.limits import (
    DEFAULT_LIMITS,
    Limits,
    refuse_clashes,
    refuse_count,
    refuse_name,
    refuse_size,
)
from qgate.files import shown, told

BLOCK = 512
_RECORD = 20 * BLOCK
"""A ustar file is padded to whole records, of 20 blocks unless said otherwise (POSIX.1-1988)."""
_NOTHING = bytes(BLOCK)
_SIZE, _SUM, _KIND = slice(124, 136), slice(148, 156), slice(156, 157)

_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\x00": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
    b"\x04\x22\x4d\x18": ("lz4", "unlz4"),
    b"PK\x03\x04": ("zip", "unzip"),
    b"PK\x05\x06": ("zip", "unzip"),
}
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a folder",
    b"6": "a pipe",
    b"S": "a sparse file",
    b"x": "a pax header",
    b"g": "a pax header",
    b"L": "a GNU long name",
    b"K": "a GNU long link",
}
_AGAIN = "pack it again with qgate pack, or take it anew from where it came"


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return the archive of members: the same bytes for the same members, on every machine.

    Raises:
        UsageError: For a name that no bundle's member has.

    """
    refuse_clashes("the archive", members)
    archive = io.BytesIO()
    for name in sorted(members):
        refuse_name("the archive", name, DEFAULT_LIMITS)
        archive.write(_header(name, len(members[name])))
        archive.write(members[name])
        archive.write(_padding(len(members[name])))
    archive.write(_end(archive.tell()))
    return archive.getvalue()


def unpack(
    data: bytes | BinaryIO, name: str = "the archive", limits: Limits = DEFAULT_LIMITS
) -> dict[str, bytes]:
    """Return the members of an archive; `pack` of them gives exactly its bytes again.

    Each header must be the one that `pack` writes for its name and size, names must ascend, and
    all padding be empty, so that no byte of an accepted archive can be other than it is. Nothing
    is allocated for a member before its size is allowed, and no more than is there.

    Raises:
        UsageError: For anything else, naming the archive and the member.

    """
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    members: dict[str, bytes] = {}
    place, total, last = 0, 0, ""
    while (block := _read(stream, BLOCK)) != _NOTHING:
        if not place:
            refuse_foreign(block, name)
        member, size = _admitted(block, name, limits)
        refuse_count(name, len(members) + 1, limits)
        refuse_size(name, member, size, total, limits)
        if members and member <= last:
            same = member == last
            how = "stands twice" if same else f"comes after {last}, not in the order of names"
            raise UsageError(f"{name}: {member} {how}: {_AGAIN}")
        members[member] = _read(stream, size)
        padding = _padding(size)
        if len(members[member]) < size or _read(stream, len(padding)) != padding:
            raise UsageError(f"{name}: {member} is cut short or badly padded: {_AGAIN}")
        last = member
        total += size
        place += BLOCK + size + len(padding)
    rest = _end(place)[BLOCK:]
    if not members or _read(stream, len(rest) + 1) != rest:
        what = "has no members" if not members else "does not end as an archive does"
        raise UsageError(f"{name} {what}: {_AGAIN}")
    refuse_clashes(name, members)
    return members


def refuse_foreign(start: bytes, name: str) -> None:
    """Refuse, by its first 512 bytes, what is no ustar archive at all, and say what it may be.

    Raises:
        UsageError: With what to type where that is known.

    """
    for magic, (form, command) in _COMPRESSED.items():
        if start.startswith(magic):
            raise UsageError(
                f"{name} is compressed ({form}), and qgate reads plain archives only: run "
                f"{command} on it first"
            )
    if start[257:262] != b"ustar":
        raise UsageError(f"{name} is no archive of evidence, as qgate pack writes one")


def write_members(
    members: Mapping[str, bytes], folder: Path, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Write members as a new folder, whole or not at all, and nothing outside of it.

    Raises:
        UsageError: When the folder exists, or a member has no name of a bundle's member.

    """
    for name in members:
        refuse_name(shown(folder), name, limits)
    refuse_clashes(shown(folder), members)
    if os.path.lexists(folder):
        raise UsageError(f"{shown(folder)} exists: remove it, or name another place")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A dot hides it from all that looks for bundles.
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unpacking-"))
    folders = [
        building / part for part in sorted({n.partition("/")[0] for n in members if "/" in n})
    ]
    try:
        for place in folders:
            place.mkdir()
        for name, data in members.items():
            _write(building / name, data)
        building.chmod(0o755)
        for place in (*folders, building):
            _sync(place)
        try:
            building.rename(folder)
        except OSError as error:
            if not os.path.lexists(folder):
                raise
            raise UsageError(f"{shown(folder)} exists: {error.strerror}") from None
        _sync(folder.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _header(name: str, size: int) -> bytes:
    """Return the ustar header of a regular file of nobody's, of the start of 1970."""
    fields = (
        name.encode("ascii").ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0" * 2,  # owner and group
        b"%011o\0" % size,
        b"%011o\0" % 0,  # time
        b" " * 8,  # the sum's own place, taken as spaces while it is summed
        b"0",
        bytes(100),
        b"ustar\x0000",
        bytes(64),
        b"0000000\0" * 2,  # device numbers, as GNU tar writes them
        bytes(155),
    )
    return summed(b"".join(fields).ljust(BLOCK, b"\0"))


def summed(block: bytes) -> bytes:
    """Return a header with the checksum that its other bytes have."""
    blank = block[: _SUM.start] + b" " * 8 + block[_SUM.stop :]
    return blank[: _SUM.start] + b"%06o\0 " % sum(blank) + blank[_SUM.stop :]


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def _end(place: int) -> bytes:
    """Return two empty blocks, and more up to a whole record."""
    return bytes(2 * BLOCK + -(place + 2 * BLOCK) % _RECORD)


def _admitted(block: bytes, source: str, limits: Limits) -> tuple[str, int]:
    """Return name and size from a header that is just as `pack` writes it."""
    if len(block) < BLOCK:
        raise UsageError(f"{source} is cut short: {_AGAIN}")
    if summed(block) != block:
        raise UsageError(f"{source} is damaged: a header's checksum is not that of its bytes")
    name = block[:100].rstrip(b"\0").decode("ascii", errors="backslashreplace")
    kind = block[_KIND]
    if kind != b"0":
        what = _KINDS.get(kind, "of an unknown kind")
        raise UsageError(f"{source}: {told(name)} is {what}; a bundle has regular files only")
    refuse_name(source, name, limits)
    digits = block[_SIZE][:-1]
    size = int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else -1
    if size < 0 or _header(name, size) != block:
        raise UsageError(
            f"{source}: the header of {name} is not as qgate pack writes it (its size, mode, "
            "owner, time, link or prefix): ask who sent it for an archive made by qgate pack, and "
            "do not unpack this one by other tools, which would do what such headers say"
        )
    return name, size


def _read(stream: BinaryIO, size: int) -> bytes:
    """Return so many bytes, fewer only at the end, holding no more than there are."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(min(size, 1 << 24))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
