"""The only place that turns a name in a charter into somebody else's class, and its parameters."""

from qgate.plugins.make import Draws, build, refuse_unknown, takes, takes_shots
from qgate.plugins.names import GROUP, class_path, distributions, extra_of
from qgate.plugins.params import ParamError, named, refuse_no_count

__all__ = (
    "GROUP",
    "Draws",
    "ParamError",
    "build",
    "class_path",
    "distributions",
    "extra_of",
    "named",
    "refuse_no_count",
    "refuse_unknown",
    "takes",
    "takes_shots",
)
