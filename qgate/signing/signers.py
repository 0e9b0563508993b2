"""Allowed signers: who owns which key, in a file that is kept and reviewed with the charter.

The format is OpenSSH's (ssh-keygen(1), ALLOWED SIGNERS), so that one file serves git and qgate.
It is read more narrowly where OpenSSH's freedom would let a role slip to someone else: no patterns
of principals, no certificate authorities, and no times that depend on a machine's time zone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from qgate.digest import sha256
from qgate.errors import Finding, InvalidFileError, UsageError
from qgate.signing.keys import ED25519, PublicKey, parse_public_key
from qgate.signing.small_file import read_small

NAMESPACE = "qgate"
_MOST_BYTES = 1_000_000
_MOST_FINDINGS = 100
_MOST_PRINCIPALS, _LONGEST_PRINCIPAL = 100, 320
"""Of one key, and characters of one: more is nothing that anybody reviews."""
_LONGEST = 400
"""Characters of a finding, which may quote a line of a megabyte."""
_KEY_TYPE = re.compile(r"(ssh|ecdsa|sk|webauthn)-[A-Za-z0-9.@-]+")
_SPACES = " \t"
_FIELD = re.compile(r'(?:"[^"]*"|[^ \t"])+')
_OPTION = re.compile(r'(?P<name>[A-Za-z-]+)(?:="(?P<value>[^"\\]*)")?')
_TIME = re.compile(r"([0-9]{8}|[0-9]{12}|[0-9]{14})Z", re.IGNORECASE)
_TIME_FORMS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True)
class Signer:
    """One line: principals that a key speaks for, when, and for what."""

    principals: tuple[str, ...]
    key: PublicKey
    valid_after: datetime | None
    valid_before: datetime | None
    namespaces: tuple[str, ...] | None
    line: int

    def accepts(self, at: datetime) -> bool:
        """Return whether the key speaks for its principals in qgate at a moment.

        Both ends of the validity belong to it, as in OpenSSH; so do patterns in the namespaces.
        """
        begun = self.valid_after is None or at >= self.valid_after
        ended = self.valid_before is not None and at > self.valid_before
        return begun and not ended and (self.namespaces is None or _meant(self.namespaces))


@dataclass(frozen=True)
class Signers:
    """A file's signers, in its order."""

    entries: tuple[Signer, ...]
    name: str = ""
    """What the file is called."""
    digest: str = ""
    """SHA-256 of the bytes that these signers were read from, hex; empty where there are none."""

    def principals_of(self, key: PublicKey, at: datetime) -> frozenset[str]:
        """Return whom a key speaks for at a moment; empty when it is nobody.

        Raises:
            ValueError: When the moment has no time zone.

        """
        if at.utcoffset() is None:
            raise ValueError("a moment without a time zone is no moment")
        lines = (signer for signer in self._by_key.get(key, ()) if signer.accepts(at))
        return frozenset(principal for signer in lines for principal in signer.principals)

    @cached_property
    def _by_key(self) -> dict[PublicKey, list[Signer]]:
        found: dict[PublicKey, list[Signer]] = {}
        for signer in self.entries:
            found.setdefault(signer.key, []).append(signer)
        return found


class _Field(NamedTuple):
    """A part of a line, at its 1-based column."""

    text: str
    column: int

    @property
    def end(self) -> int:
        return self.column + len(self.text)


class _Misread(Exception):  # noqa: N818 - it never leaves this module
    """What is wrong with a line, at a 1-based column."""

    def __init__(self, column: int, message: str) -> None:
        self.column = column
        super().__init__(message if len(message) <= _LONGEST else f"{message[:_LONGEST]}...")


def read_signers(path: Path, name: str) -> Signers:
    """Read an allowed-signers file; a file without signers is read as such, and allows nobody.

    Args:
        path: The file.
        name: What it is called in findings.

    Raises:
        UsageError: When it is missing, no UTF-8 text or larger than a megabyte.
        InvalidFileError: With a finding for each line that is malformed, or that says what qgate
            does not accept.

    """
    data, _ = read_small(path, _MOST_BYTES)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no UTF-8 text: byte {error.start} is none") from error
    entries: list[Signer] = []
    findings: list[Finding] = []
    named: Counter[PublicKey] = Counter()
    for number, line in _lines(text):
        try:
            entries.append(_signer(line, number))
            named[entries[-1].key] += len(entries[-1].principals)
            if named[entries[-1].key] > _MOST_PRINCIPALS:
                raise _Misread(1, f"its key speaks for more than {_MOST_PRINCIPALS} principals")
        except _Misread as misread:
            findings.append(Finding(name, number, misread.column, str(misread)))
            if len(findings) == _MOST_FINDINGS:
                break
    if findings:
        raise InvalidFileError(findings)
    return Signers(tuple(entries), name, sha256(data))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Not by splitlines, which ends a line also where OpenSSH does not.
    for number, line in enumerate(text.split("\n"), 1):
        kept = line.rstrip(_SPACES + "\r")
        if kept and not kept.lstrip(_SPACES).startswith("#"):
            yield number, kept


