"""Bundles as an attacker could hand them over: as folders, as archives, with digests that agree."""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import random
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qgate.digest import canonical, digest, sha256
from qgate.evidence.archive import BLOCK, pack, summed
from qgate.evidence.store import MANIFEST, OBSERVATIONS, RECORD
from tests.acceptance.hostile_json import damage, damaged_bytes, hostile_text

Members = dict[str, bytes]


@dataclass(frozen=True)
class Mutant:
    """What lies at a place: one member changed or more, and whether the digests agree again."""

    kind: str
    place: Path
    agrees: bool


def resealed(members: Mapping[str, bytes], **changes: object) -> Members:
    """Return members with a manifest that has their digests, and its own."""
    contents = {name: data for name, data in members.items() if name != MANIFEST}
    body = json.loads(members[MANIFEST]) | changes
    body.pop("digest", None)
    body["members"] = {
        name: {"sha256": sha256(data), "bytes": len(data)}
        for name, data in contents.items()
        if "/" not in name
    }
    return {**contents, MANIFEST: canonical({**body, "digest": digest(body)})}


def written(members: Mapping[str, bytes], folder: Path) -> Path:
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


# Consistent: the content is hostile, all digests are right.


def other_values(members: Members, rng: random.Random) -> Members:
    """Change the record or the observations, and what must agree with it inside."""
    name = rng.choice((RECORD, RECORD, RECORD, OBSERVATIONS))
    document = json.loads(members[name])
    at = document
    if name == RECORD and rng.random() < 0.6:
        at = document[rng.choice(list(document))]
    damage(at if isinstance(at, dict | list) and at else document, rng, rng.choice((1, 1, 1, 2, 4)))
    return resealed({**members, name: canonical(_agreeing(document))})


def other_charter(members: Members, rng: random.Random) -> Members:
    """Change the charter within the record, which all that is judged comes from."""
    record = json.loads(members[RECORD])
    section = rng.choice(list(record["charter"]))
    inner = record["charter"][section]
    damage(inner if isinstance(inner, dict | list) and inner else record["charter"], rng)
    return resealed({**members, RECORD: canonical(_agreeing(record))})


def other_member(members: Members, rng: random.Random) -> Members:
    """Change any other member, leave it away, or add one."""
    name = rng.choice([name for name in members if name != MANIFEST])
    changed = dict(members)
    kind = rng.randrange(4)
    if kind == 0:
        del changed[name]
    elif kind == 1:
        changed[name] = damaged_bytes(changed[name], rng)
    elif kind == 2:
        changed[rng.choice(("x.json", "notes.txt", "attestations/x.json", "A" * 100))] = b"{}"
    else:
        other = rng.choice(list(members))
        changed[name] = members[other]
    return resealed(changed)


def other_text(members: Members, rng: random.Random) -> Members:
    """Put into a member what JSON has no place for."""
    name = rng.choice((RECORD, RECORD, OBSERVATIONS, *members))
    text = hostile_text(members[name], rng)
    return {**members, name: text} if name == MANIFEST else resealed({**members, name: text})


def other_manifest(members: Members, rng: random.Random) -> Members:
    manifest = json.loads(members[MANIFEST])
    damage(manifest, rng, rng.choice((1, 2)))
    if isinstance(manifest, dict) and rng.random() < 0.8:
        body = {key: value for key, value in manifest.items() if key != "digest"}
        manifest = {**body, "digest": digest(body)}
    return {**members, MANIFEST: canonical(manifest)}


def _agreeing(record: object) -> object:
    if not isinstance(record, dict) or not isinstance(record.get("inputs"), dict):
        return record
    agreeing = copy.deepcopy(record)
    agreeing["inputs"]["charter"] = digest(agreeing.get("charter"))
    return agreeing


CONSISTENT: tuple[Callable[[Members, random.Random], Members], ...] = (
    *(other_values,) * 4,
    *(other_charter,) * 3,
    *(other_member, other_text, other_text, other_manifest),
)


# Folders: what a file system can hold.


