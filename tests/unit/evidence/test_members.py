"""Members are read from regular files alone; nothing that blocks or leads elsewhere is opened."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from qgate.errors import UsageError
from qgate.evidence import members
from qgate.evidence.archive import pack, write_members
from qgate.evidence.limits import Limits
from qgate.evidence.members import read_members

MEMBERS = {"attestations/ab.json": b"1", "evidence.json": b"{}", "manifest.json": b"[]"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_members(MEMBERS, tmp_path / "it")
    return tmp_path / "it"


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        read_members(path, limits or Limits())
    assert path.name in str(caught.value)
    return str(caught.value)


def test_a_folder_a_link_to_it_and_its_archive_hold_the_same(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "it.tar").write_bytes(pack(MEMBERS))
    for place in ("it", "link", "it.tar"):
        found = read_members(tmp_path / place)
        assert found == MEMBERS
        assert list(found) == sorted(MEMBERS)


def test_what_an_interrupted_write_leaves_is_passed_over(folder: Path) -> None:
    (folder / ".evidence.json.x1").write_bytes(b"half")
    (folder / ".DS_Store").write_bytes(b"")
    os.mkfifo(folder / "attestations" / ".pipe")
    assert read_members(folder) == MEMBERS


def _link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path must be short
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (_link, "a symbolic link"),
        (os.mkfifo, "a pipe"),
        (_socket, "a socket"),
    ],
)
@pytest.mark.parametrize("below", ["", "attestations"])
def test_what_is_no_regular_file_is_refused_unopened(
    make: Callable[[Path], None], expected: str, below: str, folder: Path
) -> None:
    make(folder / below / "x.json")
    assert f"{Path(below, 'x.json')} is {expected}" in refusal(folder)


def test_links_to_folders_and_folders_in_folders_are_refused(folder: Path) -> None:
    (folder / "linked").symlink_to(folder / "attestations")
    assert "linked is a symbolic link" in refusal(folder)
    (folder / "linked").unlink()
    (folder / "attestations" / "deep").mkdir()
    assert "attestations/deep is a folder" in refusal(folder)


@pytest.mark.parametrize("name", ["a b", "evidence.json~", "\x1b[31m", "ü", "x" * 101, "-rf"])
def test_odd_names_are_refused_and_shown_without_control_characters(
    name: str, folder: Path
) -> None:
    (folder / name).touch()
    message = refusal(folder)
    assert "is no name for a member" in message
    assert message.isprintable()


def test_a_name_that_is_no_text_is_refused(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe")).touch()
    assert "is no name for a member" in refusal(folder)


def test_limits_hold_and_a_large_file_is_not_read(folder: Path) -> None:
    os.truncate(folder / "evidence.json", 10**12)  # sparse: it takes no space
    assert "evidence.json has 1,000,000,000,000 bytes" in refusal(folder)
    os.truncate(folder / "evidence.json", 10)
    assert "more than 2 members" in refusal(folder, Limits(members=2))
    assert "its members have 13 bytes" in refusal(folder, Limits(total=12))
    assert len(read_members(folder, Limits(members=3, total=13, member=10))) == 3


def test_a_file_that_grows_or_shrinks_meanwhile_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, path, sizes = members._whole, folder / "evidence.json", [0, 100]

    def change(handle: int, found: os.stat_result, what: str) -> bytes:
        if "evidence" in what:
            os.truncate(path, sizes.pop())
        return whole(handle, found, what)

    monkeypatch.setattr(members, "_whole", change)
    for _ in range(2):
        assert "evidence.json was changed while it was read" in refusal(folder)


def test_a_member_that_becomes_a_link_meanwhile_is_not_followed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, path = members._open, folder / "evidence.json"

    def swap(entry: str, handle: int, name: str, source: str) -> int:
        if name == "evidence.json":
            path.unlink()
            path.symlink_to("/etc/hostname")
        return opened(entry, handle, name, source)

    monkeypatch.setattr(members, "_open", swap)
    assert "evidence.json was changed while it was read" in refusal(folder)


@pytest.mark.parametrize("name", ["nothing", "\0", "x" * 5000])
def test_a_path_to_nothing_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_members(tmp_path / name)


def test_archives_are_regular_files_of_a_size(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe, not an archive" in refusal(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a device, not an archive"):
        read_members(Path("/dev/zero"))
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 10**12)
    assert "1,000,000,000,000 bytes, more than" in refusal(tmp_path / "large")


def test_an_archive_of_as_much_as_is_allowed_is_read(tmp_path: Path) -> None:
    limits = Limits(members=30, member=1000, total=30_000)
    full = {f"m{number:02}": bytes(1000) for number in range(30)}
    (tmp_path / "full.tar").write_bytes(pack(full))
    assert read_members(tmp_path / "full.tar", limits) == full


def test_an_encrypted_archive_says_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "it.age").write_bytes(b"age-encryption.org/v1\n-> X25519 x\n")
    assert "run qgate unpack on it, with --identity" in refusal(tmp_path / "it.age")
