"""Numeric procedures, with their sources; nothing here knows what a gate or a charter is."""

from qgate.stats.parity import CLAIMS, ParityInterval, parity_interval
from qgate.stats.quantiles import QuantileBounds, quantile_bounds

__all__ = ["CLAIMS", "ParityInterval", "QuantileBounds", "parity_interval", "quantile_bounds"]
