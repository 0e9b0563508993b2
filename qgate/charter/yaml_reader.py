"""YAML text to plain values with the line and column of each; the YAML 1.2 core types only."""

from __future__ import annotations

import difflib
import errno
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from qgate.errors import Finding, InvalidFileError

Path_ = tuple[str | int, ...]
Place = tuple[int, int]

_UNREADABLE, _NOT_UTF8 = "QG-F01", "not UTF-8: save the file as UTF-8"
_LARGEST_FILE = 1024 * 1024
_MOST_NODES = 50_000
MOST_FINDINGS = 100
"""Nobody mends more at once; a file of a megabyte could have a hundred thousand."""
_DEEPEST = 50
_MOST_NAMED = 1000
_SUFFIXES = (".yaml", ".yml")
_ALIKE = 0.75
"""Of 1: how alike two names are, one of which may be meant by the other."""
_MOST_DIGITS = 300
_MOST_BITS = 53  # beyond it JSON readers lose digits

# What YAML refuses, and the line breaks of YAML 1.1 alone: where they are counted, the lines that
# findings name are not the lines that an editor shows.
_FORBIDDEN = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)

# PyYAML follows YAML 1.1, where `no` is false, `1:30` is 90 and `1e-3` is text. Charters are read
# by the 1.2 core schema, as editors read them; underscores in numbers are allowed besides.
_DIGITS = "[0-9](?:_?[0-9])*"
_SCALARS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("null", re.compile(r"(?:~|null|Null|NULL|)\Z")),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    ("int", re.compile(rf"(?:[-+]?{_DIGITS}|0o[0-7]+|0x[0-9a-fA-F]+)\Z")),
    (
        "float",
        re.compile(rf"[-+]?(?:\.{_DIGITS}|{_DIGITS}(?:\.(?:{_DIGITS})?)?)(?:[eE][-+]?[0-9]+)?\Z"),
    ),
    ("infinite", re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")),
)


@dataclass(frozen=True)
class Source:
    """A parsed file: its values and where each stands."""

    file: str
    document: Any
    places: Mapping[Path_, Place]
    data: bytes = field(default=b"", compare=False, repr=False)
    """The file as it was read."""

    def place(self, path: Path_) -> Place:
        """Return line and column (from 1) of the value at a path, or of its nearest parent."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def finding(
        self, path: Path_, message: str, severity: str = "error", code: str = Finding.code
    ) -> Finding:
        """Return a finding, on one line, at the place of a value."""
        return Finding(self.file, *self.place(path), message.replace("\n", "\\n"), severity, code)


def read_yaml(path: Path, shown_as: str) -> Source:
    """Read one YAML document.

    Raises:
        InvalidFileError: With the line and column of what is not allowed: tags, duplicate keys,
            merge keys, more than one document, a file or an expansion beyond the bounds.

    """
    try:
        if path.is_fifo() or path.is_socket():
            raise OSError(errno.EINVAL, "no regular file")  # its other end would be waited for
        with path.open("rb") as stream:
            data = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        message = f"cannot read: {error.strerror}"
        if error.errno == errno.ENOENT and (meant := _meant(path, shown_as)):
            message += f"; did you mean {meant}?"
        raise InvalidFileError([Finding(shown_as, 1, 1, message, code=_UNREADABLE)]) from None
    return parse_yaml(data, shown_as)


def _meant(path: Path, shown_as: str) -> str:
    """Return the file of a like name beside one that is not there, or in charters/; else empty."""
    suffixes = {*_SUFFIXES, path.suffix or _SUFFIXES[0]}
    beside = {found.name: Path(shown_as).parent / found.name for found in _named(path, suffixes)}
    usual = Path("charters")
    known = {found.name: usual / found.name for found in _named(usual / "any", suffixes)} | beside
    wanted = path.name if path.suffix else f"{path.stem}{_SUFFIXES[0]}"
    near = difflib.get_close_matches(wanted, known, 1, _ALIKE)
    return repr(str(known[near[0]]))[1:-1] if near else ""


def _named(path: Path, suffixes: Collection[str]) -> list[Path]:
    """Return the files with one of some suffixes in a path's folder, the first of very many."""
    try:
        found = (each for each in path.parent.iterdir() if each.suffix in suffixes)
        return sorted(islice(found, _MOST_NAMED))
    except OSError:
        return []


def parse_yaml(data: bytes, shown_as: str) -> Source:
    """Return the YAML document that a file's bytes hold.

    Raises:
        InvalidFileError: As `read_yaml`.

    """
    if len(data) > _LARGEST_FILE:
        message = f"larger than {_LARGEST_FILE} bytes: a charter is a page or two of YAML"
        raise InvalidFileError([Finding(shown_as, 1, 1, message, code=_UNREADABLE)])
    return replace(_Reader(shown_as).read(_decoded(data, shown_as)), data=data)


