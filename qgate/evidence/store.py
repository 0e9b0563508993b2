"""Bundles on disk: written whole, read with every member's digest checked, found by a prefix."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgate.digest import canonical, digest, sha256
from qgate.errors import UsageError
from qgate.evidence.evidence import Evidence
from qgate.evidence.members import read_members
from qgate.evidence.wellformed import problems
from qgate.files import shown, write_atomically
from qgate.plan.settings import Settings
from qgate.strict_json import parse_json

MANIFEST = "manifest.json"
RECORD = "evidence.json"
OBSERVATIONS = "observations.json"
_PARTS = (RECORD, OBSERVATIONS)
ATTESTATIONS = "attestations"
"""The folder of signed statements about a bundle, which come after it; each is named for itself."""
_MOST_NAMED = 10
_FEWEST_DIGITS = 8
"""Of a bundle's own digest, which its folder is not named for."""
_NAMED_DIGITS = 12
"""A bundle's folder is named for so much of its digest."""
_FORMAT = {"format": "qgate-evidence", "version": 1}


@dataclass(frozen=True)
class Bundle:
    """A bundle's bytes, each member as the manifest says; `place` is its folder or archive."""

    place: Path
    manifest: Mapping[str, Any]
    members: Mapping[str, bytes]
    attestations: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Return the manifest's digest, which those of all members are in."""
        return str(self.manifest["digest"])

    @property
    def evidence_digest(self) -> str:
        """Return the digest of what must come out the same again."""
        return str(self.manifest["members"][RECORD]["sha256"])

    def json(self, name: str) -> Any:
        """Return a member's JSON values.

        Raises:
            UsageError: When there is no such member, or it is no JSON.

        """
        if name not in self.members:
            raise UsageError(f"{shown(self.place)} holds no {name}: a later run would")
        return parse_json(self.members[name], f"{shown(self.place)}: {name}")


def sealed(record: Mapping[str, Any], observations: Mapping[str, Any], store: Path) -> Evidence:
    """Return evidence as a reader of its bundle will have it, to the type of each number."""
    parts = [canonical(record), canonical(observations)]
    name = _folder_name(*(sha256(data) for data in parts))
    record, observed = (parse_json(data, part) for data, part in zip(parts, _PARTS, strict=True))
    return Evidence(record, observed, shown(store / name))


def write_bundle(evidence: Evidence, members: Mapping[str, bytes], store: Path) -> Bundle:
    """Write a bundle into a store and return it; nothing of it is seen before it is whole.

    Args:
        evidence: As `sealed` for this very store.
        members: What else the bundle holds, by name.
        store: A folder, which need not exist yet.

    Raises:
        UsageError: When a bundle of these digests stands there already, but was changed.

    """
    contents = {
        RECORD: canonical(evidence.record),
        OBSERVATIONS: canonical(evidence.observations),
        **members,
    }
    body = {
        **_FORMAT,
        "path": evidence.path,
        "members": {
            name: {"sha256": sha256(data), "bytes": len(data)} for name, data in contents.items()
        },
    }
    manifest = {**body, "digest": digest(body)}
    folder = store / _folder_name(evidence.digest, evidence.observations_digest)
    store.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=store, prefix=".building-"))
    try:
        for name, data in {**contents, MANIFEST: canonical(manifest)}.items():
            _write(building / name, data)
        building.chmod(0o755)
        try:
            building.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            return open_bundle(str(folder))  # another run's, of the same content; or else damaged
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Bundle(folder, manifest, contents, {})


def open_bundle(reference: str, store: Path | None = None) -> Bundle:
    """Return a bundle by its folder, its archive, a folder of bundles, or a digest's start.

    Raises:
        UsageError: When there is none, several could be meant, or a member is not what the
            manifest says.

    """
    place = find_bundle(reference, store)
    members = read_members(place)
    if found := damages(members):
        raise UsageError("\n".join(f"{shown(place)}: {problem}" for problem in found))
    return bundle_of(place, members)


