"""Allowed signers: OpenSSH's meaning where it is accepted, a finding where it is not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qgate.digest import sha256
from qgate.errors import InvalidFileError, UsageError
from qgate.signing.keys import PublicKey
from qgate.signing.signers import Signers, read_signers
from tests.unit.signing import ssh

_NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
# Of RFC 8032, section 7.1, test 1.
_KEY = PublicKey(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
_OTHER = PublicKey(
    bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
)
_RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ=="


def _read(folder: Path, text: str | bytes) -> Signers:
    path = folder / "signers"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_signers(path, "the/signers")


def _findings(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidFileError) as caught:
        _read(folder, text)
    return [str(finding).removesuffix(" [QG-E03]") for finding in caught.value.findings]


def _finding(folder: Path, line: str) -> str:
    (finding,) = _findings(folder, line.replace("KEY", _KEY.openssh))
    return finding


def test_a_file_as_people_write_it(tmp_path: Path) -> None:
    text = (
        "# who may approve\n"
        "\n"
        "   # a comment that is set in\n"
        f"alice@example.com {_KEY.openssh} alice's laptop, \"new\r\n"
        f'\tbob@example.com,bob  NameSpaces="git,qgate",valid-after="20260101Z"\t{_OTHER.openssh}\n'
        f"carol {_OTHER.openssh}"
    )
    signers = _read(tmp_path, text)
    assert (signers.name, signers.digest) == ("the/signers", sha256(text.encode()))
    assert [signer.line for signer in signers.entries] == [4, 5, 6]
    bob = signers.entries[1]
    assert bob.principals == ("bob@example.com", "bob")
    assert bob.namespaces == ("git", "qgate")
    assert (bob.valid_after, bob.valid_before) == (datetime(2026, 1, 1, tzinfo=UTC), None)
    assert signers.principals_of(_KEY, _NOW) == {"alice@example.com"}
    assert signers.principals_of(_OTHER, _NOW) == {"bob@example.com", "bob", "carol"}
    assert signers.principals_of(_OTHER, datetime(2025, 1, 1, tzinfo=UTC)) == {"carol"}


def test_a_key_without_a_line_is_nobodys(tmp_path: Path) -> None:
    signers = _read(tmp_path, f"alice {_KEY.openssh}\n")
    assert signers.principals_of(_OTHER, _NOW) == frozenset()
    assert _read(tmp_path, "# nobody\n").principals_of(_KEY, _NOW) == frozenset()
    assert _read(tmp_path, "").entries == ()


def test_one_principal_may_have_several_keys(tmp_path: Path) -> None:
    signers = _read(tmp_path, f"alice {_KEY.openssh}\nalice {_OTHER.openssh}\n")
    assert signers.principals_of(_KEY, _NOW) == signers.principals_of(_OTHER, _NOW) == {"alice"}


def test_an_expired_keys_line_still_tells_whose_it_was(tmp_path: Path) -> None:
    signers = _read(tmp_path, f'alice valid-before="20200101Z" {_KEY.openssh}\n')
    assert signers.principals_of(_KEY, _NOW) == frozenset()


def test_validity_counts_moments_whatever_their_zone(tmp_path: Path) -> None:
    signers = _read(tmp_path, f'alice valid-after="202606011200Z" {_KEY.openssh}\n')
    zone = timezone(timedelta(hours=5))
    assert signers.principals_of(_KEY, datetime(2026, 6, 1, 17, tzinfo=zone)) == {"alice"}
    assert not signers.principals_of(_KEY, datetime(2026, 6, 1, 16, 59, tzinfo=zone))
    with pytest.raises(ValueError, match="time zone"):
        signers.principals_of(_KEY, datetime(2026, 6, 1, 17))


_LINES = {
    "plain": "",
    "both ends": 'valid-after="20260101Z",valid-before="20261231Z"',
    "at its begin": 'valid-after="20260601120000Z"',
    "a second before its begin": 'valid-after="20260601120001Z"',
    "at its end": 'valid-before="20260601120000Z"',
    "a second after its end": 'valid-before="20260601115959Z"',
    "in minutes": 'valid-before="202606011159z"',
    "its namespace": 'namespaces="qgate"',
    "among others": 'namespaces="git,qgate"',
    "another namespace": 'namespaces="git"',
    "a longer namespace": 'namespaces="qgate2"',
    "another case": 'namespaces="QGATE"',
    "no namespace": 'namespaces=""',
    "any namespace": 'namespaces="*"',
    "a pattern of it": 'namespaces="q?at*"',
    "brackets are no pattern": 'namespaces="[q]gate"',
    "denied": 'namespaces="*,!qgate"',
    "denied first": 'namespaces="!qgate,*"',
    "denied alone": 'namespaces="!git"',
    "options in capitals": 'NAMESPACES="qgate",Valid-After="20260101Z"',
}


@ssh.needed
@pytest.mark.parametrize("options", _LINES.values(), ids=list(_LINES))
def test_a_line_means_what_it_means_to_ssh_keygen(tmp_path: Path, options: str) -> None:
    """Sign with ssh-keygen in qgate's namespace, and let it verify at the same moment."""
    key = ssh.make(tmp_path / "key")
    public = ssh.key_of(key)
    signers = _read(tmp_path, f"alice,al {options} {public.openssh} comment\n")
    signature = tmp_path / "signature"
    signature.write_bytes(ssh.run("-Y", "sign", "-n", "qgate", "-f", key, stdin=b"x").stdout)
    for who in ("alice", "al", "bob"):
        verified = ssh.run(
            *("-Y", "verify", "-n", "qgate", "-I", who, "-f", tmp_path / "signers"),
            *("-s", signature, "-O", f"verify-time={_NOW:%Y%m%d%H%M%S}Z"),
            stdin=b"x",
        )
        assert (verified.returncode == 0) == (who in signers.principals_of(public, _NOW))


