"""`qgate pack` and `qgate unpack`: there and back, in the clear and encrypted."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from qgate.cli import main
from qgate.digest import canonical
from qgate.evidence.archive import pack
from qgate.evidence.members import read_members
from qgate.evidence.store import attestation_name, bundle_name, open_bundle
from tests.acceptance.hostile_bundles import Members, resealed, written
from tests.acceptance.hostile_judging import small_members


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Members:
    return small_members(tmp_path_factory.mktemp("base"))[0]


@pytest.fixture
def bundle(base: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a bundle's folder, whose name is not the one that a store gives it."""
    monkeypatch.chdir(tmp_path)
    return written(base, tmp_path / "mine")


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, (captured.err if code else captured.out).strip()


def test_there_and_back(bundle: Path, base: Members, capsys: pytest.CaptureFixture[str]) -> None:
    name = bundle_name(open_bundle(str(bundle)))
    assert _said(capsys, "pack", str(bundle)) == (0, f"{name}.tar")
    first = Path(f"{name}.tar").read_bytes()
    assert _said(capsys, "pack", f"{name}.tar", "--output", "again.tar") == (0, "again.tar")
    assert Path("again.tar").read_bytes() == first == pack(base)
    expected = (0, f".qgate/evidence/{name}")
    assert _said(capsys, "unpack", "again.tar") == expected
    assert read_members(Path(expected[1])) == base
    assert _said(capsys, "unpack", "again.tar") == expected  # the same again is fine
    assert _said(capsys, "unpack", "again.tar", "--into", "x/y") == (0, f"x/y/{name}")
    code, _ = _said(capsys, "report", name[:8])
    assert code == 0


def test_encrypted(bundle: Path, base: Members, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyrage")
    if shutil.which("ssh-keygen") is None:
        pytest.skip("needs ssh-keygen")
    for key in ("a", "b", "c"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "pw" if key == "c" else "", "-f", key]
        subprocess.run(made, check=True)
    name = bundle_name(open_bundle(str(bundle)))
    to = ("--to", "a.pub", "--to", "c.pub")
    assert _said(capsys, "pack", str(bundle), *to) == (0, f"{name}.tar.age")
    file = f"{name}.tar.age"
    for arguments, expected in (
        (("unpack", file), "is encrypted: add --identity FILE"),
        (("report", file), "is encrypted: run qgate unpack on it, with --identity"),
        (("unpack", file, "--identity", "b"), "is not encrypted to b"),
        (("unpack", file, "--identity", "c"), "there is no terminal to ask at"),
        (("unpack", file, "--identity", "nowhere"), "No such file"),
    ):
        code, message = _said(capsys, *arguments)
        assert code == 2
        assert expected in message
    assert not Path(".qgate/evidence").exists()
    code, folder = _said(capsys, "unpack", file, "--identity", "a")
    assert code == 0
    assert read_members(Path(folder)) == base


def test_members_that_do_not_verify_are_not_unpacked(
    bundle: Path, base: Members, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = {**base, "evidence.json": base["evidence.json"].replace(b"yes", b"Yes")}
    Path("bad.tar").write_bytes(pack(changed))
    code, message = _said(capsys, "unpack", "bad.tar")
    assert (code, "evidence.json was changed after the run" in message) == (2, True)
    Path("bad.tar").write_bytes(pack({k: v for k, v in base.items() if k != "manifest.json"}))
    code, message = _said(capsys, "unpack", "bad.tar")
    assert (code, "manifest.json is missing" in message) == (2, True)
    assert not Path(".qgate/evidence").exists()
    written(changed, Path("changed"))
    assert _said(capsys, "pack", "changed")[0] == 2
    assert sorted(path.name for path in Path().iterdir()) == ["bad.tar", "changed", bundle.name]


def test_another_bundle_of_the_same_name_is_not_replaced(
    bundle: Path, base: Members, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _said(capsys, "pack", str(bundle), "--output", "one.tar")[0] == 0
    assert _said(capsys, "unpack", "one.tar")[0] == 0
    # The folder's name has the digests of record and observations; another member differs.
    other = resealed({**base, "lock.json": b'{"other":1}'})
    Path("two.tar").write_bytes(pack(other))
    code, message = _said(capsys, "unpack", "two.tar")
    assert (code, "is there already and differs" in message) == (2, True)
    assert _said(capsys, "unpack", "two.tar", "--into", "elsewhere")[0] == 0


@pytest.mark.usefixtures("bundle")
def test_attestations_that_are_missing_are_added_and_none_is_taken_away(
    base: Members, capsys: pytest.CaptureFixture[str]
) -> None:
    statements = [f'{{"statement":{number}}}'.encode() for number in range(3)]
    both, mine, theirs = ({attestation_name("run", data): data} for data in statements)
    Path("mine.tar").write_bytes(pack({**base, **both, **mine}))
    Path("theirs.tar").write_bytes(pack({**base, **both, **theirs}))
    Path("bare.tar").write_bytes(pack(base))
    for file, expected in (
        ("bare.tar", {}),
        ("mine.tar", {**both, **mine}),
        ("theirs.tar", {**both, **mine, **theirs}),
        ("bare.tar", {**both, **mine, **theirs}),
    ):
        code, folder = _said(capsys, "unpack", file)
        assert code == 0
        assert read_members(Path(folder)) == {**base, **expected}
    # What was changed where it is unpacked to is not made whole unseen.
    (Path(folder) / next(iter(both))).write_bytes(b"{}")
    code, message = _said(capsys, "unpack", "mine.tar")
    assert (code, "is there already: attestations/run-" in message) == (2, True)


def test_confidential_evidence_in_the_clear_is_noted(
    base: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    record = json.loads(base["evidence.json"])
    for classification, noted in (("confidential", True), ("internal", False)):
        record["charter"]["data"]["classification"] = classification
        written(resealed({**base, "evidence.json": canonical(record)}), tmp_path / classification)
        assert main(["pack", classification, "--output", "one.tar"]) == 0
        captured = capsys.readouterr()
        assert captured.out == "one.tar\n"
        note = "qgate: note: one.tar is of confidential data and not encrypted"
        assert captured.err.startswith(note) == noted
        assert bool(captured.err) == noted


def test_a_file_in_a_folder_that_is_not_there_is_refused(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("pack", "lineage"):
        code, message = _said(capsys, command, str(bundle), "--output", "new/one.tar")
        assert (code, "there is no folder" in message) == (2, True), message
    assert not Path("new").exists()


def test_places_that_cannot_be_written_are_refused(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _said(capsys, "pack", str(bundle), "--output", "mine")[0] == 2
    assert _said(capsys, "pack", str(bundle), "--output", "one.tar")[0] == 0
    assert _said(capsys, "unpack", "one.tar", "--into", "one.tar")[0] == 2
    assert _said(capsys, "unpack", "nowhere.tar")[0] == 2
    assert _said(capsys, "pack", "nowhere")[0] == 2
