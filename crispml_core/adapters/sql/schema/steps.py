"""What each revision is a step of, as its script declares it.

``expand``
    Only adds: tables, columns that may be null or have a default, indexes. The release before works
    on it.
``contract``
    Takes away what no release needs any more. `presupposes` names the revision whose release was
    the first that could do without; it is an earlier one, so that the release in between works on
    both sides.
``rebuild``
    Makes tables anew, so the services must be stopped. Revisions 0002 and 0003 are from before the
    rule; there are to be no others.

`moves_rows` says that a revision carries rows over with the help of this program, so that no script
can do it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alembic.script import Script, ScriptDirectory

Kind = Literal["expand", "contract", "rebuild"]


@dataclass(frozen=True, slots=True)
class Step:
    """One revision."""

    revision: str
    kind: Kind
    presupposes: str | None = None
    moves_rows: bool = False


def steps(scripts: ScriptDirectory) -> list[Step]:
    """Return the revisions in order."""
    return [_step(script) for script in reversed(list(scripts.walk_revisions()))]


def _step(script: Script) -> Step:
    module = script.module
    return Step(
        script.revision,
        module.step,
        getattr(module, "presupposes", None),
        getattr(module, "moves_rows", False),
    )