_REFUSED = {
    # Where a role could slip to someone else:
    "*@example.com KEY": "1: `*@example.com` is a pattern",
    "alice,b?b KEY": "7: `b?b` is a pattern",
    "alice,!bob KEY": "7: `!bob` is a pattern",
    "ca cert-authority KEY": "4: cert-authority is not accepted",
    'ca namespaces="qgate",Cert-Authority KEY': "23: cert-authority is not accepted",
    'a valid-after="20260101" KEY': "16: expected a time in UTC as YYYYMMDDZ or YYYYMMDDHHMM[SS]Z; "
    "without the Z it would depend on a machine's time zone",
    # Keys that qgate does not verify with:
    f"alice {_RSA}": "7: keys of type ssh-rsa are not accepted; make one with: ssh-keygen",
    "a ecdsa-sha2-nistp256 AAAA": "3: keys of type ecdsa-sha2-nistp256 are not accepted",
    "a sk-ssh-ed25519@openssh.com AAAA": "3: keys of type sk-ssh-ed25519@openssh.com are not",
    "a ssh-ed25519-cert-v01@openssh.com AAAA": "3: keys of type ssh-ed25519-cert-v01@openssh.com",
    'a namespaces="x" ssh-dss AAAA': "18: keys of type ssh-dss are not accepted",
    # What is malformed:
    "alice": "6: a key is missing",
    'alice namespaces="git"': "23: a key is missing",
    "alice ssh-ed25519": "18: this ssh-ed25519 key is damaged",
    "alice ssh-ed25519 AAAA": "19: this ssh-ed25519 key is damaged",
    "alice KEYx": "19: this ssh-ed25519 key is damaged",
    "KEY": "13: expected options",  # no principals at all
    "a,,b KEY": "3: a principal is empty",
    "a, KEY": "3: a principal is empty",
    '"" KEY': "2: a principal is empty",
    '"a, b" KEY': "4: a principal is empty or begins or ends with a space",
    '"a" KEY "': None,
    'a"b" KEY': "1: double quotes go around all principals",
    'a KEY "b': None,
    '"alice KEY': "1: a double quote is not closed",
    'a namespaces="git KEY': "14: a double quote is not closed",
    "a namespaces KEY": "3: the option namespaces needs a value",
    "a namespaces=git KEY": "3: expected options",
    'a namespaces="a\\"b" KEY': "19: a double quote is not closed",
    'a namespaces="a"b KEY': "3: expected options",
    'a namespaces="a",,valid-after="20260101Z" KEY': "18: expected options",
    'a namespaces="a", KEY': "18: expected options",
    'a namespaces="a",namespaces="b" KEY': "18: the option namespaces stands twice",
    "a verify-required KEY": "3: `verify-required` is no option that qgate knows",
    'a from="host" KEY': "3: `from` is no option that qgate knows",
    'a valid-after="20261301Z" KEY': "16: 20261301Z is no moment of the calendar",
    'a valid-after="20260230Z" KEY': "16: 20260230Z is no moment of the calendar",
    'a valid-after="00000101Z" KEY': "16: 00000101Z is no moment of the calendar",
    'a valid-before="2026-01-01Z" KEY': "17: expected a time in UTC",
    'a valid-before="" KEY': "17: expected a time in UTC",
    'a valid-before="2026010112Z" KEY': "17: expected a time in UTC",
    'a valid-after="20260102Z",valid-before="20260101Z" KEY': "41: valid-before is not after",
    'a valid-after="20260102Z",valid-before="20260102Z" KEY': "41: valid-before is not after",
    "a\x1b[2J KEY": "2: the character U+001B is not accepted",
    "a\x00 KEY": "2: the character U+0000 is not accepted",
    "a\u200b KEY": "2: the character U+200B is not accepted",
    "a\u00a0KEY": "2: the character U+00A0 is not accepted",
    "\ufeffa KEY": "1: the character U+FEFF is not accepted",
    "a KEY\rb KEY": "83: the character U+000D is not accepted",
}


