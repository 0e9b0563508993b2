"""Bundles on disk: written whole, read with their digests checked, found by a prefix."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgate.digest import canonical, sha256
from qgate.errors import UsageError
from qgate.evidence.evidence import Evidence
from qgate.evidence.wellformed import problems
from qgate.files import shown

DEFAULT_STORE = Path(".qgate/evidence")
_MEMBERS = {"digest": "evidence.json", "observations_digest": "observations.json"}
_MANIFEST = "manifest.json"
_MOST_NAMED = 10
_NAMED_DIGITS = 12
"""A bundle's folder is named for so much of its digest."""
_FORMAT = {"format": "qgate-evidence", "version": 1}


def write_bundle(
    record: Mapping[str, Any], observations: Mapping[str, Any], store: Path
) -> Evidence:
    """Write a bundle into a store and return it; nothing of it is seen before it is whole.

    Raises:
        UsageError: When a bundle of these digests stands there already, but was changed.

    """
    contents = {"digest": canonical(record), "observations_digest": canonical(observations)}
    digests = {key: sha256(data) for key, data in contents.items()}
    folder = store / f"{digests['digest'][:_NAMED_DIGITS]}-{digests['observations_digest'][:8]}"
    # What is judged is what a reader of the bundle will read, to the type of each number.
    parts = [json.loads(data) for data in contents.values()]
    evidence = Evidence(parts[0], parts[1], shown(folder))
    manifest = {**_FORMAT, **digests, "path": evidence.path}
    store.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=store, prefix=".building-"))
    try:
        for key, data in contents.items():
            _write(building / _MEMBERS[key], data)
        _write(building / _MANIFEST, canonical(manifest))
        building.chmod(0o755)
        try:
            building.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            read_bundle(str(folder))  # another run's, with the same content; or else not whole
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return evidence


def read_bundle(reference: str, store: Path = DEFAULT_STORE) -> Evidence:
    """Read a bundle by its folder, by a folder of bundles (the newest), or by a digest's start.

    Raises:
        UsageError: When there is none, several could be meant, or one is not what it says it is.

    """
    folder = _find(reference, store)
    manifest = _json(folder / _MANIFEST, _read(folder / _MANIFEST))
    if not isinstance(manifest, dict) or any(manifest.get(k) != v for k, v in _FORMAT.items()):
        raise UsageError(f"{shown(folder)} is no evidence of a version that this qgate reads")
    parts: dict[str, Any] = {}
    for key, name in _MEMBERS.items():
        data = _read(folder / name)
        if sha256(data) != manifest.get(key):
            raise UsageError(
                f"{shown(folder / name)} was changed after the run: its digest is "
                f"{sha256(data)[:12]}, the manifest says {str(manifest.get(key))[:12]}"
            )
        parts[key] = _json(folder / name, data)
    return _evidence(folder, manifest, parts)


def _evidence(folder: Path, manifest: Mapping[str, Any], parts: Mapping[str, Any]) -> Evidence:
    """Return evidence whose digests are those of the files and whose form can be relied on."""
    record, observations = (parts[key] for key in _MEMBERS)
    if isinstance(observations, dict) and observations.get("attempt") == 0:
        raise UsageError(
            f"{shown(folder)} is of a rehearsal, which is no verdict: change the charter as it "
            "was rehearsed, then qgate lock and qgate run it"
        )
    found = problems(record, observations)
    if not isinstance(manifest.get("path"), str):
        found.append("the manifest lacks `path`")
    if found:
        named = "\n".join(f"  {problem}" for problem in found[:_MOST_NAMED])
        raise UsageError(f"{shown(folder)} is not evidence as a run writes it:\n{named}")
    evidence = Evidence(record, observations, manifest["path"])
    if [evidence.digest, evidence.observations_digest] != [manifest[key] for key in _MEMBERS]:
        raise UsageError(f"{shown(folder)} is not in the canonical form that its digests are of")
    return evidence


def _find(reference: str, store: Path) -> Path:
    folder = Path(reference)
    if (folder / _MANIFEST).is_file():
        return folder
    if folder.is_dir():
        bundles = _bundles(folder)
        if bundles:
            return max(bundles, key=lambda bundle: (bundle / _MANIFEST).stat().st_mtime_ns)
        raise UsageError(f"{reference} holds no evidence")
    matches = [bundle for bundle in _bundles(store) if _is_meant(bundle, reference)]
    if len({match.name.partition("-")[0] for match in matches}) == 1:
        return max(matches, key=lambda bundle: (bundle / _MANIFEST).stat().st_mtime_ns)
    if matches:
        names = ", ".join(sorted(match.name for match in matches))
        raise UsageError(f"{reference!r} could be any of {names}: give more of the digest")
    raise UsageError(f"no evidence {reference!r}, neither as a folder nor in {shown(store)}")


def _is_meant(bundle: Path, reference: str) -> bool:
    """Return whether a folder's name, or the whole digest in its manifest, starts so."""
    if len(reference) <= _NAMED_DIGITS or bundle.name.startswith(reference):
        return bundle.name.startswith(reference)
    if not reference.startswith(bundle.name.partition("-")[0]):
        return False
    manifest = _json(bundle / _MANIFEST, _read(bundle / _MANIFEST))
    return isinstance(manifest, dict) and str(manifest.get("digest")).startswith(reference)


def _bundles(store: Path) -> list[Path]:
    if not store.is_dir():
        return []
    return [p for p in store.iterdir() if not p.name.startswith(".") and (p / _MANIFEST).is_file()]


def _json(path: Path, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown(path)} is not JSON: {error}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{shown(path)}: {error.strerror}") from None


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
