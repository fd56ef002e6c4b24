"""How a challenger stands against the champion, from the scores and labels that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crispml_core.domain.challenge import Challenge
from crispml_core.domain.errors import Conflict, InvalidInput, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import CHALLENGER, CHAMPION, AliasEvent
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.compared_records import Contest, paired, split
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.score_ledger import ScoreLedger

if TYPE_CHECKING:
    from crispml_core.monitoring.sequential import SequentialResult


class Challenges:
    """Compares champions with their challengers.

    Parameters
    ----------
    use_cases : mapping of str to UseCase
        By name; each declares its `Challenge` in its monitoring.
    aliases : AliasLog
        Says who is champion and challenger, and since when.
    ledger : ScoreLedger
        Has the scores, the shadow scores and the labels.
    """

    def __init__(
        self, use_cases: Mapping[str, UseCase], aliases: AliasLog, ledger: ScoreLedger
    ) -> None:
        self._use_cases, self._aliases, self._ledger = use_cases, aliases, ledger

    def challenge(self, use_case: str, as_of: datetime | None = None) -> dict[str, Any]:
        """Return how the challenger of a use case stands.

        Parameters
        ----------
        as_of : datetime, optional
            Only what was known until then; now when it is left out.

        Returns
        -------
        dict
            ``use_case, as_of, design, metric, unit, champion, challenger, declared, records,
            gain, decision, decided_at, reason``; `decision` is ``promote``, ``keep`` or ``wait``.

        Raises
        ------
        NotFound
            If there is no such use case, champion or challenger.
        Conflict
            If the challenger is the champion by now.
        InvalidInput
            If the declared metric does not suit the target.
        """
        from crispml_core.monitoring.losses import largest_loss, metric_of
        from crispml_core.monitoring.sequential import sequential_test

        if use_case not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        found = self._use_cases[use_case]
        declared = found.monitoring.challenge
        contest = self._contest(use_case, as_of or utc_now())
        most = largest_loss(declared, found.target, found.costs)
        effect = declared.min_effect if declared.min_effect is not None else 0.02 * most
        if effect > most:
            raise InvalidInput("challenge: min_effect is more than a record can cost")
        compare = paired if declared.design == "paired" else split
        compared = compare(self._ledger, found, contest, most)
        result = sequential_test(
            compared.gains[: declared.max_labels],
            bound=compared.bound,
            min_effect=effect,
            alpha=declared.alpha,
            beta=declared.beta,
            min_labels=declared.min_labels,
        )
        decision, reason = _decision(declared, contest, result, effect)
        at = result.decided_at
        challenger, champion = contest.challenger, contest.champion
        return {
            "use_case": use_case,
            "as_of": contest.as_of,
            "design": declared.design,
            "metric": metric_of(declared, found.target),
            "champion": {
                "version": champion.version,
                "since": champion.moved_at,
                "mean_loss": compared.champion_loss,
            },
            "challenger": {
                "version": challenger.version,
                "since": contest.moves[0].moved_at,
                "traffic": challenger.traffic,
                "mean_loss": compared.challenger_loss,
            },
            "declared": asdict(declared) | {"min_effect": effect, "largest_loss": most},
            "records": compared.scored | {"compared": result.n},
            "gain": {
                "mean": result.gain,
                "low": result.low,
                "high": result.high,
                "evidence": result.evidence,
                "counter_evidence": result.counter_evidence,
            },
            "decision": decision,
            "decided_at": None if at is None else compared.received[at - 1],
            "decided_on": at,
            "reason": reason,
        }

    def _contest(self, use_case: str, as_of: datetime) -> Contest:
        champion = self._standing(use_case, CHAMPION, as_of)
        moves = self._standing(use_case, CHALLENGER, as_of)
        if champion[0].version == moves[0].version:
            raise Conflict(
                f"the {CHALLENGER} is the {CHAMPION} by now: remove the alias, or move it to "
                "another version"
            )
        start = max(champion[0].moved_at, moves[0].moved_at)
        return Contest(champion=champion[0], moves=tuple(moves), start=start, as_of=as_of)

    def _standing(self, use_case: str, alias: str, as_of: datetime) -> list[AliasEvent]:
        """Return the moves since an alias points where it does, oldest first."""
        moves: list[AliasEvent] = []
        for event in self._aliases.history(use_case, alias):
            if event.moved_at > as_of:
                continue
            if moves and event.version != moves[0].version:
                break
            moves.insert(0, event)
        if not moves or moves[0].is_removal:
            raise NotFound(
                "alias",
                self._aliases.aliases(use_case),
                hint=f"let the alias {alias} point at a version",
            )
        return moves


def _decision(
    declared: Challenge, contest: Contest, result: SequentialResult, effect: float
) -> tuple[str, str]:
    """Return the decision and one sentence about it."""
    if result.decision == "promote":
        return "promote", "the challenger is better, at the declared error rate"
    if result.decision == "keep":
        return "keep", f"the challenger is not better by {effect:g} per record"
    if result.n >= declared.max_labels:
        return "keep", "nothing was decided on max_labels records"
    age = contest.as_of - contest.moves[0].moved_at
    if age >= timedelta(days=declared.max_age_days):
        return "keep", "nothing was decided in max_age_days"
    if result.n < declared.min_labels:
        return "wait", f"{declared.min_labels - result.n} more labelled records are needed at least"
    return "wait", "the records so far say neither"