@pytest.mark.parametrize(("line", "expected"), _REFUSED.items(), ids=map(ascii, _REFUSED))
def test_a_line_that_is_not_accepted_has_a_finding(
    tmp_path: Path, line: str, expected: str | None
) -> None:
    if expected is None:  # quotes are free in a comment
        assert _read(tmp_path, line.replace("KEY", _KEY.openssh)).principals_of(_KEY, _NOW)
        return
    finding = _finding(tmp_path, line)
    assert finding.startswith(f"the/signers:1:{expected}")


def test_every_bad_line_has_its_finding_and_good_ones_do_not_count(tmp_path: Path) -> None:
    text = f"# signers\nalice {_KEY.openssh}\n* {_KEY.openssh}\n\nbob {_RSA}\n"
    assert [finding.split(" ")[0] for finding in _findings(tmp_path, text)] == [
        "the/signers:3:1:",
        "the/signers:5:5:",
    ]


def test_a_file_of_nothing_but_mistakes_ends_after_a_hundred(tmp_path: Path) -> None:
    assert len(_findings(tmp_path, "x\n" * 5000)) == 100


def test_a_key_for_which_anyone_can_sign_is_refused(tmp_path: Path) -> None:
    weak = PublicKey((1).to_bytes(32, "little"))
    assert "anyone could sign" in _finding(tmp_path, f"alice {weak.openssh}")


def test_a_principal_in_quotes_may_hold_a_space(tmp_path: Path) -> None:
    signers = _read(tmp_path, f'"alice smith,bob" {_KEY.openssh}\n')
    assert signers.principals_of(_KEY, _NOW) == {"alice smith", "bob"}


def test_what_is_no_text_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_signers(tmp_path / "none", "none")
    with pytest.raises(UsageError, match="no regular file"):
        read_signers(tmp_path, "folder")
    with pytest.raises(UsageError, match="the/signers is no UTF-8 text: byte 2"):
        _read(tmp_path, b"# \xff\n")
    assert not _read(tmp_path, b"#" * 1_000_000).entries
    with pytest.raises(UsageError, match="more than the 1,000,000 bytes"):
        _read(tmp_path, b"#" * 1_000_001)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


_WORDS = ("alice", "*", ",", '"', " ", "\t", "\n", "\r", "#", "=", "\\", "!", "Z", "20260101Z")
_TERMS = ("namespaces", "valid-after", "valid-before", "cert-authority", "qgate", "ssh-rsa")
_PIECES = st.sampled_from([*_WORDS, *_TERMS, _KEY.openssh])


@settings(max_examples=120, deadline=None)
@given(st.lists(_PIECES | st.text(max_size=3), max_size=15).map("".join))
@example(f"alice {_KEY.openssh}")
def test_no_text_ends_in_a_traceback_or_names_a_pattern(folder: Path, text: str) -> None:
    try:
        signers = _read(folder, text)
    except UsageError:
        return
    for name in signers.principals_of(_KEY, _NOW):
        assert name in text
        assert name.isprintable()
        assert not set(name) & set('*?!,"')


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100))
def test_no_bytes_end_in_a_traceback(folder: Path, data: bytes) -> None:
    try:
        assert not _read(folder, data).entries
    except UsageError:
        return


def test_a_key_that_speaks_for_a_crowd_is_refused(tmp_path: Path) -> None:
    lines = "".join(f"p{number}@example.com {_KEY.openssh}\n" for number in range(7000))
    found = _findings(tmp_path, lines)
    assert found[0] == "the/signers:101:1: its key speaks for more than 100 principals"
    assert _finding(tmp_path, ",".join(f"p{n}" for n in range(101)) + " KEY") == (
        "the/signers:1:1: its key speaks for more than 100 principals"
    )


def test_nine_thousand_keys_are_read_and_looked_up_at_once(tmp_path: Path) -> None:
    keys = [PublicKey(b"\x09" * 30 + number.to_bytes(2)) for number in range(100, 9000)]
    text = "".join(f"p{key.raw[-2:].hex()} {key.openssh}\n" for key in keys)
    signers = _read(tmp_path, text)
    start = time.perf_counter()
    assert all(len(signers.principals_of(key, _NOW)) == 1 for key in keys)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("line", ["x" * 400 + " KEY", "a ssh-" + "x" * 9000 + " AAAA"])
def test_what_is_quoted_of_a_long_line_is_short(tmp_path: Path, line: str) -> None:
    assert len(_finding(tmp_path, line)) < 500
