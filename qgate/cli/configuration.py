"""Defaults of options that many commands share: of the environment, else of pyproject.toml."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgate.errors import Finding, InvalidFileError, UsageError
from qgate.files import repository_top, shown, told

_TABLE = ("tool", "qgate")
_MOST_BYTES = 4_000_000
_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
_MOST_WORKERS = 256
_FOLDER = re.compile(r"[^\x00]+")


@dataclass(frozen=True)
class Option:
    """What a key sets: `read` returns the parameter's value, or raises ValueError.

    Its second argument is the folder that relative paths are meant from.
    """

    key: str
    parameter: str
    expected: str
    read: Callable[[Any, Path], Any]
    of_text: Callable[[str], Any] = str
    """Turns an environment variable's text into what the file would hold."""
    commands: frozenset[str] = frozenset()
    """Whose default it is; empty for every command with an option of that name."""

    @property
    def variable(self) -> str:
        """Return the environment variable that outweighs the file."""
        return f"QGATE_{self.key.upper().replace('-', '_')}"


def _workers(value: Any, _: Path) -> int:
    if type(value) is not int or not 1 <= value <= _MOST_WORKERS:
        raise ValueError
    return value


def _quiet(value: Any, _: Path) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _fail_on(value: Any, _: Path) -> str:
    from qgate.cli.options import FAIL_ON_WHAT

    if value not in FAIL_ON_WHAT:
        raise ValueError
    return str(value)


def _memory(value: Any, _: Path) -> int:
    import typer

    from qgate.cli.options import amount_of_bytes

    if type(value) not in (int, str):
        raise ValueError
    try:
        return amount_of_bytes(value)
    except typer.BadParameter:
        raise ValueError from None


def _path(value: Any, top: Path) -> Path:
    if type(value) is not str or not _FOLDER.fullmatch(value):
        raise ValueError
    return Path(os.path.normpath(top / value))


def _paths(value: Any, top: Path) -> list[Path]:
    if type(value) is not list or not value:
        raise ValueError
    return [_path(each, top) for each in value]


OPTIONS: Mapping[str, Option] = {
    option.key: option
    for option in (
        Option(
            "workers", "workers", f"a whole number from 1 to {_MOST_WORKERS}", _workers,
            lambda text: int(text) if text.isascii() and text.isdecimal() else text,
        ),
        Option("fail-on", "fail_on", '"inconclusive" or "fail"', _fail_on),
        Option("max-memory", "max_memory", 'an amount such as "4GB", or bytes', _memory),
        Option("evidence", "evidence", "a folder", _path, commands=frozenset({"run"})),
        Option(
            "quiet", "quiet", "true or false", _quiet,
            lambda text: _WORDS.get(text.lower(), text),
        ),
        Option(
            "charters", "paths", "a list of charters or folders", _paths,
            lambda text: text.split(os.pathsep), frozenset({"check"}),
        ),
    )
}  # fmt: skip


_SHARED = {**OPTIONS, "verbose": Option("verbose", "verbose", "true or false", _quiet)}
"""The last is typed before a command, and never configured."""


def configured() -> dict[str, Any]:
    """Return what the environment, else the file, sets: values by key, paths from here.

    Raises:
        InvalidFileError: With the line of each key that is unknown or of a wrong type.
        UsageError: When an environment variable is not as expected.

    """
    return {**_of_file(), **dict(_of_environment())}


def defaults(
    commands: Mapping[str, Any], values: Mapping[str, Any], group: str = ""
) -> dict[str, dict[str, Any]]:
    """Return the default of each command's parameters, by their names; a group's hold commands.

    Args:
        commands: The application's commands by name, with their `params`, or a group's.
        values: By key, as `configured` returns them; `verbose` may be among them.
        group: The group that they are of.

    """
    found: dict[str, dict[str, Any]] = {}
    for name, command in commands.items():
        path = f"{group} {name}".strip()
        taken = {p.name for p in command.params if p.param_type_name == "option"}
        found[name] = {
            _SHARED[key].parameter: value
            for key, value in values.items()
            if path in _SHARED[key].commands
            or (not _SHARED[key].commands and _SHARED[key].parameter in taken)
        }
        found[name] |= defaults(getattr(command, "commands", {}), values, path)
    return found


