"""The words that a charter may use, as tables handed down from the floors that own them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MetricTerms:
    """What a charter's author needs to know of a metric."""

    name: str
    unit: str
    better: str
    """`lower`, `higher` or `exact` (a count of mismatches, 0 allowed)."""
    definition: str
    source: str
    low: float
    high: float
    needs: frozenset[str] = frozenset()
    """Of: baseline, latency, prices, replicates, scores."""
    task: str | None = None
    """The only task that it is for, None for any."""
    interim: bool = False
    """Whether planned looks look at it: its bounds narrow as trials come in."""

    @property
    def more(self) -> str:
        """Return what narrows the metric's bounds."""
        wants = (("latency", "requests"), ("replicates", "replicates or seeds"))
        return next((what for need, what in wants if need in self.needs), "items")

    @property
    def gap(self) -> bool:
        """Return whether it is the candidate's difference from the baseline."""
        return self.name.endswith("_gap_vs_classical")

    @property
    def in_points(self) -> bool:
        """Return whether a value is a difference of proportions, told in points."""
        return self.unit == "proportion" and (self.gap or "replicates" in self.needs)


@dataclass(frozen=True)
class LayerTerms:
    """What a kind of layer does and which of gate, pairs, scale it takes."""

    kind: str
    definition: str
    keys: frozenset[str]
    gates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """Every metric and every kind of layer, by name."""

    metrics: Mapping[str, MetricTerms]
    layers: Mapping[str, LayerTerms]