def bundle_of(place: Path, members: Mapping[str, bytes]) -> Bundle:
    """Return the bundle of members that have no `damages`."""
    attestations = {n: data for n, data in members.items() if _is_attestation(n)}
    manifest = json.loads(members[MANIFEST])
    contents = {name: members[name] for name in manifest["members"]}
    return Bundle(place, manifest, contents, attestations)


def read_bundle(reference: str, store: Path | None = None) -> Evidence:
    """Return a bundle's evidence, its digests checked and its form such that it can be measured.

    Raises:
        UsageError: When there is none, several could be meant, or one is not what it says it is.

    """
    return evidence_of(open_bundle(reference, store))


def evidence_of(bundle: Bundle) -> Evidence:
    """Return the evidence that a bundle holds.

    Raises:
        UsageError: When it is of a rehearsal, or has not the form that measurements rely on.

    """
    record, observations = bundle.json(RECORD), bundle.json(OBSERVATIONS)
    place = shown(bundle.place)
    if isinstance(observations, dict) and observations.get("attempt") == 0:
        raise UsageError(
            f"{place} is of a rehearsal, which is no verdict: change the charter as it "
            "was rehearsed, then qgate lock and qgate run it"
        )
    others = {
        name.removesuffix(".json"): bundle.json(name)
        for name in ("decision.json", "environment.json", "lineage.json")
        if name in bundle.members
    }
    if found := problems(record, observations, manifest=bundle.manifest, **others):
        named = "\n".join(f"  {problem}" for problem in found[:_MOST_NAMED])
        raise UsageError(f"{place} is not evidence as a run writes it:\n{named}")
    evidence = Evidence(record, observations, place)
    for name, found_digest in (
        (RECORD, evidence.digest),
        (OBSERVATIONS, evidence.observations_digest),
    ):
        if found_digest != bundle.manifest["members"][name]["sha256"]:
            raise UsageError(f"{place}: {name} is not canonical JSON, which its digest is of")
    return evidence


def damages(members: Mapping[str, bytes]) -> list[str]:
    """Return what is not as the manifest says, each by the member's name; empty when all is."""
    if MANIFEST not in members:
        return [f"{MANIFEST} is missing"]
    manifest = parse_json(members[MANIFEST], MANIFEST)
    named = {k: manifest.get(k) for k in _FORMAT} if isinstance(manifest, dict) else {}
    if canonical(named) != canonical(_FORMAT):
        return [f"{MANIFEST} is not of a version that this qgate reads"]
    body = {key: value for key, value in manifest.items() if key != "digest"}
    if digest(body) != manifest.get("digest") or canonical(manifest) != members[MANIFEST]:
        return [f"{MANIFEST} was changed after the run: it is not what its own digest is of"]
    if not _is_manifest(manifest):
        return [f"{MANIFEST} is not a manifest as a run writes it"]
    stated = manifest["members"]
    missing = [f"{name} is missing" for name in stated if name not in members]
    others = (name for name in members if name != MANIFEST)
    return [*missing, *filter(None, (_damage(name, members[name], stated) for name in others))]


def _damage(name: str, data: bytes, stated: Mapping[str, Any]) -> str:
    """Return what is wrong with a member other than the manifest, empty where nothing is."""
    if name in stated:
        expected = stated[name]["sha256"]
        if (sha256(data), len(data)) == (expected, stated[name]["bytes"]):
            return ""
        return (
            f"{name} was changed after the run: its digest is {sha256(data)[:12]}, the manifest "
            f"says {expected[:12]}"
        )
    if not _is_attestation(name):
        return f"{name} is not in the manifest"
    kind = name.partition("/")[2].rpartition("-")[0]
    changed = name != attestation_name(kind, data)
    return f"{name} was changed after it was signed: its name says so" if changed else ""


