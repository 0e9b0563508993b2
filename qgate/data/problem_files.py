"""Files of binary quadratic problems: Biq Mac, rudy graphs, and dimod's formats."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from qgate.data.problem import Array, Indices, Problem, make_problem, of_cut
from qgate.data.problem_dimod import read_bqm, read_json
from qgate.data.problem_terms import MOST_TERMS, finite, of_vartype, refuse_large
from qgate.errors import Finding, InvalidFileError, UsageError

_MOST_NAMED = 10
_VARTYPE = re.compile(r"#.*?vartype[:=]\s*([A-Za-z0-9_]+)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read_problem(path: Path, shown_as: str) -> Problem:
    """Read a problem in the format that its suffix says.

    `.sparse`: Biq Mac, minimise x^T Q x, each off-diagonal entry for both (i, j) and (j, i).
    `.rud`, `.mc`, `.gset`: a weighted graph whose cut is maximised. `.coo`, `.json`, `.bqm`:
    dimod's, minimised; of spins, bit 1 is spin +1. Variables are in the file's order, in `.coo`
    by ascending label.

    Args:
        path: Of the file.
        shown_as: How it is called in messages, and the problem's name.

    Raises:
        InvalidFileError: With line and column, when a text file is malformed.
        UsageError: When a binary file is, or the problem is too large, or dimod is missing.

    """
    suffix = Path(shown_as).suffix.lower()
    if suffix not in _READERS:
        known = ", ".join(_READERS)
        raise UsageError(f"{shown_as}: files of problems end in {known}")
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # told apart when all is read
            return _READERS[suffix](path, shown_as)
    except OSError as error:
        raise UsageError(f"{shown_as}: cannot be read: {error.strerror}") from None


def sense_of(name: str) -> str:
    """Return `max` for a file of a graph, whose cut is maximised, else `min`."""
    return "max" if Path(name).suffix.lower() in _GRAPHS else "min"


@dataclass
class _Terms:
    """Terms under way: (i, j) and a weight, each pair once, and what is wrong with the file."""

    name: str
    findings: list[Finding] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    lines: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, line: int, i: int, j: int, weight: float) -> None:
        pair = (i, j) if i <= j else (j, i)
        first = self.lines.setdefault(pair, line)
        if first != line:
            self.fail(line, 1, f"this pair also stands on line {first}: one entry is for both ways")
        self.ends.append(pair)
        self.weights.append(weight)

    def fail(self, line: int, column: int, message: str) -> None:
        self.findings.append(Finding(self.name, line, column, message))
        if len(self.findings) >= _MOST_NAMED:
            self.refuse()

    def refuse(self) -> None:
        if self.findings:
            raise InvalidFileError(self.findings)

    @property
    def split(self) -> tuple[Indices, Array, Indices, Array]:
        """Return the variables and weights of terms i, i, and the pairs and weights of the rest."""
        ends = np.array(self.ends, dtype=np.int64).reshape(-1, 2)
        weights = np.array(self.weights, dtype=np.float64)
        own = ends[:, 0] == ends[:, 1]
        return ends[own, 0], weights[own], ends[~own], weights[~own]


def _text_lines(path: Path, name: str) -> Iterator[tuple[int, str]]:
    """Yield numbered lines that are not blank."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidFileError([Finding(name, line, 1, "not UTF-8")]) from None
    for number, written in enumerate(text.splitlines(), start=1):
        if written.strip():
            yield number, written


def _column(line: str, place: int) -> int:
    """Return where the word of a place starts, from 1; the line's end where there is none."""
    starts = [found.start() + 1 for found in re.finditer(r"\S+", line)]
    return starts[place] if place < len(starts) else len(line) + 1


def _weight(word: str) -> float | None:
    value = float(word) if _NUMBER.fullmatch(word) else math.nan
    return value if math.isfinite(value) else None