def _link(folder: Path, name: str, rng: random.Random) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(rng.choice(("/etc/passwd", name, "../kept", "/dev/zero", MANIFEST)))


def _pipe(folder: Path, name: str, rng: random.Random) -> None:
    del rng
    (folder / name).unlink()
    os.mkfifo(folder / name)


def _folder(folder: Path, name: str, rng: random.Random) -> None:
    del rng
    (folder / name).unlink()
    (folder / name).mkdir()


def _huge(folder: Path, name: str, rng: random.Random) -> None:
    os.truncate(folder / name, rng.choice((600_000_000, 10**12)))  # sparse: it takes no space


def _below(folder: Path, name: str, rng: random.Random) -> None:
    deep = folder / rng.choice(("attestations", "x")) / rng.choice(("y", ".y"))
    deep.mkdir(parents=True)
    (deep / name).write_bytes(b"{}")


def _linked_folder(folder: Path, name: str, rng: random.Random) -> None:
    del name
    (folder / "attestations").symlink_to(rng.choice(("/etc", "..", ".", "/proc/self")))


def _odd_name(folder: Path, name: str, rng: random.Random) -> None:
    odd = rng.choice((b"\xff\xfe", b"a b", b"-rf", b"x" * 200, b"\n", b"evil\x1b[31m", b"x~"))
    Path(os.fsdecode(os.fsencode(folder) + b"/" + odd)).write_bytes((folder / name).read_bytes())


def _many(folder: Path, name: str, rng: random.Random) -> None:
    del name
    for number in range(1_100 if rng.random() < 0.1 else 3):
        (folder / f"m{number}").touch()


def _gone(folder: Path, name: str, rng: random.Random) -> None:
    del rng
    (folder / name).unlink()


def _bytes(folder: Path, name: str, rng: random.Random) -> None:
    (folder / name).write_bytes(damaged_bytes((folder / name).read_bytes(), rng))


def _leftover(folder: Path, name: str, rng: random.Random) -> None:
    (folder / f".{name}.{rng.randrange(1000)}").write_bytes(b"half")


FOLDERS: tuple[Callable[[Path, str, random.Random], None], ...] = (
    *(_link, _pipe, _folder, _huge, _below, _linked_folder, _odd_name, _many, _gone, _leftover),
    *(_bytes,) * 6,
)


# Archives: what a tar file can hold.

_NAMES = (
    *("../escaped", "/var/escaped", "a/../../escaped", "evidence.json\0x", ".hidden", "a//b"),
    *("a/b/c", "./evidence.json", "EVIDENCE.json", "x" * 101, "\\\\host\\x", "C:x", "~root", ""),
)


def foreign_tar(members: Members, rng: random.Random) -> bytes:
    """Return what Python's tarfile makes, with one entry that a bundle never has."""
    stream = io.BytesIO()
    form = rng.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
    with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        at = rng.randrange(len(members))
        for number, (name, data) in enumerate(sorted(members.items())):
            if number == at:
                extra = tarfile.TarInfo(rng.choice(_NAMES) or "x")
                extra.type = rng.choice(
                    (b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"S", b"V", b"\0")
                )
                extra.linkname = rng.choice(("", "/etc/passwd", "../escaped", "evidence.json"))
                if form == tarfile.PAX_FORMAT:
                    extra.pax_headers = {"path": "../escaped", "size": "999999999999"}
                try:
                    tar.addfile(extra, io.BytesIO(b""))
                except ValueError:  # a name that this form cannot hold
                    extra.name = "x"
                    tar.addfile(extra, io.BytesIO(b""))
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def other_header(members: Members, rng: random.Random) -> bytes:
    """Return our archive with a header's field changed and its checksum right again."""
    data = bytearray(pack(members))
    places = _headers(members)
    at = rng.choice(places)
    field, values = rng.choice(
        (
            (slice(0, 100), [name.encode()[:100].ljust(100, b"\0") for name in _NAMES]),
            (slice(100, 108), [b"0007777\0", b"0000755\0", b"        ", b"\xff" * 8]),
            (slice(108, 116), [b"0001750\0", b"\x80" + b"\0" * 7]),
            (
                slice(124, 136),
                [
                    *(b"77777777777\0", b"00000000000\0", b"\x80" + b"\xff" * 11, b"-0000000001\0"),
                    *(b"           \0", b"0000000000a\0", b"99999999999\0", b"\x80" + b"\0" * 11),
                ],
            ),
            (slice(136, 148), [b"00000000001\0", b"\xff" * 12]),
            (slice(156, 157), [bytes([kind]) for kind in b"\x001234567gxLKSDMNVZ"]),
            (slice(157, 257), [b"/etc/passwd".ljust(100, b"\0")]),
            (slice(257, 265), [b"ustar  \0", b"\0" * 8, b"ustar\x0001"]),
            (slice(265, 297), [b"root".ljust(32, b"\0")]),
            (slice(345, 500), [b"../..".ljust(155, b"\0"), b"/tmp".ljust(155, b"\0")]),
            (slice(500, 512), [b"x" * 12]),
        )
    )
    header = bytearray(data[at : at + BLOCK])
    header[field] = rng.choice(values)
    data[at : at + BLOCK] = summed(bytes(header))
    return bytes(data)


