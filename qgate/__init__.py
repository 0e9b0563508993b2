"""qgate: a promotion gate for hybrid quantum-classical pilots.

The library is the command line's other face: `load`, `plan`, `run` and `judge` take what their
commands take and return typed results.
"""

from __future__ import annotations

TYPE_CHECKING = False
"""Imports nothing at run time: what an interrupt stops here, no line of ours can answer."""

if TYPE_CHECKING:
    from pathlib import Path

    from qgate.charter.charter import Charter
    from qgate.evidence.evidence import Evidence
    from qgate.gates.decision import Decision
    from qgate.plan.settings import Settings
    from qgate.plan.study import Study

__all__ = ["judge", "load", "plan", "run"]


def load(path: str | Path, settings: Settings | None = None) -> Charter:
    """Return a valid charter.

    Raises:
        InvalidFileError: With every error's line and column.

    """
    from pathlib import Path

    from qgate import pipeline

    return pipeline.load(Path(path), settings or _defaults())


def plan(path: str | Path, settings: Settings | None = None) -> Study:
    """Return a charter with its data, its lock and the trials that would run.

    Raises:
        UsageError: When any of them cannot be used.

    """
    from pathlib import Path

    from qgate import pipeline

    return pipeline.study(Path(path), settings or _defaults())


def run(path: str | Path, settings: Settings | None = None) -> tuple[Evidence, Decision]:
    """Run a charter, write its evidence, and return both it and the decision.

    Raises:
        UsageError: When the charter cannot be run as it stands, or cannot be decided.

    """
    from pathlib import Path

    from qgate import pipeline

    return pipeline.run(Path(path), settings or _defaults())


def judge(evidence: str | Path | Evidence, charter: Charter | None = None) -> Decision:
    """Return the decision on evidence, or on the bundle that a path or a digest names.

    Raises:
        UsageError: When there is no such bundle, or it was changed after its run.

    """
    from pathlib import Path

    from qgate.evidence.store import read_bundle
    from qgate.gates import decision

    bundle = read_bundle(str(evidence)) if isinstance(evidence, str | Path) else evidence
    return decision.judge(bundle, charter)


def _defaults() -> Settings:
    from qgate.plan.settings import Settings

    return Settings()
