"""Geometry of hand-placed SVG: x in percent of the width, y in pixels.

So a drawing is as wide as its place, and its text keeps its size on a phone and on paper. What is
placed are plain marks; the template writes them, with every text and attribute escaped.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]

PATH_WIDTH = 1000
"""Units across a path's own coordinates, which are stretched to the drawing's width."""
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LOG_STEPS = (1, 2, 5)
_ROUNDING = 1e-9
_TINY = 1e-100


@dataclass(frozen=True)
class Mark:
    """One element: its tag, its attributes, a text or what stands inside."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    text: str = ""
    inside: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Plot:
    """A drawing with what it shows in words, for those who cannot see it."""

    title: str
    description: str
    height: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Scale:
    """From values to percent of the width, or to pixels of height; what lies beyond is cut."""

    first: float
    last: float
    start: float = 0.0
    end: float = 100.0
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Return where a value stands, between `start` and `end`."""
        first, last, value = (self._place(v) for v in (self.first, self.last, value))
        share = (value - first) / (last - first) if last > first else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def _place(self, value: float) -> float:
        if not self.logarithmic:
            return value
        return math.log10(max(value, min(self.first, self.last) * 1e-3))


def _one_place(first: float, last: float) -> bool:
    """Return whether a range has no width but what rounding gives it."""
    return last - first <= max(_ROUNDING * max(abs(first), abs(last)), _TINY)


def ticks(first: float, last: float, most: int = 5) -> tuple[float, ...]:
    """Return at most so many round values from `first` to `last`, evenly apart."""
    if _one_place(first, last):
        return (first,)
    rough = (last - first) / max(most - 1, 1)
    size = 10.0 ** math.floor(math.log10(rough))
    for step in (size * factor for factor in (*_STEPS, 20.0, 25.0, 50.0)):
        start = math.ceil(first / step - _ROUNDING)
        end = math.floor(last / step + _ROUNDING)
        if end - start + 1 <= most:
            return tuple(number * step for number in range(start, end + 1))
    return (first, last)


def log_ticks(first: float, last: float, most: int = 6) -> tuple[float, ...]:
    """Return 1, 2 and 5 of each decade where they are few, else the decades, else every n-th."""
    low, high = math.floor(math.log10(first)), math.ceil(math.log10(last))
    decades = range(low, high + 1)
    for factors in (_LOG_STEPS, (1,)):
        found = [f * 10.0**d for d in decades for f in factors]
        found = [v for v in found if first * (1 - _ROUNDING) <= v <= last * (1 + _ROUNDING)]
        if len(found) <= most:
            return tuple(found)
    return tuple(found[:: math.ceil(len(found) / most)])


def rounded_out(first: float, last: float, most: int = 5) -> tuple[float, float]:
    """Return a range that begins and ends at a tick and holds another."""
    if _one_place(first, last):
        wide = abs(first) * 0.05 or 1.0
        first, last = first - wide, last + wide
    marks = ticks(first, last, most)
    step = marks[1] - marks[0] if len(marks) > 1 else last - first
    low = math.floor(first / step + _ROUNDING) * step
    return low, math.ceil(last / step - _ROUNDING) * step


def thinned(count: int, kept: Iterable[int], most: int) -> tuple[int, ...]:
    """Return at most about `most` of the places 0 to count - 1, evenly, and each of `kept`."""
    if count <= most:
        return tuple(range(count))
    evenly = (round(i * (count - 1) / (most - 1)) for i in range(most))
    return tuple(sorted({*evenly, *(place for place in kept if 0 <= place < count)}))


def share_at(samples: Sequence[float], value: float) -> float:
    """Return the share of sorted samples that are below a value."""
    return bisect_left(samples, value) / len(samples)


def number(value: float) -> str:
    """Return a coordinate to a tenth, without a trailing zero."""
    return f"{round(value, 1) + 0.0:g}"


def percent(value: float) -> str:
    """Return a place across the width."""
    return f"{round(value, 2) + 0.0:g}%"


def line(one: Point, other: Point, kind: str) -> Mark:
    """Return a straight line between two points (percent, pixels)."""
    (x1, y1), (x2, y2) = one, other
    return Mark(
        "line",
        (("x1", percent(x1)), ("y1", number(y1)), ("x2", percent(x2)), ("y2", number(y2)),
         ("class", kind)),
    )  # fmt: skip


def rect(corner: Point, width: float, height: float, kind: str) -> Mark:
    """Return a rectangle from its upper left corner; its width is in percent."""
    return Mark(
        "rect",
        (("x", percent(corner[0])), ("y", number(corner[1])), ("width", percent(width)),
         ("height", number(height)), ("class", kind)),
    )  # fmt: skip


def dot(centre: Point, radius: float, kind: str) -> Mark:
    """Return a disc."""
    place = (("cx", percent(centre[0])), ("cy", number(centre[1])), ("r", number(radius)))
    return Mark("circle", (*place, ("class", kind)))


def square(centre: Point, half: float, kind: str) -> Mark:
    """Return a square about a point, moved by pixels since its width is none in percent."""
    place = (("x", percent(centre[0])), ("y", number(centre[1] - half)))
    size = (("width", number(2 * half)), ("height", number(2 * half)))
    return Mark("rect", (*place, *size, ("transform", f"translate({number(-half)} 0)"),
                         ("class", kind)))  # fmt: skip


def label(place: Point, text: str, kind: str = "", dx: float = 0.0) -> Mark:
    """Return a text, by `kind` anchored at its start (as it is), middle (`m`) or end (`e`)."""
    attributes = [("x", percent(place[0])), ("y", number(place[1]))]
    attributes += [("dx", number(dx))] if dx else []
    attributes += [("class", kind)] if kind else []
    return Mark("text", tuple(attributes), text)


def across(height: float, *paths: tuple[str, str]) -> Mark:
    """Return paths (data, kind) in PATH_WIDTH units, stretched over the whole width."""
    inside = tuple(Mark("path", (("d", data), ("class", kind))) for data, kind in paths)
    box = f"0 0 {PATH_WIDTH} {number(height)}"
    return Mark(
        "svg",
        (("viewBox", box), ("preserveAspectRatio", "none"), ("width", "100%"),
         ("height", number(height))),
        inside=inside,
    )  # fmt: skip


def polyline(points: Sequence[Point], *, closed: bool = False) -> str:
    """Return path data through points (percent, pixels)."""
    body = "L".join(f"{number(x * PATH_WIDTH / 100)} {number(y)}" for x, y in points)
    return f"M{body}{'Z' if closed else ''}"


def staircase(points: Sequence[Point]) -> str:
    """Return path data that runs level from each point to the next one's x, then goes to its y."""
    data = [polyline(points[:1])]
    for (_, _), (x, y) in pairwise(points):
        data.append(f"H{number(x * PATH_WIDTH / 100)}V{number(y)}")
    return "".join(data)