def _signer(line: str, number: int) -> Signer:
    for column, character in enumerate(line, 1):
        if not (character.isprintable() or character == "\t"):
            raise _Misread(column, f"the character U+{ord(character):04X} is not accepted")
    principals = _field(line, 1)
    kind = _field(line, principals.end)
    options: dict[str, _Field] = {}
    if kind.text and not _KEY_TYPE.fullmatch(kind.text):
        options, kind = _options(kind), _field(line, kind.end)
    key = _key(kind, _field(line, kind.end))
    after, before = (_moment(options.get(end)) for end in ("valid-after", "valid-before"))
    if after and before and before <= after:
        raise _Misread(options["valid-before"].column, "valid-before is not after valid-after")
    listed = options.get("namespaces")
    namespaces = None if listed is None else tuple(listed.text.split(","))
    return Signer(_principals(principals), key, after, before, namespaces, number)


def _field(line: str, column: int) -> _Field:
    """Return the first field from a column on; an empty one at the line's end."""
    start = column - 1
    while start < len(line) and line[start] in _SPACES:
        start += 1
    match = _FIELD.match(line, start)
    end = match.end() if match else start
    if end < len(line) and line[end] == '"':
        raise _Misread(end + 1, "a double quote is not closed")
    return _Field(line[start:end], start + 1)


def _principals(field: _Field) -> tuple[str, ...]:
    quoted = re.fullmatch(r'"([^"]*)"', field.text)
    text, column = (quoted[1], field.column + 1) if quoted else field
    if '"' in text:
        raise _Misread(column, "double quotes go around all principals of a line")
    names = text.split(",")
    for name in names:
        if not name or name != name.strip():
            raise _Misread(column, "a principal is empty or begins or ends with a space")
        if len(name) > _LONGEST_PRINCIPAL:
            message = f"a principal of {len(name):,} characters; {_LONGEST_PRINCIPAL} are the most"
            raise _Misread(column, message)
        if any(mark in name for mark in "*?!"):
            raise _Misread(
                column,
                f"`{name}` is a pattern; a role is bound to a person, so name each principal",
            )
        column += len(name) + 1
    return tuple(names)


def _options(field: _Field) -> dict[str, _Field]:
    """Return the values of a line's options by their lower-case names."""
    found: dict[str, _Field] = {}
    at = 0
    while True:
        option = _OPTION.match(field.text, at)
        column = field.column + at
        if option is None or field.text[option.end() : option.end() + 1] not in ("", ","):
            raise _Misread(
                column,
                f'expected options such as namespaces="{NAMESPACE}", or a key: {ED25519} AAAA...',
            )
        name = option["name"].lower()
        if problem := _option_problem(name, option["value"]):
            raise _Misread(column, problem)
        if name in found:
            raise _Misread(column, f"the option {name} stands twice")
        found[name] = _Field(option["value"], field.column + option.start("value"))
        at = option.end() + 1
        if option.end() == len(field.text):
            return found


def _option_problem(name: str, value: str | None) -> str | None:
    if name == "cert-authority":
        return (
            "cert-authority is not accepted: who holds a key is decided by the review of this "
            "file, not by a certificate; name each person's own key"
        )
    if name not in ("namespaces", "valid-after", "valid-before"):
        return f"`{name}` is no option that qgate knows, and no type of key"
    if value is None:
        return f"the option {name} needs a value in double quotes"
    return None


def _moment(field: _Field | None) -> datetime | None:
    if field is None:
        return None
    match = _TIME.fullmatch(field.text)
    if match is None:
        hint = "; without the Z it would depend on a machine's time zone"
        raise _Misread(
            field.column,
            "expected a time in UTC as YYYYMMDDZ or YYYYMMDDHHMM[SS]Z"
            + (hint if _TIME.fullmatch(field.text + "Z") else ""),
        )
    try:
        return datetime.strptime(match[1], _TIME_FORMS[len(match[1])]).replace(tzinfo=UTC)
    except ValueError:
        raise _Misread(field.column, f"{field.text} is no moment of the calendar") from None


def _key(kind: _Field, code: _Field) -> PublicKey:
    if not kind.text:
        raise _Misread(kind.column, f"a key is missing: {ED25519} AAAA...")
    if not _KEY_TYPE.fullmatch(kind.text):
        raise _Misread(kind.column, f"`{kind.text}` is no type of key; expected {ED25519}")
    if kind.text != ED25519:
        raise _Misread(
            kind.column,
            f"keys of type {kind.text} are not accepted; make one with: ssh-keygen -t ed25519",
        )
    try:
        return parse_public_key(f"{kind.text} {code.text}")
    except UsageError as error:
        raise _Misread(code.column, str(error)) from None


def _meant(namespaces: tuple[str, ...]) -> bool:
    """Return whether a list of namespaces holds qgate's; a negated one weighs more than any."""
    denied = any(_matches(entry[1:]) for entry in namespaces if entry.startswith("!"))
    return not denied and any(_matches(entry) for entry in namespaces if entry[:1] != "!")


def _matches(pattern: str) -> bool:
    # OpenSSH knows * and ? alone; fnmatch also reads sets in brackets.
    return fnmatchcase(NAMESPACE, pattern.replace("[", "[[]"))