def _decoded(data: bytes, shown_as: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise InvalidFileError(
            [Finding(shown_as, line, column, _NOT_UTF8, code=_UNREADABLE)]
        ) from None


class _Reader:
    """Walks the node tree once; counts what it expands, so that aliases cannot blow up."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._places: dict[Path_, Place] = {}
        self._findings: list[Finding] = []
        self._nodes = 0

    def read(self, text: str) -> Source:
        if forbidden := _FORBIDDEN.search(text):
            message = f"holds the control character {forbidden[0]!a}: remove it"
            raise self._refuse(*_position_of(text, forbidden.start()), message)
        loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            self._survey(yaml.parse(text, Loader=loader_class))
            root = yaml.compose(text, Loader=loader_class)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            lines = text.split("\n")
            if line > len(lines):  # the loaders count a line after a last one without line feed
                line, column = len(lines), len(lines[-1]) + 1
            problem = " ".join(part for part in (error.context, error.problem) if part)
            raise self._refuse(line, column, f"not valid YAML: {problem}") from None
        if root is None:
            raise self._refuse(1, 1, "empty: write one with `qgate init`")
        document = self._value(root, (), 0)
        if self._findings:
            raise self._found()
        return Source(self._file, document, MappingProxyType(self._places))

    def _survey(self, events: Iterable[yaml.Event]) -> None:
        """Note what the node tree no longer shows; refuse what composing would die of."""
        depth = nodes = 0
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                nodes += 1
                if nodes > 2 * _MOST_NODES:  # keys are nodes too
                    raise self._refuse(*_start_of(event), f"more than {_MOST_NODES} values")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _DEEPEST:
                    message = f"nested deeper than {_DEEPEST} levels"
                    raise self._refuse(*_start_of(event), message)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            tag = getattr(event, "tag", None)
            if tag is not None:
                self._note(event, f"tags are not read: remove {tag!r}")

    def _refuse(self, line: int, column: int, message: str) -> InvalidFileError:
        return InvalidFileError([Finding(self._file, line, column, message, code=_UNREADABLE)])

    def _value(self, node: yaml.Node, path: Path_, depth: int) -> Any:
        self._nodes += 1
        line, column = _start_of(node)
        if self._nodes > _MOST_NODES:
            raise self._refuse(line, column, f"expands to more than {_MOST_NODES} values (aliases)")
        if depth > _DEEPEST:
            raise self._refuse(line, column, f"nested deeper than {_DEEPEST} levels")
        self._places.setdefault(path, (line, column))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, i), depth + 1) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)  # noqa: S101  # the only other kind of node
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path_, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._note(key_node, "a key must be a word")
                continue
            key = str(key_node.value)
            self._printable(key_node)
            if key == "<<" and not key_node.style:
                self._note(key_node, "merge keys (<<) are not read: write the values out")
            elif key in result:
                first = self._places[(*path, key)][0]
                self._note(key_node, f"key {key!r} stands twice; first on line {first}")
            else:
                self._places[(*path, key)] = _start_of(key_node)
                result[key] = self._value(value_node, (*path, key), depth + 1)
        return result

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text, plain = str(node.value), not node.style
        self._printable(node)
        kind = next((name for name, pattern in _SCALARS if pattern.match(text)), "str")
        if not plain or kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        number = _number(kind, text)
        if not math.isfinite(number):
            self._note(node, f"no number that a charter can hold: {text[:20]}")
        return number

    def _printable(self, node: yaml.ScalarNode) -> None:
        """Note characters that would act on a terminal or break a report's format."""
        if any(not (c.isprintable() or c in "\n\t") for c in str(node.value)):
            self._note(node, "holds a control or invisible character: remove it")

    def _note(self, node: yaml.Node | yaml.Event, message: str) -> None:
        self._findings.append(Finding(self._file, *_start_of(node), message, code=_UNREADABLE))
        if len(self._findings) == MOST_FINDINGS:
            raise self._found()

    def _found(self) -> InvalidFileError:
        return InvalidFileError(sorted(self._findings, key=lambda f: (f.line, f.column)))


def _number(kind: str, text: str) -> int | float:
    """Return a scalar's number, infinity where it is beyond what a float holds."""
    if kind == "float":
        return float(text.replace("_", ""))
    if kind == "int" and len(text) <= _MOST_DIGITS:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        number = int(text, base)
        return number if number.bit_length() <= _MOST_BITS else math.inf
    return math.inf


def _start_of(node: yaml.Node | yaml.Event) -> Place:
    mark = node.start_mark
    assert mark is not None  # noqa: S101  # both loaders give one to all that stands in a text
    return mark.line + 1, mark.column + 1


def _position_of(text: str, offset: int) -> Place:
    before = text[: max(0, offset)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
