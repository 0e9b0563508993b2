"""Archives: one sequence of bytes for given members, the one that GNU tar writes, and no other."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgate.errors import UsageError
from qgate.evidence.archive import BLOCK, pack, summed, unpack, write_members
from qgate.evidence.limits import Limits

MEMBERS = {
    "manifest.json": b"{}",
    "evidence.json": b'{"a":1}' * 100,
    "attestations/ab12.json": b"x" * 512,
    "empty.json": b"",
}
names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}(/[a-z0-9][a-z0-9._-]{0,20})?", fullmatch=True)


def refusal(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        unpack(data, "it.tar", limits or Limits())
    assert "it.tar" in str(caught.value)
    return str(caught.value)


def header(data: bytes, field: slice, value: bytes) -> bytes:
    """Return an archive whose first header has another field and the checksum that fits it."""
    changed = bytearray(data[:BLOCK])
    changed[field] = value
    return summed(bytes(changed)) + data[BLOCK:]


@pytest.mark.skipif(shutil.which("tar") is None, reason="needs tar")
def test_gnu_tar_writes_the_same_bytes_and_reads_them(tmp_path: Path) -> None:
    tar = shutil.which("tar") or ""
    about = subprocess.run([tar, "--version"], capture_output=True, check=True).stdout
    if b"GNU tar" not in about:
        pytest.skip("another tar")
    write_members(MEMBERS, tmp_path / "bundle")
    who = ("--owner=0", "--group=0", "--numeric-owner", "--mode=0644", "--mtime=@0")
    made = [tar, "--format=ustar", *who, "-b", "20", "-cf", "-", *sorted(MEMBERS)]
    theirs = subprocess.run(made, capture_output=True, check=True, cwd=tmp_path / "bundle").stdout
    assert theirs == pack(MEMBERS)
    (tmp_path / "out").mkdir()
    subprocess.run([tar, "-xf", "-"], input=pack(MEMBERS), check=True, cwd=tmp_path / "out")
    for name, data in MEMBERS.items():
        assert (tmp_path / "out" / name).read_bytes() == data


def test_python_reads_it_as_nobodys_files_of_1970() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack(MEMBERS))) as tar:
        entries = tar.getmembers()
        assert [entry.name for entry in entries] == sorted(MEMBERS)
        for entry in entries:
            assert entry.isreg()
            assert (entry.mode, entry.mtime, entry.uid, entry.gid) == (0o644, 0, 0, 0)
            assert (entry.uname, entry.gname) == ("", "")
            stream = tar.extractfile(entry)
            assert stream is not None
            assert stream.read() == MEMBERS[entry.name]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(names, st.binary(max_size=1500), min_size=1, max_size=6))
def test_what_is_packed_is_unpacked_whatever_the_order(members: dict[str, bytes]) -> None:
    try:
        data = pack(members)
    except UsageError as error:  # a member and a folder of one name
        assert "folder" in str(error)  # noqa: PT017  # both ends are right
        return
    assert pack(dict(reversed(members.items()))) == data
    assert unpack(data) == members
    assert unpack(io.BytesIO(data)) == members
    assert len(data) % 10240 == 0


def test_any_flipped_bit_of_what_frames_the_members_is_refused() -> None:
    small = {"b/c.json": b"xyz", "evidence.json": b"0" * 600}
    data = pack(small)
    content = [*range(512, 515), *range(1536, 2136)]
    assert bytes(data[at] for at in content) == b"xyz" + b"0" * 600
    for at in range(len(data)):
        for bit in (1, 0x80):
            flipped = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
            if at in content:
                assert pack(unpack(flipped)) == flipped != data
            else:
                refusal(flipped)


@pytest.mark.parametrize("cut", [1, 511, 512, 1024, 5000, 10240])
def test_a_cut_or_lengthened_archive_is_refused(cut: int) -> None:
    data = pack(MEMBERS)
    refusal(data[:-cut])
    assert "does not end as an archive does" in refusal(data + bytes(cut))
    assert "does not end as an archive does" in refusal(data + b"x" * cut)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (slice(0, 100), b"../escaped".ljust(100, b"\0"), "'../escaped' is no name"),
        (slice(0, 100), b"/etc/passwd".ljust(100, b"\0"), "'/etc/passwd' is no name"),
        (slice(0, 100), b"a/../../b".ljust(100, b"\0"), "is no name"),
        (slice(0, 100), b"a\0b".ljust(100, b"\0"), "'a\\\\x00b' is no name"),
        (slice(0, 100), b"\xff.json".ljust(100, b"\0"), "is no name"),
        (slice(0, 100), bytes(100), "'' is no name"),
        (slice(156, 157), b"1", "is a hard link"),
        (slice(156, 157), b"2", "is a symbolic link"),
        (slice(156, 157), b"3", "is a device"),
        (slice(156, 157), b"5", "is a folder"),
        (slice(156, 157), b"6", "is a pipe"),
        (slice(156, 157), b"S", "is a sparse file"),
        (slice(156, 157), b"x", "is a pax header"),
        (slice(156, 157), b"\0", "is of an unknown kind"),
        (slice(124, 136), b"77777777777\0", "has 8,589,934,591 bytes"),
        (slice(124, 136), b"\x80" + b"\xff" * 11, "not as qgate pack writes it"),
        (slice(124, 136), b"-0000000001\0", "not as qgate pack writes it"),
        (slice(124, 136), b"00000009999\0", "not as qgate pack writes it"),
        (slice(124, 136), b"00001000000\0", "is cut short"),
        (slice(100, 108), b"0004755\0", "not as qgate pack writes it"),
        (slice(136, 148), b"00000000001\0", "not as qgate pack writes it"),
        (slice(157, 257), b"x".ljust(100, b"\0"), "not as qgate pack writes it"),
        (slice(345, 500), b"..".ljust(155, b"\0"), "not as qgate pack writes it"),
        (slice(257, 263), b"hello!", "no archive of evidence"),
    ],
)
def test_a_header_that_is_not_ours_is_refused_by_what_it_is(
    field: slice, value: bytes, expected: str
) -> None:
    assert expected in refusal(header(pack(MEMBERS), field, value))


def test_nobody_is_told_to_unpack_a_foreign_archive_by_other_means() -> None:
    said = refusal(header(pack(MEMBERS), slice(345, 500), b"..".ljust(155, b"\0")))
    assert "ask who sent it for an archive made by qgate pack" in said
    assert "with tar" not in said


@pytest.mark.parametrize(
    ("start", "command"),
    [
        (gzip.compress(pack(MEMBERS)), "gunzip"),
        (b"BZh91AY", "bunzip2"),
        (b"\xfd7zXZ\x00", "unxz"),
        (b"\x28\xb5\x2f\xfd", "unzstd"),
        (b"PK\x03\x04", "unzip"),
    ],
)
def test_a_compressed_archive_is_refused_with_what_to_type(start: bytes, command: str) -> None:
    assert f"run {command} on it first" in refusal(start + bytes(1000))


@pytest.mark.parametrize("data", [b"", b"{}", bytes(10240), b"x" * 10240])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError):
        unpack(data)


def test_entries_in_another_order_or_twice_are_refused() -> None:
    one, two = pack({"a": b""})[:BLOCK], pack({"b": b""})[:BLOCK]
    end = bytes(10240 - 2 * BLOCK)
    assert unpack(one + two + end) == {"a": b"", "b": b""}
    assert "a comes after b, not in the order of names" in refusal(two + one + end)
    assert "a stands twice" in refusal(one + one + end)
    upper = pack({"A": b""})[:BLOCK]
    assert "a and A would be the same file" in refusal(upper + one + end)


def test_limits_hold_before_anything_is_kept() -> None:
    data = pack({"a": bytes(2000), "b": bytes(2000)})
    assert "a has 2,000 bytes, more than the 1,999" in refusal(data, Limits(member=1999))
    assert "with b its members have 4,000 bytes" in refusal(data, Limits(total=3999))
    assert "more than 1 members" in refusal(data, Limits(members=1))
    assert unpack(data, limits=Limits(member=2000, total=4000, members=2))
    claims = header(pack({"a": b""}), slice(124, 136), b"03000000000\0")  # 402 MB, and none there
    tracemalloc.start()
    refusal(claims)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["", ".x", "a/.x", "../x", "/x", "a/b/c", "a b", "x" * 101, "ä"])
def test_a_name_that_cannot_be_read_is_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no name for a member"):
        pack({name: b""})
    with pytest.raises(UsageError, match="is no name for a member"):
        write_members({name: b""}, tmp_path / "it")
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_written_whole(tmp_path: Path) -> None:
    write_members(MEMBERS, tmp_path / "new" / "it")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["it"]
    found = {
        path.relative_to(tmp_path / "new/it").as_posix(): path.read_bytes()
        for path in (tmp_path / "new/it").rglob("*")
        if path.is_file()
    }
    assert found == MEMBERS
    assert (tmp_path / "new/it").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("standing", ["folder", "full", "file", "link"])
def test_what_stands_there_is_not_touched(standing: str, tmp_path: Path) -> None:
    place = tmp_path / "it"
    if standing in ("folder", "full"):
        place.mkdir()
    if standing == "full":
        (place / "mine").write_bytes(b"1")
    if standing == "file":
        place.write_bytes(b"1")
    if standing == "link":
        place.symlink_to(tmp_path / "elsewhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="exists"):
        write_members(MEMBERS, place)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("failing", ["fsync", "rename"])
def test_a_failed_write_leaves_nothing(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    place: tuple[object, str] = (os, "fsync") if failing == "fsync" else (Path, "rename")
    patch: Callable[[object, str, object], None] = monkeypatch.setattr
    patch(*place, fail)
    with pytest.raises(OSError, match="No space left"):
        write_members(MEMBERS, tmp_path / "it")
    assert list(tmp_path.iterdir()) == []
