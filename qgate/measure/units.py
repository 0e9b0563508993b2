"""How a value of each unit is written for people."""

from __future__ import annotations

_SHORT = {"ratio": "x", "target units": "units", "number": ""}
_ROUNDING = 1e-9


def in_words(value: float | None, unit: str, *, difference: bool = False) -> str:
    """Return a value with its unit; proportions in percent, their differences in points."""
    if value is None:
        return "none"
    if unit == "proportion":
        return f"{_number(100 * value)}{' pt' if difference else '%'}"
    if unit == "mismatches":
        return f"{value:.0f} mismatch{'' if value == 1 else 'es'}"
    return f"{_number(value)} {_SHORT.get(unit, unit)}".rstrip()


def bare(value: float | None, unit: str) -> str:
    """Return a value without its unit, as in the ends of an interval; a dash for no bound."""
    if value is None:
        return "-"
    return _number(100 * value if unit == "proportion" else value)


def _number(value: float) -> str:
    size = abs(value)
    if size < _ROUNDING:
        return "0.00"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.01 or size == 0 else f"{value:.2g}"
