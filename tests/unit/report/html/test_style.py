"""Colours are told apart in both schemes and on paper: WCAG 2.2, 1.4.3 and 1.4.11 at AA."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

_CSS = files("qgate.report.html").joinpath("page.css").read_text(encoding="utf-8")
_TEXT = [
    *((ink, ground) for ink in ("ink", "soft") for ground in ("paper", "card", "code")),
    *((tone, ground) for tone in ("pass", "fail", "open", "error") for ground in ("paper", "card")),
    ("ink", "warn"), ("open", "warn"),
]  # fmt: skip
_DRAWN = [
    *(("ink", ground) for ground in ("card", "field", "region", "hatch")),
    *((arm, ground) for arm in ("candidate", "baseline") for ground in ("card", "band", "field")),
    ("edge", "card"), ("candidate", "paper"),
]  # fmt: skip


def _schemes() -> dict[str, dict[str, str]]:
    """Return the colours of each scheme by name, in the order of the stylesheet."""
    blocks = re.findall(r":root \{([^}]*)\}", _CSS)
    light, dark, paper = (dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in blocks)
    return {"light": light, "dark": dark, "print": paper}


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _ratio(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_ratio_is_that_of_the_standard() -> None:
    assert _ratio("#000000", "#ffffff") == pytest.approx(21)
    assert _ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize(
    ("pairs", "least"), [(_TEXT, 4.5), (_DRAWN, 3.0)], ids=["text", "drawings"]
)
def test_contrast(scheme: str, pairs: list[tuple[str, str]], least: float) -> None:
    colours = _schemes()[scheme]
    found = {(one, on): _ratio(colours[one], colours[on]) for one, on in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < least} == {}


def test_every_scheme_has_every_colour_and_nothing_else_names_one() -> None:
    schemes = _schemes()
    assert schemes["light"].keys() == schemes["dark"].keys() == schemes["print"].keys()
    rest = re.sub(r":root \{[^}]*\}", "", _CSS)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", rest)
    assert set(re.findall(r"var\(--(\w+)\)", _CSS)) <= schemes["light"].keys() | {"tone"}