def attestation_name(kind: str, data: bytes) -> str:
    """Return the name in a bundle of a signed statement, which tells its kind and its content."""
    return f"{ATTESTATIONS}/{kind}-{sha256(data)[:16]}.json"


def attach(bundle: Bundle, kind: str, data: bytes) -> Path:
    """Put a signed statement beside what it is about; return its file.

    Raises:
        UsageError: When the bundle is an archive.

    """
    if not bundle.place.is_dir():
        raise UsageError(f"{shown(bundle.place)} is an archive: first qgate unpack it")
    path = bundle.place / attestation_name(kind, data)
    write_atomically(path, data)
    return path


def find_bundle(reference: str, store: Path | None = None, *, one: bool = False) -> Path:
    """Return the folder or the archive that a reference means: the newest of several runs.

    Args:
        reference: As for `open_bundle`.
        store: Where digests are looked up; the project's where it is not told.
        one: Whether a folder of bundles, or several runs of the same evidence, are too many.

    Raises:
        UsageError: When there is none, or several could be meant.

    """
    place = Path(reference)
    if (place / MANIFEST).is_file() or place.is_file():
        return place
    if place.is_dir():
        bundles = bundles_in(place)
        if not bundles:
            raise UsageError(f"{reference} holds no evidence")
        newest = max(bundles, key=lambda bundle: (bundle / MANIFEST).stat().st_mtime_ns)
        if one:
            raise UsageError(
                f"{reference} is a folder of bundles ({len(bundles)}), not one: name the one that "
                f"you mean; the newest is {shown(newest)}"
            )
        return newest
    store = store or Settings().store
    matches = [bundle for bundle in bundles_in(store) if _is_meant(bundle, reference)]
    alike = {match.name.partition("-")[0] for match in matches}
    if len(matches) == 1 or (len(alike) == 1 and not one):
        return max(matches, key=lambda bundle: (bundle / MANIFEST).stat().st_mtime_ns)
    if matches:
        names = ", ".join(sorted(match.name for match in matches))
        raise UsageError(f"{reference!r} could be any of {names}: give more of the digest")
    raise UsageError(f"no evidence {reference!r}, neither as a folder nor in {shown(store)}")


def bundles_in(store: Path) -> list[Path]:
    """Return the folders of a store that hold a bundle, in no order."""
    if not store.is_dir():
        return []
    return [p for p in store.iterdir() if not p.name.startswith(".") and (p / MANIFEST).is_file()]


def _folder_name(record: str, observations: str) -> str:
    return f"{record[:_NAMED_DIGITS]}-{observations[:8]}"


def bundle_name(bundle: Bundle) -> str:
    """Return the name that a bundle's folder has in a store."""
    stated = bundle.manifest["members"]
    return _folder_name(stated[RECORD]["sha256"], stated[OBSERVATIONS]["sha256"])


def _is_manifest(manifest: Mapping[str, Any]) -> bool:
    members = manifest.get("members")
    return (
        manifest.keys() == {*_FORMAT, "path", "members", "digest"}
        and isinstance(manifest["path"], str)
        and isinstance(members, dict)
        and {RECORD, OBSERVATIONS} <= members.keys()
        and all(
            isinstance(stated, dict)
            and stated.keys() == {"sha256", "bytes"}
            and isinstance(stated["sha256"], str)
            and type(stated["bytes"]) is int
            for stated in members.values()
        )
    )


def _is_attestation(name: str) -> bool:
    return name.startswith(f"{ATTESTATIONS}/")


def _is_meant(bundle: Path, reference: str) -> bool:
    """Return whether a folder's name, or a whole digest that its manifest states, starts so."""
    if bundle.name.startswith(reference):
        return True
    if len(reference) < _FEWEST_DIGITS:
        return False
    try:
        found = open_bundle(str(bundle))
    except UsageError:
        return False
    return any(d.startswith(reference) for d in (found.evidence_digest, found.digest))


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
