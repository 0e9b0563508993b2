"""Problems in dimod's own formats: a serialized model as JSON, and its binary file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from qgate.data.problem import Array, Indices, Problem
from qgate.data.problem_terms import of_vartype, refuse_large
from qgate.errors import Finding, InvalidFileError, UsageError

_EXTRA = "needs `pip install 'qgate[optimization]'`"


def read_json(path: Path, name: str) -> Problem:
    """Read what dimod's DimodEncoder writes; dimod is not needed for it.

    Raises:
        InvalidFileError: With line and column.

    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InvalidFileError([Finding(name, error.lineno, error.colno, error.msg)]) from None
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidFileError([Finding(name, 1, 1, f"not JSON: {error}")]) from None
    try:
        return _of_document(name, document)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        said = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        message = f"no BinaryQuadraticModel as dimod's DimodEncoder writes it: {said}"
        raise InvalidFileError([Finding(name, 1, 1, message)]) from None


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number of a problem")


def _of_document(name: str, document: Any) -> Problem:
    """Return the problem of a serialized model, schema 2 or 3, whose arrays are lists."""
    if not isinstance(document, dict) or document.get("type") != "BinaryQuadraticModel":
        raise ValueError("its `type` is not BinaryQuadraticModel")
    version = str(document["version"]["bqm_schema"])
    if version[:2] not in ("2.", "3.") or document["use_bytes"]:
        raise ValueError("only schemas 2 and 3 without bytes are read")
    linear = _list(document, "linear_biases", float)
    heads, tails = (_list(document, f"quadratic_{end}", int) for end in ("head", "tail"))
    weights = _list(document, "quadratic_biases", float)
    if not len(heads) == len(tails) == len(weights):
        raise ValueError("quadratic_head, quadratic_tail, quadratic_biases differ in length")
    counts = (len(linear), len(weights))
    if counts != (document["num_variables"], document["num_interactions"]):
        raise ValueError(f"num_variables, num_interactions are not {counts[0]}, {counts[1]}")
    pairs = np.column_stack([heads, tails]).astype(np.int64)
    return _checked(name, document["variable_type"], document["offset"], linear, pairs, weights)


def _list(document: dict[str, Any], key: str, kind: type) -> Any:
    found = document[key]
    allowed = (int, float) if kind is float else (int,)
    if not isinstance(found, list) or any(type(entry) not in allowed for entry in found):
        raise ValueError(f"{key}: expected a list of numbers")
    return np.array(found, dtype=np.float64 if kind is float else np.int64)


def read_bqm(path: Path, name: str) -> Problem:
    """Read what BinaryQuadraticModel.to_file writes.

    Raises:
        UsageError: When dimod is missing, or cannot read it.

    """
    try:
        import dimod
    except ImportError:
        raise UsageError(f"{name}: reading .bqm files {_EXTRA}") from None
    try:
        with path.open("rb") as stream:
            model = dimod.BinaryQuadraticModel.from_file(stream)
        found = model.to_numpy_vectors(variable_order=list(model.variables))
        pairs = np.column_stack([found.quadratic.row_indices, found.quadratic.col_indices])
        return _checked(
            name, model.vartype.name, float(found.offset),
            np.asarray(found.linear_biases, dtype=np.float64), pairs.astype(np.int64),
            np.asarray(found.quadratic.biases, dtype=np.float64),
        )  # fmt: skip
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001  # a damaged file may raise anything in dimod
        raise UsageError(f"{name}: not a readable dimod .bqm file: {error}") from None


def _checked(
    name: str, vartype: Any, offset: Any, linear: Array, pairs: Indices, weights: Array
) -> Problem:
    """Return the problem of a model's vectors.

    Raises:
        ValueError: When they are no problem.

    """
    if vartype not in ("BINARY", "SPIN"):
        raise ValueError(f"variables are {vartype!r}, neither BINARY nor SPIN")
    if not linear.size:
        raise ValueError("it has no variables")
    refuse_large(name, len(linear), len(weights))
    if pairs.size and (pairs.min() < 0 or pairs.max() >= len(linear)):
        raise ValueError(f"an interaction is of no variable from 0 to {len(linear) - 1}")
    ordered = np.sort(pairs, axis=1)
    if np.any(ordered[:, 0] == ordered[:, 1]):
        raise ValueError("an interaction of a variable with itself")
    if len(np.unique(ordered, axis=0)) < len(ordered):
        raise ValueError("an interaction stands twice")
    return of_vartype(name, vartype, float(offset), linear, pairs, weights)