def _whole(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 10 else None


def _term(terms: _Terms, number: int, line: str, first: int, last: int) -> None:
    """Add the line `i j w`, of which i and j lie from `first` to `last`."""
    words = line.split()
    if len(words) != 3:
        terms.fail(
            number, _column(line, min(len(words), 3)), f"expected `i j w`, not {line[:40]!r}"
        )
        return
    ends = [_whole(word) for word in words[:2]]
    for place, end in enumerate(ends):
        if end is None or not first <= end <= last:
            message = f"expected a variable from {first} to {last}, not {words[place][:40]!r}"
            terms.fail(number, _column(line, place), message)
            return
    weight = _weight(words[2])
    if weight is None:
        message = f"expected a finite number, not {words[2][:40]!r}"
        terms.fail(number, _column(line, 2), message)
        return
    terms.add(number, (ends[0] or 0) - first, (ends[1] or 0) - first, weight)


def _counted(path: Path, name: str) -> tuple[int, _Terms]:
    """Read `n m`, then m lines `i j w` that count from 1."""
    terms, header, wanted, n = _Terms(name), 0, 0, 0
    for number, line in _text_lines(path, name):
        if line.lstrip().startswith("#"):
            continue
        if not header:
            header, sizes = number, [_whole(word) for word in line.split()]
            if len(sizes) != 2 or None in sizes or not sizes[0]:
                message = f"expected the number of variables and of entries, not {line[:40]!r}"
                raise InvalidFileError([Finding(name, number, 1, message)])
            n, wanted = sizes[0], sizes[1] or 0
            refuse_large(name, n, wanted)
        elif len(terms.ends) >= wanted and not terms.findings:
            terms.fail(
                number, 1, f"the header on line {header} counts {wanted} entries: this is more"
            )
            break
        else:
            _term(terms, number, line, 1, n)
    if not header:
        raise InvalidFileError([Finding(name, 1, 1, "holds no problem")])
    if len(terms.ends) < wanted and not terms.findings:
        terms.fail(header, 1, f"the header counts {wanted} entries, {len(terms.ends)} stand below")
    terms.refuse()
    return n, terms


def _sparse(path: Path, name: str) -> Problem:
    n, terms = _counted(path, name)
    own, slopes, pairs, weights = terms.split
    linear = np.zeros(n)
    linear[own] = slopes
    return finite(make_problem(name, "min", 0.0, linear, pairs, 2.0 * weights))


def _graph(path: Path, name: str) -> Problem:
    n, terms = _counted(path, name)
    for pair, line in terms.lines.items():
        if pair[0] == pair[1]:
            terms.fail(line, 1, "an edge from a vertex to itself is never cut")
    terms.refuse()
    _, _, edges, weights = terms.split
    return finite(of_cut(name, n, edges, weights))


def _coo(path: Path, name: str) -> Problem:
    terms, vartype, wanted = _Terms(name), "", 0
    for number, line in _text_lines(path, name):
        if line.lstrip().startswith("#"):
            found = _VARTYPE.search(line)
            if found and vartype not in ("", found[1]):
                terms.fail(number, 1, f"vartype is {vartype} above, {found[1]} here")
            vartype = found[1] if found else vartype
            continue
        wanted += 1
        if wanted > MOST_TERMS:
            refuse_large(name, 1, wanted)
        _term(terms, number, line, 0, 10**9 - 1)
    if vartype not in ("BINARY", "SPIN"):
        terms.fail(1, 1, "expected the header `# vartype=BINARY` or `# vartype=SPIN`")
    terms.refuse()
    own, slopes, pairs, weights = terms.split
    labels, places = np.unique(np.concatenate([own, pairs.ravel()]), return_inverse=True)
    if not labels.size:
        raise InvalidFileError([Finding(name, 1, 1, "holds no problem")])
    refuse_large(name, len(labels), wanted)
    linear = np.zeros(len(labels))
    linear[places[: len(own)]] = slopes
    return of_vartype(name, vartype, 0.0, linear, places[len(own) :].reshape(-1, 2), weights)


_GRAPHS = (".rud", ".mc", ".gset")
_READERS: dict[str, Callable[[Path, str], Problem]] = {
    ".sparse": _sparse,
    **dict.fromkeys(_GRAPHS, _graph),
    ".coo": _coo,
    ".json": read_json,
    ".bqm": read_bqm,
}
