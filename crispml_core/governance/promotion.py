"""What the environment demands before an alias may move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crispml_core.domain.approval import VersionDecision
from crispml_core.domain.bundles import Approval
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.models import CHALLENGER, CHAMPION, FALLBACK, AliasEvent
from crispml_core.governance.gates import GateResult

QA, PROD = "qa", "prod"


class PromotionMode(StrEnum):
    """What is carried from one environment to the next.

    ``model``: trained versions. Prod serves only bytes that qa approved. ``code``: the use case.
    Prod trains for itself, gates decide, and the version that qa trained is the fallback.
    """

    MODEL = "model"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is known about a version that shall answer under an alias.

    Parameters
    ----------
    digest : str
        Digest of the version.
    gates : sequence of GateResult
        Its KPIs on ``test`` against the gates of the use case that is installed.
    approvals : iterable of Approval
        Moves of aliases in other environments, as bundles brought them.
    trained_here : bool
        Whether this environment trained it.
    unfit : str or None
        Why it is judged unfit to answer, if it is.
    approval : VersionDecision or None
        What lets it answer here: an approval that holds, or a glass that was broken for it.
    """

    digest: str
    gates: Sequence[GateResult]
    approvals: Iterable[Approval] = ()
    trained_here: bool = False
    unfit: str | None = None
    approval: VersionDecision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionRules:
    """The rules of one environment.

    Parameters
    ----------
    environment : str
        ``dev``, ``qa`` or ``prod``. Only prod demands anything: the others are where people try.
    mode : PromotionMode
        What prod accepts.
    four_eyes : bool
        Whether prod asks that somebody who did not train a version approved it.
    """

    environment: str = "dev"
    mode: PromotionMode = PromotionMode.MODEL
    four_eyes: bool = True

    @property
    def is_strict(self) -> bool:
        """Whether the environment demands anything."""
        return self.environment == PROD

    @property
    def takes_own_versions(self) -> bool:
        """Whether a version that was trained here may answer here."""
        return not self.is_strict or self.mode is PromotionMode.CODE

    @property
    def asks_approval(self) -> bool:
        """Whether a version answers here only after somebody approved it."""
        return self.is_strict and self.four_eyes

    def check_reason(self, reason: str) -> None:
        """Raise `InvalidInput` when a move needs a reason and has none."""
        if self.is_strict and not reason.strip():
            raise InvalidInput("reason: say why; in prod every move of an alias needs a reason")

    def concerns(self, alias: str, traffic: float = 0.0) -> bool:
        """Whether a move of this alias lets a version answer customers in prod."""
        answers = alias in (CHAMPION, FALLBACK) or (alias == CHALLENGER and traffic > 0)
        return self.is_strict and answers

    def have_admitted(self, moves: Iterable[AliasEvent]) -> bool:
        """Whether one of the moves to a version had to keep these rules, and so did."""
        return not self.is_strict or any(self.concerns(move.alias, move.traffic) for move in moves)

    def refusal(self, candidate: Candidate) -> str | None:
        """Return why a version must not answer here, or None when it may."""
        failed = [gate for gate in candidate.gates if not gate.passed]
        if failed:
            gates = ", ".join(f"{gate.kpi} {gate.bound}" for gate in failed)
            return f"gates: the version does not keep {gates} on test"
        if candidate.unfit is not None:
            return f"the version is judged unfit to answer: {candidate.unfit}"
        is_own = candidate.trained_here and self.takes_own_versions
        if not is_own and not is_approved(candidate.digest, candidate.approvals):
            return (
                f"{QA} never approved these bytes: no bundle that was imported here has a move of "
                f"{CHAMPION} in {QA} to the digest {candidate.digest[:12]}…; let {QA} make the "
                "version its champion, export it there and import the bundle here"
            )
        if self.asks_approval and candidate.approval is None:
            return (
                "nobody approved these bytes and their report here: an approver who did not train "
                "the version has to, see `crispml models approval`"
            )
        return None


def is_approved(digest: str, approvals: Iterable[Approval]) -> bool:
    """Return whether qa made a version with this digest its champion.

    What the signature of no bundle vouches for is not among the approvals.
    """
    return any(
        (approval.environment, approval.alias, approval.digest) == (QA, CHAMPION, digest)
        for approval in approvals
    )
