"""The only place that turns a name in a charter into somebody else's class, and its parameters."""

from qgate.plugins.make import Draws, build, takes, takes_shots
from qgate.plugins.names import GROUP, class_path, distributions
from qgate.plugins.params import ParamError, named

__all__ = (
    "GROUP",
    "Draws",
    "ParamError",
    "build",
    "class_path",
    "distributions",
    "named",
    "takes",
    "takes_shots",
)