def sources() -> Iterator[str]:
    """Yield, for each default that is set, what it is and what sets it."""
    environment = dict(_of_environment())
    file = shown(repository_top() / "pyproject.toml")
    for key, value in {**_of_file(), **environment}.items():
        words = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        where = OPTIONS[key].variable if key in environment else file
        yield f"default of {where}: {key} = {words}"


def _of_environment() -> Iterator[tuple[str, Any]]:
    for key, option in OPTIONS.items():
        if text := os.environ.get(option.variable):
            try:
                yield key, option.read(option.of_text(text), Path())
            except ValueError:
                message = f"{option.variable}={told(text)}: expected {option.expected}"
                raise UsageError(message) from None


def _of_file() -> dict[str, Any]:
    top = repository_top()
    path = top / "pyproject.toml"
    if not path.is_file():
        return {}
    text = _text(path)
    if "qgate" not in text:  # nothing of ours: another tool's mistake is no concern of ours
        return {}
    table = _table(text, path)
    values: dict[str, Any] = {}
    findings = []
    for key, value in table.items():
        if message := _set(values, key, value, top):
            findings.append(_finding(path, text, key, message))
    if findings:
        raise InvalidFileError(findings)
    return values


def _set(values: dict[str, Any], key: str, value: Any, top: Path) -> str:
    """Put a key's value among the others; return what is wrong with it, empty if nothing."""
    if key not in OPTIONS:
        near = difflib.get_close_matches(key, OPTIONS, 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(OPTIONS)}"
        return f"unknown key; {hint}"
    try:
        values[key] = OPTIONS[key].read(value, top)
    except ValueError:
        return f"expected {OPTIONS[key].expected}"
    return ""


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise _refused(path, 1, 1, f"more than {_MOST_BYTES:,} bytes")
        return data.decode()
    except OSError as error:
        raise _refused(path, 1, 1, f"cannot read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _refused(path, 1, 1, "not UTF-8") from None


def _table(text: str, path: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        found: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        place = (int(at[1]), int(at[2])) if at else (1, 1)
        raise _refused(path, *place, f"not valid TOML: {str(error).partition(' (at')[0]}") from None
    for name in _TABLE:
        found = found.get(name, {})
        if not isinstance(found, dict):
            raise _finding_error(path, text, name)
    return dict(found)


def _finding_error(path: Path, text: str, name: str) -> InvalidFileError:
    return InvalidFileError([_finding(path, text, name, "expected a table")])


def _refused(path: Path, line: int, column: int, message: str) -> InvalidFileError:
    return InvalidFileError([Finding(shown(path), line, column, message)])


def _finding(path: Path, text: str, key: str, message: str) -> Finding:
    """Return a finding at the key's line in our table; at the first line where it is not found."""
    line, column = _place(text, key)
    where = key if key in _TABLE else f"tool.qgate.{told(key)[1:-1]}"
    return Finding(shown(path), line, column, f"{where}: {message}")


def _place(text: str, key: str) -> tuple[int, int]:
    """Return line and column of a key, which stands on a line of its own; tomllib tells none."""
    header, ours = (1, 1), False
    named = re.compile(rf"""\s*(?P<key>(["']?){re.escape(key)}\2)\s*[=.]""")
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*\[\s*(.*?)\s*\]\s*(#.*)?$", line):
            ours = found[1].replace(" ", "") == "tool.qgate"
            header = (number, line.index("[") + 1) if ours else header
        elif ours and (at := named.match(line)):
            return number, at.start("key") + 1
    return header
