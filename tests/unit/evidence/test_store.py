"""Bundles: written whole, read only when unchanged and well formed, found by a digest's start."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from qgate.digest import canonical, digest, sha256, sha256_file
from qgate.errors import UsageError
from qgate.evidence.evidence import Evidence
from qgate.evidence.members import read_members
from qgate.evidence.store import attestation_name, damages, read_bundle
from tests.unit.evidence import bundles


def _write(store: Path, created: str = "2026-01-01T00:00:00+00:00", seed: int = 0) -> Evidence:
    record = bundles.record()
    record["trials"][0]["fit_circuits"] += seed
    return bundles.write(record, bundles.observations(created), store)


def _folder(store: Path) -> Path:
    (folder,) = store.iterdir()
    return folder


def _refusal(reference: str, store: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_bundle(reference, store)
    return str(caught.value)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = _write(tmp_path)
    read = read_bundle(str(_folder(tmp_path)))
    assert read.record == written.record == bundles.record()
    assert read.observations == written.observations == bundles.observations()
    assert read.path == written.path
    assert read.digest == written.digest
    assert read.observations_digest == written.observations_digest


def test_digests_are_those_of_the_files(tmp_path: Path) -> None:
    evidence = _write(tmp_path)
    folder = _folder(tmp_path)
    assert evidence.digest == sha256_file(folder / "evidence.json")
    assert evidence.observations_digest == sha256_file(folder / "observations.json")
    assert folder.name == f"{evidence.digest[:12]}-{evidence.observations_digest[:8]}"


def test_tuples_are_written_as_lists_and_give_the_same_digest(tmp_path: Path) -> None:
    record = bundles.record()
    record["truth"] = tuple(record["truth"])
    assert bundles.write(record, bundles.observations(), tmp_path).digest == (
        read_bundle(str(_folder(tmp_path))).digest
    )


@pytest.mark.parametrize("member", ["evidence.json", "observations.json"])
@pytest.mark.parametrize("share", np.linspace(0, 1, 9).tolist())
def test_any_changed_byte_is_detected(tmp_path: Path, member: str, share: float) -> None:
    _write(tmp_path)
    path = _folder(tmp_path) / member
    data = bytearray(path.read_bytes())
    data[int(share * (len(data) - 1))] ^= 1
    path.write_bytes(bytes(data))
    message = _refusal(str(path.parent), tmp_path)
    assert f"{path.name} was changed after the run" in message
    assert sha256(bytes(data))[:12] in message


@pytest.mark.parametrize("member", ["evidence.json", "observations.json"])
def test_a_lost_member_is_named(tmp_path: Path, member: str) -> None:
    _write(tmp_path)
    (_folder(tmp_path) / member).unlink()
    assert f"{member} is missing" in _refusal(str(_folder(tmp_path)), tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "manifest.json:1:1: not JSON"),
        (b"\xff\xfe\x00", "manifest.json is not UTF-8 at byte 0"),
        (b"[" * 100_000, "manifest.json is nested deeper than 64 levels"),
        (b"[]", "manifest.json is not of a version that this qgate reads"),
        (b"null", "manifest.json is not of a version that this qgate reads"),
        (b"{}", "manifest.json is not of a version that this qgate reads"),
        (b'{"format":"qgate-evidence","version":2}', "not of a version"),
        (b'{"format":"other","version":1}', "not of a version"),
        (b'{"format":"qgate-evidence","version":1}', "not what its own digest is of"),
        (b'{"digest":7,"format":"qgate-evidence","version":1}', "not what its own digest is of"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    _write(tmp_path)
    (_folder(tmp_path) / "manifest.json").write_bytes(content)
    assert expected in _refusal(str(_folder(tmp_path)), tmp_path)


@pytest.mark.parametrize("key", ["path", "members", "format"])
def test_a_manifest_that_lacks_a_key_is_refused(tmp_path: Path, key: str) -> None:
    _write(tmp_path)
    path = _folder(tmp_path) / "manifest.json"
    body = json.loads(path.read_bytes())
    del body[key], body["digest"]
    path.write_bytes(canonical({**body, "digest": digest(body)}))
    assert "manifest.json is not" in _refusal(str(path.parent), tmp_path)


@pytest.mark.parametrize("bit", [0, 3, 5, 7])
def test_every_changed_byte_of_a_bundle_is_found_and_its_member_named(
    tmp_path: Path, bit: int
) -> None:
    evidence = bundles.write(bundles.record(), bundles.observations(), tmp_path / "store")
    members = read_members(tmp_path / "store" / Path(evidence.path).name)
    members[attestation_name("approval", b"signed")] = b"signed"
    assert damages(members) == []
    for name, data in members.items():
        for place in range(len(data)):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            try:
                found = damages({**members, name: bytes(changed)})
            except UsageError as error:  # no JSON any more
                found = [str(error)]
            assert found
            assert all(name in problem for problem in found)


def test_what_is_lost_or_added_is_found(tmp_path: Path) -> None:
    evidence = bundles.write(bundles.record(), bundles.observations(), tmp_path / "store")
    members = read_members(tmp_path / "store" / Path(evidence.path).name)
    for name in members:
        assert damages({n: data for n, data in members.items() if n != name}) == [
            f"{name} is missing"
        ]
    assert damages({**members, "more.json": b"{}"}) == ["more.json is not in the manifest"]


def test_a_bundle_is_found_by_the_start_of_its_digest_or_all_of_it(tmp_path: Path) -> None:
    first, second = _write(tmp_path), _write(tmp_path, seed=1)
    for evidence in (first, second):
        for length in (8, 12, 20, 64):
            found = read_bundle(evidence.digest[:length], tmp_path)
            assert found.digest == evidence.digest
        name = Path(evidence.path).name
        assert read_bundle(name, tmp_path).digest == evidence.digest


def test_a_reference_that_could_be_several_is_refused(tmp_path: Path) -> None:
    evidence = [_write(tmp_path), *(_write(tmp_path, seed=seed) for seed in range(1, 18))]
    first = [e.digest[0] for e in evidence]
    common = next(letter for letter in first if first.count(letter) > 1)
    message = _refusal(common, tmp_path)
    assert f"'{common}' could be any of" in message
    assert all(e.digest[:12] in message for e in evidence if e.digest[0] == common)


@pytest.mark.parametrize("reference", ["nothing", "f" * 64])
def test_a_reference_to_nothing_is_refused(tmp_path: Path, reference: str) -> None:
    evidence = _write(tmp_path)
    assert f"no evidence '{reference}'" in _refusal(reference, tmp_path)
    close = evidence.digest[:60] + "zzzz"
    assert f"no evidence '{close}'" in _refusal(close, tmp_path)
    assert f"no evidence '{reference}'" in _refusal(reference, tmp_path / "no store")


def test_the_newest_of_several_is_taken(tmp_path: Path) -> None:
    old, new = _write(tmp_path), _write(tmp_path, "2026-02-02T00:00:00+00:00")
    assert old.digest == new.digest
    assert old.observations_digest != new.observations_digest
    now = time.time()
    for evidence, age in ((old, 100), (new, 10)):
        manifest = tmp_path / Path(evidence.path).name / "manifest.json"
        os.utime(manifest, (now - age, now - age))
    for reference in (str(tmp_path), old.digest[:12]):
        assert read_bundle(reference, tmp_path).observations == new.observations


def test_a_bundle_that_was_not_finished_is_ignored(tmp_path: Path) -> None:
    evidence = _write(tmp_path)
    shutil.copytree(_folder(tmp_path), tmp_path / ".building-abc")
    later = time.time() + 100
    os.utime(tmp_path / ".building-abc" / "manifest.json", (later, later))
    assert read_bundle(str(tmp_path)).path == evidence.path
    assert read_bundle(evidence.digest[:12], tmp_path).path == evidence.path
    (tmp_path / "empty").mkdir()
    assert "holds no evidence" in _refusal(str(tmp_path / "empty"), tmp_path)


def test_writing_the_same_again_is_fine(tmp_path: Path) -> None:
    assert _write(tmp_path).digest == _write(tmp_path).digest
    assert [path.name[0] for path in tmp_path.iterdir()] != ["."]
    assert len(list(tmp_path.iterdir())) == 1


def test_what_was_changed_is_not_taken_for_the_same(tmp_path: Path) -> None:
    _write(tmp_path)
    path = _folder(tmp_path) / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b"yes", b"Yes"))
    with pytest.raises(UsageError, match=r"evidence\.json was changed after the run"):
        _write(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        del handle
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        _write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_can_be_read_by_others(tmp_path: Path) -> None:
    _write(tmp_path)
    assert _folder(tmp_path).stat().st_mode & 0o777 == 0o755


def test_a_rehearsal_is_no_evidence_of_a_verdict(tmp_path: Path) -> None:
    observed = {**bundles.observations(), "attempt": 0}
    bundles.write(bundles.record(), observed, tmp_path)
    assert "is of a rehearsal, which is no verdict" in _refusal(str(_folder(tmp_path)), tmp_path)