def shuffled(members: Members, rng: random.Random) -> bytes:
    """Return our archive with its entries repeated, left away or in another order."""
    data = pack(members)
    places = [*_headers(members)]
    parts = [data[a:b] for a, b in zip(places, [*places[1:], None], strict=True)]
    end = parts[-1]
    parts[-1] = end[: BLOCK + -(-len(members[max(members)]) // BLOCK) * BLOCK]
    chosen = rng.choices(parts, k=rng.randint(0, len(parts) + 2))
    body = b"".join(chosen)
    tail = rng.choice((0, BLOCK, 2 * BLOCK, 2 * BLOCK + -(len(body) + 2 * BLOCK) % (20 * BLOCK)))
    return body + bytes(tail)


def wrapped(members: Members, rng: random.Random) -> bytes:
    """Return an archive within something else, or with something behind it."""
    data = pack(members)
    return rng.choice(
        (
            gzip.compress(data, mtime=0),
            gzip.compress(bytes(1 << 24), mtime=0),
            b"BZh9" + data,
            b"\x28\xb5\x2f\xfd" + data,
            b"PK\x03\x04" + data,
            b"age-encryption.org/v1\n" + data,
            data + data,
            data + bytes(10240),
            data + b"x",
            data[: -10240 + BLOCK],
            bytes(10240),
            b"",
        )
    )


def other_bytes(members: Members, rng: random.Random) -> bytes:
    return damaged_bytes(pack(members), rng)


def _headers(members: Members) -> list[int]:
    places, at = [], 0
    for name in sorted(members):
        places.append(at)
        at += BLOCK + -(-len(members[name]) // BLOCK) * BLOCK
    return places


ARCHIVES: tuple[Callable[[Members, random.Random], bytes], ...] = (
    *(foreign_tar, other_header, other_header, shuffled, wrapped),
    *(other_bytes,) * 3,
)


def make_mutant(members: Members, folder: Path, rng: random.Random) -> Mutant:
    """Write one mutant of a bundle into a folder: in three of five the digests agree."""
    way = rng.random()
    if way < 0.6:
        change = rng.choice(CONSISTENT)
        changed = change(members, rng)
        if rng.random() < 0.3:
            (folder / "it.tar").write_bytes(pack(changed))
            return Mutant(f"archive {change.__name__}", folder / "it.tar", True)
        return Mutant(f"folder {change.__name__}", written(changed, folder / "it"), True)
    if way < 0.8:
        place = written(members, folder / "it")
        name = rng.choice(list(members))
        alter = rng.choice(FOLDERS)
        alter(place, name, rng)
        return Mutant(f"folder{alter.__name__.replace('_', ' ')}", place, False)
    make = rng.choice(ARCHIVES)
    (folder / "it.tar").write_bytes(make(members, rng))
    return Mutant(f"archive {make.__name__}", folder / "it.tar", False)
